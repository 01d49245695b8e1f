#include "store/retention.hpp"

#include "support.hpp"

#include <fmt/format.h>

using namespace vastwatch;
using namespace vastwatch::store;
using namespace vastwatch::store::test;

namespace {

using std::chrono::hours;

alerts::OutboxEntry an_entry(const std::string& alert, std::optional<Instant> ended) {
    alerts::OutboxEntry entry;
    entry.alert = AlertId{alert};
    entry.notifier = NotifierName{"mail"};
    entry.state = ended ? alerts::Delivery::delivered : alerts::Delivery::pending;
    entry.ended = ended;
    return entry;
}

enforcement::Case a_case(std::int64_t number, std::optional<Instant> closed) {
    enforcement::Case one;
    one.number = number;
    one.closed_at = closed;
    return one;
}

ledger::ContractDay a_day(int number, bool settled) {
    ledger::ContractDay one;
    one.day = day(number);
    one.settled = settled;
    return one;
}

/// Sets the time that a restart takes as the present.
void seen_at(engine::Changes& changes, Instant at) {
    engine::AccountState account;
    account.name = AccountName{"main"};
    account.last_sweep = at;
    changes.accounts = {account};
}

engine::Changes only_time(Instant at) {
    engine::Changes changes;
    seen_at(changes, at);
    return changes;
}

}  // namespace

TEST_CASE("alerts of the last 30 days are read at start, older ones are not") {
    engine::Changes changes;
    changes.alerts = {an_alert("old", day(69)), an_alert("recent", day(71))};
    seen_at(changes, day(100));
    const auto stored = after_restart(changes);
    REQUIRE(stored.alerts.size() == 1);
    CHECK(stored.alerts.front().id.str() == "recent");
}

