// Spec sections 3, 7 and 11: what is exempt, from what, for how long, and that its end is told.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

policy::Policy keep_policy(Duration longest = 7 * 24h) {
    auto policy = idle_policy();
    ml_of(policy).rules.protect = {"*-keep"};
    ml_of(policy).rules.protect_max = longest;
    return policy;
}

TEST_CASE("protected_ids are touched by no rule") {
    auto policy = idle_policy();
    ml_of(policy).protected_ids = {InstanceId{1}};
    ml_of(policy).caps.daily = usd(10);
    ml_of(policy).gpu_types = {"A100*"};
    ml_of(policy).rules.violation_action = Action::destroy;
    IdleScene scene{policy};
    scene.run_until(at("20:00"));
    CHECK_FALSE(scene.sent_at(1));
    CHECK(scene.sent_at(2));
}

TEST_CASE("a label that moves it to another team does not take an id's protection away") {
    auto policy = idle_policy();
    ml_of(policy).protected_ids = {InstanceId{1}};
    policy.teams[1].rules.idle_action = Action::destroy;
    IdleScene scene{policy};
    scene.machine(1).labelled("web/x");
    scene.run_until(at("20:00"));
    CHECK_FALSE(scene.sent_at(1));
}

TEST_CASE("what an operator protects is touched by no rule, a cap included") {
    auto policy = idle_policy();
    ml_of(policy).caps.daily = usd(10);
    IdleScene scene{policy};
    scene.run_until(at("08:05"));
    CHECK(scene.protect(1).ok);
    scene.run_until(at("20:00"));
    CHECK_FALSE(scene.sent_at(1));
    CHECK(scene.sent_at(2));
    CHECK_FALSE(scene.seen(1).protection.empty());
}

TEST_CASE("an operator's protection lasts a day unless told otherwise, and its end is told") {
    IdleScene scene;
    scene.run_until(at("08:05"));
    CHECK(scene.protect(1).ok);
    scene.run_until(at("08:04") + 24h);
    CHECK_FALSE(scene.sent_at(1));
    CHECK(scene.count(alerts::Kind::exemption_ended) == 0);
    scene.run_until(at("08:06") + 24h);
    CHECK(scene.count(alerts::Kind::exemption_ended) == 1);
    scene.run_until(at("08:30") + 24h);
    CHECK(scene.sent_at(1));
    CHECK(scene.count(alerts::Kind::exemption_ended) == 1);
}

TEST_CASE("an idle instance whose protection ends is warned before it goes") {
    IdleScene scene;
    scene.run_until(at("08:05"));
    CHECK(scene.protect(1, 6h).ok);
    scene.run_until(at("15:00"));
    REQUIRE(scene.sent_at(1));
    REQUIRE(scene.count(alerts::Kind::idle_warning) == 1);
    const auto warned = scene.latest(alerts::Kind::idle_warning).time;
    CHECK(*scene.sent_at(1) - warned >= 15min);
}

TEST_CASE("protection for longer than protect_max is cut or refused") {
    IdleScene scene{keep_policy(48h)};
    scene.run_until(at("08:05"));
    scene.protect(1, 30 * 24h);
    scene.run_until(at("09:00") + 48h);
    CHECK(scene.sent_at(1));
}

TEST_CASE("unprotect ends a protection") {
    IdleScene scene;
    scene.run_until(at("08:05"));
    CHECK(scene.protect(1).ok);
    scene.run_until(at("11:00"));
    CHECK(scene.unprotect(1).ok);
    scene.run_until(at("11:30"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("what is unknown or not protected is refused") {
    IdleScene scene;
    scene.run_until(at("08:05"));
    CHECK_FALSE(scene.protect(77).ok);
    CHECK_FALSE(scene.unprotect(1).ok);
}

TEST_CASE("a protection between verification and request prevents the request") {
    IdleScene scene;
    scene.run_until(at("09:59") + 30s);
    scene.before_read = [&](const VerifyOrder&) { scene.protect(1); };
    scene.run_until(at("10:30"));
    CHECK(scene.sent.empty());
}

TEST_CASE("a protection survives a restart") {
    IdleScene scene;
    scene.run_until(at("08:05"));
    scene.protect(1);
    scene.restart(30s);
    scene.run_until(at("12:00"));
    CHECK_FALSE(scene.sent_at(1));
}

TEST_CASE("a protecting label exempts from the idle rule for protect_max, and its end is told") {
    IdleScene scene{keep_policy(24h)};
    scene.machine(1).labelled("ml/x-keep");
    scene.run_until(at("07:59") + 24h);
    CHECK_FALSE(scene.sent_at(1));
    scene.run_until(at("09:00") + 24h);
    CHECK(scene.sent_at(1));
    CHECK(scene.count(alerts::Kind::exemption_ended) == 1);
}

TEST_CASE("taking a protecting label off and on again does not renew the exemption") {
    IdleScene scene{keep_policy(24h)};
    scene.machine(1).labelled("ml/x-keep");
    scene.run_until(at("20:00"));
    scene.machine(1).labelled("ml/x");
    scene.run_for(5min);
    scene.machine(1).labelled("ml/x-keep");
    scene.run_until(at("09:00") + 24h);
    CHECK(scene.sent_at(1));
}

TEST_CASE("protect_max zero is no limit") {
    IdleScene scene{keep_policy(0s)};
    scene.machine(1).labelled("ml/x-keep");
    scene.run_until(at("08:00") + 9 * 24h);
    CHECK_FALSE(scene.sent_at(1));
}

TEST_CASE("whoever pauses, resumes or protects is in the audit log") {
    IdleScene scene;
    scene.run_until(at("08:05"));
    scene.protect(1);
    scene.pause();
    scene.resume();
    std::set<std::string> actions;
    for (const auto& record : scene.audit) {
        if (record.actor == "uid:1000") {
            actions.insert(record.action);
        }
    }
    CHECK(actions == std::set<std::string>{"protect", "pause", "resume"});
}

}  // namespace
}  // namespace vastwatch::engine::testing
