// Spec section 7.2: nobody's idle instance goes without a warning that reached somebody.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

TEST_CASE("the warning comes idle_warning before the deadline and says the exact time") {
    IdleScene scene;
    scene.run_until(at("10:10"));
    const auto warnings = scene.all(alerts::Kind::idle_warning);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings.front().time >= at("09:45"));
    CHECK(warnings.front().time <= at("09:46"));
    CHECK_MESSAGE(warnings.front().text.find("10:00") != std::string::npos, warnings.front().text);
    CHECK_MESSAGE(
        warnings.front().text.find("vastwatchctl protect 1") != std::string::npos,
        warnings.front().text);
    REQUIRE(warnings.front().instances.size() == 1);
    CHECK(warnings.front().instances.front().id == InstanceId{1});
    CHECK(warnings.front().instances.front().action == Action::destroy);
}

TEST_CASE("no warning of a period that the next usable sample will begin anew") {
    IdleScene scene;
    scene.run_until(at("09:40"));
    scene.machine(1).row.telemetry.gpu_util.reset();
    scene.restart(8min);
    scene.run_for(10min);
    CHECK(scene.seen(1).instance->idle.began);
    CHECK(scene.count(alerts::Kind::idle_warning) == 0);
}

TEST_CASE("no warning when idle_warning is zero") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_warning = 0s;
    IdleScene scene{policy};
    scene.run_until(at("10:03"));
    CHECK(scene.count(alerts::Kind::idle_warning) == 0);
    CHECK(scene.sent_at(1));
}

TEST_CASE("work after the warning prevents the action, and the next period warns again") {
    IdleScene scene;
    scene.run_until(at("09:50") + 1s);
    scene.machine(1).busy();
    scene.run_for(2min);
    scene.machine(1).idle();
    scene.run_until(at("11:30"));
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("11:55"));
    CHECK(scene.sent_at(1));
    CHECK(scene.count(alerts::Kind::idle_warning) == 2);
}

TEST_CASE(
    "a warning given before it worked does not count after, though a cap wanted it meanwhile") {
    auto capped = idle_policy();
    ml_of(capped).caps.daily = usd(7.5);
    IdleScene scene{capped};
    scene.verify_fails = true;
    scene.run_until(at("10:05"));
    REQUIRE(scene.count(alerts::Kind::idle_warning) == 1);
    scene.machine(1).busy();
    scene.run_until(at("10:30"));
    scene.machine(1).idle();
    scene.run_until(at("12:20"));
    scene.verify_fails = false;
    scene.reload(idle_policy());
    scene.run_until(at("12:40"));
    CHECK(scene.count(alerts::Kind::idle_warning) == 2);
    CHECK(scene.sent_at(1));
}

TEST_CASE("a warning that reached nobody keeps the action back for warning_delivery") {
    IdleScene scene;
    scene.notifiers_down = true;
    scene.run_until(at("11:59"));
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("12:02"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("once the warning is delivered the action follows") {
    IdleScene scene;
    scene.notifiers_down = true;
    scene.run_until(at("10:30"));
    CHECK_FALSE(scene.sent_at(1));
    scene.notifiers_down = false;
    scene.run_until(at("11:55"));
    REQUIRE(scene.sent_at(1));
    bool warned_before = false;
    for (const auto& [when, alert] : scene.delivered) {
        warned_before =
            warned_before || (alert.kind == alerts::Kind::idle_warning && when < *scene.sent_at(1));
    }
    CHECK(warned_before);
}

TEST_CASE("a limit that was shortened still warns first") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_for = 8h;
    IdleScene scene{policy};
    scene.run_until(at("11:00"));
    scene.reload(idle_policy());
    const auto reloaded = scene.time();
    scene.run_until(at("11:40"));
    REQUIRE(scene.sent_at(1));
    CHECK(*scene.sent_at(1) >= reloaded + 15min);
    CHECK(scene.count(alerts::Kind::idle_warning) == 1);
}

TEST_CASE("a restart between warning and deadline does not warn twice") {
    IdleScene scene;
    scene.run_until(at("09:50"));
    scene.restart(30s);
    scene.run_until(at("10:05"));
    CHECK(scene.count(alerts::Kind::idle_warning) == 1);
    CHECK(scene.times_sent(1) == 1);
}

TEST_CASE("without anybody to tell the action waits no longer than warning_delivery") {
    auto policy = idle_policy();
    policy.all_notifiers.clear();
    for (auto& team : policy.teams) {
        team.rules.notify.clear();
    }
    IdleScene scene{policy};
    scene.run_until(at("12:05"));
    REQUIRE(scene.sent_at(1));
}

TEST_CASE("a cap that stops does not wait for the warning of what would be destroyed as idle") {
    auto policy = idle_policy();
    ml_of(policy).caps.daily = usd(4.2);
    ml_of(policy).rules.cap_action = Action::stop;
    IdleScene scene{policy};
    scene.notifiers_down = true;  // so nobody hears that 1 is to be destroyed at 10:00
    scene.machine(2).costs(0.0001);
    scene.run_until(at("10:30"));
    REQUIRE(scene.sent_at(1));
    CHECK(scene.sent_action(1) == Action::stop);
    CHECK(*scene.sent_at(1) < at("10:07"));
}

}  // namespace
}  // namespace vastwatch::engine::testing
