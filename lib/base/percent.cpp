#include "base/percent.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace vastwatch {

std::optional<Percent> parse_percent(std::string_view text) {
    if (text.empty() || text.back() != '%' || text.front() == '-') {
        return std::nullopt;
    }
    text.remove_suffix(1);
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
        return std::nullopt;
    }
    return Percent{value};
}

std::string format_percent(Percent percent) {
    return fmt::format("{:g}%", percent.value());
}

}  // namespace vastwatch
