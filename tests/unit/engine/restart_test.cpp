// Spec section 5 on restarts: neither losing the idle period nor acting on a stale one.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

TEST_CASE("a short restart keeps the idle period") {
    IdleScene scene;
    scene.run_until(at("09:30"));
    scene.restart(2min);
    scene.run_until(at("10:04"));
    REQUIRE(scene.sent_at(1));
    CHECK(*scene.sent_at(1) >= at("10:00"));
}

TEST_CASE("frequent restarts do not keep an idle instance alive") {
    IdleScene scene;
    while (scene.time() < at("10:10")) {
        scene.run_for(3min);
        scene.restart(20s);
    }
    CHECK(scene.sent_at(1));
}

TEST_CASE("a long restart begins the period anew") {
    IdleScene scene;
    scene.run_until(at("09:30"));
    scene.restart(20min);
    scene.run_until(at("11:49"));
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("11:54"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("a restart past the deadline acts only on samples taken since") {
    IdleScene scene;
    scene.run_until(at("09:59"));
    scene.machine(1).busy();
    scene.restart(3min);
    scene.run_until(at("11:30"));
    CHECK(scene.sent.empty());
}

TEST_CASE("a restart past the deadline with an instance still idle acts after fresh samples") {
    IdleScene scene;
    scene.run_until(at("09:59"));
    scene.restart(3min);
    const auto started = scene.time();
    scene.run_until(at("10:30"));
    REQUIRE(scene.sent_at(1));
    CHECK(*scene.sent_at(1) > started);
}

TEST_CASE("a row that stood still while the instance was stopped says nothing after a restart") {
    IdleScene scene;
    scene.run_until(at("09:00"));
    const auto before = scene.machine(1).row;
    scene.machine(1).stopped().frozen = true;
    scene.run_until(at("09:30"));
    scene.restart(1min);
    scene.machine(1).row = before;
    scene.poll();
    CHECK_FALSE(scene.seen(1).instance->idle.began);
    scene.machine(1).frozen = false;
    scene.poll();
    CHECK(scene.seen(1).instance->idle.began == scene.time());
}

TEST_CASE("nothing is asked or sent before the first sweep after a start") {
    IdleScene scene;
    scene.run_until(at("09:59"));
    scene.blind = true;
    scene.asked.clear();
    scene.restart(2min);
    scene.run_until(at("10:30"));
    CHECK(scene.asked.empty());
    CHECK(scene.sent.empty());
}

TEST_CASE("what a restarted engine knows equals what the old one knew") {
    auto policy = idle_policy();
    ml_of(policy).caps.daily = usd(100);
    IdleScene scene{policy};
    scene.run_until(at("09:00") + 10s);
    scene.protect(2, 3h);
    const auto idle = scene.seen(1).idle;
    const auto spent = scene.spend(ml);
    const auto rate = scene.seen(1).rate;
    scene.restart();
    CHECK(scene.seen(1).idle == idle);
    CHECK(scene.seen(1).rate == rate);
    CHECK(scene.spend(ml) == spent);
    CHECK_FALSE(scene.seen(2).protection.empty());
}

TEST_CASE("an instance that vanished while the daemon was down is gone after two sweeps") {
    IdleScene scene;
    scene.run_until(at("09:00"));
    scene.vanish(1);
    scene.restart(1min);
    scene.run_for(3min);
    CHECK(scene.engine().instance_count(main_account) == 1);
}

TEST_CASE("a clock that was set back while nothing ran does not hide how long that was") {
    IdleScene scene;
    scene.run_until(at("09:30"));
    scene.step_wall_clock(-47min);
    scene.restart(52min);
    scene.run_until(at("11:10"));
    CHECK(scene.sent.empty());
    scene.run_until(at("11:50"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("a protection lasts as long as was asked, though the clock was set while nothing ran") {
    IdleScene scene;
    scene.run_until(at("09:30"));
    scene.protect(1, 2h);
    scene.step_wall_clock(4h);
    scene.restart(1min);
    CHECK(scene.view()->protections.size() == 1);
}

TEST_CASE("after a boot nothing is known of the clock before it, and it is believed") {
    IdleScene scene;
    scene.run_until(at("09:30"));
    scene.boot = "another boot";
    scene.step_wall_clock(-49min);
    scene.restart(52min);
    scene.run_until(at("09:50"));
    CHECK(scene.seen(1).instance->idle.began < at("09:00"));
}

TEST_CASE("a stored future, of a clock that was wrong, does not make anything due") {
    IdleScene scene;
    scene.boot = "another boot";
    scene.run_until(at("09:30"));
    scene.step_wall_clock(-24h);
    scene.restart();
    scene.run_for(1h + 50min);
    CHECK(scene.sent.empty());
}

}  // namespace
}  // namespace vastwatch::engine::testing
