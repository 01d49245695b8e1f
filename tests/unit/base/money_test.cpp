#include "base/money.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace vastwatch {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();

UsdPerHour per_hour(std::int64_t nanos) {
    return UsdPerHour::from_nanos(nanos);
}

Usd nanos(std::int64_t count) {
    return Usd::from_nanos(count);
}

TEST_CASE("accrual is rate times time") {
    CHECK(accrue(per_hour(3'600'000'000'000), 1s) == Usd::dollars(1));
    CHECK(accrue(per_hour(2'500'000'000), 30min) == nanos(1'250'000'000));
    CHECK(accrue(per_hour(1), 24h * 365) == nanos(24 * 365));
    CHECK(accrue(per_hour(5), 0s) == Usd{});
}

TEST_CASE("accrual is rounded half to even, of either sign") {
    CHECK(accrue(per_hour(1), 30min) == nanos(0));
    CHECK(accrue(per_hour(1), 90min) == nanos(2));
    CHECK(accrue(per_hour(1), 30min + 1ns) == nanos(1));
    CHECK(accrue(per_hour(1), -30min) == nanos(0));
    CHECK(accrue(per_hour(1), -90min) == nanos(-2));
    CHECK(accrue(per_hour(-3), 30min) == nanos(-2));
}

TEST_CASE("accrual beyond the range stays at its end") {
    CHECK(accrue(per_hour(highest), 24h) == nanos(highest));
    CHECK(accrue(per_hour(lowest), 24h) == nanos(lowest));
}

TEST_CASE("sums beyond the range stay at its end") {
    CHECK(nanos(highest) + nanos(1) == nanos(highest));
    CHECK(nanos(lowest) - nanos(1) == nanos(lowest));
    CHECK(nanos(lowest) + nanos(-1) == nanos(lowest));
    CHECK(nanos(highest) - nanos(-1) == nanos(highest));
    CHECK(-nanos(lowest) == nanos(highest));
    auto rate = per_hour(highest);
    rate += per_hour(highest);
    CHECK(rate == per_hour(highest));
}

TEST_CASE("the time to spend an amount is the least that suffices") {
    CHECK(time_to_spend(Usd::dollars(1), per_hour(3'600'000'000'000)) == Duration{1s});
    const auto rate = per_hour(7'777'777'777);
    const auto span = time_to_spend(nanos(123'456'789), rate);
    REQUIRE(span);
    // One nanosecond less gives, before rounding, less than the amount.
    const auto product = [&](Duration time) {
        return static_cast<long double>(rate.nanos()) * static_cast<long double>(time.count());
    };
    const long double wanted = 123'456'789.0L * 3.6e12L;
    CHECK(product(*span) >= wanted);
    CHECK(product(*span - 1ns) < wanted);
}

TEST_CASE("nothing to spend takes no time, and without a rate it is never spent") {
    CHECK(time_to_spend(Usd{}, per_hour(0)) == Duration{0});
    CHECK(time_to_spend(nanos(-5), per_hour(-1)) == Duration{0});
    CHECK_FALSE(time_to_spend(nanos(1), per_hour(0)));
    CHECK_FALSE(time_to_spend(nanos(1), per_hour(-1)));
    CHECK_FALSE(time_to_spend(Usd::dollars(1'000'000), per_hour(1)));
}

TEST_CASE("a share is rounded half to even") {
    CHECK(share(nanos(10), 1, 4) == nanos(2));
    CHECK(share(nanos(14), 1, 4) == nanos(4));
    CHECK(share(nanos(-10), 1, 4) == nanos(-2));
    CHECK(share(nanos(highest), 80, 100) == nanos(7'378'697'629'483'820'646));
}

TEST_CASE("floating point becomes money by rounding once, and only when it can") {
    CHECK(usd_from_double(0.1) == nanos(100'000'000));
    CHECK(usd_from_double(-3.1) == nanos(-3'100'000'000));
    CHECK(usd_from_double(1e-10) == Usd{});
    CHECK(rate_from_double(17.92) == per_hour(17'920'000'000));
    CHECK_FALSE(usd_from_double(std::nan("")));
    CHECK_FALSE(usd_from_double(std::numeric_limits<double>::infinity()));
    CHECK_FALSE(usd_from_double(1e10));
    CHECK_FALSE(rate_from_double(-1e10));
}

TEST_CASE("decimals are exact and without trailing zeros") {
    CHECK(to_decimal(Usd{}) == "0");
    CHECK(to_decimal(Usd::dollars(5)) == "5");
    CHECK(to_decimal(Usd::dollars(100)) == "100");
    CHECK(to_decimal(nanos(160'020'000'000)) == "160.02");
    CHECK(to_decimal(nanos(-1)) == "-0.000000001");
    CHECK(to_decimal(nanos(lowest)) == "-9223372036.854775808");
    CHECK(to_decimal(per_hour(12'400'000'000)) == "12.4");
}

TEST_CASE("dollars for people have two decimals, rates four, half to even") {
    CHECK(format_usd(nanos(160'020'000'000)) == "$160.02");
    CHECK(format_usd(nanos(-3'100'000'000)) == "-$3.10");
    CHECK(format_usd(nanos(5'000'000)) == "$0.00");
    CHECK(format_usd(nanos(15'000'000)) == "$0.02");
    CHECK(format_usd(nanos(5'000'001)) == "$0.01");
    CHECK(format_usd(nanos(lowest)) == "-$9223372036.85");
    CHECK(format_rate(per_hour(18'400'000'000)) == "$18.4000/h");
    CHECK(format_rate(per_hour(50'000)) == "$0.0000/h");
    CHECK(format_rate(per_hour(150'000)) == "$0.0002/h");
}

}  // namespace
}  // namespace vastwatch
