// Reads one file's TOML to its end in spite of syntax errors: what is broken is told and skipped,
// so that one run reports every mistake and not only the first.
#pragma once

#include "config/document.hpp"
#include "config/problems.hpp"

#include <string>

namespace vastwatch::config {

/// Parses `text`; each syntax error is added to `problems`, which are marked incomplete where what
/// was skipped may define something. A key or table that is defined twice is told with both places.
/// Bytes that are not UTF-8, and NUL, end it at once.
Node read_toml(std::string text, std::uint32_t file, Problems& problems);

/// Adds the tables of a later file to those of the earlier ones. A key that both define is a
/// mistake that names both places; lists of tables ([[alert]]) are joined.
void merge(Node& into, Node&& from, Problems& problems);

}  // namespace vastwatch::config
