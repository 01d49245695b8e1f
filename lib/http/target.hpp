// The target of a request line, taken apart. Pure; whatever a stranger writes there either decodes
// to something harmless or is refused.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::http {

struct Target {
    std::string path;                          // decoded, begins with '/'
    std::map<std::string, std::string> query;  // decoded; the last of equal names
};

/// Reads "/path?name=value&…" or the absolute form "http://host/path?…". Nothing when a percent
/// sign is not followed by two hexadecimal digits, when a decoded character is a control character,
/// or when the path does not begin with '/'. '+' is a space in the query only. Nothing is resolved:
/// "/a/../b" stays as it is and names no route.
std::optional<Target> parse_target(std::string_view target);

/// Text as it may stand in a path or query: all but letters, digits and "-._~" is percent-encoded.
std::string percent_encode(std::string_view text);

}  // namespace vastwatch::http
