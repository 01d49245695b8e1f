// What listings no longer show, and what it is when they show it again.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

/// Instance 1 is not in the listings of so long; then it is again, as it was.
void hide_for(Scene& scene, Duration span) {
    const auto kept = scene.machine(1);
    scene.vanish(1);
    scene.run_for(span);
    scene.rent(1) = kept;
    scene.poll();
}

fleet::Instance known(Scene& scene) {
    return *scene.seen(1).instance;
}

TEST_CASE("a frozen row is known as frozen after listings that showed nothing") {
    IdleScene scene;
    scene.machine(1).frozen = true;
    scene.run_until(at("08:30"));
    REQUIRE(scene.seen(1).doubt == fleet::Doubt::frozen_row);
    hide_for(scene, 5min);
    CHECK(scene.seen(1).doubt == fleet::Doubt::frozen_row);
}

TEST_CASE("a frozen row is known as frozen after a restart between listings that showed nothing") {
    IdleScene scene;
    scene.machine(1).frozen = true;
    scene.run_until(at("08:30"));
    const auto kept = scene.machine(1);
    scene.vanish(1);
    scene.run_for(5min);
    scene.restart(1min);
    scene.run_for(5min);
    scene.rent(1) = kept;
    scene.poll();
    CHECK(scene.seen(1).doubt == fleet::Doubt::frozen_row);
}

TEST_CASE("a frozen row is known as frozen though what is gone could not be stored at first") {
    IdleScene scene;
    scene.machine(1).frozen = true;
    scene.run_until(at("08:30"));
    const auto kept = scene.machine(1);
    scene.vanish(1);
    scene.disk_full = true;
    scene.run_for(5min);
    scene.disk_full = false;
    scene.run_for(1min);
    scene.restart();
    scene.rent(1) = kept;
    scene.poll();
    CHECK(scene.seen(1).doubt == fleet::Doubt::frozen_row);
}

TEST_CASE("what comes back begins its idle clock anew") {
    IdleScene scene;
    scene.run_until(at("09:30"));
    hide_for(scene, 3min);
    CHECK(known(scene).idle.began >= at("09:33"));
    scene.run_until(at("11:32"));
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("11:40"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("what comes back is the same instance: how long it runs, and its team, are remembered") {
    IdleScene scene;
    scene.run_until(at("09:30"));
    scene.machine(1).labelled("");
    scene.run_for(2min);
    const auto before = known(scene);
    hide_for(scene, 3min);
    const auto after = known(scene);
    CHECK(after.first_seen == before.first_seen);
    CHECK(after.running_since == before.running_since);
    CHECK(after.team == ml);
    CHECK(after.missed_sweeps == 0);
}

TEST_CASE("an exemption by label is not renewed by listings that showed nothing") {
    auto policy = idle_policy();
    ml_of(policy).rules.protect = {"ml/keep"};
    IdleScene scene{policy};
    scene.machine(1).labelled("ml/keep");
    scene.run_until(at("09:30"));
    const auto before = known(scene).label_protected_since;
    REQUIRE(before);
    hide_for(scene, 3min);
    CHECK(known(scene).label_protected_since == before);
}

TEST_CASE("what comes back accrued while listings showed nothing") {
    Scene scene{quiet_policy()};
    scene.rent(1);
    scene.run_until(at("09:00"));
    hide_for(scene, 2h);
    scene.run_until(at("12:00"));
    CHECK(to_double(scene.spend(ml)) == doctest::Approx(8.0).epsilon(0.001));
}

TEST_CASE("what is gone costs no more, though the listing that missed it first showed nothing") {
    Scene scene{quiet_policy()};
    std::vector<Machine> kept;
    for (int id = 1; id <= 8; ++id) {
        kept.push_back(scene.rent(id));
    }
    scene.run_until(at("09:00"));
    for (int id = 1; id <= 8; ++id) {
        scene.vanish(id);
    }
    scene.poll();
    for (int id = 2; id <= 8; ++id) {
        scene.rent(id) = kept[static_cast<std::size_t>(id - 1)];
    }
    scene.run_for(5min);
    CHECK(scene.view()->teams.front().burn == dph(14));
}

TEST_CASE("what has been gone for two days is forgotten") {
    IdleScene scene;
    scene.run_until(at("08:30"));
    const auto kept = scene.machine(1);
    scene.vanish(1);
    scene.run_for(47h);
    CHECK(scene.store().load().instances.size() == 2);
    scene.run_for(90min);
    CHECK(scene.store().load().instances.size() == 1);
    scene.rent(1) = kept;
    scene.poll();
    CHECK(known(scene).first_seen == scene.time());
}

TEST_CASE("charges of a day that nobody saw go to the team that what is gone had last") {
    Scene scene{idle_policy()};
    scene.rent(1, "ml/x");
    scene.run_for(10min);
    scene.machine(1).labelled("");
    scene.run_for(10min);
    scene.vanish(1);
    scene.restart(30h);
    scene.run_for(10min);
    scene.charge(1, 6.0);
    CHECK(scene.spend(TeamName{"ml"}) == usd(6));
}

}  // namespace
}  // namespace vastwatch::engine::testing
