#include "support.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace vastwatch::ledger::testing {
namespace {

const InstanceId one{1};
const InstanceId two{2};
const Instant day = time("2026-11-21T00:00:00Z");
const Instant noon = day + 12h;

using Rows = std::vector<DayCharge>;

bool is_due(const Ledger& ledger, Instant which, Instant at) {
    const auto days = ledger.days_to_read(main_account, at);
    return std::find(days.begin(), days.end(), which) != days.end();
}

TEST_CASE("while a day is open, spend is accrual where that is larger than the charge") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(5))}, noon + 1h);
    CHECK(spent(ledger, red, Window::day, noon + 1h) == usd(6));
}

TEST_CASE("a charge is divided by what was there, not by what a midnight took to go on") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(10), noon);
    ledger.observe(main_account, one, blue, rates(10), noon + 4h);
    ledger.advance(noon + 24h);
    ledger.close(one, noon + 5h);
    const Instant later = settle(ledger, day, Rows{row(one, gpu_only(50))}, noon + 24h);
    CHECK(lifetime(ledger, red, later) == usd(40));
    CHECK(lifetime(ledger, blue, later) == usd(10));
}

TEST_CASE("while a day is open, spend is the charge where that is larger than accrual") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(8))}, noon + 1h);
    CHECK(spent(ledger, red, Window::day, noon + 1h) == usd(8));
    CHECK(ledger.instance_spend(one, noon + 1h) == gpu_only(8));
    CHECK(ledger.instance_spend_today(one, noon + 1h) == usd(8));
}

TEST_CASE("accrual overtakes a larger charge by itself") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(8))}, noon + 1h);
    CHECK(spent(ledger, red, Window::day, noon + 80min) == usd(8));
    CHECK(spent(ledger, red, Window::day, noon + 81min) == usd(8.1));
    ledger.advance(noon + 2h);
    CHECK(spent(ledger, red, Window::day, noon + 2h) == usd(12));
}

TEST_CASE("GPU and disk items together are compared with accrual, not one by one") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6, 1), noon);
    ledger.charge(main_account, day, Rows{row(one, Amounts{usd(5), usd(2), {}, {}})}, noon + 1h);
    CHECK(spent(ledger, red, Window::day, noon + 1h) == usd(7));
    ledger.charge(main_account, day, Rows{row(one, Amounts{usd(5), usd(3), {}, {}})}, noon + 1h);
    CHECK(spent(ledger, red, Window::day, noon + 1h) == usd(8));
}

TEST_CASE("bandwidth and other items come on top of whichever is larger") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    const Amounts charge{usd(1), {}, usd(0.25), usd(0.5)};
    ledger.charge(main_account, day, Rows{row(one, charge)}, noon + 1h);
    CHECK(spent(ledger, red, Window::day, noon + 1h) == usd(6.75));
    CHECK(ledger.instance_spend(one, noon + 1h) == Amounts{usd(6), {}, usd(0.25), usd(0.5)});
}

TEST_CASE("a later reading replaces an earlier one, upwards and downwards") {
    Ledger ledger{Calendar{}};
    ledger.charge(main_account, day, Rows{row("volume-9", gpu_only(3))}, noon);
    CHECK(lifetime(ledger, red, noon) == usd(3));
    ledger.charge(main_account, day, Rows{row("volume-9", gpu_only(5))}, noon + 10min);
    CHECK(lifetime(ledger, red, noon + 10min) == usd(5));
    ledger.charge(main_account, day, Rows{row("volume-9", gpu_only(4))}, noon + 20min);
    CHECK(lifetime(ledger, red, noon + 20min) == usd(4));
}

TEST_CASE("a contract that a reading does not name keeps what it had") {
    Ledger ledger{Calendar{}};
    ledger.charge(main_account, day, Rows{row("volume-9", gpu_only(3))}, noon);
    ledger.charge(main_account, day, Rows{row("volume-8", gpu_only(1))}, noon + 10min);
    CHECK(lifetime(ledger, red, noon + 10min) == usd(4));
}

TEST_CASE("several rows of one contract in one reading are added up") {
    Ledger ledger{Calendar{}};
    const Rows rows{row(one, gpu_only(3)), row("volume-9", gpu_only(1)), row(one, gpu_only(2))};
    ledger.charge(main_account, day, rows, noon);
    CHECK(lifetime(ledger, red, noon) == usd(6));
    CHECK(ledger.instance_spend(one, noon) == gpu_only(5));
}

