// Spec section 7, steps 4 to 6, and crashes between any two of them.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

TEST_CASE("an action is confirmed by two complete sweeps, and counted then") {
    IdleScene scene;
    scene.run_until(at("10:00") + 2s);
    while (!scene.sent_at(1) && scene.time() < at("10:05")) {
        scene.run_for(1s);
    }
    REQUIRE(scene.sent_at(1));
    CHECK(scene.counted("done") == 0);
    scene.run_for(5min);
    CHECK(scene.counted("done") == 1);
    CHECK(scene.audited("confirmed", 1));
    CHECK(scene.count(alerts::Kind::instance_destroyed) == 1);
}

TEST_CASE("only sweeps that began after the request confirm, and one is not enough") {
    IdleScene scene;
    int sweeps = 0;
    scene.at_poll = [&]() {
        const auto sent = scene.sent_at(1);
        sweeps += sent && scene.time() - 1s >= *sent ? 1 : 0;
    };
    while (scene.counted("done") == 0 && scene.time() < at("10:10")) {
        scene.run_for(1s);
    }
    CHECK(scene.counted("done") == 1);
    CHECK(sweeps == 2);
}

TEST_CASE("a sweep with a row that has no usable id confirms no disappearance") {
    IdleScene scene;
    scene.takes_effect = false;
    scene.at_send = [&scene](const RequestOrder&) { scene.nameless = {InstanceId{1}}; };
    scene.run_until(at("10:02"));
    REQUIRE(scene.sent_at(1));
    CHECK_FALSE(scene.audited("confirmed", 1));
    scene.nameless.clear();
    scene.takes_effect = true;
    scene.run_until(at("10:12"));
    CHECK(scene.audited("confirmed", 1));
}

TEST_CASE("a slow unload does not keep the account being swept without a rest") {
    IdleScene scene;
    scene.unload_takes = 40min;
    scene.run_until(at("10:05"));
    REQUIRE(scene.sent_at(1));
    int polls = 0;
    scene.at_poll = [&]() { ++polls; };
    scene.run_until(at("10:35"));
    CHECK(polls <= 31);  // one a minute
}

TEST_CASE("a request is not repeated while the instance is being unloaded") {
    IdleScene scene;
    scene.unload_takes = 40min;
    scene.run_until(at("10:35"));
    CHECK(scene.times_sent(1) == 1);
    scene.run_until(at("10:50"));
    CHECK(scene.times_sent(1) == 1);
    CHECK(scene.counted("done") == 1);
}

TEST_CASE("a request without effect is tried again, spaced out, and told critically once") {
    IdleScene scene;
    scene.takes_effect = false;
    scene.run_until(at("13:00"));
    CHECK(scene.times_sent(1) >= 3);
    CHECK(scene.times_sent(1) <= 40);
    for (std::size_t i = 1; i < scene.sent.size(); ++i) {
        CHECK(scene.sent[i].at - scene.sent[i - 1].at >= 30s);
    }
    REQUIRE(scene.count(alerts::Kind::action_failed) == 1);
    const auto alert = scene.latest(alerts::Kind::action_failed);
    CHECK(alert.severity == policy::Severity::critical);
    CHECK_MESSAGE(alert.text.find("$2.0000/h") != std::string::npos, alert.text);
    CHECK(scene.count(alerts::Kind::instance_destroyed) == 0);
}

TEST_CASE("when a later try has its effect the failure resolves") {
    IdleScene scene;
    scene.takes_effect = false;
    scene.run_until(at("11:00"));
    REQUIRE(scene.count(alerts::Kind::action_failed) == 1);
    scene.takes_effect = true;
    scene.run_until(at("16:00"));
    CHECK_FALSE(scene.exists(1));
    CHECK(scene.count(alerts::Kind::action_failed, true) == 1);
    CHECK(scene.count(alerts::Kind::instance_destroyed) == 1);
}

TEST_CASE("an answer that it is gone already is success") {
    IdleScene scene;
    scene.answer = RequestOutcome::gone;
    scene.run_until(at("10:10"));
    CHECK(scene.times_sent(1) == 1);
    CHECK(scene.counted("done") == 1);
    CHECK(scene.counted("failed") == 0);
}

TEST_CASE("an unclear answer is not repeated before the listing has spoken") {
    IdleScene scene;
    scene.answer = RequestOutcome::unclear;
    scene.run_until(at("10:10"));
    CHECK(scene.times_sent(1) == 1);
    CHECK(scene.counted("done") == 1);
}

