// Text from outside made safe for where it goes: terminals, logs, HTML, mail headers. Labels, GPU
// names and status texts are written by strangers; nothing of theirs may act.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace vastwatch {

/// Without white space at either end.
std::string_view trim(std::string_view text);

/// ASCII letters in lower case; other bytes as they are.
std::string to_lower(std::string_view text);

/// Valid UTF-8: each byte that does not belong to a well-formed sequence becomes U+FFFD.
std::string valid_utf8(std::string_view text);

/// For one line of a terminal or log: valid UTF-8, control characters (C0, DEL, C1, bidirectional
/// overrides, line separators) become '?', and no longer than `max_characters` code points ('…'
/// ends what was cut; 0 = no limit).
std::string printable(std::string_view text, std::size_t max_characters = 0);

/// Escaped for HTML text and double-quoted attribute values; control characters as in printable().
std::string escape_html(std::string_view text);

/// How many terminal columns printable text takes, counting one per code point.
std::size_t display_width(std::string_view text);

/// The candidate with the least edit distance from `text`, when that is at most a third of its
/// length (and 3); empty otherwise. For "did you mean".
std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace vastwatch