TEST_CASE("volumes, serverless and instances never listed are spend of the charge's team") {
    Ledger ledger{Calendar{}};
    const Rows rows{
        row("volume-9", Amounts{{}, usd(1), {}, {}}, blue),
        row("endpoint-7", gpu_only(2), nobody),
        row(two, gpu_only(4), red)};
    ledger.charge(main_account, day, rows, noon);
    CHECK(lifetime(ledger, blue, noon) == usd(1));
    CHECK(lifetime(ledger, nobody, noon) == usd(2));
    CHECK(lifetime(ledger, red, noon) == usd(4));
    CHECK(ledger.account_spend(main_account, Window::day, noon).spend == usd(7));
    CHECK(ledger.team_burn(red) == UsdPerHour{});
}

TEST_CASE("a charge without accrual stays with the team it came with that day") {
    Ledger ledger{Calendar{}};
    ledger.charge(main_account, day, Rows{row("volume-9", gpu_only(1), red)}, noon);
    ledger.charge(main_account, day, Rows{row("volume-9", gpu_only(2), blue)}, noon + 1h);
    CHECK(lifetime(ledger, red, noon + 1h) == usd(2));
    CHECK(lifetime(ledger, blue, noon + 1h) == Usd{});
}

TEST_CASE("once a day has settled the charges are the spend, also when they are lower") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    const Rows rows{row(one, Amounts{usd(5.5), usd(0.1), usd(0.2), {}})};
    const Instant settled = settle(ledger, day, rows, noon + 2h);
    CHECK(lifetime(ledger, red, settled) == usd(5.8));
    CHECK(ledger.instance_spend(one, settled) == rows[0].amounts);
}

TEST_CASE("a day does not settle before two hours after its end") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    const Rows rows{row(one, gpu_only(5))};
    ledger.charge(main_account, day, rows, noon + 2h);
    ledger.charge(main_account, day, rows, day + 26h - 1s);
    CHECK(lifetime(ledger, red, day + 26h) == usd(6));
    CHECK(is_due(ledger, day, day + 26h));
    ledger.charge(main_account, day, rows, day + 26h);
    CHECK(lifetime(ledger, red, day + 26h) == usd(5));
    CHECK_FALSE(is_due(ledger, day, day + 26h));
}

TEST_CASE("a change after the day's end starts the two hours again") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(4))}, noon + 2h);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(5))}, day + 25h + 50min);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(5))}, day + 27h + 49min);
    CHECK(lifetime(ledger, red, day + 28h) == usd(6));
    ledger.charge(main_account, day, Rows{row(one, gpu_only(5))}, day + 27h + 50min);
    CHECK(lifetime(ledger, red, day + 28h) == usd(5));
}

TEST_CASE("time alone settles nothing: a reading has to say that nothing changed") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(5))}, noon + 2h);
    ledger.advance(day + 72h);
    CHECK(lifetime(ledger, red, day + 72h) == usd(6));
}

TEST_CASE("an old day that is read for the first time waits two hours as well") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    const Rows rows{row(one, gpu_only(5))};
    ledger.charge(main_account, day, rows, day + 72h);
    CHECK(lifetime(ledger, red, day + 72h) == usd(6));
    ledger.charge(main_account, day, rows, day + 74h);
    CHECK(lifetime(ledger, red, day + 74h) == usd(5));
}

TEST_CASE("settled days do not change") {
    Ledger ledger{Calendar{}};
    const Rows rows{row("volume-9", gpu_only(5))};
    const Instant settled = settle(ledger, day, rows, noon);
    ledger.charge(main_account, day, Rows{row("volume-9", gpu_only(9))}, settled + 1h);
    CHECK(lifetime(ledger, red, settled + 1h) == usd(5));
}

TEST_CASE("what accrued without a row on a settled day was not charged") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.observe(main_account, two, red, rates(1), noon);
    ledger.close(one, noon + 1h);
    ledger.close(two, noon + 1h);
    const Instant settled = settle(ledger, day, Rows{row(one, gpu_only(6))}, noon + 2h);
    CHECK(lifetime(ledger, red, settled) == usd(6));
    CHECK(ledger.instance_spend(two, settled) == Amounts{});
}

