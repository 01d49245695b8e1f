#include "base/money.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace vastwatch {
namespace {

__extension__ using Int128 = __int128;

constexpr std::int64_t nanos_per_unit = 1'000'000'000;
constexpr std::int64_t nanoseconds_per_hour = 3'600'000'000'000;

std::int64_t saturate(Int128 value) {
    constexpr Int128 low = std::numeric_limits<std::int64_t>::min();
    constexpr Int128 high = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::clamp(value, low, high));
}

Int128 divide_half_even(Int128 numerator, Int128 denominator) {
    VW_ASSERT(denominator > 0);
    Int128 quotient = numerator / denominator;
    Int128 remainder = numerator % denominator;
    if (remainder < 0) {
        remainder += denominator;
        quotient -= 1;
    }
    const Int128 twice = remainder * 2;
    if (twice > denominator || (twice == denominator && quotient % 2 != 0)) {
        quotient += 1;
    }
    return quotient;
}

std::optional<std::int64_t> nanos_from_double(double value) {
    if (!std::isfinite(value) || std::abs(value) > 9e9) {
        return std::nullopt;
    }
    return std::llrint(value * 1e9);
}

std::string decimal(std::int64_t nanos) {
    const auto magnitude =
        nanos < 0 ? 0 - static_cast<std::uint64_t>(nanos) : static_cast<std::uint64_t>(nanos);
    std::string text = fmt::format(
        "{}{}.{:09}", nanos < 0 ? "-" : "", magnitude / nanos_per_unit, magnitude % nanos_per_unit);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') {
        text.pop_back();
    }
    return text;
}

std::string rounded(std::int64_t nanos, std::int64_t unit, int decimals) {
    const auto units = static_cast<std::int64_t>(divide_half_even(nanos, unit));
    const auto magnitude =
        units < 0 ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units);
    const auto per_dollar = static_cast<std::uint64_t>(nanos_per_unit / unit);
    return fmt::format(
        "{}${}.{:0{}}",
        units < 0 ? "-" : "",
        magnitude / per_dollar,
        magnitude % per_dollar,
        decimals);
}

}  // namespace

Usd accrue(UsdPerHour rate, Duration span) {
    const Int128 product = Int128{rate.nanos()} * Int128{span.count()};
    return Usd::from_nanos(saturate(divide_half_even(product, nanoseconds_per_hour)));
}

std::optional<Duration> time_to_spend(Usd amount, UsdPerHour rate) {
    if (amount <= Usd{}) {
        return Duration{0};
    }
    if (rate <= UsdPerHour{}) {
        return std::nullopt;
    }
    const Int128 numerator = Int128{amount.nanos()} * nanoseconds_per_hour;
    Int128 span = (numerator + rate.nanos() - 1) / rate.nanos();
    constexpr Int128 century = Int128{100} * 365 * 24 * nanoseconds_per_hour;
    if (span > century) {
        return std::nullopt;
    }
    return Duration{static_cast<std::int64_t>(span)};
}

Usd share(Usd amount, std::int64_t numerator, std::int64_t denominator) {
    const Int128 product = Int128{amount.nanos()} * Int128{numerator};
    return Usd::from_nanos(saturate(divide_half_even(product, denominator)));
}

std::optional<Usd> usd_from_double(double dollars) {
    const auto nanos = nanos_from_double(dollars);
    if (!nanos) {
        return std::nullopt;
    }
    return Usd::from_nanos(*nanos);
}

std::optional<UsdPerHour> rate_from_double(double dollars_per_hour) {
    const auto nanos = nanos_from_double(dollars_per_hour);
    if (!nanos) {
        return std::nullopt;
    }
    return UsdPerHour::from_nanos(*nanos);
}

double to_double(Usd amount) {
    return static_cast<double>(amount.nanos()) / 1e9;
}

double to_double(UsdPerHour rate) {
    return static_cast<double>(rate.nanos()) / 1e9;
}

std::string to_decimal(Usd amount) {
    return decimal(amount.nanos());
}

std::string to_decimal(UsdPerHour rate) {
    return decimal(rate.nanos());
}

std::string format_usd(Usd amount) {
    return rounded(amount.nanos(), 10'000'000, 2);
}

std::string format_rate(UsdPerHour rate) {
    return rounded(rate.nanos(), 100'000, 4) + "/h";
}

}  // namespace vastwatch