TEST_CASE("the newest 2000 alerts are read at start") {
    engine::Changes changes;
    for (int i = 0; i < 2'010; ++i) {
        const auto at = day(1) + std::chrono::seconds{i};
        changes.alerts.push_back(an_alert(fmt::format("{:04}", i), at));
    }
    const auto stored = after_restart(changes);
    REQUIRE(stored.alerts.size() == 2'000);
    CHECK(stored.alerts.front().id.str() == "0010");
}

TEST_CASE("an alert that somebody waits for is read however old it is") {
    engine::Changes changes;
    changes.alerts = {an_alert("old", day(1)), an_alert("new", day(100))};
    changes.outbox = {an_entry("old", std::nullopt)};
    CHECK(after_restart(changes).alerts.size() == 2);
}

TEST_CASE("closed cases of the last 30 days and all open ones are read at start") {
    engine::Changes changes;
    changes.cases = {a_case(1, day(69)), a_case(2, day(71)), a_case(3, std::nullopt)};
    seen_at(changes, day(100));
    const auto stored = after_restart(changes);
    REQUIRE(stored.cases.size() == 2);
    CHECK(stored.cases.at(0).number == 2);
    CHECK(stored.cases.at(1).number == 3);
}

TEST_CASE("deliveries are read at start when pending or ended within seven days") {
    engine::Changes changes;
    changes.outbox = {an_entry("a", day(92)), an_entry("b", day(94)), an_entry("c", std::nullopt)};
    seen_at(changes, day(100));
    const auto stored = after_restart(changes);
    REQUIRE(stored.outbox.size() == 2);
    CHECK(stored.outbox.at(0).alert.str() == "b");
    CHECK(stored.outbox.at(1).alert.str() == "c");
}

TEST_CASE("what was dismissed until the next reload is read at start, however long ago") {
    using Hold = enforcement::Hold;
    engine::Changes changes;
    const auto add = [&](int number, Hold::Kind kind, Hold::Decision decision, int decided) {
        Hold hold;
        hold.id = HoldId{number};
        hold.kind = kind;
        hold.decision = decision;
        hold.decided = day(decided);
        changes.holds.push_back(hold);
    };
    add(1, Hold::Kind::reload, Hold::Decision::dismissed, 1);
    add(2, Hold::Kind::reload, Hold::Decision::lapsed, 1);
    add(3, Hold::Kind::mass_idle, Hold::Decision::dismissed, 1);
    add(4, Hold::Kind::mass_idle, Hold::Decision::dismissed, 99);
    seen_at(changes, day(100));
    const auto stored = after_restart(changes);
    REQUIRE(stored.holds.size() == 2);
    CHECK(stored.holds.at(0).id == HoldId{1});
    CHECK(stored.holds.at(1).id == HoldId{4});
}

TEST_CASE("spend points of the last 32 days are read at start") {
    engine::Changes changes;
    for (const int number : {67, 69, 100}) {
        engine::SpendPoint point;
        point.at = day(number);
        changes.spend_points.push_back(point);
    }
    CHECK(after_restart(changes).spend_points.size() == 2);
}

TEST_CASE("settled days of contracts are not read at start, open ones are") {
    engine::Changes changes;
    changes.ledger.days = {a_day(1, false), a_day(85, true)};
    const auto stored = after_restart(changes);
    REQUIRE(stored.ledger.days.size() == 1);
    CHECK(stored.ledger.days.front().day == day(1));
}

TEST_CASE("totals are read at start for what bills, has an open day, or ended lately") {
    engine::Changes changes;
    const auto total = [&](const std::string& source, int last_day) {
        changes.ledger.contract_totals.push_back(
            ledger::ContractTotal{{AccountName{"main"}, source}, {}, day(last_day)});
    };
    total("instance-1", 1);  // nothing of it is left
    total("instance-2", 1);  // has a meter
    total("instance-3", 1);  // has an open day
    total("instance-4", 90);
    total("volume-5", 1);
    changes.ledger.meters.emplace_back();
    changes.ledger.meters.back().account = AccountName{"main"};
    changes.ledger.meters.back().instance = InstanceId{2};
    changes.ledger.days = {a_day(99, false)};
    changes.ledger.days.back().contract = {AccountName{"main"}, "instance-3"};
    changes.ledger.account_days.emplace_back();
    changes.ledger.account_days.back().day = day(100);
    const auto stored = after_restart(changes);
    std::string sources;
    for (const auto& one : stored.ledger.contract_totals) {
        sources += one.contract.source + " ";
    }
    CHECK(sources == "instance-2 instance-3 instance-4 volume-5 ");
}

TEST_CASE("what is past its time is removed from the disk by later commits") {
    const TempDir directory;
    {
        const auto opened = must_open(directory.path());
        auto changes = only_time(day(1));
        changes.alerts = {an_alert("a", day(1))};
        changes.cases = {a_case(1, day(1)), a_case(2, std::nullopt)};
        changes.outbox = {an_entry("a", day(1))};
        changes.ledger.days = {a_day(0, true), a_day(1, false)};
        changes.spend_points.emplace_back();
        changes.spend_points.front().at = day(1);
        must_commit(*opened.store, changes);
        must_commit(*opened.store, only_time(day(200)));
        must_commit(*opened.store, only_time(day(200) + hours{2}));
        must_commit(*opened.store, only_time(day(200) + hours{4}));
    }
    const auto count = [&](const std::string& table) {
        return ask_sql(directory.path(), "SELECT count(*) FROM " + table);
    };
    CHECK(count("alerts") == "0");
    CHECK(count("cases") == "1");
    CHECK(count("outbox") == "0");
    CHECK(count("contract_days") == "1");
    CHECK(count("spend_points") == "0");
}

TEST_CASE("one step of the clock far ahead removes nothing") {
    const TempDir directory;
    {
        const auto opened = must_open(directory.path());
        auto changes = only_time(day(1));
        changes.alerts = {an_alert("a", day(1))};
        must_commit(*opened.store, changes);
        must_commit(*opened.store, only_time(day(9'000)));
        must_commit(*opened.store, only_time(day(1) + hours{3}));
        must_commit(*opened.store, only_time(day(1) + hours{6}));
    }
    CHECK(ask_sql(directory.path(), "SELECT count(*) FROM alerts") == "1");
}

TEST_CASE("one commit removes a bounded number of rows, the next ones go on") {
    const TempDir directory;
    const auto left = [&](int commits) {
        const auto opened = must_open(directory.path());
        for (int i = 0; i < commits; ++i) {
            must_commit(*opened.store, only_time(day(200) + hours{2 * i}));
        }
        return ask_sql(directory.path(), "SELECT count(*) FROM spend_points");
    };
    {
        const auto opened = must_open(directory.path());
        auto changes = only_time(day(1));
        for (int i = 0; i < 2'500; ++i) {
            changes.spend_points.emplace_back();
            changes.spend_points.back().at = day(1) + std::chrono::seconds{i};
        }
        must_commit(*opened.store, changes);
    }
    CHECK(left(2) == "500");
    CHECK(left(2) == "0");
}

TEST_CASE("pruning is due an hour after the pass before, as of that pass") {
    PruneSchedule schedule{day(1)};
    CHECK(schedule.step(day(1) + hours{1} - std::chrono::seconds{1}) == std::nullopt);
    CHECK(schedule.step(day(1) + hours{1}) == day(1));
}

TEST_CASE("pruning goes on at once while a pass has left rows over") {
    PruneSchedule schedule{day(1)};
    REQUIRE(schedule.step(day(2)) == day(1));
    schedule.unfinished(true);
    CHECK(schedule.step(day(2)) == day(1));
}

TEST_CASE("pruning begins anew when the clock is set back") {
    PruneSchedule schedule{day(100)};
    CHECK(schedule.step(day(1)) == std::nullopt);
    CHECK(schedule.mark() == day(1));
}