TEST_CASE("absence may be lag: without a row accrual counts until the day settles") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    const Rows others{row("volume-9", gpu_only(1))};
    ledger.charge(main_account, day, others, noon + 2h);
    ledger.charge(main_account, day, others, day + 25h);
    CHECK(lifetime(ledger, red, day + 25h) == usd(7));
    const Rows both{row("volume-9", gpu_only(1)), row(one, gpu_only(5.9))};
    ledger.charge(main_account, day, both, day + 25h + 30min);
    CHECK(lifetime(ledger, red, day + 25h + 30min) == usd(7));
    ledger.charge(main_account, day, both, day + 27h + 30min);
    CHECK(lifetime(ledger, red, day + 27h + 30min) == usd(6.9));
}

TEST_CASE("a day that was never read keeps its accrual") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    ledger.advance(day + 24h * 9);
    CHECK(lifetime(ledger, red, day + 24h * 9) == usd(6));
    CHECK(is_due(ledger, day, day + 24h * 9));
}

TEST_CASE("empty readings do not make a day's accrual vanish") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    const Instant at = settle(ledger, day, Rows{}, day + 25h);
    CHECK(lifetime(ledger, red, at) == usd(6));
    CHECK(is_due(ledger, day, at));
}

TEST_CASE("a day in which nothing happened settles with empty readings") {
    Ledger ledger{Calendar{}};
    ledger.advance(noon);
    CHECK(is_due(ledger, day, noon));
    const Instant at = settle(ledger, day, Rows{}, noon);
    CHECK_FALSE(is_due(ledger, day, at));
}

TEST_CASE("ten days after its end a day is final as it is known") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    FakeStore store;
    ledger.advance(day + 24h * 11);
    CHECK(lifetime(ledger, red, day + 24h * 11) == usd(6));
    CHECK_FALSE(is_due(ledger, day, day + 24h * 11));
    store.apply(ledger.take_changes());
    CHECK(store.open_days() == 0);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(60))}, day + 24h * 11 + 1h);
    CHECK(lifetime(ledger, red, day + 24h * 11 + 1h) == usd(6));
}

TEST_CASE("after a long gap the days in it are waited for, though they ended long ago") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(1), noon);
    const Instant back = noon + 24h * 20;
    ledger.advance(back);
    CHECK(is_due(ledger, day + 24h, back));
    const Instant at = settle(ledger, day + 24h, Rows{row(one, gpu_only(20))}, back + 1min);
    CHECK(lifetime(ledger, red, at) == accrue(rates(1).gpu, at - noon) - usd(4));
}

TEST_CASE("money of negative charges is given back") {
    Ledger ledger{Calendar{}};
    const Rows rows{row("volume-9", gpu_only(5)), row(one, Amounts{{}, {}, usd(-2), {}})};
    ledger.charge(main_account, day, rows, noon);
    CHECK(lifetime(ledger, red, noon) == usd(3));
    const Instant settled = settle(ledger, day, rows, noon + 1h);
    CHECK(lifetime(ledger, red, settled) == usd(3));
}

TEST_CASE("amounts beyond all reason are not believed") {
    Ledger ledger{Calendar{}};
    ledger.charge(main_account, day, Rows{row(one, gpu_only(5))}, noon);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(8e9))}, noon + 10min);
    ledger.charge(main_account, day, Rows{row(two, gpu_only(-8e9))}, noon + 20min);
    CHECK(lifetime(ledger, red, noon + 20min) == usd(5));
}

TEST_CASE("a day in the future is not charged") {
    Ledger ledger{Calendar{}};
    ledger.charge(main_account, day + 48h, Rows{row(one, gpu_only(5))}, noon);
    CHECK(lifetime(ledger, red, noon) == Usd{});
}

TEST_CASE("a settled charge is divided among teams in proportion of their accrual") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.observe(main_account, one, blue, rates(6), noon + 1h);
    ledger.close(one, noon + 3h);
    const Instant settled = settle(ledger, day, Rows{row(one, gpu_only(9))}, noon + 4h);
    CHECK(lifetime(ledger, red, settled) == usd(3));
    CHECK(lifetime(ledger, blue, settled) == usd(6));
}

TEST_CASE("GPU charges follow GPU accrual, disk charges disk accrual") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(0, 1), noon);
    ledger.observe(main_account, one, blue, rates(6, 1), noon + 1h);
    ledger.close(one, noon + 2h);
    const Rows rows{row(one, Amounts{usd(5), usd(3), {}, {}})};
    const Instant settled = settle(ledger, day, rows, noon + 4h);
    CHECK(lifetime(ledger, red, settled) == usd(1.5));
    CHECK(lifetime(ledger, blue, settled) == usd(6.5));
}

