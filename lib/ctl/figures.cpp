#include "ctl/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace vastwatch::ctl {

std::string money(std::optional<double> dollars) {
    const auto amount = dollars ? usd_from_double(*dollars) : std::nullopt;
    return amount ? format_usd(*amount) : std::string{unknown};
}

std::string rate(UsdPerHour rate) {
    constexpr std::string_view round = "00/h";
    auto text = format_rate(rate);
    if (text.ends_with(round)) {
        text.replace(text.size() - round.size(), round.size(), "/h");
    }
    return text;
}

std::string rate(std::optional<double> dollars_per_hour) {
    const auto known = dollars_per_hour ? rate_from_double(*dollars_per_hour) : std::nullopt;
    return known ? rate(*known) : std::string{unknown};
}

std::string relative(Instant at, Instant now) {
    const auto distance = std::chrono::abs(at - now);
    if (distance < std::chrono::seconds{1}) {
        return "now";
    }
    return at > now ? "in " + humanize(distance) : humanize(distance) + " ago";
}

std::string clock_time(Instant at, Instant now, const Calendar& calendar) {
    auto time = calendar.format_time(at);
    const auto date = calendar.date_of(at);
    if (date == calendar.date_of(now)) {
        return time;
    }
    return fmt::format(
        "{:04}-{:02}-{:02} {}",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        time);
}

std::string moment(Instant at, Instant now, const Calendar& calendar) {
    return fmt::format("{} ({})", clock_time(at, now, calendar), relative(at, now));
}

std::string percent(double value) {
    const bool fraction = std::abs(value) < 9.95 && std::abs(value - std::round(value)) >= 0.05;
    return fraction ? fmt::format("{:.1f}%", value) : fmt::format("{:.0f}%", value);
}

std::string gpu(const Fields& item, std::string_view name) {
    const auto count = item.whole("num_gpus");
    const auto model = item.text(name);
    if (!count && !model) {
        return std::string{unknown};
    }
    return fmt::format(
        "{}x {}", count ? fmt::format("{}", *count) : std::string{unknown}, model.value_or("?"));
}

Text bar(double ratio) {
    static constexpr std::array<std::string_view, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    constexpr std::size_t columns = 8;
    constexpr double all = columns * 8.0;
    const auto filled = static_cast<std::size_t>(std::clamp(std::floor(ratio * all), 0.0, all));
    auto style = Style::good;
    if (ratio >= 0.8) {
        style = ratio >= 1.0 ? Style::bad : Style::warn;
    }
    std::string full;
    for (std::size_t i = 0; i < filled / 8; ++i) {
        full += "█";
    }
    full += eighths[filled % 8];
    Text out{full, style};
    for (std::size_t i = (filled + 7) / 8; i < columns; ++i) {
        out.add("░", Style::soft);
    }
    // Rounded down: 99.6% of a cap is not yet all of it.
    const auto shown = std::clamp(std::floor(ratio * 100.0 + 1e-9), 0.0, 99999.0);
    return out.add(fmt::format(" {:>3.0f}%", shown), ratio >= 0.8 ? style : Style::plain);
}

std::string plural(std::size_t count, std::string_view one) {
    return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

}  // namespace vastwatch::ctl
