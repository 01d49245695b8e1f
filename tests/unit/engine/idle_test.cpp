// Spec section 5 and section 7 as far as one idle instance goes.
#include "scene.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace vastwatch::engine::testing {
namespace {

TEST_CASE("an instance idle for longer than idle_for is destroyed within a poll of the deadline") {
    IdleScene scene;
    scene.run_until(at("10:05"));
    REQUIRE(scene.sent_at(1));
    CHECK(*scene.sent_at(1) >= at("10:00"));
    CHECK(*scene.sent_at(1) <= at("10:01") + 2s);
    CHECK(scene.sent_action(1) == Action::destroy);
    CHECK_FALSE(scene.exists(1));
}

TEST_CASE("nothing is destroyed before its deadline") {
    IdleScene scene;
    scene.run_until(at("10:00") - 1s);
    CHECK(scene.sent.empty());
}

TEST_CASE("a busy instance is left alone") {
    IdleScene scene;
    scene.run_until(at("20:00"));
    CHECK_FALSE(scene.sent_at(2));
}

TEST_CASE("utilisation exactly at idle_below is busy, and just below it is idle") {
    Scene scene{idle_policy()};
    scene.rent(1).busy(5.0);
    scene.rent(2).busy(4.99);
    scene.run_until(at("11:00"));
    CHECK_FALSE(scene.sent_at(1));
    CHECK(scene.sent_at(2));
}

TEST_CASE("what is not known to be idle is never reaped") {
    struct Line {
        const char* what;
        void (*make)(Machine&);
    };

    const std::vector<Line> lines{
        {"no value", [](Machine& m) { m.row.telemetry.gpu_util = std::nullopt; }},
        {"-1", [](Machine& m) { m.row.telemetry.gpu_util = -1; }},
        {"above range", [](Machine& m) { m.row.telemetry.gpu_util = 100.5; }},
        {"not a number",
         [](Machine& m) { m.row.telemetry.gpu_util = std::numeric_limits<double>::quiet_NaN(); }},
        {"zero, no temperature", [](Machine& m) { m.row.telemetry.gpu_temp = std::nullopt; }},
        {"zero at zero degrees", [](Machine& m) { m.row.telemetry.gpu_temp = 0; }},
        {"a row that stands still", [](Machine& m) { m.frozen = true; }},
        {"loading", [](Machine& m) { m.row.status = fleet::Status::loading; }},
        {"host offline", [](Machine& m) { m.row.status = fleet::Status::offline; }},
        {"host unknown", [](Machine& m) { m.row.status = fleet::Status::unknown; }},
        {"rebooting", [](Machine& m) { m.row.status = fleet::Status::rebooting; }},
        {"exited", [](Machine& m) { m.row.status = fleet::Status::exited; }},
        {"a status nobody knows", [](Machine& m) { m.row.status = fleet::Status::other; }},
        {"stopped", [](Machine& m) { m.stopped(); }},
        {"wanted stopped", [](Machine& m) { m.row.intended = fleet::State::stopped; }},
        {"granted no GPU", [](Machine& m) { m.row.current = fleet::State::stopped; }},
        {"being destroyed", [](Machine& m) { m.row.current = fleet::State::unloaded; }},
    };
    for (const auto& line : lines) {
        CAPTURE(std::string{line.what});
        auto policy = idle_policy();
        ml_of(policy).rules.idle_warning = 0s;
        Scene scene{policy};
        line.make(scene.rent(1).idle());
        scene.run_until(at("14:00"));
        CHECK(scene.sent.empty());
        CHECK(scene.count(alerts::Kind::idle_warning) == 0);
    }
}

TEST_CASE("every other row being zeros without a temperature is no coverage to act on") {
    IdleScene scene;
    bool zeros = false;
    scene.at_poll = [&]() {
        zeros = !zeros;
        scene.machine(1).row.telemetry.gpu_temp = zeros ? 0 : 38;
    };
    scene.run_until(at("14:00"));
    CHECK_FALSE(scene.sent_at(1));
}

TEST_CASE("one unknown row in ten leaves coverage enough") {
    IdleScene scene;
    int reading = 0;
    scene.at_poll = [&]() {
        scene.machine(1).row.telemetry.gpu_temp = ++reading % 10 == 0 ? 0 : 38;
    };
    scene.run_until(at("09:59"));
    CHECK_FALSE(scene.sent_at(1));
    scene.at_poll = nullptr;
    scene.machine(1).idle();
    scene.run_until(at("10:03"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("one busy sample begins the period anew") {
    IdleScene scene;
    scene.run_until(at("09:30") + 1s);
    scene.machine(1).busy();
    scene.run_for(1min);
    scene.machine(1).idle();
    scene.run_until(at("11:31"));
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("11:34"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("an instance that works every hour is never reaped") {
    IdleScene scene;
    int reading = 0;
    scene.at_poll = [&]() {
        auto& machine = scene.machine(1);
        ++reading % 60 == 0 ? machine.busy() : machine.idle();
    };
    scene.run_for(24h);
    CHECK_FALSE(scene.sent_at(1));
}

TEST_CASE("a busy share within idle_tolerance does not end the period") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_tolerance = Percent{10};
    IdleScene scene{policy};
    scene.run_until(at("09:30") + 1s);
    scene.machine(1).busy();
    scene.run_for(2min);
    scene.machine(1).idle();
    scene.run_until(at("10:02"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("a busy share beyond idle_tolerance ends the period") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_tolerance = Percent{10};
    IdleScene scene{policy};
    scene.run_until(at("09:00") + 1s);
    scene.machine(1).busy();
    scene.run_for(20min);
    scene.machine(1).idle();
    scene.run_until(at("11:15"));
    CHECK_FALSE(scene.sent_at(1));
}

TEST_CASE("a gap within idle_max_gap continues the period") {
    IdleScene scene;
    scene.run_until(at("09:00") + 1s);
    scene.blind = true;
    scene.run_for(3min + 30s);
    scene.blind = false;
    scene.run_until(at("10:02"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("a gap beyond idle_max_gap begins the period anew") {
    IdleScene scene;
    scene.run_until(at("09:00") + 1s);
    scene.blind = true;
    scene.run_for(10min);
    scene.blind = false;
    scene.run_until(at("11:10"));
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("11:14"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("a sweep that was long because it asked again allows no longer gap") {
    for (const bool repeats : {false, true}) {
        CAPTURE(repeats);
        IdleScene scene;
        scene.sweep_takes = 4min;
        scene.sweep_repeats = repeats ? 4min - 1s : 0s;
        scene.run_until(at("09:00") + 30s);
        scene.blind = true;
        scene.run_for(8min);
        scene.blind = false;
        scene.run_for(2min);
        REQUIRE(scene.seen(1).instance->idle.began);
        CHECK((*scene.seen(1).instance->idle.began > at("09:00")) == repeats);
    }
}

TEST_CASE("a single sweep that was long, because the machine slept, allows no longer gap") {
    IdleScene scene;
    scene.run_until(at("09:00") + 30s);
    scene.blind = true;
    scene.run_for(10min);
    scene.blind = false;
    scene.sweep_takes = 10min;
    scene.poll();
    CHECK(*scene.seen(1).instance->idle.began > at("09:00"));
}

TEST_CASE("samples as far apart as three sweeps continue the period whatever idle_max_gap says") {
    auto policy = idle_policy();
    policy.accounts.front().poll_interval = 4min;
    policy.enforcement.max_staleness = 10min;
    IdleScene scene{policy};
    scene.run_until(at("09:00") + 1s);
    scene.blind = true;  // misses 09:04; 09:08 is eight minutes after 09:00
    scene.run_for(4min + 30s);
    scene.blind = false;
    scene.run_until(at("10:05"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("a step of the wall clock is no idle time") {
    IdleScene scene;
    scene.run_until(at("09:00") + 1s);
    scene.step_wall_clock(3h);
    scene.run_until(at("13:59"));
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("14:04"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("a step of the wall clock right before the deadline does not bring it about") {
    for (const auto step : {3min, 4min, 30min}) {
        CAPTURE(step.count());
        IdleScene scene;
        scene.run_until(at("09:57") + 1s);
        scene.step_wall_clock(step);
        scene.run_for(30s);  // before the next sweep notices
        CHECK_FALSE(scene.sent_at(1));
        scene.run_for(1h + 55min);
        CHECK_FALSE(scene.sent_at(1));
    }
}

TEST_CASE("a step backwards of the wall clock neither acts nor wedges") {
    IdleScene scene;
    scene.run_until(at("09:30") + 1s);
    scene.step_wall_clock(-1h);
    scene.run_until(at("10:30"));
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("11:35"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("a correction of the wall clock by a second is not a gap") {
    IdleScene scene;
    scene.run_until(at("09:00") + 10s);
    scene.step_wall_clock(1s);
    scene.run_until(at("10:02"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("nothing is idle within startup_grace") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_for = 5min;
    ml_of(policy).rules.idle_warning = 0s;
    Scene scene{policy};
    scene.rent(2).busy();
    scene.run_until(at("08:10") + 30s);
    scene.rent_now(1).idle();
    scene.run_until(at("08:25"));
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("08:33"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("the grace begins when the instance runs, not when it was created") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_for = 5min;
    ml_of(policy).rules.idle_warning = 0s;
    Scene scene{policy};
    scene.run_until(at("08:00") + 30s);
    scene.rent_now(1).loading();
    scene.run_until(at("09:00") + 30s);
    scene.machine(1).idle();
    scene.run_until(at("09:15"));
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("09:24"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("idle_action stop stops it and says what storage goes on costing") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_action = Action::stop;
    IdleScene scene{policy};
    scene.machine(1).costs(2.0, 0.10);
    scene.run_until(at("10:10"));
    CHECK(scene.sent_action(1) == Action::stop);
    CHECK(scene.times_sent(1) == 1);
    const auto alert = scene.latest(alerts::Kind::instance_stopped);
    CHECK_MESSAGE(alert.text.find("$2.40") != std::string::npos, alert.text);
}

TEST_CASE("idle_action alert tells once and does nothing") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_action = Action::alert;
    IdleScene scene{policy};
    scene.run_until(at("14:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.told.size() == 1);
}

TEST_CASE("an idle period is told of once, however much of it is known from time to time") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_action = Action::alert;
    IdleScene scene{policy};
    scene.run_until(at("10:10"));
    REQUIRE(scene.count(alerts::Kind::policy_violation) == 1);
    int reading = 0;
    scene.at_poll = [&]() {
        scene.machine(1).row.telemetry.gpu_temp = ++reading % 2 == 0 ? 0 : 38;
    };
    scene.run_until(at("11:50"));
    scene.at_poll = nullptr;
    scene.machine(1).idle();
    scene.run_until(at("13:00"));
    CHECK(scene.count(alerts::Kind::policy_violation) == 1);
    CHECK(scene.count(alerts::Kind::policy_violation, true) == 0);
}

TEST_CASE("an idle period of which too little is known ends with its first work") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_action = Action::alert;
    IdleScene scene{policy};
    scene.run_until(at("10:10"));
    int reading = 0;
    scene.at_poll = [&]() {
        scene.machine(1).row.telemetry.gpu_temp = ++reading % 2 == 0 ? 0 : 38;
    };
    scene.run_until(at("11:50"));
    scene.at_poll = nullptr;
    scene.machine(1).busy();
    scene.run_until(at("12:00"));
    CHECK(scene.count(alerts::Kind::policy_violation, true) == 1);
    scene.machine(1).idle();
    scene.run_until(at("14:30"));
    CHECK(scene.count(alerts::Kind::policy_violation) == 2);
}

TEST_CASE("idle_action off neither acts nor tells") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_action = Action::off;
    IdleScene scene{policy};
    scene.run_until(at("14:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.told.empty());
}

TEST_CASE("what belongs to no team is told about and never acted upon") {
    Scene scene{idle_policy()};
    scene.rent(1, "").idle();
    scene.rent(2, "somebody-else").idle();
    scene.run_until(at("16:00"));
    CHECK(scene.sent.empty());
    CHECK_FALSE(scene.told.empty());
}

TEST_CASE("the operator's own table for unassigned makes it acted upon") {
    auto policy = idle_policy();
    policy.teams.back().rules.idle_action = Action::destroy;
    Scene scene{policy};
    scene.rent(1, "").idle();
    scene.rent(2).busy();
    scene.run_until(at("10:03"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("a worker of the serverless autoscaler is counted and never reaped") {
    auto policy = idle_policy();
    ml_of(policy).labels = {"*"};
    Scene scene{policy};
    scene.rent(1, "my-endpoint:123:my-group").idle();
    scene.run_until(at("16:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.view()->teams.front().serverless_workers == 1);
    bool found = false;
    const auto view = scene.view();
    for (std::size_t i = 0; i < view->findings.size(); ++i) {
        if (view->findings[i].rule == rules::Rule::serverless) {
            found = true;
            REQUIRE(i < view->finding_reasons.size());
            CHECK(view->finding_reasons[i].find("my-endpoint") != std::string::npos);
        }
    }
    CHECK(found);
}

TEST_CASE("a dry run decides, records and tells once, and sends nothing") {
    auto policy = idle_policy();
    policy.enforcement.enforce = false;
    IdleScene scene{policy};
    scene.run_until(at("16:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.exists(1));
    const auto told = scene.all(alerts::Kind::instance_destroyed);
    REQUIRE(told.size() == 1);
    CHECK(told.front().dry_run);
    CHECK(scene.audited("dry_run", 1));
    CHECK(scene.counted("dry_run") == 1);
}

TEST_CASE("explain names what happens, when, and why not otherwise") {
    IdleScene scene;
    scene.run_until(at("09:00"));
    const auto idle = scene.engine().explain(InstanceId{1}, scene.now());
    REQUIRE(idle);
    CHECK_MESSAGE(idle->headline.find("10:00 UTC") != std::string::npos, idle->headline);
    const auto busy = scene.engine().explain(InstanceId{2}, scene.now());
    REQUIRE(busy);
    CHECK_MESSAGE(busy->headline.find("destroyed at") == std::string::npos, busy->headline);
    CHECK_FALSE(scene.engine().explain(InstanceId{77}, scene.now()));
}

TEST_CASE("work that was tolerated before a reload counts by the new tolerance") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_tolerance = Percent{10};
    IdleScene scene{policy};
    scene.run_until(at("09:00"));
    scene.machine(1).busy();
    scene.run_until(at("09:05"));
    scene.machine(1).idle();
    scene.run_until(at("09:40"));
    scene.reload(idle_policy());
    scene.run_until(at("10:30"));
    CHECK_FALSE(scene.sent_at(1));
}

TEST_CASE("tolerated work that still goes on at a reload counts by the new tolerance") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_tolerance = Percent{10};
    IdleScene scene{policy};
    scene.run_until(at("09:30"));
    scene.machine(1).busy();
    scene.run_until(at("09:35"));
    auto stricter = idle_policy();
    ml_of(stricter).rules.idle_for = 1h;
    scene.reload(stricter);
    CHECK(scene.count(alerts::Kind::idle_warning) == 0);
}

TEST_CASE("what was idle before a reload counts by the new idle_below") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_below = Percent{10};
    IdleScene scene{policy};
    scene.machine(1).row.telemetry.gpu_util = 7;
    scene.run_until(at("08:50"));
    scene.machine(1).idle();
    scene.run_until(at("09:40"));
    scene.reload(idle_policy());
    scene.run_until(at("11:30"));
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("11:45"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("a reload with a lower idle_below keeps the period that lay below that as well") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_below = Percent{10};
    IdleScene scene{policy};
    scene.run_until(at("09:40"));
    scene.reload(idle_policy());
    scene.run_until(at("10:03"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("a changed configuration at a start judges what was idle before as a reload does") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_below = Percent{10};
    IdleScene scene{policy};
    scene.machine(1).row.telemetry.gpu_util = 7;
    scene.run_until(at("09:40"));
    scene.machine(1).idle();
    scene.restart_with(idle_policy(), 30s);
    scene.run_until(at("11:00"));
    CHECK_FALSE(scene.sent_at(1));
}

TEST_CASE("a gap before a reload counts by the new idle_max_gap") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_max_gap = 20min;
    IdleScene scene{policy};
    scene.run_until(at("09:00"));
    scene.blind = true;
    scene.run_until(at("09:10"));
    scene.blind = false;
    scene.run_until(at("09:20"));
    scene.reload(idle_policy());
    scene.run_until(at("11:00"));
    CHECK_FALSE(scene.sent_at(1));
}

TEST_CASE("a label of a team with a lower idle_below begins the period anew") {
    auto policy = idle_policy();
    policy.teams.at(1).rules.idle_action = Action::destroy;
    policy.teams.at(1).rules.idle_below = Percent{10};
    Scene scene{policy};
    scene.rent(1, "web/x").row.telemetry.gpu_util = 7;
    scene.rent(2).busy();
    scene.run_until(at("09:30"));
    scene.machine(1).labelled("ml/x").idle();
    scene.run_until(at("11:00"));
    CHECK_FALSE(scene.sent_at(1));
}

}  // namespace
}  // namespace vastwatch::engine::testing
