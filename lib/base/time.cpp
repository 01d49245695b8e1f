#include "base/time.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace vastwatch {
namespace {

using namespace std::chrono_literals;

struct Unit {
    std::string_view name;
    Duration length;
};

constexpr std::array<Unit, 5> units{{
    {"d", 24h},
    {"h", 1h},
    {"m", 1min},
    {"s", 1s},
    {"ms", 1ms},
}};

constexpr Duration longest = std::chrono::hours{24 * 365 * 100};

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) {
        return std::nullopt;
    }
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') {
            return std::nullopt;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/// The date at the start of "YYYY-MM-DD…", as a UTC midnight.
std::optional<Instant> parse_date(std::string_view text) {
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 5, 2);
    const auto day = digits(text, 8, 2);
    if (!year || !month || !day || text[4] != '-' || text[7] != '-') {
        return std::nullopt;
    }
    const auto ymd = std::chrono::year{*year} / std::chrono::month{static_cast<unsigned>(*month)} /
                     std::chrono::day{static_cast<unsigned>(*day)};
    if (!ymd.ok() || *year < 1970 || *year > 2200) {
        return std::nullopt;
    }
    return Instant{std::chrono::sys_days{ymd}};
}

/// Reads ".123" at `at`; moves `at` past it, but not past a point without digits.
Duration parse_fraction(std::string_view text, std::size_t& at) {
    if (at >= text.size() || text[at] != '.' || !digits(text, at + 1, 1)) {
        return Duration{0};
    }
    std::int64_t value = 0;
    std::int64_t scale = 1'000'000'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
        if (scale > 1) {
            scale /= 10;
            value += (text[at] - '0') * scale;
        }
    }
    return Duration{value};
}

std::optional<Duration> parse_offset(std::string_view text) {
    if (text == "Z" || text == "z") {
        return Duration{0};
    }
    const auto hours = digits(text, 1, 2);
    const auto minutes = digits(text, 4, 2);
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || !hours ||
        !minutes || *hours > 23 || *minutes > 59) {
        return std::nullopt;
    }
    const Duration offset = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
    return text[0] == '-' ? -offset : offset;
}

struct Clock {
    std::chrono::year_month_day date{};
    std::chrono::hh_mm_ss<Duration> time;
};

Clock split(Instant instant) {
    const auto midnight = std::chrono::floor<std::chrono::days>(instant);
    return Clock{
        std::chrono::year_month_day{midnight}, std::chrono::hh_mm_ss<Duration>{instant - midnight}};
}

std::string date_and_time(const Clock& clock) {
    return fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        static_cast<int>(clock.date.year()),
        static_cast<unsigned>(clock.date.month()),
        static_cast<unsigned>(clock.date.day()),
        clock.time.hours().count(),
        clock.time.minutes().count(),
        clock.time.seconds().count());
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    Duration total{0};
    std::size_t next_unit = 0;
    if (text.empty()) {
        return std::nullopt;
    }
    while (!text.empty()) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || text.front() == '-') {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto unit_length = std::min(text.find_first_of("0123456789"), text.size());
        const auto unit_name = text.substr(0, unit_length);
        while (next_unit < units.size() && units[next_unit].name != unit_name) {
            ++next_unit;
        }
        if (next_unit == units.size() || number > longest / units[next_unit].length) {
            return std::nullopt;
        }
        total += number * units[next_unit].length;
        ++next_unit;
        text.remove_prefix(unit_length);
    }
    if (total > longest) {
        return std::nullopt;
    }
    return total;
}

std::string format_duration(Duration duration) {
    auto rest = std::chrono::round<std::chrono::milliseconds>(duration);
    if (rest.count() == 0) {
        return "0s";
    }
    std::string text = rest.count() < 0 ? "-" : "";
    rest = std::chrono::abs(rest);
    for (const auto& unit : units) {
        const auto count =
            rest / std::chrono::duration_cast<std::chrono::milliseconds>(unit.length);
        if (count > 0) {
            text += fmt::format("{}{}", count, unit.name);
            rest -= std::chrono::duration_cast<std::chrono::milliseconds>(count * unit.length);
        }
    }
    return text;
}

std::string humanize(Duration duration) {
    const bool negative = duration < Duration{0};
    auto rest = std::chrono::floor<std::chrono::seconds>(std::chrono::abs(duration));
    if (rest.count() == 0) {
        return "under a second";
    }
    std::string text = negative ? "-" : "";
    int shown = 0;
    for (const auto& unit : units) {
        const auto length = std::chrono::duration_cast<std::chrono::seconds>(unit.length);
        if (length.count() == 0 || shown == 2) {
            break;
        }
        const auto count = rest / length;
        if (count > 0) {
            text += fmt::format("{}{}{}", shown > 0 ? " " : "", count, unit.name);
            rest -= count * length;
            ++shown;
        } else if (shown > 0) {
            break;
        }
    }
    return text;
}

std::string format_rfc3339(Instant instant) {
    return date_and_time(split(instant)) + "Z";
}

std::string format_rfc3339_millis(Instant instant) {
    const auto clock = split(instant);
    const auto millis =
        std::chrono::floor<std::chrono::milliseconds>(clock.time.subseconds()).count();
    return fmt::format("{}.{:03}Z", date_and_time(clock), millis);
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
    const auto date = parse_date(text);
    if (!date || text.size() == 10) {
        return date;
    }
    const auto hour = digits(text, 11, 2);
    const auto minute = digits(text, 14, 2);
    const auto second = digits(text, 17, 2);
    const bool separated = text.size() > 19 &&
                           (text[10] == 'T' || text[10] == 't' || text[10] == ' ') &&
                           text[13] == ':' && text[16] == ':';
    if (!separated || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    std::size_t at = 19;
    const Duration fraction = parse_fraction(text, at);
    const auto offset = parse_offset(text.substr(at));
    if (!offset) {
        return std::nullopt;
    }
    return *date + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
           std::chrono::seconds{*second} + fraction - *offset;
}

std::optional<Instant> instant_from_unix_seconds(double seconds) {
    constexpr double year_2200 = 7258118400.0;
    if (!std::isfinite(seconds) || seconds < 0 || seconds > year_2200) {
        return std::nullopt;
    }
    const double whole = std::floor(seconds);
    const auto nanos = std::llrint((seconds - whole) * 1e9);
    return Instant{std::chrono::seconds{static_cast<std::int64_t>(whole)} + Duration{nanos}};
}

double to_unix_seconds(Instant instant) {
    // In two parts: a double cannot hold today's nanoseconds, and rounding twice would show.
    const auto whole = std::chrono::floor<std::chrono::seconds>(instant);
    return static_cast<double>(whole.time_since_epoch().count()) +
           static_cast<double>((instant - whole).count()) / 1e9;
}

Instant utc_day_start(Instant instant) {
    return std::chrono::floor<std::chrono::days>(instant);
}

}  // namespace vastwatch