// Stopped when it was last seen, it was started, worked and changed hands with nobody looking.
TEST_CASE("work that no listing showed is not all charged to who had the instance at its end") {
    const Rows charges{row(one, Amounts{usd(90), usd(1), {}, {}}, red)};
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(0, 0.1), day);
    ledger.observe(main_account, one, blue, rates(12, 0.1), day + 9h);
    ledger.close(one, day + 9h + 10s);
    ledger.charge(main_account, day, charges, day + 10h);
    CHECK(spent(ledger, blue, Window::day, day + 10h) < usd(0.2));
    CHECK(spent(ledger, red, Window::day, day + 10h) > usd(90.7));
    const Instant settled = settle(ledger, day, charges, day + 11h);
    CHECK(lifetime(ledger, blue, settled) < usd(0.2));
    CHECK(lifetime(ledger, red, settled) + lifetime(ledger, blue, settled) == usd(91));
}

TEST_CASE("what cannot be divided evenly is divided exactly") {
    Ledger ledger{Calendar{}};
    const TeamName green{"green"};
    ledger.observe(main_account, one, red, rates(1), noon);
    ledger.observe(main_account, one, blue, rates(1), noon + 1h);
    ledger.observe(main_account, one, green, rates(1), noon + 2h);
    ledger.close(one, noon + 3h);
    const Amounts odd{Usd::from_nanos(1'000'000'000), {}, Usd::from_nanos(10), {}};
    const Instant at = settle(ledger, day, Rows{row(one, odd)}, noon + 4h);
    CHECK(lifetime(ledger, red, at).nanos() == 333'333'334 + 4);
    CHECK(lifetime(ledger, blue, at).nanos() == 333'333'333 + 3);
    CHECK(lifetime(ledger, green, at).nanos() == 333'333'333 + 3);
}

TEST_CASE("a larger charge of an open day is divided in proportion as well") {
    Ledger ledger{Calendar{}};
    ledger.observe(
        main_account, two, red, rates(0), day);  // the ledger is there from the beginning
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.observe(main_account, one, blue, rates(6), noon + 1h);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(24))}, noon + 3h);
    CHECK(lifetime(ledger, red, noon + 3h) == usd(8));
    CHECK(lifetime(ledger, blue, noon + 3h) == usd(16));
}

// It worked with nobody looking, was charged, and changed hands afterwards.
TEST_CASE("what a charge told of stays with the team of then, whoever has the instance later") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, two, red, rates(0), day);
    ledger.observe(main_account, one, red, rates(0, 0.1), day);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(10))}, day + 10h);
    ledger.observe(main_account, one, blue, rates(0, 0.1), noon);
    for (Instant at = noon; at < day + 24h; at += 1h) {
        REQUIRE(spent(ledger, red, Window::day, at) == usd(10));
        REQUIRE(spent(ledger, blue, Window::day, at) == Usd{});
    }
    const Instant settled = settle(ledger, day, Rows{row(one, gpu_only(10))}, noon);
    CHECK(lifetime(ledger, red, settled) == usd(10));
}

TEST_CASE("what a reading has beyond the one before goes by what accrued since that one") {
    Ledger ledger{Calendar{}};
    const auto bandwidth = [](double dollars) {
        return Rows{row(one, Amounts{{}, {}, usd(dollars), {}})};
    };
    ledger.observe(main_account, two, red, rates(0), day);
    ledger.observe(main_account, one, red, rates(1), day);
    ledger.charge(main_account, day, bandwidth(5), noon);
    ledger.observe(main_account, one, blue, rates(1), noon + 1h);
    CHECK(spent(ledger, red, Window::day, noon + 1h) == usd(13 + 5));
    ledger.charge(main_account, day, bandwidth(7), noon + 2h);
    CHECK(spent(ledger, red, Window::day, noon + 2h) == usd(13 + 5 + 1));
    CHECK(spent(ledger, blue, Window::day, noon + 2h) == usd(1 + 1));
    ledger.charge(main_account, day, bandwidth(10), noon + 3h);
    CHECK(spent(ledger, red, Window::day, noon + 3h) == usd(13 + 5 + 1));
    CHECK(spent(ledger, blue, Window::day, noon + 3h) == usd(2 + 1 + 3));
}

