#include "audit/sha256.hpp"

#include "base/assert.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>

namespace vastwatch::audit {
namespace {

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

struct FreeDigest {
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    // Fetched once: looking an algorithm up costs more than hashing a line.
    static const std::unique_ptr<EVP_MD, FreeDigest> digest{
        EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    const std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
    VW_ASSERT(digest != nullptr);
    VW_ASSERT(context != nullptr);
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    VW_ASSERT(EVP_DigestInit_ex2(context.get(), digest.get(), nullptr) == 1);
    VW_ASSERT(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1);
    VW_ASSERT(EVP_DigestFinal_ex(context.get(), hash.data(), &size) == 1);
    VW_ASSERT(size == 32);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(64);
    for (std::size_t i = 0; i < size; ++i) {
        hex += digits[hash.at(i) >> 4U];
        hex += digits[hash.at(i) & 0x0FU];
    }
    return hex;
}

}  // namespace vastwatch::audit
