// Pieces of Prometheus' text format 0.0.4, appended to a string.
#pragma once

#include "base/time.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace vastwatch::metrics {

/// What /metrics is sent as.
constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

/// A label's value as it stands between the quotes: valid UTF-8, with backslash, quote and newline
/// escaped. Equal results come from equal texts only, as long as those are valid UTF-8.
std::string escape_label(std::string_view value);

/// "# HELP …" and "# TYPE …". `help` is a constant of ours, on one line.
void append_header(
    std::string& out,
    std::string_view name,
    std::string_view help,
    std::string_view type);

/// A label and its value, which is already escaped.
using Label = std::pair<std::string_view, std::string_view>;

/// One sample; `value` is a number in decimal.
void append_sample(
    std::string& out,
    std::string_view name,
    std::initializer_list<Label> labels,
    std::string_view value);

/// Seconds with up to nine decimals, exactly: "1763751845.000000001", "90".
std::string decimal_seconds(Duration duration);

}  // namespace vastwatch::metrics