TEST_CASE("accrual that uses up what was charged to others counts once a reading confirms it") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, two, red, rates(0), day);
    ledger.observe(main_account, one, red, rates(0, 1), day);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(20))}, day + 10h);
    ledger.observe(main_account, one, blue, rates(2), day + 10h);
    CHECK(spent(ledger, red, Window::day, noon) == usd(20));
    CHECK(spent(ledger, blue, Window::day, noon) == Usd{});
    ledger.charge(main_account, day, Rows{row(one, gpu_only(24))}, noon);
    CHECK(spent(ledger, red, Window::day, noon) == usd(20));
    CHECK(spent(ledger, blue, Window::day, noon) == usd(4));
}

TEST_CASE("many readings of what accrues as charged leave GPU with GPU and disk with disk") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, two, red, rates(0), day);
    ledger.observe(main_account, one, red, rates(2, 0.5), day);
    for (int hour = 1; hour < 24; ++hour) {
        if (hour == 16) {
            ledger.observe(main_account, one, blue, rates(2, 0.5), day + 16h);
        }
        const Amounts so_far{usd(2 * (hour - 0.5)), usd(0.5 * (hour - 0.5)), {}, {}};
        ledger.charge(main_account, day, Rows{row(one, so_far)}, day + hour * 1h);
    }
    const Rows whole{row(one, Amounts{usd(48), usd(12), {}, {}})};
    const Instant settled = settle(ledger, day, whole, day + 24h);
    CHECK(lifetime(ledger, red, settled) == usd(40));
    CHECK(lifetime(ledger, blue, settled - 2h) == usd(20));
}

TEST_CASE("how a charge was divided outlives a restart") {
    FakeStore store;
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, two, red, rates(0), day);
    ledger.observe(main_account, one, red, rates(0, 0.1), day);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(10))}, day + 10h);
    ledger.observe(main_account, one, blue, rates(0, 0.1), noon);
    store.apply(ledger.take_changes());
    Ledger again{Calendar{}};
    again.restore(store.all());
    CHECK(spent(again, red, Window::day, day + 23h) == usd(10));
    CHECK(spent(again, blue, Window::day, day + 23h) == Usd{});
}

TEST_CASE("spend never falls while a larger charge waits for accrual to catch up") {
    Ledger ledger{zone("America/New_York")};
    ledger.observe(main_account, one, red, rates(6), day + 1h);
    ledger.observe(main_account, one, blue, rates(2), day + 7h);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(60))}, day + 8h);
    Usd red_before;
    Usd blue_before;
    for (Instant at = day + 8h; at < day + 48h; at += 17min) {
        const auto red_now = lifetime(ledger, red, at);
        const auto blue_now = lifetime(ledger, blue, at);
        const auto whole = ledger.instance_spend(one, at).total();
        REQUIRE(std::abs((red_now + blue_now - whole).nanos()) <= 4);
        REQUIRE(blue_now >= blue_before);
        if (at < day + 20h) {
            REQUIRE(red_now + blue_now >= red_before + blue_before);
        }
        red_before = red_now;
        blue_before = blue_now;
    }
}

TEST_CASE("at the first start everything before comes from charges") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(2), noon);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(23.9))}, noon + 1min);
    CHECK(spent(ledger, red, Window::day, noon + 1min) == usd(23.9));
}

TEST_CASE("what was spent before the first start stays with the team of then") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(2), noon);
    ledger.observe(main_account, one, blue, rates(2), noon + 1h);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(32))}, noon + 4h);
    CHECK(spent(ledger, red, Window::day, noon + 4h) == usd(26));
    CHECK(spent(ledger, blue, Window::day, noon + 4h) == usd(6));
    ledger.charge(main_account, day, Rows{row(one, gpu_only(34))}, noon + 5h);
    CHECK(spent(ledger, red, Window::day, noon + 5h) == usd(26));
    const Instant settled = settle(ledger, day, Rows{row(one, gpu_only(48))}, day + 24h);
    CHECK(lifetime(ledger, red, settled) == usd(26));
}

TEST_CASE("at the first start what was spent before the local midnight is not today's") {
    Ledger ledger{zone("America/New_York")};  // midnight is 05:00 UTC
    ledger.observe(main_account, one, red, rates(10), day + 6h);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(60))}, day + 6h);
    CHECK(spent(ledger, red, Window::day, day + 6h) == usd(10));
    CHECK(spent(ledger, red, Window::month, day + 6h) == usd(60));
}

