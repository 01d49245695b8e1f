// Spec section 7.3: what a fresh read no longer bears out is not done.
#include "scene.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace vastwatch::engine::testing {
namespace {

/// Runs past the deadline of an idle instance that `change` happens to right before the fresh read.
struct Story : IdleScene {
    explicit Story(void (*change)(Scene&)) {
        run_until(at("09:59") + 30s);
        before_read = [change, this](const VerifyOrder&) { change(*this); };
        run_until(at("10:10"));  // a new case of a changed one is warned for a quarter of an hour
        before_read = nullptr;
    }
};

TEST_CASE("a fresh read that shows work drops the action and says so") {
    Story scene{[](Scene& s) { s.machine(1).busy(); }};
    CHECK_FALSE(scene.asked.empty());
    CHECK(scene.sent.empty());
    CHECK(scene.audited("dropped", 1));
}

TEST_CASE("a fresh read that shows nothing known does not act") {
    Story scene{[](Scene& s) { s.machine(1).row.telemetry.gpu_util = std::nullopt; }};
    CHECK_FALSE(scene.asked.empty());
    CHECK(scene.sent.empty());
}

TEST_CASE("a fresh read of zeros without temperature does not act") {
    Story scene{[](Scene& s) { s.machine(1).row.telemetry.gpu_temp = 0; }};
    CHECK_FALSE(scene.asked.empty());
    CHECK(scene.sent.empty());
}

TEST_CASE("a fresh read that shows work does not act, though so much of it is tolerated") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_tolerance = Percent{20};
    IdleScene scene{policy};
    scene.verify_fails = true;
    scene.run_until(at("10:05") + 30s);
    scene.before_read = [&](const VerifyOrder&) { scene.machine(1).busy(); };
    scene.verify_fails = false;
    scene.run_until(at("10:10"));
    CHECK(scene.sent.empty());
    scene.before_read = nullptr;
    scene.machine(1).idle();
    scene.run_until(at("10:13"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("an idle period that begins in a fresh read does not begin before its answer") {
    Scene scene{idle_policy()};
    scene.rent(1).busy();
    scene.run_until(at("08:10") + 30s);
    scene.machine(1).idle();
    fleet::Verification read;
    read.account = main_account;
    read.asked = {InstanceId{1}};
    read.rows = {scene.machine(1).row};
    read.rows.front().telemetry.cpu_util = 0.5;
    read.read_at = {scene.time() - 20s, scene.now().mono - 20s};
    scene.settle(scene.engine().on_verified(read, scene.now()));
    CHECK(scene.seen(1).instance->idle.began == scene.time());
}

TEST_CASE("a host that does not measure is asked again, but not without a rest") {
    IdleScene scene;
    scene.run_until(at("09:50"));
    scene.machine(1).frozen = true;
    scene.run_until(at("11:30"));
    CHECK(scene.sent.empty());
    CHECK(scene.asked.size() >= 10);
    CHECK(scene.asked.size() <= 100);
}

TEST_CASE("a fresh read with another label drops the action") {
    Story scene{[](Scene& s) { s.machine(1).labelled("ml/other"); }};
    CHECK(scene.sent.empty());
    CHECK(scene.audited("dropped", 1));
}

TEST_CASE("a fresh read with another start date drops the action") {
    Story scene{[](Scene& s) { s.machine(1).begun(at("09:59")); }};
    CHECK(scene.sent.empty());
    CHECK(scene.audited("dropped", 1));
}

TEST_CASE(
    "a fresh read without a start date is not one with another, and nothing is warned twice") {
    IdleScene scene;
    scene.run_until(at("09:59") + 30s);
    scene.before_read = [&](const VerifyOrder&) { scene.machine(1).row.start_date = std::nullopt; };
    scene.run_until(at("10:05"));
    CHECK(scene.sent_at(1));
    CHECK(scene.count(alerts::Kind::idle_warning) == 1);
    CHECK_FALSE(scene.audited("dropped", 1));
}

TEST_CASE("a cap acts while no row has a start date any more") {
    Scene scene{cap_policy(8)};
    scene.rent(1);
    scene.run_until(at("09:00"));
    scene.machine(1).row.start_date = std::nullopt;
    scene.run_until(at("12:05"));
    CHECK(scene.times_sent(1) == 1);
    CHECK_FALSE(scene.audited("dropped", 1));
}

TEST_CASE("a start date that only the fresh read has is taken over, and is no other one") {
    Scene scene{idle_policy()};
    scene.rent(1).idle().row.start_date = std::nullopt;
    scene.rent(2).busy();
    scene.before_read = [&](const VerifyOrder&) { scene.machine(1).begun(at("03:00")); };
    scene.run_until(at("10:05"));
    CHECK(scene.sent_at(1));
    CHECK(scene.count(alerts::Kind::idle_warning) == 1);
    const auto record = std::ranges::find(scene.audit, "intended", &AuditRecord::outcome);
    REQUIRE(record != scene.audit.end());
    CHECK(record->duration_hours > 0);
}

TEST_CASE("a fresh read of an instance that stopped meanwhile does not act") {
    Story scene{[](Scene& s) { s.machine(1).stopped(); }};
    CHECK(scene.sent.empty());
}

TEST_CASE("a fresh read with a protecting label does not act") {
    Scene scene{idle_policy()};
    auto policy = idle_policy();
    ml_of(policy).rules.protect = {"*-keep"};
    scene.reload(policy);
    scene.rent(1).idle();
    scene.rent(2).busy();
    scene.before_read = [&](const VerifyOrder&) { scene.machine(1).labelled("ml/x-keep"); };
    scene.run_until(at("10:30"));
    CHECK_FALSE(scene.asked.empty());
    CHECK(scene.sent.empty());
}

TEST_CASE("an instance that is gone at the fresh read is asked for no more") {
    Story scene{[](Scene& s) { s.vanish(1); }};
    CHECK(scene.sent.empty());
    CHECK_FALSE(scene.open_case(1));
}

TEST_CASE(
    "what a fresh read lacks is asked for with rests while no listing tells whether it is gone") {
    IdleScene scene;
    scene.run_until(at("09:59") + 30s);
    scene.blind = true;
    scene.before_read = [&](const VerifyOrder&) { scene.vanish(1); };
    scene.run_until(at("10:04"));
    CHECK(scene.asked.size() >= 2);
    CHECK(scene.asked.size() <= 12);
    const auto due = std::ranges::count(scene.audit, "due", &AuditRecord::outcome);
    CHECK(due == 1);
    scene.blind = false;
    scene.run_until(at("10:10"));
    CHECK(scene.audited("vanished", 1));
    CHECK_FALSE(scene.open_case(1));
}

TEST_CASE(
    "what one fresh read leaves out and the next listing shows goes without another warning") {
    IdleScene scene;
    scene.run_until(at("09:59") + 30s);
    const auto row = scene.machine(1).row;
    scene.before_read = [&](const VerifyOrder&) { scene.vanish(1); };
    scene.at_poll = [&] {
        if (!scene.exists(1) && scene.before_read) {
            scene.rent(1).row = row;
            scene.before_read = nullptr;
        }
    };
    scene.run_until(at("10:05"));
    REQUIRE(scene.times_sent(1) == 1);
    CHECK(scene.count(alerts::Kind::idle_warning) == 1);
}

TEST_CASE("a fresh read that fails keeps the action back until one succeeds") {
    Scene scene{idle_policy()};
    scene.rent(1).idle();
    scene.rent(2).busy();
    scene.verify_fails = true;
    scene.run_until(at("10:20"));
    CHECK(scene.sent.empty());
    CHECK(scene.asked.size() >= 2);
    CHECK(scene.asked.size() <= 300);
    scene.verify_fails = false;
    scene.run_until(at("10:40"));
    CHECK(scene.times_sent(1) == 1);
}

TEST_CASE("a request follows a fresh read by seconds") {
    Scene scene{idle_policy()};
    scene.rent(1).idle();
    scene.rent(2).busy();
    scene.run_until(at("10:10"));
    REQUIRE(scene.sent_at(1));
    REQUIRE_FALSE(scene.asked.empty());
    const auto asked = scene.asked.back().at;
    CHECK(*scene.sent_at(1) - asked <= 20s);
}

TEST_CASE("the intent holds what would create an equal instance, without values of variables") {
    Scene scene{idle_policy()};
    scene.rent(1).idle();
    scene.rent(2).busy();
    scene.run_until(at("10:10"));
    bool found = false;
    for (const auto& record : scene.audit) {
        if (record.outcome == "intended") {
            found = true;
            CHECK(record.recipe.find("pytorch/pytorch:latest") != std::string::npos);
            CHECK(record.recipe.find("WANDB_API_KEY") != std::string::npos);
            CHECK(record.recipe.find("H100 SXM") != std::string::npos);
        }
    }
    CHECK(found);
}

TEST_CASE("a label that changes after the fresh read prevents the request") {
    auto policy = idle_policy();
    policy.enforcement.max_actions_per_hour = 1;
    IdleScene scene{policy};
    scene.rent(3).idle();
    scene.run_until(at("10:01"));  // 1 has used up the hour's actions
    scene.machine(3).labelled("ml/other");
    scene.run_until(at("11:30"));
    // Decided upon anew: warned of under its new label first.
    REQUIRE(scene.sent_at(3));
    CHECK(scene.audited("dropped", 3));
}

}  // namespace
}  // namespace vastwatch::engine::testing
