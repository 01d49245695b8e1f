#include "support.hpp"

#include <doctest/doctest.h>

namespace vastwatch::ledger::testing {
namespace {

const InstanceId one{1};
const InstanceId two{2};
const Instant day = time("2026-11-21T00:00:00Z");
const Instant noon = day + 12h;

using Rows = std::vector<DayCharge>;

Ledger restored(const FakeStore& store, const Calendar& calendar = Calendar{}) {
    Ledger ledger{calendar};
    ledger.restore(store.all());
    return ledger;
}

TEST_CASE("a restored ledger goes on where the stored one was") {
    FakeStore store;
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6, 1), noon);
    ledger.charge(main_account, day, Rows{row("volume-9", gpu_only(2), blue)}, noon + 1h);
    store.apply(ledger.take_changes());
    auto again = restored(store);
    CHECK(again.take_changes().empty());
    CHECK(lifetime(again, red, noon + 2h) == usd(14));
    CHECK(lifetime(again, blue, noon + 2h) == usd(2));
    CHECK(again.instance_rates(one) == rates(6, 1));
    CHECK(again.team_burn(red) == rates(7).gpu);
    CHECK(again.days_to_read(main_account, noon) == ledger.days_to_read(main_account, noon));
    again.observe(main_account, one, red, rates(6, 1), noon + 2h);
    CHECK(again.take_changes().empty());
}

TEST_CASE("a stored ledger that was down over midnights accrues them") {
    FakeStore store;
    Ledger ledger{zone("Europe/Berlin")};
    ledger.observe(main_account, one, red, rates(1), noon);
    store.apply(ledger.take_changes());
    auto again = restored(store, zone("Europe/Berlin"));
    again.advance(noon + 72h);
    CHECK(lifetime(again, red, noon + 72h) == usd(72));
    CHECK(spent(again, red, Window::day, noon + 72h) == usd(13));
}

TEST_CASE("a settled day is not read again after a restart, folded or not") {
    for (const auto* name : {"UTC", "Europe/Berlin"}) {
        CAPTURE(std::string{name});
        FakeStore store;
        Ledger ledger{zone(name)};
        ledger.observe(main_account, one, red, rates(1), day);
        ledger.advance(day + 24h);
        const Rows rows{row(one, gpu_only(48))};
        const Instant at = settle(ledger, day, rows, day + 25h);
        store.apply(ledger.take_changes());
        auto again = restored(store, zone(name));
        CHECK(again.instance_spend_today(one, at) == ledger.instance_spend_today(one, at));
        CHECK(again.days_to_read(main_account, at) == ledger.days_to_read(main_account, at));
        again.charge(main_account, day, Rows{row(one, gpu_only(99))}, at + 1h);
        CHECK(lifetime(again, red, at) == lifetime(ledger, red, at));
        again.advance(at + 48h);
        CHECK(lifetime(again, red, at + 48h) == usd(48 + 51));
        CHECK(again.instance_spend(one, at + 48h) == gpu_only(48 + 51));
    }
}

TEST_CASE("the two hours of settling go on over a restart") {
    FakeStore store;
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    ledger.charge(main_account, day, Rows{row(one, gpu_only(5))}, day + 25h);
    store.apply(ledger.take_changes());
    auto again = restored(store);
    again.charge(main_account, day, Rows{row(one, gpu_only(5))}, day + 27h);
    CHECK(lifetime(again, red, day + 27h) == usd(5));
}

TEST_CASE("counters do not fall over a restart") {
    FakeStore store;
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    ledger.close(one, noon + 1h);
    CHECK(ledger.counters(noon + 1h)[0].amounts.gpu == usd(6));
    store.apply(ledger.take_changes());
    const Instant at = settle(ledger, day, Rows{row(one, gpu_only(5))}, noon + 1h);
    store.apply(ledger.take_changes());
    auto again = restored(store);
    CHECK(lifetime(again, red, at) == usd(5));
    CHECK(again.counters(at)[0].amounts.gpu == usd(6));
}

TEST_CASE("counters that were shown ahead of a late rate change do not fall over a restart") {
    FakeStore store;
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(60), noon);
    const auto shown = ledger.counters(noon + 2min)[0].amounts.gpu;
    ledger.observe(main_account, one, red, rates(0), noon + 1min);
    store.apply(ledger.take_changes());
    auto again = restored(store);
    CHECK(again.counters(noon + 3min)[0].amounts.gpu == shown);
}

