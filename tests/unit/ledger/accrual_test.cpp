#include "support.hpp"

#include <doctest/doctest.h>

namespace vastwatch::ledger::testing {
namespace {

const InstanceId one{1};
const InstanceId two{2};
const Instant noon = time("2026-11-21T12:00:00Z");

TEST_CASE("between two observations the earlier rate applies") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.observe(main_account, one, red, rates(60), noon + 10min);
    CHECK(lifetime(ledger, red, noon + 10min) == usd(1));
    CHECK(lifetime(ledger, red, noon + 11min) == usd(2));
}

TEST_CASE("an instance accrues from the start it was given, also before the present day") {
    Ledger ledger{Calendar{}};
    const Instant midnight = time("2026-11-22T00:00:00Z");
    ledger.advance(midnight + 5min);
    ledger.observe(main_account, one, red, rates(6), midnight - 10min);
    CHECK(spent(ledger, red, Window::day, midnight + 5min) == usd(0.5));
    CHECK(lifetime(ledger, red, midnight + 5min) == usd(1.5));
}

TEST_CASE("an instance that vanished accrues up to the moment it was closed at") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 20min);
    CHECK(lifetime(ledger, red, noon + 5h) == usd(2));
    CHECK(ledger.team_burn(red) == UsdPerHour{});
    CHECK_FALSE(ledger.instance_rates(one));
}

TEST_CASE("what went before a midnight that nobody saw accrues up to then only") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6, 1), noon);
    ledger.advance(noon + 36h);
    ledger.close(one, noon + 1h);
    CHECK(lifetime(ledger, red, noon + 36h) == usd(7));
    CHECK(spent(ledger, red, Window::day, noon + 36h) == usd(0));
}

TEST_CASE("what went before a midnight that nobody saw keeps what it cost at earlier rates") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.observe(main_account, one, blue, rates(2), noon + 1h);
    ledger.advance(noon + 24h);
    ledger.close(one, noon + 30min);
    CHECK(lifetime(ledger, red, noon + 24h) == usd(6));
    CHECK(lifetime(ledger, blue, noon + 24h) == usd(0));
}

TEST_CASE("closing what has no meter changes nothing") {
    Ledger ledger{Calendar{}};
    ledger.close(one, noon);
    CHECK(ledger.take_changes().empty());
}

TEST_CASE("a gap accrues at the rate before it") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(1), noon);
    ledger.advance(noon + 72h);
    ledger.observe(main_account, one, red, rates(5), noon + 72h);
    CHECK(lifetime(ledger, red, noon + 73h) == usd(77));
    CHECK(spent(ledger, red, Window::day, noon + 73h) == usd(12 + 5));
}

TEST_CASE("a change of team moves the money from that moment on, not what was spent") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.observe(main_account, one, blue, rates(6), noon + 30min);
    CHECK(lifetime(ledger, red, noon + 2h) == usd(3));
    CHECK(lifetime(ledger, blue, noon + 2h) == usd(9));
    CHECK(ledger.instance_spend(one, noon + 2h).total() == usd(12));
    CHECK(ledger.team_burn(red) == UsdPerHour{});
    CHECK(ledger.team_burn(blue) == rates(6).gpu);
}

TEST_CASE("GPU and disk are kept apart") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(2, 0.5), noon);
    const auto amounts = ledger.instance_spend(one, noon + 2h);
    CHECK(amounts.gpu == usd(4));
    CHECK(amounts.disk == usd(1));
    CHECK(ledger.instance_rates(one) == rates(2, 0.5));
}

TEST_CASE("equal rates and team change nothing that would have to be stored") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(2), noon);
    CHECK_FALSE(ledger.take_changes().empty());
    ledger.observe(main_account, one, red, rates(2), noon + 1min);
    ledger.advance(noon + 2min);
    CHECK(ledger.take_changes().empty());
}

TEST_CASE("a year of observations every minute is rate x time to a nano per booking") {
    Ledger ledger{zone("Europe/Berlin")};
    const auto odd = fleet::Rates{
        UsdPerHour::from_nanos(1'234'567'891), UsdPerHour::from_nanos(8'888'889), false};
    Instant at = time("2026-01-01T00:00:00Z");
    const Instant begin = at;
    std::int64_t bookings = 0;
    ledger.observe(main_account, one, red, odd, at);
    for (; at < begin + 24h * 365; at += 60s) {
        ledger.advance(at);
        ledger.observe(main_account, one, red, odd, at);
    }
    bookings = 2 * 2 * 366;  // two cuts a day, GPU and disk
    const auto exact = accrue(odd.total(), at - begin).nanos();
    const auto found = lifetime(ledger, red, at).nanos();
    CHECK(std::abs(found - exact) <= bookings);
    CHECK(ledger.instance_spend(one, at).total().nanos() == found);
}

TEST_CASE("a dollar a second is seen to cross a hundred dollars at the hundredth second") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(3600), noon);
    CHECK(spent(ledger, red, Window::day, noon + 99999ms) == usd(99.999));
    CHECK(spent(ledger, red, Window::day, noon + 100s) == usd(100));
    const auto left = Usd::dollars(100) - spent(ledger, red, Window::day, noon + 30s);
    CHECK(time_to_spend(left, ledger.team_burn(red)) == Duration{70s});
}

