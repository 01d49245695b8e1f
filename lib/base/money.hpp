// Money as integer nano-dollars, and rates as integer nano-dollars per hour. Floating point is
// converted once, at the edge where a number is read, and never summed.
#pragma once

#include "base/time.hpp"

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch {

/// Sums that stay at the end of the range instead of wrapping: amounts come from outside.
constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return b > 0 ? std::numeric_limits<std::int64_t>::max()
                     : std::numeric_limits<std::int64_t>::min();
    }
    return sum;
}

constexpr std::int64_t saturating_subtract(std::int64_t a, std::int64_t b) {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(a, b, &difference)) {
        return b < 0 ? std::numeric_limits<std::int64_t>::max()
                     : std::numeric_limits<std::int64_t>::min();
    }
    return difference;
}

/// An amount of US dollars, exact to 10^-9, from about -9.2 to +9.2 billion dollars, where sums
/// saturate.
class Usd {
  public:
    constexpr Usd() = default;

    static constexpr Usd from_nanos(std::int64_t nanos) { return Usd{nanos}; }

    static constexpr Usd dollars(std::int64_t whole) { return Usd{whole * 1'000'000'000}; }

    constexpr std::int64_t nanos() const { return nanos_; }

    friend constexpr Usd operator+(Usd a, Usd b) { return Usd{saturating_add(a.nanos_, b.nanos_)}; }

    friend constexpr Usd operator-(Usd a, Usd b) {
        return Usd{saturating_subtract(a.nanos_, b.nanos_)};
    }

    constexpr Usd operator-() const { return Usd{saturating_subtract(0, nanos_)}; }

    constexpr Usd& operator+=(Usd other) {
        nanos_ = saturating_add(nanos_, other.nanos_);
        return *this;
    }

    constexpr Usd& operator-=(Usd other) {
        nanos_ = saturating_subtract(nanos_, other.nanos_);
        return *this;
    }

    friend constexpr auto operator<=>(Usd, Usd) = default;

  private:
    explicit constexpr Usd(std::int64_t nanos) : nanos_(nanos) {}

    std::int64_t nanos_ = 0;
};

/// A rate in US dollars per hour ("dph"), exact to 10^-9 $/h.
class UsdPerHour {
  public:
    constexpr UsdPerHour() = default;

    static constexpr UsdPerHour from_nanos(std::int64_t nanos) { return UsdPerHour{nanos}; }

    constexpr std::int64_t nanos() const { return nanos_; }

    constexpr bool is_zero() const { return nanos_ == 0; }

    friend constexpr UsdPerHour operator+(UsdPerHour a, UsdPerHour b) {
        return UsdPerHour{saturating_add(a.nanos_, b.nanos_)};
    }

    friend constexpr UsdPerHour operator-(UsdPerHour a, UsdPerHour b) {
        return UsdPerHour{saturating_subtract(a.nanos_, b.nanos_)};
    }

    constexpr UsdPerHour& operator+=(UsdPerHour other) {
        nanos_ = saturating_add(nanos_, other.nanos_);
        return *this;
    }

    constexpr UsdPerHour& operator-=(UsdPerHour other) {
        nanos_ = saturating_subtract(nanos_, other.nanos_);
        return *this;
    }

    friend constexpr auto operator<=>(UsdPerHour, UsdPerHour) = default;

  private:
    explicit constexpr UsdPerHour(std::int64_t nanos) : nanos_(nanos) {}

    std::int64_t nanos_ = 0;
};

/// What `rate` costs over `span`, rounded half to even to a nano-dollar. A negative span gives a
/// negative amount. Saturates at the ends of Usd's range.
Usd accrue(UsdPerHour rate, Duration span);

/// The least time after which `rate` has cost at least `amount`; zero when `amount` <= 0;
/// nothing when the rate is not positive or the time would exceed 100 years.
std::optional<Duration> time_to_spend(Usd amount, UsdPerHour rate);

/// `numerator / denominator` of `amount`, rounded half to even; the denominator is positive.
Usd share(Usd amount, std::int64_t numerator, std::int64_t denominator);

/// A finite number of dollars within range, rounded to the nearest nano-dollar; else nothing.
std::optional<Usd> usd_from_double(double dollars);
std::optional<UsdPerHour> rate_from_double(double dollars_per_hour);

/// Dollars as floating point, for display arithmetic (charts, ratios) only.
double to_double(Usd amount);
double to_double(UsdPerHour rate);

/// Exact decimal without trailing zeros: "160.02", "-0.000000001", "5". For metrics and JSON.
std::string to_decimal(Usd amount);
std::string to_decimal(UsdPerHour rate);

/// For people: "$160.02", "-$3.10", rounded half to even to cents.
std::string format_usd(Usd amount);

/// For people: "$18.4000/h", rounded half to even to a hundredth of a cent.
std::string format_rate(UsdPerHour rate);

}  // namespace vastwatch