TEST_CASE("an unclear answer without effect leads to another try") {
    IdleScene scene;
    scene.answer = RequestOutcome::unclear;
    scene.takes_effect = false;
    scene.run_until(at("10:30"));
    CHECK(scene.times_sent(1) >= 2);
}

TEST_CASE("a refused request is tried again and three refusals are told") {
    IdleScene scene;
    scene.answer = RequestOutcome::failed;
    scene.takes_effect = false;
    scene.run_until(at("13:00"));
    CHECK(scene.times_sent(1) >= 3);
    CHECK(scene.times_sent(1) <= 40);
    CHECK(scene.count(alerts::Kind::action_failed) == 1);
    CHECK(scene.counted("done") == 0);
}

TEST_CASE("a condition that is away for a moment does not bring the next try forward") {
    auto policy = quiet_policy();
    ml_of(policy).max_dph = dph(3.0);
    ml_of(policy).rules.violation_action = Action::destroy;
    Scene scene{policy};
    scene.rent(1, "ml/x", 5.0);
    scene.answer = RequestOutcome::failed;
    scene.takes_effect = false;
    while (!scene.audited("failed", 1) && scene.time() < at("08:10")) {
        scene.run_for(1s);
    }
    REQUIRE(scene.times_sent(1) == 1);
    scene.machine(1).costs(2.0);
    scene.poll();
    REQUIRE(scene.audited("dropped", 1));
    scene.machine(1).costs(5.0);
    scene.poll();
    scene.run_for(20s);
    CHECK(scene.times_sent(1) == 1);
    scene.run_for(1min);
    CHECK(scene.times_sent(1) == 2);
}

TEST_CASE("what a request takes down only after it was given up on is told all the same") {
    IdleScene scene;
    scene.takes_effect = false;
    while (!scene.audited("failed", 1) && scene.time() < at("10:10")) {
        scene.run_for(1s);
    }
    REQUIRE(scene.audited("failed", 1));
    scene.vanish(1);
    scene.run_for(10min);
    CHECK(scene.count(alerts::Kind::instance_destroyed) == 1);
    CHECK(scene.counted("done") == 1);
    CHECK_FALSE(scene.open_case(1));
}

TEST_CASE("what begins to unload only after the request was given up on is told when it is gone") {
    IdleScene scene;
    scene.takes_effect = false;
    while (!scene.audited("failed", 1) && scene.time() < at("10:10")) {
        scene.run_for(1s);
    }
    REQUIRE(scene.audited("failed", 1));
    scene.machine(1).unloaded_until = at("10:30");
    scene.run_for(5min);
    CHECK(scene.count(alerts::Kind::instance_destroyed) == 0);
    scene.vanish(1);
    scene.run_for(5min);
    CHECK(scene.count(alerts::Kind::instance_destroyed) == 1);
}

TEST_CASE("what vanishes after the service refused to destroy it went by itself") {
    IdleScene scene;
    scene.answer = RequestOutcome::failed;
    scene.takes_effect = false;
    while (!scene.audited("failed", 1) && scene.time() < at("10:10")) {
        scene.run_for(1s);
    }
    scene.vanish(1);
    scene.run_for(10min);
    CHECK(scene.audited("vanished", 1));
    CHECK(scene.count(alerts::Kind::instance_destroyed) == 0);
}

TEST_CASE("an idle instance that works after a failed request is not asked for again") {
    IdleScene scene;
    scene.answer = RequestOutcome::failed;
    scene.takes_effect = false;
    while (!scene.sent_at(1) && scene.time() < at("10:05")) {
        scene.run_for(1s);
    }
    scene.machine(1).busy();
    scene.run_until(at("13:00"));
    CHECK(scene.times_sent(1) == 1);
}

TEST_CASE("a stop is confirmed when two sweeps list it stopped") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_action = Action::stop;
    IdleScene scene{policy};
    scene.run_until(at("10:20"));
    CHECK(scene.exists(1));
    CHECK(scene.counted("done") == 1);
    CHECK(scene.count(alerts::Kind::instance_stopped) == 1);
}

TEST_CASE("a crash before the intent is stored loses nothing and doubles nothing") {
    IdleScene scene;
    scene.crash_before_commit = true;
    scene.run_until(at("10:20"));
    CHECK_FALSE(scene.crash_before_commit);
    CHECK(scene.times_sent(1) == 1);
    CHECK(scene.counted("done") == 1);
}

