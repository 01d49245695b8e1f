// Spec section 15, and pause and dry run: what keeps everything back, and what follows after it.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

TEST_CASE("nothing is destroyed on data older than max_staleness") {
    IdleScene scene;
    scene.run_until(at("09:52") + 1s);
    scene.blind = true;
    scene.run_until(at("12:30"));
    CHECK(scene.sent.empty());
}

TEST_CASE("a wall clock that is set back makes no old data fresh") {
    IdleScene scene;
    scene.verify_fails = true;
    scene.run_until(at("10:02"));
    scene.blind = true;
    scene.run_until(at("10:20"));
    scene.verify_fails = false;
    scene.step_wall_clock(-17min);
    scene.run_for(4min);
    CHECK(scene.sent.empty());
}

TEST_CASE("a wall clock that is set forward makes nobody blind") {
    IdleScene scene;
    scene.run_until(at("08:30"));
    scene.step_wall_clock(12min);
    scene.run_for(10min);
    CHECK(scene.count(alerts::Kind::api_unreachable) == 0);
}

TEST_CASE("a wall clock that is set forward in the midst of a sweep makes nobody blind") {
    Scene scene{quiet_policy()};
    scene.run_until(at("08:30"));
    const Now began = scene.now();
    scene.run_for(1s);
    scene.step_wall_clock(80min);
    fleet::Sweep sweep;
    sweep.account = main_account;
    sweep.began = began;
    sweep.ended = scene.now();
    scene.settle(scene.engine().on_sweep(sweep, scene.now()));
    CHECK(scene.count(alerts::Kind::api_unreachable) == 0);
}

TEST_CASE("a cap is not enforced on stale data, and is as soon as they are fresh") {
    Scene scene{cap_policy(16)};
    for (int id = 1; id <= 4; ++id) {
        scene.rent(id);
    }
    scene.run_until(at("09:30"));
    scene.blind = true;
    scene.run_until(at("11:00"));
    CHECK(scene.sent.empty());
    scene.blind = false;
    scene.run_until(at("11:05"));
    CHECK(scene.sent_at(1));
    CHECK(scene.sent_at(4));
}

TEST_CASE("being blind is told with the money at risk, once, and resolves") {
    Scene scene{quiet_policy()};
    scene.rent(1);
    scene.rent(2);
    scene.run_until(at("09:00") + 30s);
    scene.blind = true;
    scene.run_until(at("09:04"));
    CHECK(scene.count(alerts::Kind::api_unreachable) == 0);
    scene.run_until(at("10:00"));
    REQUIRE(scene.count(alerts::Kind::api_unreachable) == 1);
    const auto alert = scene.latest(alerts::Kind::api_unreachable);
    CHECK(alert.time <= at("09:06"));
    CHECK_MESSAGE(alert.text.find("$4.0000/h") != std::string::npos, alert.text);
    scene.blind = false;
    scene.run_until(at("10:05"));
    CHECK(scene.count(alerts::Kind::api_unreachable, true) == 1);
}

TEST_CASE("a rejected key is told once, is not success, and leaves other accounts alone") {
    auto policy = idle_policy();
    auto other = policy.accounts.front();
    other.name = AccountName{"other"};
    policy.accounts.push_back(other);
    IdleScene scene{policy};
    scene.rent(11).idle().of_account(other.name);
    scene.rent(12).of_account(other.name);
    scene.run_until(at("09:00") + 30s);
    // Only the main account's polls fail from here on.
    for (Duration t{0}; t < 70min; t += 1min) {
        scene.settle(scene.engine().on_poll_failed({main_account, true, "401"}, scene.now()));
        scene.at_poll = nullptr;
        scene.run_for(30s);
        scene.settle(scene.engine().on_poll_failed({main_account, true, "401"}, scene.now()));
        scene.run_for(30s);
    }
    CHECK(scene.count(alerts::Kind::api_key_rejected) >= 1);
    CHECK(scene.sent_at(11));
}

TEST_CASE("while the key is rejected nothing counts as gone") {
    IdleScene scene;
    scene.run_until(at("09:00") + 30s);
    scene.key_rejected = true;
    scene.run_until(at("11:00"));
    CHECK(scene.count(alerts::Kind::api_key_rejected) == 1);
    CHECK(scene.engine().instance_count(main_account) == 2);
    CHECK(scene.sent.empty());
    scene.key_rejected = false;
    scene.run_until(at("11:05"));
    CHECK(scene.count(alerts::Kind::api_key_rejected, true) == 1);
}