TEST_CASE("what a meter accrues since its beginning is today's, though a charge told of it first") {
    Ledger ledger{zone("America/New_York")};  // midnight is 05:00 UTC
    ledger.charge(main_account, day, Rows{row(one, gpu_only(2))}, day + 6h);
    ledger.observe(main_account, one, red, rates(10), day + 5h + 30min);
    CHECK(spent(ledger, red, Window::day, day + 6h) == usd(5));
    CHECK(spent(ledger, red, Window::month, day + 6h) == usd(5));
    ledger.charge(main_account, day, Rows{row(one, gpu_only(4))}, day + 6h + 10min);
    CHECK(spent(ledger, red, Window::day, day + 7h) == usd(15));
}

TEST_CASE("what a charge has beyond the meter it was read before goes over the time until then") {
    Ledger ledger{zone("America/New_York")};
    ledger.charge(main_account, day, Rows{row(one, gpu_only(60))}, day + 6h);
    ledger.observe(main_account, one, red, rates(10), day + 5h + 30min);
    CHECK(spent(ledger, red, Window::day, day + 6h) == usd(10));
    CHECK(spent(ledger, red, Window::month, day + 6h) == usd(60));
}

TEST_CASE("an account that is not known yet has yesterday and today to read") {
    const Ledger ledger{Calendar{}};
    CHECK(ledger.days_to_read(main_account, noon) == std::vector{day - 24h, day});
    CHECK(ledger.first_day(main_account, noon) == day - 24h);
}

TEST_CASE("days to read are those not settled, oldest first, today always among them") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(1), noon);
    settle(ledger, day, Rows{row(one, gpu_only(12))}, noon);
    const Instant later = day + 24h * 3 + 1h;
    const std::vector expected{day - 24h, day + 24h, day + 48h, day + 72h};
    CHECK(ledger.days_to_read(main_account, later) == expected);
    ledger.advance(later);
    CHECK(ledger.days_to_read(main_account, later) == expected);
}

TEST_CASE("backfill counts in the windows that contain its beginning") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(0), noon);
    const Instant month = time("2026-11-01T00:00:00Z");
    ledger.backfill(main_account, month, Rows{row(one, gpu_only(100), red)});
    ledger.backfill(main_account, time("2026-01-01T00:00:00Z"), Rows{row(one, gpu_only(1000))});
    CHECK(spent(ledger, red, Window::day, noon) == Usd{});
    CHECK(spent(ledger, red, Window::month, noon) == usd(100));
    CHECK(lifetime(ledger, red, noon) == usd(1100));
    CHECK(ledger.instance_spend(one, noon) == gpu_only(1100));
    using namespace std::chrono;
    const auto since = ledger.team_spend(red, Window::lifetime, 2026y / November / 1, noon);
    CHECK(since.spend == usd(100));
    CHECK(since.start == month);
    CHECK_FALSE(since.end);
    CHECK_FALSE(since.projected);
}

TEST_CASE("backfill counts for teams alone what instances cost that are not known") {
    Ledger ledger{Calendar{}};
    ledger.advance(noon);
    ledger.backfill(main_account, time("2026-11-01T00:00:00Z"), Rows{row(one, gpu_only(100), red)});
    CHECK(lifetime(ledger, red, noon) == usd(100));
    CHECK(ledger.take_changes().contract_totals.empty());
}

TEST_CASE("the days of an account that has begun are its own, though nothing of them is known") {
    Ledger ledger{Calendar{}};
    ledger.begin(main_account, noon);
    const Instant later = noon + 48h;
    ledger.begin(main_account, later);
    CHECK(ledger.first_day(main_account, later) == day - 24h);
    CHECK(ledger.days_to_read(main_account, later).size() == 4);
}

TEST_CASE("days before the backfill's end are never counted again") {
    Ledger ledger{Calendar{}};
    ledger.advance(noon);
    const Instant first = ledger.first_day(main_account, noon);
    ledger.backfill(main_account, time("2026-11-01T00:00:00Z"), Rows{row(one, gpu_only(100))});
    CHECK(ledger.first_day(main_account, noon) == first);
    ledger.charge(main_account, first - 24h, Rows{row(one, gpu_only(7))}, noon);
    ledger.observe(main_account, two, red, rates(1), first - 30min);
    CHECK(lifetime(ledger, red, noon) == usd(100) + accrue(rates(1).gpu, noon - first));
    CHECK(ledger.days_to_read(main_account, noon) == std::vector{day - 24h, day});
}

