// The few cryptographic functions that notifications need, over plain strings; OpenSSL stays in the
// .cpp. None of them can fail on memory that is there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::notify {

/// Lower-case hexadecimal, 64 characters.
std::string sha256_hex(std::string_view text);

/// The 32 raw bytes of HMAC-SHA256.
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Standard alphabet, padded, without line breaks.
std::string base64_encode(std::string_view bytes);

/// Reads base64 with or without padding; nothing for anything else.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace vastwatch::notify
