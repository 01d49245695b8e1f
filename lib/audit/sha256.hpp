// The hash that chains the lines.
#pragma once

#include <string>
#include <string_view>

namespace vastwatch::audit {

/// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace vastwatch::audit