/// Instance one costs two dollars an hour from 08:00, in the main account until noon, when that
/// account is given the other name.
void give_another_name(Ledger& ledger) {
    ledger.observe(main_account, one, red, rates(2), day + 8h);
    ledger.charge(
        main_account, day, Rows{row(one, gpu_only(9)), row("volume-9", gpu_only(1))}, noon);
    ledger.close(one, noon);
    ledger.observe(other_account, one, red, rates(2), noon);
}

TEST_CASE("what one account's charges told of a contract is not counted again under another name") {
    Ledger ledger{Calendar{}};
    give_another_name(ledger);
    CHECK(lifetime(ledger, red, noon + 1h) == usd(12));
    const Rows later{row(one, gpu_only(13)), row("volume-9", gpu_only(1.5))};
    ledger.charge(other_account, day, later, noon + 2h);
    CHECK(lifetime(ledger, red, noon + 2h) == usd(9 + 1.5 + 4));
}

TEST_CASE("a day that was settled under one name of an account is not counted under another") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(2), day + 8h);
    const Rows whole{row(one, gpu_only(32))};
    const Instant renamed = settle(ledger, day, whole, day + 24h);
    ledger.close(one, renamed);
    ledger.observe(other_account, one, red, rates(2), renamed);
    ledger.charge(other_account, day, whole, renamed + 1h);
    CHECK(lifetime(ledger, red, renamed + 1h) == usd(32 + 4 + 2));
}

TEST_CASE("an account under another name is known by its contracts") {
    Ledger ledger{Calendar{}};
    give_another_name(ledger);
    CHECK(ledger.shares_contracts(main_account, other_account));
    CHECK(ledger.knows(Contract{main_account, "volume-9"}));
    CHECK_FALSE(ledger.knows(Contract{other_account, "volume-9"}));
}

TEST_CASE("two accounts with contracts of their own are filled from charges each") {
    Ledger ledger{Calendar{}};
    const Instant month = time("2026-11-01T00:00:00Z");
    ledger.advance(noon);
    ledger.backfill(main_account, month, Rows{row(one, gpu_only(10))});
    ledger.backfill(other_account, month, Rows{row(two, gpu_only(50))});
    CHECK(lifetime(ledger, red, noon) == usd(60));
    CHECK_FALSE(ledger.shares_contracts(main_account, other_account));
}

TEST_CASE("counters go by account, team and source") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6, 1), noon);
    ledger.charge(
        main_account, day, Rows{row(one, Amounts{usd(1), {}, usd(2), usd(3)})}, noon + 1h);
    const auto values = ledger.counters(noon + 1h);
    REQUIRE(values.size() == 1);
    CHECK(values[0].account == main_account);
    CHECK(values[0].team == red);
    CHECK(values[0].amounts == Amounts{usd(6), usd(1), usd(2), usd(3)});
}

TEST_CASE("counters never fall, not even when a day settles below its accrual") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    CHECK(ledger.counters(noon + 1h)[0].amounts.gpu == usd(6));
    const Instant settled = settle(ledger, day, Rows{row(one, gpu_only(5))}, noon + 1h);
    CHECK(ledger.counters(settled)[0].amounts.gpu == usd(6));
    ledger.observe(main_account, one, red, rates(6), settled);
    CHECK(ledger.counters(settled + 5min)[0].amounts.gpu == usd(6));
    CHECK(ledger.counters(settled + 20min)[0].amounts.gpu == usd(7));
}

TEST_CASE("what is folded leaves the memory and stays in the sums") {
    Ledger ledger{Calendar{}};
    FakeStore store;
    Instant at = day;
    ledger.observe(main_account, one, red, rates(1), at);
    for (int i = 0; i < 60; ++i, at += 24h) {
        settle(ledger, at, Rows{row(one, gpu_only(23)), row("volume-9", gpu_only(1))}, at + 23h);
        store.apply(ledger.take_changes());
        REQUIRE(store.open_days() <= 2);
    }
    CHECK(lifetime(ledger, red, at + 2h) == usd(60 * 24 + 2));
    CHECK(ledger.instance_spend(one, at + 2h) == gpu_only(60 * 23 + 2));
}

}  // namespace
}  // namespace vastwatch::ledger::testing
