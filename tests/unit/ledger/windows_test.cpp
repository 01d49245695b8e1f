#include "support.hpp"

#include <doctest/doctest.h>

namespace vastwatch::ledger::testing {
namespace {

using namespace std::chrono;

const InstanceId one{1};

using Rows = std::vector<DayCharge>;

/// What one local day cost in the end: the difference of two lifetimes.
Usd cost_of_day(const Ledger& ledger, year_month_day date, Instant at) {
    const auto next = year_month_day{sys_days{date} + days{1}};
    return ledger.team_spend(red, Window::lifetime, date, at).spend -
           ledger.team_spend(red, Window::lifetime, next, at).spend;
}

TEST_CASE("a day and a month begin at midnight of the time zone") {
    Ledger ledger{zone("Europe/Berlin")};
    const Instant at = time("2026-11-30T23:30:00Z");  // December in Berlin
    const auto by_day = ledger.team_spend(red, Window::day, std::nullopt, at);
    CHECK(by_day.start == time("2026-11-30T23:00:00Z"));
    CHECK(by_day.end == time("2026-12-01T23:00:00Z"));
    const auto by_month = ledger.team_spend(red, Window::month, std::nullopt, at);
    CHECK(by_month.start == time("2026-11-30T23:00:00Z"));
    CHECK(by_month.end == time("2026-12-31T23:00:00Z"));
}

TEST_CASE("at local midnight the day begins anew and the month goes on") {
    Ledger ledger{zone("Europe/Berlin")};
    ledger.observe(main_account, one, red, rates(2), time("2026-11-20T22:00:00Z"));
    const Instant at = time("2026-11-20T23:30:00Z");
    CHECK(spent(ledger, red, Window::day, at) == usd(1));
    CHECK(spent(ledger, red, Window::month, at) == usd(3));
    ledger.advance(at);
    CHECK(spent(ledger, red, Window::day, at) == usd(1));
    CHECK(spent(ledger, red, Window::month, at) == usd(3));
}

TEST_CASE("the day the clocks go forward has 23 hours, the day they go back 25") {
    Ledger ledger{zone("Europe/Berlin")};
    ledger.observe(main_account, one, red, rates(1), time("2026-03-20T00:00:00Z"));
    ledger.advance(time("2026-11-01T00:00:00Z"));
    const Instant at = time("2026-11-01T00:00:00Z");
    CHECK(cost_of_day(ledger, 2026y / March / 28, at) == usd(24));
    CHECK(cost_of_day(ledger, 2026y / March / 29, at) == usd(23));
    CHECK(cost_of_day(ledger, 2026y / October / 24, at) == usd(24));
    CHECK(cost_of_day(ledger, 2026y / October / 25, at) == usd(25));
}

TEST_CASE("a 25-hour day is projected with 25 hours") {
    Ledger ledger{zone("Europe/Berlin")};
    const Instant midnight = time("2026-10-24T22:00:00Z");
    ledger.observe(main_account, one, red, rates(1), midnight);
    const auto window = ledger.team_spend(red, Window::day, std::nullopt, midnight + 10h);
    CHECK(window.spend == usd(10));
    CHECK(window.projected == usd(25));
}

TEST_CASE("a projection is spend at the window's end at present rates") {
    Ledger ledger{Calendar{}};
    const Instant noon = time("2026-11-21T12:00:00Z");
    ledger.observe(main_account, one, red, rates(2), noon);
    const auto by_day = ledger.team_spend(red, Window::day, std::nullopt, noon + 6h);
    CHECK(by_day.projected == usd(24));
    const auto by_month = ledger.team_spend(red, Window::month, std::nullopt, noon + 6h);
    CHECK(by_month.projected == usd(2 * (12 + 9 * 24)));
    ledger.charge(main_account, noon, Rows{row(one, gpu_only(30))}, noon + 6h);
    CHECK(ledger.team_spend(red, Window::day, std::nullopt, noon + 6h).projected == usd(30));
    CHECK(ledger.account_spend(main_account, Window::day, noon + 6h).projected == usd(30));
}

TEST_CASE("zones off by half an hour are cut at their own midnights") {
    Ledger ledger{zone("Asia/Kolkata")};
    ledger.observe(main_account, one, red, rates(2), time("2026-11-21T12:00:00Z"));
    const Instant at = time("2026-11-21T20:00:00Z");  // 01:30 on the 22nd
    CHECK(spent(ledger, red, Window::day, at) == usd(3));
    ledger.advance(at);
    ledger.advance(time("2026-11-22T12:00:00Z"));
    CHECK(spent(ledger, red, Window::day, time("2026-11-22T12:00:00Z")) == usd(35));
}

TEST_CASE("a zone whose clocks change at midnight loses and doubles nothing") {
    for (const auto* name : {"America/Havana", "Asia/Beirut", "America/Santiago", "Africa/Cairo"}) {
        CAPTURE(std::string{name});
        Ledger ledger{zone(name)};
        const Instant begin = time("2026-01-01T12:00:00Z");
        ledger.observe(main_account, one, red, rates(1), begin);
        const Instant at = begin + 24h * 364;
        for (Instant step = begin; step <= at; step += 7h) {
            ledger.advance(step);
        }
        CHECK(lifetime(ledger, red, at) == Usd::dollars(24 * 364));
        Usd sum;
        for (auto date = sys_days{2026y / January / 1}; date <= sys_days{2027y / January / 1};
             date += days{1}) {
            sum += cost_of_day(ledger, year_month_day{date}, at);
        }
        CHECK(sum == Usd::dollars(24 * 364));
    }
}

TEST_CASE("accrual divides a UTC day's charge over the local days it touches") {
    Ledger ledger{zone("America/New_York")};  // midnight is 05:00 UTC
    const Instant day = time("2026-11-21T00:00:00Z");
    ledger.observe(main_account, one, red, rates(1), day - 48h);
    ledger.advance(day + 24h);
    const Instant at = settle(ledger, day, Rows{row(one, gpu_only(48))}, day + 25h);
    CHECK(cost_of_day(ledger, 2026y / November / 20, at) == usd(19 + 10));
    CHECK(cost_of_day(ledger, 2026y / November / 21, at) == usd(38 + 3));
}

TEST_CASE("a charge without accrual is divided in proportion of time") {
    Ledger ledger{zone("America/New_York")};
    const Instant day = time("2026-11-21T00:00:00Z");
    const Instant at = settle(ledger, day, Rows{row("volume-9", gpu_only(48))}, day + 25h);
    CHECK(cost_of_day(ledger, 2026y / November / 20, at) == usd(10));
    CHECK(cost_of_day(ledger, 2026y / November / 21, at) == usd(38));
}

TEST_CASE("an open charge without accrual is not put into hours to come") {
    Ledger ledger{zone("Europe/Berlin")};  // midnight is 23:00 UTC
    const Instant day = time("2026-11-21T00:00:00Z");
    ledger.charge(main_account, day, Rows{row("volume-9", gpu_only(12))}, day + 12h);
    CHECK(spent(ledger, red, Window::day, day + 12h) == usd(12));
}

TEST_CASE("what an instance cost today is asked for in local days, settled or not") {
    Ledger ledger{zone("Europe/Berlin")};
    const Instant day = time("2026-11-21T00:00:00Z");
    ledger.observe(main_account, one, red, rates(1), day - 48h);
    // The 21st settles at 02:00 UTC of the 22nd, while Berlin's 22nd reaches back into it.
    const Instant at = settle(ledger, day, Rows{row(one, gpu_only(48))}, day + 25h);
    REQUIRE(at == day + 27h);
    CHECK(ledger.instance_spend_today(one, at) == usd(2 + 3));
    CHECK(spent(ledger, red, Window::day, at) == usd(2 + 3));
    ledger.advance(day + 48h);
    CHECK(ledger.instance_spend_today(one, day + 48h) == usd(1));
}

TEST_CASE("the sum over all windows equals the sum of the charges") {
    for (const auto* name :
         {"UTC",
          "Europe/Berlin",
          "America/New_York",
          "Asia/Kolkata",
          "Pacific/Auckland",
          "Australia/Lord_Howe"}) {
        CAPTURE(std::string{name});
        Ledger ledger{zone(name)};
        const Instant begin = time("2026-03-20T00:00:00Z");
        Usd charged;
        Instant at = begin;
        for (int i = 0; i < 20; ++i, at += 24h) {
            ledger.observe(main_account, one, i % 3 == 0 ? blue : red, rates(1 + i), at + 5h);
            const Amounts amounts{
                Usd::from_nanos(7'777'777'777 + i), usd(0.333), usd(0.1), usd(0.001)};
            const Rows rows{row(one, amounts), row("volume-9", amounts)};
            settle(ledger, at, rows, at + 25h);
            charged += amounts.total() + amounts.total();
        }
        ledger.close(one, at);  // within what has settled: the rest never was
        Usd sum;
        for (auto date = sys_days{2026y / March / 18}; date < sys_days{2026y / April / 20};
             date += days{1}) {
            for (const auto& team : {red, blue}) {
                const year_month_day today{date};
                const year_month_day next{date + days{1}};
                sum += ledger.team_spend(team, Window::lifetime, today, at + 48h).spend -
                       ledger.team_spend(team, Window::lifetime, next, at + 48h).spend;
            }
        }
        const auto total = ledger.account_spend(main_account, Window::lifetime, at + 48h).spend;
        CHECK(sum == total);
        CHECK(total == charged);
    }
}

TEST_CASE("another time zone leaves what is booked where it is") {
    Ledger ledger{Calendar{}};
    const Instant midnight = time("2026-11-21T00:00:00Z");
    ledger.observe(main_account, one, red, rates(1), midnight);
    ledger.set_calendar(zone("Asia/Tokyo"), midnight + 10h);  // 19:00 on the 21st there
    CHECK(lifetime(ledger, red, midnight + 10h) == usd(10));
    CHECK(spent(ledger, red, Window::day, midnight + 10h) == usd(10));
    CHECK(spent(ledger, red, Window::day, midnight + 16h) == usd(1));
    ledger.advance(midnight + 48h);
    CHECK(lifetime(ledger, red, midnight + 48h) == usd(48));
}

TEST_CASE("the same time zone again changes nothing") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(1), time("2026-11-21T00:00:00Z"));
    (void)ledger.take_changes();
    ledger.set_calendar(Calendar{}, time("2026-11-21T10:00:00Z"));
    CHECK(ledger.take_changes().empty());
}

TEST_CASE("a lifetime that begins in the future has no spend") {
    Ledger ledger{Calendar{}};
    const Instant at = time("2026-11-21T10:00:00Z");
    ledger.observe(main_account, one, red, rates(1), at - 1h);
    CHECK(ledger.team_spend(red, Window::lifetime, 2027y / January / 1, at).spend == Usd{});
    CHECK(ledger.team_spend(red, Window::lifetime, 2026y / November / 21, at).spend == usd(1));
}

TEST_CASE("a team that spends nothing has windows all the same") {
    const Ledger ledger{Calendar{}};
    const auto window =
        ledger.team_spend(red, Window::day, std::nullopt, time("2026-11-21T10:00:00Z"));
    CHECK(window.spend == Usd{});
    CHECK(window.start == time("2026-11-21T00:00:00Z"));
    CHECK(window.projected == Usd{});
}

}  // namespace
}  // namespace vastwatch::ledger::testing
