// Small values: durations, times, money, percentages, globs and calendars, each against the same
// thing done another way. The first byte chooses which.
#include "base/calendar.hpp"
#include "base/glob.hpp"
#include "base/money.hpp"
#include "base/percent.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "fuzz.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace vastwatch::fuzz {
namespace {

__extension__ using Wide = __int128;

constexpr Duration century = std::chrono::hours{24 * 365 * 100};

std::int64_t as_signed(std::uint64_t number) {
    return std::bit_cast<std::int64_t>(number);
}

void check_duration(Input& input) {
    const auto text = input.rest();
    const auto parsed = parse_duration(text);
    if (parsed) {
        require(*parsed >= Duration{0} && *parsed <= century, "a duration is bounded", text);
        require(parse_duration(format_duration(*parsed)) == parsed, "a duration survives", text);
        require_shown(humanize(*parsed), 64, "a duration can be shown");
    }
    // Within 146 years either way.
    const Duration any{as_signed(input.number()) / 2};
    const auto shown = format_duration(any);
    require_shown(shown, 64, "any duration can be shown");
    require_shown(humanize(any), 64, "any duration can be told");
    if (any >= Duration{0} && any <= century) {
        const auto again = parse_duration(shown);
        require(again.has_value(), "what is shown can be read", shown);
        require(*again == std::chrono::round<std::chrono::milliseconds>(any), "nothing is lost");
    }
}

void check_time(Input& input) {
    const auto text = input.rest();
    const auto parsed = parse_rfc3339(text);
    if (parsed) {
        const auto again = parse_rfc3339(format_rfc3339_millis(*parsed));
        const bool of_epoch = *parsed >= Instant{} && *parsed < Instant{century * 2};
        require(!of_epoch || again.has_value(), "a time that is shown can be read", text);
        require(
            !again || *again == std::chrono::floor<std::chrono::milliseconds>(*parsed),
            "a time survives to the millisecond",
            text);
    }
    const auto seconds = std::bit_cast<double>(input.number());
    const auto instant = instant_from_unix_seconds(seconds);
    if (instant) {
        require(seconds >= 0, "time begins in 1970");
        const auto back = to_unix_seconds(*instant);
        require(std::abs(back - seconds) <= 1e-6, "Unix seconds survive");
        require(parse_rfc3339(format_rfc3339(*instant)).has_value(), "an instant can be read");
        require(utc_day_start(*instant) <= *instant, "a day begins before it goes on");
    }
}

/// The value of "-12.000000345" in nano-dollars.
Wide nanos_of(std::string_view text) {
    const bool negative = text.starts_with('-');
    text.remove_prefix(negative ? 1 : 0);
    Wide value = 0;
    int decimals = -1;
    for (const char c : text) {
        if (c == '.') {
            require(decimals < 0, "a number has one point", text);
            decimals = 0;
            continue;
        }
        require(c >= '0' && c <= '9', "a number has digits", text);
        value = value * 10 + (c - '0');
        decimals += decimals < 0 ? 0 : 1;
    }
    require(decimals != 0 && decimals <= 9, "a point has digits after it", text);
    for (int i = std::max(decimals, 0); i < 9; ++i) {
        value *= 10;
    }
    return negative ? -value : value;
}

Wide clamped(Wide value) {
    constexpr Wide least = std::numeric_limits<std::int64_t>::min();
    constexpr Wide most = std::numeric_limits<std::int64_t>::max();
    return std::min(std::max(value, least), most);
}

void check_money(Input& input) {
    const auto a = Usd::from_nanos(as_signed(input.number()));
    const auto b = Usd::from_nanos(as_signed(input.number()));
    require(nanos_of(to_decimal(a)) == a.nanos(), "money is shown exactly");
    require((a + b).nanos() == clamped(Wide{a.nanos()} + b.nanos()), "sums saturate");
    require((a - b).nanos() == clamped(Wide{a.nanos()} - b.nanos()), "differences saturate");
    require_shown(format_usd(a), 32, "money can be told");
    const auto rate = UsdPerHour::from_nanos(a.nanos());
    require_shown(format_rate(rate), 32, "a rate can be told");
    const Duration span{b.nanos()};
    constexpr Wide hour = Wide{3600} * 1'000'000'000;
    const Wide cost = accrue(rate, span).nanos();
    const Wide exact = Wide{rate.nanos()} * span.count();
    const Wide error = cost * hour - exact;
    const bool at_end = cost == clamped(cost + 1) || cost == clamped(cost - 1);
    require(at_end || (error <= hour / 2 && -error <= hour / 2), "accrual is to the nano-dollar");
    const auto time = time_to_spend(a, UsdPerHour::from_nanos(b.nanos()));
    if (time && *time > Duration{0} && a > Usd{}) {
        const Wide enough = Wide{a.nanos()} * hour;
        require(Wide{b.nanos()} * time->count() >= enough, "the time is enough to spend it");
        require(Wide{b.nanos()} * (time->count() - 1) < enough, "less time is not");
    }
    const auto dollars = std::bit_cast<double>(input.number());
    const auto from_double = usd_from_double(dollars);
    require(from_double.has_value() == (std::abs(dollars) <= 9e9), "a number is money or is not");
    if (from_double) {
        const auto off = std::abs(to_double(*from_double) - dollars);
        require(off <= 1e-9 + std::abs(dollars) * 1e-15, "money is what the number was");
    }
}

void check_percent(Input& input) {
    const auto text = input.rest();
    const auto parsed = parse_percent(text);
    if (parsed) {
        require(
            std::isfinite(parsed->value()) && parsed->value() >= 0, "a percentage is one", text);
        require_shown(format_percent(*parsed), 32, "a percentage can be shown");
    }
}

/// The definition of a glob, one step of the pattern at a time over all ends of the text.
bool matches(std::string_view pattern, std::string_view text) {
    std::vector<char> ends(text.size() + 1, 0);
    ends[0] = 1;
    for (const char p : pattern) {
        std::vector<char> next(text.size() + 1, 0);
        for (std::size_t i = 0; i <= text.size(); ++i) {
            if (p == '*') {
                next[i] = ends[i] != 0 || (i > 0 && next[i - 1] != 0) ? 1 : 0;
            } else if (i > 0 && ends[i - 1] != 0 && (p == '?' || p == text[i - 1])) {
                next[i] = 1;
            }
        }
        ends = std::move(next);
    }
    return ends[text.size()] != 0;
}

void check_glob(Input& input) {
    constexpr std::size_t most = 256;
    const auto pattern = input.line().substr(0, most);
    const auto text = input.rest().substr(0, most);
    require(glob_match(pattern, text) == matches(pattern, text), "a glob matches what it means");
    require(
        gpu_name_match(text, fold_gpu_name(text)) || text.find('*') != std::string_view::npos,
        "a GPU's name matches itself",
        text);
    require(fold_gpu_name(fold_gpu_name(text)).size() <= text.size(), "folding never adds");
    const std::array<std::string_view, 3> known{"daily_cap", "monthly_cap", pattern};
    require(
        nearest(pattern, known) == pattern || pattern == known[0] || pattern == known[1],
        "nothing is nearer than the same",
        pattern);
}

void check_calendar(Input& input) {
    constexpr std::array<std::string_view, 6> zones{
        "UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Tehran", "Pacific/Apia", "Asia/Beirut"};
    static const auto calendars = [&] {
        std::vector<Calendar> made;
        made.reserve(zones.size());
        for (const auto zone : zones) {
            made.push_back(Calendar::find(zone).value());
        }
        return made;
    }();
    const auto& calendar = calendars[input.byte() % zones.size()];
    // Up to the year 2200.
    const Instant at{std::chrono::seconds{input.number() % 7'258'118'400U}};
    const auto begin = calendar.day_start(at);
    const auto end = calendar.next_day_start(at);
    require(begin <= at && at < end, "an instant is in its day");
    require(end - begin <= std::chrono::hours{49}, "a day has an end");
    require(calendar.day_start(begin) == begin, "a day begins once");
    require(calendar.day_start(end) == end, "the next day begins where this one ends");
    require(calendar.next_day_start(begin) == end, "all of a day has one end");
    require(calendar.date_of(begin) == calendar.date_of(at), "a day has one date");
    const auto month = calendar.month_start(at);
    const auto next_month = calendar.next_month_start(at);
    require(month <= begin && end <= next_month, "a day is in its month");
    require(calendar.month_start(month) == month, "a month begins once");
    require(calendar.day_start(month) == month, "a month begins with a day");
    require_shown(calendar.format(at), 64, "a time can be told");
    require_shown(calendar.format_time(at), 64, "a time can be told shortly");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(text_of(data, size));
    switch (input.byte() % 6) {
        case 0:
            check_duration(input);
            break;
        case 1:
            check_time(input);
            break;
        case 2:
            check_money(input);
            break;
        case 3:
            check_percent(input);
            break;
        case 4:
            check_glob(input);
            break;
        default:
            check_calendar(input);
    }
    return 0;
}

}  // namespace vastwatch::fuzz
