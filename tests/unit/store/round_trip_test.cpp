#include "support.hpp"

#include <limits>

using namespace vastwatch;
using namespace vastwatch::store::test;

namespace {

constexpr std::int64_t some_time = 1'793'500'000'123'456'789;

std::string every_byte() {
    std::string text = "\"'\\;--";
    for (int byte = 0; byte < 256; ++byte) {
        text += static_cast<char>(byte);
    }
    return text;
}

/// A case for every enumerator up to `last`, put where `member` says.
template <class E, class Member>
engine::Changes cases_with(E last, Member member) {
    engine::Changes changes;
    for (int i = 0; i <= static_cast<int>(last); ++i) {
        auto& one = changes.cases.emplace_back();
        one.number = i;
        one.*member = static_cast<E>(i);
    }
    return changes;
}

}  // namespace

TEST_CASE("a new directory holds nothing") {
    const TempDir directory;
    const auto opened = must_open(directory.path());
    CHECK(opened.stored.empty());
    CHECK(!opened.set_aside);
}

TEST_CASE("every member of every record survives a restart") {
    const auto changes = full_changes("plain text", some_time);
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("slices of the first version, which held accrual alone, are read") {
    const TempDir directory;
    must_commit(*must_open(directory.path()).store, full_changes("plain text", some_time));
    run_sql(
        directory.path(),
        "UPDATE contract_days SET slices = '[[1700000000000000000,\"red\",5,7]]'");
    const auto opened = must_open(directory.path());
    CHECK(!opened.set_aside);
    const std::vector expected{ledger::Slice{
        Instant{std::chrono::seconds{1'700'000'000}},
        TeamName{"red"},
        Usd::from_nanos(5),
        Usd::from_nanos(7)}};
    REQUIRE(opened.stored.ledger.days.size() == 1);
    CHECK(opened.stored.ledger.days.front().slices == expected);
}

TEST_CASE("every byte survives in every text: NUL, quotes, invalid UTF-8") {
    const auto changes = full_changes(every_byte(), some_time);
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("empty texts and zeros survive") {
    const auto changes = full_changes("", 0);
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("the largest number survives everywhere") {
    const auto changes = full_changes("x", std::numeric_limits<std::int64_t>::max());
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("the smallest number survives in whatever is still of interest") {
    // What ended that long ago is not read again, so nothing here has ended.
    auto changes = full_changes("x", std::numeric_limits<std::int64_t>::min());
    changes.cases.front().closed_at.reset();
    changes.holds.front().decision = enforcement::Hold::Decision::open;
    changes.outbox.front().ended.reset();
    changes.spend_points.clear();
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("records in which nothing optional is set survive") {
    engine::Changes changes;
    changes.instances.emplace_back();
    changes.ledger.days.emplace_back();
    changes.cases.emplace_back();
    changes.holds.emplace_back();
    changes.pause.emplace();
    changes.alerts.emplace_back();
    changes.outbox.emplace_back();
    changes.conditions.emplace_back();
    changes.accounts.emplace_back();
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("what is no number in telemetry is stored as absent") {
    engine::Changes changes;
    changes.instances = {an_instance(1)};
    changes.instances.front().row.telemetry.gpu_util = std::numeric_limits<double>::quiet_NaN();
    const auto stored = after_restart(changes);
    CHECK(!stored.instances.at(0).row.telemetry.gpu_util.has_value());
}

TEST_CASE("floating point numbers survive to the last bit") {
    engine::Changes changes;
    changes.instances = {an_instance(1)};
    for (const double value : {0.1, 1e300, -1e-300, std::numeric_limits<double>::infinity()}) {
        changes.instances.front().row.telemetry.inet_up = value;
        changes.instances.front().samples.front().lowest = value;
        CHECK(difference(after_restart(changes), changes) == "");
    }
}

TEST_CASE("every status survives") {
    engine::Changes changes;
    for (int i = 0; i <= static_cast<int>(fleet::Status::other); ++i) {
        auto instance = an_instance(i);
        instance.row.status = static_cast<fleet::Status>(i);
        changes.instances.push_back(instance);
    }
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("every intended, current and next state survives") {
    engine::Changes changes;
    for (int i = 0; i <= static_cast<int>(fleet::State::unloaded); ++i) {
        auto instance = an_instance(i);
        instance.row.intended = static_cast<fleet::State>(i);
        instance.row.current = static_cast<fleet::State>(i);
        instance.row.next = static_cast<fleet::State>(i);
        changes.instances.push_back(instance);
    }
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("every evidence and doubt of a sample survives") {
    engine::Changes changes;
    changes.instances = {an_instance(1)};
    for (int i = 0; i <= static_cast<int>(fleet::Doubt::frozen_row); ++i) {
        fleet::SampleRun run;
        run.doubt = static_cast<fleet::Doubt>(i);
        run.evidence = static_cast<fleet::Evidence>(i % 3);
        changes.instances.front().samples.push_back(run);
    }
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("every step of a case survives") {
    const auto changes = cases_with(enforcement::Step::vanished, &enforcement::Case::step);
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("every reason to wait survives") {
    const auto changes = cases_with(enforcement::Wait::state_unwritable, &enforcement::Case::wait);
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("every rule survives") {
    const auto changes = cases_with(rules::Rule::serverless, &enforcement::Case::rule);
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("every action survives") {
    const auto changes = cases_with(policy::Action::destroy, &enforcement::Case::action);
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("every kind of alert survives") {
    engine::Changes changes;
    for (int i = 0; i <= static_cast<int>(alerts::Kind::test); ++i) {
        auto alert = an_alert(std::string(1, static_cast<char>('a' + i)), day(1));
        alert.kind = static_cast<alerts::Kind>(i);
        alert.severity = static_cast<policy::Severity>(i % 3);
        alert.window = static_cast<policy::Window>(i % 3);
        changes.alerts.push_back(alert);
    }
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("every kind and decision of a hold survives") {
    engine::Changes changes;
    for (int i = 0; i <= static_cast<int>(enforcement::Hold::Decision::lapsed); ++i) {
        enforcement::Hold hold;
        hold.id = HoldId{i};
        hold.decision = static_cast<enforcement::Hold::Decision>(i);
        hold.kind = static_cast<enforcement::Hold::Kind>(i % 2);
        changes.holds.push_back(hold);
    }
    CHECK(difference(after_restart(changes), changes) == "");
}

TEST_CASE("every state of a delivery survives") {
    engine::Changes changes;
    for (int i = 0; i <= static_cast<int>(alerts::Delivery::failed); ++i) {
        alerts::OutboxEntry entry;
        entry.notifier = NotifierName{std::to_string(i)};
        entry.state = static_cast<alerts::Delivery>(i);
        changes.outbox.push_back(entry);
    }
    CHECK(difference(after_restart(changes), changes) == "");
}