TEST_CASE("a crash between intent and request still gets it done") {
    IdleScene scene;
    scene.crash_before_send = true;
    scene.run_until(at("10:40"));
    CHECK_FALSE(scene.crash_before_send);
    CHECK(scene.times_sent(1) == 1);
    CHECK_FALSE(scene.exists(1));
}

TEST_CASE("a crash between request and answer does not ask twice for what is gone") {
    IdleScene scene;
    scene.request_takes = 3s;
    while (!scene.sent_at(1) && scene.time() < at("10:05")) {
        scene.run_for(1s);
    }
    REQUIRE(scene.sent_at(1));
    scene.restart();
    scene.run_until(at("10:30"));
    CHECK(scene.times_sent(1) == 1);
    CHECK(scene.count(alerts::Kind::instance_destroyed) == 1);
}

TEST_CASE("a crash while waiting for confirmation confirms after the restart, and tells once") {
    IdleScene scene;
    while (!scene.sent_at(1) && scene.time() < at("10:05")) {
        scene.run_for(1s);
    }
    scene.run_for(1s);
    scene.restart(3min);
    scene.run_for(10min);
    CHECK(scene.times_sent(1) == 1);
    CHECK(scene.count(alerts::Kind::instance_destroyed) == 1);
}

TEST_CASE("a cap whose requests crashed before they were sent is still enforced at once") {
    Scene scene{cap_policy(16)};
    for (int id = 1; id <= 4; ++id) {
        scene.rent(id);
    }
    scene.crash_before_send = true;
    scene.run_until(at("10:05"));
    for (int id = 1; id <= 4; ++id) {
        CHECK(scene.times_sent(id) == 1);
        CHECK_FALSE(scene.exists(id));
    }
}

TEST_CASE("a destroyed instance that is billed on is told") {
    IdleScene scene;
    scene.run_until(at("10:30"));
    REQUIRE_FALSE(scene.exists(1));
    const auto before = scene.told.size();
    scene.charge(1, 4.1);  // what it cost until it went, give or take the minutes of settlement
    scene.run_until(at("12:00"));
    CHECK(scene.told.size() == before);
    scene.charge(1, 9.0);
    scene.run_for(1s);
    CHECK(scene.told.size() == before + 1);
    CHECK(scene.latest(alerts::Kind::action_failed).severity == policy::Severity::critical);
    scene.charge(1, 12.0);
    CHECK(scene.told.size() == before + 1);
}

TEST_CASE("a charge on a day after the destruction is told") {
    IdleScene scene;
    scene.run_until(at("10:30"));
    scene.charge(1, 4.0);
    scene.run_until(at("06:00") + 24h);
    CHECK(scene.count(alerts::Kind::action_failed) == 0);
    scene.charge(1, 6.0);
    CHECK(scene.count(alerts::Kind::action_failed) == 1);
}

TEST_CASE("bandwidth that is billed late is no sign of going on") {
    IdleScene scene;
    scene.run_until(at("10:30"));
    scene.charge(1, 4.0, 50.0);
    CHECK(scene.count(alerts::Kind::action_failed) == 0);
}

TEST_CASE("one listing without anything closes no meter") {
    Scene scene{quiet_policy()};
    scene.rent(1);
    scene.rent(2);
    scene.run_until(at("09:00") + 30s);
    const auto kept1 = scene.machine(1);
    const auto kept2 = scene.machine(2);
    scene.vanish(1);
    scene.vanish(2);
    scene.run_for(1min);  // one empty listing
    CHECK(scene.engine().instance_count(main_account) == 2);
    scene.rent(1).row = kept1.row;
    scene.rent(2).row = kept2.row;
    scene.run_until(at("10:00"));
    CHECK(scene.spend(ml) >= usd(7.99));
    CHECK(scene.spend(ml) <= usd(8.01));
}

TEST_CASE("what vanished accrues up to the sweep that first missed it") {
    Scene scene{quiet_policy()};
    scene.rent(1);
    scene.rent(2);
    scene.run_until(at("09:00") + 30s);
    scene.vanish(1);
    scene.run_until(at("10:00"));
    // 1: $2.03 up to 09:01; 2: $4.
    CHECK(scene.spend(ml) >= usd(6.0));
    CHECK(scene.spend(ml) <= usd(6.05));
    CHECK(scene.engine().instance_count(main_account) == 1);
}

}  // namespace
}  // namespace vastwatch::engine::testing
