// TOML text to the neutral tree of document.hpp. The one place that uses a TOML library, so that
// its types, its coercions and its compile time stay in one .cpp.
#pragma once

#include "config/document.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace vastwatch::config {

/// Why a text is not TOML. `text` quotes nothing of a value, which may be a secret.
struct SyntaxError {
    Place place;
    std::string text;
    bool redefinition = false;  // a key or table that exists already
};

/// The tree of `text`, positions with that file number; or the first syntax error. Nesting is
/// limited, so that no input can exhaust the stack. `text` is UTF-8.
std::variant<Node, SyntaxError> parse_toml(std::string_view text, std::uint32_t file);

}  // namespace vastwatch::config