TEST_CASE("an estimated rate marks its team until the rate is known") {
    Ledger ledger{Calendar{}};
    auto guess = rates(2);
    guess.estimated = true;
    ledger.observe(main_account, one, red, guess, noon);
    CHECK(ledger.team_estimated(red));
    CHECK_FALSE(ledger.team_estimated(blue));
    ledger.observe(main_account, one, red, rates(2), noon + 1min);
    CHECK_FALSE(ledger.team_estimated(red));
    ledger.observe(main_account, one, red, guess, noon + 2min);
    ledger.close(one, noon + 3min);
    CHECK_FALSE(ledger.team_estimated(red));
}

TEST_CASE("a clock that goes back takes nothing away and counts nothing twice") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.observe(main_account, one, red, rates(12), noon + 30min);
    ledger.observe(main_account, one, red, rates(6), noon + 10min);  // taken as 12:30
    CHECK(lifetime(ledger, red, noon + 10min) == usd(3));
    CHECK(lifetime(ledger, red, noon + 60min) == usd(6));
}

TEST_CASE("a clock that goes back over midnight stays in the day it had reached") {
    Ledger ledger{Calendar{}};
    const Instant midnight = time("2026-11-22T00:00:00Z");
    ledger.observe(main_account, one, red, rates(6), midnight - 1h);
    ledger.advance(midnight + 1min);
    const auto window = ledger.team_spend(red, Window::day, std::nullopt, midnight - 5min);
    CHECK(window.start == midnight);
    CHECK(window.spend == Usd{});
    CHECK(lifetime(ledger, red, midnight - 5min) == usd(6));
}

TEST_CASE("one meter that begins later than asked for does not take from the others") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.observe(main_account, two, red, rates(60), noon + 1h);
    CHECK(lifetime(ledger, red, noon + 30min) == usd(3));
    CHECK(lifetime(ledger, red, noon + 90min) == usd(9 + 30));
}

TEST_CASE("negative and absurd rates do no harm") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(-5, -1), noon);
    CHECK(lifetime(ledger, red, noon + 1h) == Usd{});
    ledger.observe(main_account, two, red, rates(9e9, 9e9), noon);
    CHECK(ledger.team_burn(red) == UsdPerHour::from_nanos(2'000'000'000'000'000));
    CHECK(lifetime(ledger, red, noon + 24h * 3650) > Usd{});
}

TEST_CASE("an instance that turns up under another account goes on there") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.observe(other_account, one, red, rates(6), noon + 30min);
    CHECK(ledger.account_spend(main_account, Window::day, noon + 1h).spend == usd(3));
    CHECK(ledger.account_spend(other_account, Window::day, noon + 1h).spend == usd(3));
    CHECK(ledger.account_burn(main_account) == UsdPerHour{});
    CHECK(spent(ledger, red, Window::day, noon + 1h) == usd(6));
}

TEST_CASE("a clock years ahead costs neither the memory nor the sums") {
    Ledger ledger{Calendar{}};
    FakeStore store;
    ledger.observe(main_account, one, red, rates(1), noon);
    ledger.advance(noon + 24h * 3650);
    store.apply(ledger.take_changes());
    CHECK(store.open_days() < 70);
    CHECK(lifetime(ledger, red, noon + 24h * 3650) == Usd::dollars(24 * 3650));
}

TEST_CASE("accrual between two moments is by rates alone") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.observe(main_account, two, blue, rates(12), noon + 30min);
    ledger.observe(main_account, one, red, rates(0), noon + 60min);
    ledger.charge(main_account, noon, std::vector{row(one, gpu_only(100))}, noon + 70min);
    ledger.close(two, noon + 90min);
    CHECK(ledger.accrued(main_account, noon, noon + 2h) == usd(6 + 12));
    CHECK(ledger.accrued(main_account, noon + 15min, noon + 45min) == usd(3 + 3));
    CHECK(ledger.accrued(main_account, noon + 45min, noon + 45min) == Usd{});
    CHECK(ledger.accrued(other_account, noon, noon + 2h) == Usd{});
}

TEST_CASE("accrual between two moments outlives the steps that led to it") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(1), noon);
    for (int day = 1; day < 30; ++day) {
        ledger.advance(noon + day * 24h);
    }
    const Instant at = noon + 29 * 24h;
    CHECK(ledger.accrued(main_account, at - 24h, at) == usd(24));
}

TEST_CASE("the next change is the next midnight of either kind") {
    Ledger ledger{zone("Asia/Kolkata")};
    CHECK(ledger.next_change(noon) == time("2026-11-21T18:30:00Z"));
    CHECK(ledger.next_change(time("2026-11-21T18:30:00Z")) == time("2026-11-22T00:00:00Z"));
}

}  // namespace
}  // namespace vastwatch::ledger::testing