TEST_CASE(
    "without a durable intent nothing is requested; it is told, and done once it is possible") {
    IdleScene scene;
    scene.run_until(at("09:50"));
    scene.disk_full = true;
    scene.run_until(at("10:30"));
    CHECK(scene.sent.empty());
    bool told = false;
    for (const auto& [when, alert] : scene.delivered) {
        told = told || alert.kind == alerts::Kind::state_unwritable;
    }
    CHECK(told);
    CHECK_FALSE(scene.view()->health.store_writable);
    scene.disk_full = false;
    scene.run_until(at("10:45"));
    CHECK(scene.times_sent(1) == 1);
    CHECK(scene.view()->health.store_writable);
}

TEST_CASE("a heartbeat says that all accounts are seen and that the state can be written") {
    IdleScene scene;
    CHECK_FALSE(scene.engine().sees_and_can_act(scene.now()));
    scene.run_until(at("08:10"));
    CHECK(scene.engine().sees_and_can_act(scene.now()));
    scene.disk_full = true;
    scene.run_until(at("08:15"));
    CHECK_FALSE(scene.engine().sees_and_can_act(scene.now()));
    scene.disk_full = false;
    scene.run_until(at("08:20"));
    CHECK(scene.engine().sees_and_can_act(scene.now()));
    scene.key_rejected = true;
    scene.run_until(at("08:22"));
    CHECK_FALSE(scene.engine().sees_and_can_act(scene.now()));
    scene.key_rejected = false;
    scene.run_until(at("08:30"));
    scene.blind = true;
    scene.run_until(at("08:40"));
    CHECK_FALSE(scene.engine().sees_and_can_act(scene.now()));
}

TEST_CASE("a clock that was set back a moment ago makes no account seen lately") {
    IdleScene scene;
    scene.run_until(at("08:10"));
    scene.blind = true;
    scene.run_until(at("08:20"));
    REQUIRE_FALSE(scene.engine().sees_and_can_act(scene.now()));
    scene.step_wall_clock(-1h);
    CHECK_FALSE(scene.engine().sees_and_can_act(scene.now()));
    CHECK_FALSE(scene.view()->health.ready);
    CHECK(scene.view()->accounts.front().stale);
}

TEST_CASE("a database that was set aside at the start is told, shown, and told once") {
    Scene scene{quiet_policy()};
    const FoundDamage found{"/var/lib/vastwatch/state.db.corrupt-1", ""};
    scene.settle(scene.engine().on_start(found, scene.now()));
    REQUIRE(scene.count(alerts::Kind::state_damaged) == 1);
    const auto told = scene.latest(alerts::Kind::state_damaged);
    CHECK(told.severity == policy::Severity::critical);
    CHECK(told.text.find(found.database) != std::string::npos);
    CHECK(scene.view()->health.database_set_aside == found.database);
    scene.restart();
    scene.settle(scene.engine().on_start(FoundDamage{}, scene.now()));
    CHECK(scene.count(alerts::Kind::state_damaged) == 1);
    CHECK(scene.view()->health.database_set_aside.empty());
}

TEST_CASE("a broken audit log is told once, and again when it breaks after it was whole") {
    Scene scene{quiet_policy()};
    const FoundDamage broken{"", "audit.jsonl line 7 does not follow the line before"};
    scene.damage = broken;
    scene.restart();
    CHECK(scene.count(alerts::Kind::state_damaged) == 1);
    scene.damage = broken;
    scene.restart();
    CHECK(scene.count(alerts::Kind::state_damaged) == 1);
    CHECK(scene.view()->health.audit_problem == broken.audit_log);
    scene.restart();
    scene.damage = broken;
    scene.restart();
    CHECK(scene.count(alerts::Kind::state_damaged) == 2);
}

TEST_CASE("after a full disk everything is stored again, instances included") {
    Scene scene{quiet_policy()};
    scene.run_until(at("08:10"));
    scene.disk_full = true;
    scene.rent_now(1);
    scene.run_until(at("08:40"));
    scene.disk_full = false;
    scene.run_until(at("08:50"));
    const auto spent = scene.spend(ml);
    scene.restart();
    scene.poll();
    CHECK(scene.spend(ml) == spent);
    CHECK(scene.engine().instance_count(main_account) == 1);
}

