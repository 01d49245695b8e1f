#include "model/meter.hpp"

#include "fixtures.hpp"

#include <doctest/doctest.h>

namespace vastwatch::vastsim {
namespace {

Rates gpu_rate(std::int64_t nanos_per_hour) {
    Rates rates;
    rates[0] = UsdPerHour::from_nanos(nanos_per_hour);
    return rates;
}

}  // namespace

TEST_CASE("meter: a third of a nano-dollar per stretch is not lost in the sum") {
    // 1 nano-dollar per hour, in three stretches of twenty minutes at changing labels.
    Meter meter;
    meter.set(t0, gpu_rate(1), "a");
    meter.set(t0 + minutes{20}, gpu_rate(1), "b");
    meter.set(t0 + minutes{40}, gpu_rate(1), "c");
    CHECK(gpu(meter.until(t0 + hours{1})) == Usd::from_nanos(1));
}

TEST_CASE("meter: what was spent at an earlier instant can still be asked for") {
    Meter meter;
    meter.set(t0, gpu_rate(3'600'000'000), "a");
    meter.set(t0 + hours{1}, gpu_rate(0), "a");
    CHECK(gpu(meter.until(t0 - seconds{1})) == Usd{});
    CHECK(gpu(meter.until(t0 + minutes{30})) == cents(180));
    CHECK(gpu(meter.until(t0 + hours{50})) == cents(360));
}

TEST_CASE("meter: the stretch between two instants is the difference of the two sums") {
    Meter meter;
    meter.set(t0, gpu_rate(1'000'000'007), "a");
    meter.set(t0 + seconds{7}, gpu_rate(77), "a");
    const ExactItems between = meter.between(t0 + seconds{3}, t0 + seconds{11});
    CHECK(between == meter.until(t0 + seconds{11}) - meter.until(t0 + seconds{3}));
}

TEST_CASE("meter: visiting covers every stretch exactly once") {
    Meter meter;
    meter.set(t0, gpu_rate(5), "a");
    meter.set(t0 + seconds{10}, gpu_rate(6), "b");
    Duration covered{0};
    ExactUsd sum;
    meter.visit(t0 - hours{1}, t0 + hours{1}, [&](const Meter::Segment& segment, Duration span) {
        covered += span;
        sum += ExactUsd::accrued(segment.rates[0], span);
    });
    CHECK(covered == hours{1});
    CHECK(sum == total(meter.until(t0 + hours{1})));
}

TEST_CASE("meter: two changes at one instant leave only the later one") {
    Meter meter;
    meter.set(t0, gpu_rate(1'000), "a");
    meter.set(t0, gpu_rate(3'000), "b");
    CHECK(meter.segments().size() == 1);
    CHECK(meter.label_of(meter.segments().front()) == "b");
    CHECK(gpu(meter.until(t0 + hours{1})) == Usd::from_nanos(3'000));
}

TEST_CASE("meter: an amount is rounded half to even, to nano-dollars and to tenths of a cent") {
    const auto exact = [](std::int64_t nanos) { return ExactUsd::of(Usd::from_nanos(nanos)); };
    CHECK(exact(500'000).mills() == 0);
    CHECK(exact(1'500'000).mills() == 2);
    CHECK(exact(2'500'000).mills() == 2);
    CHECK(exact(2'500'001).mills() == 3);
    CHECK(ExactUsd::accrued(UsdPerHour::from_nanos(1), minutes{30}).usd() == Usd{});
    CHECK(ExactUsd::accrued(UsdPerHour::from_nanos(3), minutes{30}).usd() == Usd::from_nanos(2));
}

}  // namespace vastwatch::vastsim
