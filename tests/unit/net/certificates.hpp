// Certificates made for one test run: an authority of our own and what it signs.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace vastwatch::net::test {

/// A new directory, removed with everything in it.
class TemporaryDirectory {
  public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using ServerContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

class Authority {
  public:
    Authority();

    /// Path of a PEM file with the authority's certificate.
    std::string file() const { return directory_.file("ca.pem"); }

    /// A server's context with a certificate for `names` ("DNS:localhost,IP:127.0.0.1") that is
    /// valid until `valid_days` from now (negative: has expired).
    ServerContext serve(const std::string& names, int valid_days = 1) const;

  private:
    TemporaryDirectory directory_;
    Key key_;
    Certificate certificate_;
};

}  // namespace vastwatch::net::test