TEST_CASE("a full disk does not wedge the engine") {
    IdleScene scene;
    scene.disk_full = true;
    scene.run_until(at("14:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.asked.size() < 600);
}

TEST_CASE("a pause suspends all actions, is told, reminded of daily, and ends by itself") {
    auto policy = idle_policy();
    ml_of(policy).caps.daily = usd(10);
    IdleScene scene{policy};
    scene.run_until(at("08:05"));
    CHECK(scene.pause(50h).ok);
    scene.run_until(at("07:00") + 48h);
    CHECK(scene.sent.empty());
    CHECK(scene.count(alerts::Kind::enforcement_paused) == 2);
    CHECK(scene.view()->health.pause);
    scene.run_until(at("10:10") + 48h);
    CHECK_FALSE(scene.view()->health.pause);
    CHECK(scene.count(alerts::Kind::enforcement_paused, true) == 1);
}

TEST_CASE("after resume what is due goes, freshly verified") {
    IdleScene scene;
    scene.run_until(at("08:05"));
    scene.pause();
    scene.run_until(at("11:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.resume().ok);
    const auto resumed = scene.time();
    scene.run_until(at("11:30"));
    REQUIRE(scene.sent_at(1));
    CHECK(scene.asked.back().at >= resumed);
}

TEST_CASE("a pause survives a restart") {
    IdleScene scene;
    scene.run_until(at("08:05"));
    scene.pause();
    scene.restart(1min);
    scene.run_until(at("12:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.view()->health.pause);
}

TEST_CASE("a pause between verification and request prevents the request") {
    IdleScene scene;
    scene.run_until(at("09:59") + 30s);
    scene.before_read = [&](const VerifyOrder&) { scene.pause(); };
    scene.run_until(at("10:30"));
    CHECK(scene.sent.empty());
}

TEST_CASE("resume without a pause is refused") {
    IdleScene scene;
    CHECK_FALSE(scene.resume().ok);
}

TEST_CASE("switching from dry run to enforce acts on what is still due, after a fresh read") {
    auto policy = idle_policy();
    policy.enforcement.enforce = false;
    IdleScene scene{policy};
    scene.run_until(at("11:00"));
    CHECK(scene.sent.empty());
    scene.reload(idle_policy());
    scene.run_until(at("11:30"));
    CHECK(scene.times_sent(1) == 1);
}

TEST_CASE("switching to dry run between verification and request prevents the request") {
    IdleScene scene;
    auto policy = idle_policy();
    policy.enforcement.enforce = false;
    scene.run_until(at("09:59") + 30s);
    scene.before_read = [&](const VerifyOrder&) { scene.reload(policy); };
    scene.run_until(at("10:30"));
    CHECK(scene.sent.empty());
}

TEST_CASE("a dry run tells a cap and its thresholds as it would") {
    auto policy = cap_policy(16);
    policy.enforcement.enforce = false;
    Scene scene{policy};
    for (int id = 1; id <= 4; ++id) {
        scene.rent(id);
    }
    scene.run_until(at("12:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.count(alerts::Kind::cap_reached) == 1);
    CHECK(scene.count(alerts::Kind::budget_threshold) == 2);
    CHECK(scene.count(alerts::Kind::instance_destroyed) <= 4);
}

TEST_CASE("a rejected configuration is told once and resolved by a good one") {
    IdleScene scene;
    scene.run_until(at("08:05"));
    scene.settle(scene.engine().on_config_rejected("line 3: mistake", scene.now()));
    scene.settle(scene.engine().on_config_rejected("line 3: mistake", scene.now()));
    CHECK(scene.count(alerts::Kind::config_rejected) == 1);
    CHECK_FALSE(scene.view()->health.config_reload_successful);
    scene.reload(idle_policy());
    CHECK(scene.view()->health.config_reload_successful);
    CHECK(scene.count(alerts::Kind::config_rejected, true) == 1);
}

TEST_CASE("the daemon is ready once every account was listed, and not while one is stale") {
    IdleScene scene;
    CHECK_FALSE(scene.view()->health.ready);
    scene.run_until(at("08:01"));
    CHECK(scene.view()->health.ready);
    scene.blind = true;
    scene.run_until(at("08:10"));
    CHECK_FALSE(scene.view()->health.ready);
}

}  // namespace
}  // namespace vastwatch::engine::testing