TEST_CASE("showing counters stores nothing as long as they do not fall") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(6), noon);
    (void)ledger.take_changes();
    (void)ledger.counters(noon + 1h);
    CHECK(ledger.take_changes().empty());
}

TEST_CASE("what could not be stored is given again with what changed since") {
    Ledger ledger{Calendar{}};
    FakeStore store;
    ledger.observe(main_account, one, red, rates(1), day);
    ledger.observe(main_account, two, blue, rates(2), day);
    ledger.advance(day + 24h);
    const Instant at =
        settle(ledger, day, Rows{row(one, gpu_only(20)), row(two, gpu_only(40), blue)}, day + 25h);
    ledger.close(two, at);
    (void)ledger.counters(at);
    auto lost = ledger.take_changes();
    CHECK(ledger.take_changes().empty());
    ledger.retry(std::move(lost));
    ledger.observe(main_account, one, red, rates(3), at + 1h);
    store.apply(ledger.take_changes());
    auto again = restored(store);
    for (const auto& team : {red, blue}) {
        CHECK(lifetime(again, team, at + 2h) == lifetime(ledger, team, at + 2h));
    }
    CHECK(again.instance_spend(two, at) == ledger.instance_spend(two, at));
    CHECK(again.instance_rates(one) == rates(3));
    CHECK_FALSE(again.instance_rates(two));
    CHECK(again.days_to_read(main_account, at) == ledger.days_to_read(main_account, at));
}

TEST_CASE("a meter closed and opened again in one step is stored as open") {
    FakeStore store;
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(1), noon);
    ledger.close(one, noon + 1min);
    ledger.observe(main_account, one, red, rates(2), noon + 2min);
    const auto changes = ledger.take_changes();
    CHECK(changes.closed_meters.empty());
    store.apply(changes);
    CHECK(restored(store).instance_rates(one) == rates(2));
}

TEST_CASE("odd records are taken as they are") {
    Changes odd;
    Meter meter;
    meter.instance = one;
    meter.account = main_account;
    meter.team = red;
    meter.rates = rates(1);
    meter.since = day - 48h;
    odd.meters.push_back(meter);
    meter.instance = two;
    meter.since = noon;
    odd.meters.push_back(meter);
    ContractDay bare;
    bare.contract = Contract{main_account, "instance-3"};
    bare.day = day;
    odd.days.push_back(bare);
    ContractDay charged = bare;
    charged.contract.source = "";
    charged.charged = gpu_only(1);
    odd.days.push_back(charged);
    Ledger ledger{Calendar{}};
    ledger.restore(odd);
    CHECK(lifetime(ledger, red, noon + 1h) == usd(48 + 12 + 1 + 1));
    CHECK(lifetime(ledger, TeamName{}, noon + 1h) == usd(1));
    settle(ledger, day, Rows{row(one, gpu_only(5))}, noon + 1h);
    ledger.advance(day + 24h * 30);
    CHECK(ledger.instance_spend(one, day + 24h * 30).total() > usd(5));
}

TEST_CASE("restoring nothing leaves an empty ledger that works") {
    Ledger ledger{Calendar{}};
    ledger.observe(main_account, one, red, rates(1), noon);
    ledger.restore(Changes{});
    CHECK(lifetime(ledger, red, noon) == Usd{});
    CHECK(ledger.counters(noon).empty());
    ledger.observe(main_account, one, red, rates(1), noon);
    CHECK(lifetime(ledger, red, noon + 1h) == usd(1));
}

TEST_CASE("the source of an instance names it, and other sources do not") {
    CHECK(instance_contract(main_account, one).source == "instance-1");
    CHECK(instance_of(Contract{main_account, "instance-31415926"}) == InstanceId{31415926});
    for (const auto* text :
         {"",
          "instance-",
          "instance-x",
          "instance-12x",
          "instance--1",
          "instance-0",
          "instance-007",
          "volume-12",
          "Instance-12",
          "instance-99999999999999999999"}) {
        CAPTURE(std::string{text});
        CHECK_FALSE(instance_of(Contract{main_account, text}));
    }
}

}  // namespace
}  // namespace vastwatch::ledger::testing
