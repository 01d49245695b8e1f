#include "web/content_hash.hpp"

#include "base/assert.hpp"

#include <openssl/evp.h>

#include <array>

namespace vastwatch::web {
namespace {

constexpr std::size_t digest_bytes = 32;
/// Base64 of 32 bytes: 44 characters, and the zero that OpenSSL adds.
constexpr std::size_t base64_bytes = 44;

}  // namespace

std::string csp_hash(std::string_view content) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const int done =
        EVP_Digest(content.data(), content.size(), digest.data(), &size, EVP_sha256(), nullptr);
    VW_ASSERT(done == 1 && size == digest_bytes);
    std::array<unsigned char, base64_bytes + 1> text{};
    EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest_bytes));
    return "'sha256-" + std::string(text.begin(), text.begin() + base64_bytes) + "'";
}

}  // namespace vastwatch::web
