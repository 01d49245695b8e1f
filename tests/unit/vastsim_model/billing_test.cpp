#include "fixtures.hpp"
#include "model/rows.hpp"

#include <doctest/doctest.h>

#include <array>

namespace vastwatch::vastsim {
namespace {

// What one instance costs in an hour of one state.
struct Case {
    State state;
    bool gpu;
    bool disk;
};

constexpr std::array<Case, 13> table{{
    {State::provisioning, false, true},
    {State::parked, false, true},
    {State::loading, false, true},
    {State::running, true, true},
    {State::frozen, true, true},
    {State::crashed, true, true},
    {State::queued, false, true},
    {State::stopped, false, true},
    {State::outbid, false, true},
    {State::offline, false, false},
    {State::unknown, true, true},
    {State::rebooting, true, true},
    {State::recycling, true, true},
}};

const Instance& only(const Account& account) {
    return account.instances().begin()->second;
}

}  // namespace

TEST_CASE("billing: each state bills what the table of states says") {
    for (const Case& expected : table) {
        CAPTURE(std::string{name_of(expected.state)});
        Account a(account({spec(1, {phase(expected.state)})}), t0, 1);
        a.advance_to(t0 + hours{1});
        const ExactItems spent = only(a).meter.until(a.now());
        CHECK(gpu(spent) == (expected.gpu ? cents(360) : Usd{}));
        CHECK(disk(spent) == (expected.disk ? cents(10) : Usd{}));
    }
}

TEST_CASE("billing: a status that nobody knows counts as running") {
    Phase odd = phase(State::running);
    odd.actual_status = boost::json::value("hibernating");
    Account a(account({spec(1, {odd})}), t0, 1);
    a.advance_to(t0 + hours{1});
    CHECK(gpu(only(a).meter.until(a.now())) == cents(360));
}

TEST_CASE("billing: loading costs the disk only, running both, to the nanosecond of the change") {
    Account a(
        account({spec(1, {phase(State::loading, minutes{30}), phase(State::running)})}), t0, 1);
    a.advance_to(t0 + hours{1});
    const ExactItems spent = only(a).meter.until(t0 + minutes{40});
    CHECK(gpu(spent) == cents(60));
    CHECK(disk(spent) == ExactUsd::accrued(UsdPerHour::from_nanos(100'000'000), minutes{40}).usd());
}

TEST_CASE("billing: a discount lowers the cards and the disk") {
    InstanceSpec reserved = spec(1, {phase(State::running)});
    reserved.credit_discount = 0.25;
    Account a(account({reserved}), t0, 1);
    a.advance_to(t0 + hours{1});
    const ExactItems spent = only(a).meter.until(a.now());
    CHECK(gpu(spent) == cents(270));
    CHECK(disk(spent) == Usd::from_nanos(75'000'000));
}

TEST_CASE("billing: traffic costs while running and not otherwise") {
    InstanceSpec chatty = spec(1, {phase(State::running, hours{1}), phase(State::stopped)});
    chatty.down_gb_per_hour = 10;
    chatty.inet_down_cost = 0.01;
    Account a(account({chatty}), t0, 1);
    a.advance_to(t0 + hours{5});
    const ExactItems spent = only(a).meter.until(a.now());
    CHECK(spent[static_cast<std::size_t>(Item::down)].usd() == cents(10));
}

TEST_CASE("billing: after a stop the cards bill until the container is gone, the disk goes on") {
    AccountSpec made = account({spec(1, {phase(State::running)})});
    made.delays.stop = minutes{1};
    Account a(made, t0, 1);
    a.advance_to(t0 + minutes{10});
    REQUIRE(a.stop(1));
    CHECK(only(a).condition.intended == "stopped");
    CHECK(only(a).condition.actual == "running");
    a.advance_to(t0 + hours{1});
    CHECK(only(a).condition.actual == "exited");
    CHECK(gpu(only(a).meter.until(a.now())) == cents(66));
    CHECK(disk(only(a).meter.until(a.now())) == cents(10));
}

TEST_CASE("billing: a destroyed instance bills until its row is gone, and then nothing") {
    AccountSpec made = account({spec(1, {phase(State::running)})});
    made.delays.unload = minutes{1};
    Account a(made, t0, 1);
    a.advance_to(t0 + minutes{9});
    REQUIRE(a.destroy(1));
    CHECK(only(a).condition.current == "unloaded");
    a.advance_to(t0 + hours{10});
    CHECK(a.instances().empty());
    CHECK(gpu(a.find_any(1)->meter.until(a.now())) == cents(60));
    CHECK(a.find_any(1)->gone_at == t0 + minutes{10});
    CHECK_FALSE(a.destroy(1));
}

TEST_CASE("billing: an offline host costs nothing until it is back") {
    Account a(
        account({spec(
            1,
            {phase(State::running, hours{1}),
             phase(State::offline, hours{2}),
             phase(State::running)})}),
        t0,
        1);
    a.advance_to(t0 + hours{4});
    CHECK(total(only(a).meter.until(a.now())).usd() == cents(740));
}

TEST_CASE("billing: an outbid instance pays for its disk and resumes by itself") {
    InstanceSpec spot = spec(1, {phase(State::running, hours{1}), phase(State::outbid, hours{1})});
    spot.is_bid = true;
    spot.repeat = true;
    Account a(account({spot}), t0, 1);
    a.advance_to(t0 + hours{3});
    CHECK(gpu(only(a).meter.until(a.now())) == cents(720));
    CHECK(disk(only(a).meter.until(a.now())) == cents(30));
}

TEST_CASE("billing: stopping an outbid instance keeps it from coming back") {
    InstanceSpec spot = spec(1, {phase(State::outbid, minutes{1}), phase(State::running)});
    Account a(account({spot}), t0, 1);
    REQUIRE(a.stop(1));
    a.advance_to(t0 + hours{1});
    CHECK(gpu(only(a).meter.until(a.now())) == Usd{});
}

TEST_CASE("billing: an instance stopped while its host is away is stopped when it returns") {
    InstanceSpec away = spec(1, {phase(State::offline, minutes{5}), phase(State::running)});
    Account a(account({away}), t0, 1);
    REQUIRE(a.stop(1));
    CHECK(only(a).condition.actual == "offline");
    a.advance_to(t0 + hours{1});
    CHECK(only(a).condition.actual == "exited");
    CHECK(gpu(only(a).meter.until(a.now())) == Usd{});
}

TEST_CASE("billing: a start loads first and then goes on where the script rested") {
    AccountSpec made = account({spec(1, {phase(State::running, hours{1}), phase(State::stopped)})});
    made.delays.stop = seconds{0};
    made.delays.load = minutes{10};
    Account a(made, t0, 1);
    a.advance_to(t0 + minutes{30});
    REQUIRE(a.stop(1));
    a.advance_to(t0 + minutes{60});
    REQUIRE(a.start(1) == StartOutcome::started);
    a.advance_to(t0 + hours{10});
    CHECK(gpu(only(a).meter.until(a.now())) == cents(360));
}

TEST_CASE("billing: a queued start bills the disk, shows the wish, and is cancelled by a stop") {
    AccountSpec made = account({spec(1, {phase(State::stopped)})});
    Account a(made, t0, 1);
    REQUIRE(a.start(1, true) == StartOutcome::queued);
    CHECK(only(a).condition == Condition{"exited", "stopped", "stopped", "running"});
    REQUIRE(a.stop(1));
    CHECK(only(a).condition.intended == "stopped");
    a.advance_to(t0 + hours{1});
    CHECK(gpu(only(a).meter.until(a.now())) == Usd{});
}

TEST_CASE("billing: an accepted price increase holds from that moment, a rejected one never") {
    InstanceSpec dearer = spec(1, {phase(State::running)});
    dearer.price_increase = PriceIncrease{minutes{10}, 7.2, minutes{30}};
    Account a(account({dearer}), t0, 1);
    a.advance_to(t0 + minutes{20});
    CHECK(only(a).pending.has_value());
    a.advance_to(t0 + hours{1});
    CHECK(gpu(only(a).meter.until(a.now())) == cents(180 + 360));

    dearer.price_increase->accepted_at.reset();
    Account b(account({dearer}), t0, 1);
    b.advance_to(t0 + minutes{20});
    REQUIRE(b.answer_increase(only(b).pending->id, false));
    b.advance_to(t0 + hours{1});
    CHECK(gpu(only(b).meter.until(b.now())) == cents(360));
}

TEST_CASE(
    "billing: credit is what was there when the simulation began, less what was spent since") {
    AccountSpec made = account({spec(1, {phase(State::running)})});
    made.instances.front().start = -hours{100};
    made.credit = Usd::dollars(20);
    Account a(made, t0, 1);
    CHECK(a.credit(t0) == Usd::dollars(20));
    CHECK(gpu(a.spent(t0)) == Usd::dollars(360));
    a.advance_to(t0 + hours{1});
    CHECK(a.credit(a.now()) == cents(1630));
    CHECK(a.lifetime_spend(a.now()) - a.lifetime_spend(t0) == cents(370));
}

TEST_CASE("billing: credit at zero stops everything, and the disk is charged into the negative") {
    AccountSpec made =
        account({spec(1, {phase(State::running)}), spec(2, {phase(State::running)})});
    made.credit = cents(370);
    made.delays.stop = seconds{0};
    Account a(made, t0, 1);
    a.advance_to(t0 + minutes{29});
    CHECK(a.find(1)->condition.intended == "running");
    a.advance_to(t0 + minutes{31});
    CHECK(a.find(1)->condition.intended == "stopped");
    CHECK(a.find(2)->condition.intended == "stopped");
    a.advance_to(t0 + minutes{90});
    CHECK(a.credit(a.now()) == -cents(20));
    CHECK(a.start(1) == StartOutcome::no_credit);
}

TEST_CASE("billing: more credit in time keeps the instances running") {
    AccountSpec made = account({spec(1, {phase(State::running)})});
    made.credit = cents(370);
    Account a(made, t0, 1);
    a.advance_to(t0 + minutes{30});
    a.set_credit(Usd::dollars(1000));
    a.advance_to(t0 + hours{5});
    CHECK(a.find(1)->condition.intended == "running");
}

TEST_CASE("billing: the account's sum is the sum of its contracts to the last nano-dollar") {
    std::vector<InstanceSpec> instances;
    for (std::int64_t id = 1; id <= 40; ++id) {
        InstanceSpec one =
            spec(id, {phase(State::running, seconds{7 * id}), phase(State::outbid, seconds{11})});
        one.dph_base = 0.1234567 * static_cast<double>(id);
        one.repeat = true;
        instances.push_back(one);
    }
    AccountSpec made = account(instances);
    made.credit = Usd::dollars(1'000'000);
    Account a(made, t0, 1);
    a.advance_to(t0 + hours{3});
    ExactUsd sum;
    for (const auto& [id, instance] : a.instances()) {
        sum += total(instance.meter.until(a.now()));
    }
    CHECK(sum == total(a.spent(a.now())));
}

TEST_CASE("billing: a volume outlives its instance, is in use for a while, and then can go") {
    AccountSpec made = account({spec(1, {phase(State::running)})});
    VolumeSpec volume;
    volume.id = 9;
    volume.size = 720;
    volume.storage_cost = 1;
    volume.attached = {1};
    made.volumes = {volume};
    Account a(made, t0, 1);
    a.advance_to(t0 + hours{1});
    REQUIRE(a.destroy(1));
    CHECK_FALSE(a.destroy_volume(9));
    a.advance_to(t0 + hours{2});
    CHECK(a.destroy_volume(9));
    a.advance_to(t0 + hours{5});
    CHECK(disk(a.volumes().at(9).meter.until(a.now())) == Usd::dollars(2));
}

TEST_CASE("billing: money stays with the label it was spent under") {
    Account a(account({spec(1, {phase(State::running)})}), t0, 1);
    a.advance_to(t0 + hours{1});
    REQUIRE(a.set_label(1, "other/job"));
    a.advance_to(t0 + hours{3});
    const Meter& meter = a.find(1)->meter;
    std::map<std::string, Duration> time;
    meter.visit(t0, a.now(), [&](const Meter::Segment& segment, Duration span) {
        time[meter.label_of(segment)] += span;
    });
    CHECK(time["team/job"] == hours{1});
    CHECK(time["other/job"] == hours{2});
}

TEST_CASE("billing: the same seed and calls give the same history") {
    const auto play = [] {
        Account a(
            account({spec(1, {phase(State::loading, seconds{9}), phase(State::running)})}), t0, 7);
        a.advance_to(t0 + minutes{1});
        return std::pair{full_row(a, *a.find(1)), a.journal().size()};
    };
    CHECK(play() == play());
}

}  // namespace vastwatch::vastsim
