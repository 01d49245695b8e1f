// One record as one line of JSON, and what of a line the chain needs.
#pragma once

#include "audit/audit.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::audit {

/// `prev` of the very first record.
std::string_view no_line_before();

/// The record as JSON on one line, without the newline. Valid UTF-8 whatever the record holds.
std::string format_line(const Record& record, std::uint64_t seq, std::string_view prev);

struct Link {
    std::uint64_t seq = 0;
    std::string_view prev;  // 64 hexadecimal digits, part of the line
};

/// The links of a line as format_line writes it; nothing for other text.
std::optional<Link> link_of(std::string_view line);

/// The line is a JSON object.
bool is_record(std::string_view line);

/// What a line is looked for by; nothing when it is no JSON object with a timestamp.
struct Mark {
    Instant time;
    std::string team;  // empty = none
};

std::optional<Mark> mark_of(std::string_view line);

}  // namespace vastwatch::audit
