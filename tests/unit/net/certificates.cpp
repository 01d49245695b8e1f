#include "certificates.hpp"

#include <doctest/doctest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace vastwatch::net::test {

namespace {

constexpr long day = 24L * 60 * 60;

Key make_key() {
    // EVP_EC_gen() without the macro's C-style cast.
    Key key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free};
    REQUIRE(key != nullptr);
    return key;
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    REQUIRE(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

Certificate blank(EVP_PKEY* key, const char* common_name, int serial, int valid_days) {
    Certificate certificate{X509_new(), &X509_free};
    REQUIRE(certificate != nullptr);
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -10 * day);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_days * day);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME_add_entry_by_NID(
        X509_get_subject_name(certificate.get()),
        NID_commonName,
        MBSTRING_UTF8,
        reinterpret_cast<const unsigned char*>(common_name),
        -1,
        -1,
        0);
    return certificate;
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "vastwatch-net-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Authority::Authority() : key_(make_key()), certificate_(blank(key_.get(), "Test CA", 1, 1)) {
    auto* certificate = certificate_.get();
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign");
    add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
    REQUIRE(X509_sign(certificate, key_.get(), EVP_sha256()) != 0);
    auto* out = std::fopen(file().c_str(), "w");
    REQUIRE(out != nullptr);
    PEM_write_X509(out, certificate);
    REQUIRE(std::fclose(out) == 0);
}

ServerContext Authority::serve(const std::string& names, int valid_days) const {
    const auto key = make_key();
    const auto leaf = blank(key.get(), "leaf", 2, valid_days);
    X509_set_issuer_name(leaf.get(), X509_get_subject_name(certificate_.get()));
    add_extension(leaf.get(), certificate_.get(), NID_subject_alt_name, names);
    REQUIRE(X509_sign(leaf.get(), key_.get(), EVP_sha256()) != 0);
    ServerContext context{SSL_CTX_new(TLS_server_method()), &SSL_CTX_free};
    REQUIRE(SSL_CTX_use_certificate(context.get(), leaf.get()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
    return context;
}

}  // namespace vastwatch::net::test
