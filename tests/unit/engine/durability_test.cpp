// What could not be stored is owed: once it can be, the store knows how things stand then, and
// nothing that has ended or begun again in between.
#include "scene.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace vastwatch::engine::testing {
namespace {

Scene& with_full_disk(Scene& scene) {
    scene.rent(1);
    scene.run_until(at("08:10"));
    scene.disk_full = true;
    return scene;
}

void disk_has_room(Scene& scene) {
    scene.disk_full = false;
    scene.run_for(5min);
    scene.restart();
}

TEST_CASE("a protection that ended before it could be stored does not come back") {
    Scene scene{quiet_policy()};
    with_full_disk(scene).protect(1);
    scene.unprotect(1);
    disk_has_room(scene);
    CHECK(scene.view()->protections.empty());
}

TEST_CASE("a protection that was given anew before its end could be stored stays") {
    Scene scene{quiet_policy()};
    scene.rent(1);
    scene.run_until(at("08:05"));
    scene.protect(1);
    with_full_disk(scene).unprotect(1);
    scene.protect(1);
    disk_has_room(scene);
    CHECK(scene.view()->protections.size() == 1);
}

TEST_CASE("what was told and ended before that could be stored is not remembered as lasting") {
    Scene scene{quiet_policy()};
    with_full_disk(scene).pause();
    scene.run_for(2min);
    scene.resume();
    scene.run_for(2min);
    disk_has_room(scene);
    CHECK_FALSE(scene.store().conditions().contains("enforcement_paused"));
}

TEST_CASE("what ended and was told again before that could be stored is not told once more") {
    Scene scene{quiet_policy()};
    scene.rent(1);
    scene.run_until(at("08:05"));
    scene.pause();
    scene.run_until(at("08:08"));
    with_full_disk(scene).resume();
    scene.run_for(2min);
    scene.pause();
    scene.run_for(2min);
    disk_has_room(scene);
    scene.run_for(5min);
    CHECK(scene.count(alerts::Kind::enforcement_paused) == 2);
}

TEST_CASE("a pause that ended by itself before it could be stored is not stored") {
    Scene scene{quiet_policy()};
    with_full_disk(scene).pause(10min);
    scene.run_for(20min);
    scene.disk_full = false;
    scene.run_for(5min);
    CHECK_FALSE(scene.store().load().pause);
}

TEST_CASE("what was written in vain does not undo what has ended while it was tried") {
    Scene scene{quiet_policy()};
    scene.rent(1);
    scene.run_until(at("08:10"));
    auto& engine = scene.engine();
    engine.protect({InstanceId{1}, 1h, ""}, "somebody", scene.now());
    engine.pause(std::nullopt, "", "somebody", scene.now());
    auto unwritten = engine.take_changes();
    engine.unprotect(InstanceId{1}, "somebody", scene.now());
    engine.resume("somebody", scene.now());
    engine.on_not_durable(std::move(unwritten), {}, "no space left on device", scene.now());
    const auto owed = engine.take_changes();
    CHECK(owed.protections.empty());
    CHECK(owed.ended_protections == std::vector{InstanceId{1}});
    CHECK_FALSE(owed.pause);
    CHECK(owed.pause_ended);
    CHECK(std::ranges::none_of(owed.conditions, [](const alerts::Condition& condition) {
        return condition.key == "enforcement_paused";
    }));
}

}  // namespace
}  // namespace vastwatch::engine::testing
