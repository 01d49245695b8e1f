#include "support.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

using namespace vastwatch;
using namespace vastwatch::store::test;

namespace {

/// What a restart finds after two commits.
engine::Changes after_both(const engine::Changes& first, const engine::Changes& second) {
    const TempDir directory;
    {
        const auto opened = must_open(directory.path());
        must_commit(*opened.store, first);
        must_commit(*opened.store, second);
    }
    return must_open(directory.path()).stored;
}

engine::Changes labelled(const std::string& label) {
    engine::Changes changes;
    changes.instances = {an_instance(1)};
    changes.instances.front().row.label = label;
    return changes;
}

engine::Changes first_changes() {
    return full_changes("key", 5);
}

}  // namespace

TEST_CASE("a record with a key already stored replaces the stored one") {
    auto second = first_changes();
    second.instances.front().row.label = "new label";
    second.ledger.days.front().slices.clear();
    second.ledger.team_days.front().amounts.gpu = Usd::dollars(9);
    second.cases.front().detail = "new detail";
    second.alerts.front().resolved = false;
    second.outbox.front().attempts = 9;
    second.accounts.front().credit.reset();
    second.pause->reason = "new reason";
    second.policy_fingerprint = "new fingerprint";
    second.clock->boot = "another boot";
    CHECK(difference(after_both(first_changes(), second), second) == "");
}

TEST_CASE("a gone instance is not found again") {
    engine::Changes second;
    second.gone_instances = {InstanceId{5}};
    CHECK(after_both(first_changes(), second).instances.empty());
}

TEST_CASE("a closed meter is not found again") {
    engine::Changes second;
    second.ledger.closed_meters = {InstanceId{5}};
    CHECK(after_both(first_changes(), second).ledger.meters.empty());
}

TEST_CASE("an ended protection is not found again") {
    engine::Changes second;
    second.ended_protections = {InstanceId{5}};
    CHECK(after_both(first_changes(), second).protections.empty());
}

TEST_CASE("a pause that ended is not found again") {
    engine::Changes second;
    second.pause_ended = true;
    CHECK(!after_both(first_changes(), second).pause);
}

TEST_CASE("a forgotten condition is not found again") {
    engine::Changes second;
    second.forgotten_conditions = {"key"};
    CHECK(after_both(first_changes(), second).conditions.empty());
}

TEST_CASE("records for the audit log replace those of the commit before, and nothing else does") {
    auto second = first_changes();
    second.audit->push_back(second.audit->front());
    second.audit->front().detail = "the newer one";
    CHECK(after_both(first_changes(), second).audit == second.audit);
    engine::Changes other;
    other.policy_fingerprint = "new fingerprint";
    CHECK(after_both(first_changes(), other).audit == first_changes().audit);
    engine::Changes none;
    none.audit.emplace();
    CHECK_FALSE(after_both(first_changes(), none).audit);
}

TEST_CASE("what is ended and made anew in one commit is there") {
    auto second = first_changes();
    second.gone_instances = {InstanceId{5}};
    second.ledger.closed_meters = {InstanceId{5}};
    second.ended_protections = {InstanceId{5}};
    second.pause_ended = true;
    second.forgotten_conditions = {"key"};
    CHECK(difference(after_both(first_changes(), second), first_changes()) == "");
}

TEST_CASE("an idle clock changes what belongs to the clock and nothing else") {
    auto expected = first_changes();
    auto& instance = expected.instances.front();
    instance.last_seen = day(4);
    instance.still = fleet::StillRow{};
    instance.idle = fleet::IdlePeriod{};
    instance.samples.clear();

    engine::Changes second;
    engine::IdleClock clock;
    clock.id = InstanceId{5};
    clock.last_seen = day(4);
    second.idle_clocks = {clock};
    CHECK(difference(after_both(first_changes(), second), expected) == "");
}

TEST_CASE("the idle clock of an instance that is not stored changes nothing") {
    engine::Changes second;
    second.idle_clocks.emplace_back();
    second.idle_clocks.front().id = InstanceId{77};
    CHECK(difference(after_both(first_changes(), second), first_changes()) == "");
}

TEST_CASE("an empty commit succeeds") {
    const TempDir directory;
    const auto opened = must_open(directory.path());
    CHECK(!commit(*opened.store, engine::Changes{}));
}

TEST_CASE("commits are made in the order in which they were begun") {
    const TempDir directory;
    {
        const auto opened = must_open(directory.path());
        boost::asio::io_context loop{1};
        for (int i = 0; i < 20; ++i) {
            auto task = opened.store->commit(labelled(std::to_string(i)));
            boost::asio::co_spawn(loop, std::move(task), [](std::exception_ptr, const auto& error) {
                CHECK(!error);
            });
        }
        loop.run();
    }
    CHECK(must_open(directory.path()).stored.instances.at(0).row.label == "19");
}

TEST_CASE("a commit whose waiter is gone is still made whole") {
    const TempDir directory;
    {
        boost::asio::io_context loop{1};
        {
            const auto opened = must_open(directory.path());
            auto task = opened.store->commit(labelled("kept"));
            boost::asio::co_spawn(loop, std::move(task), [](std::exception_ptr, const auto&) {});
            loop.poll();
        }
    }
    CHECK(must_open(directory.path()).stored.instances.at(0).row.label == "kept");
}
