// Spec section 8: every alert reaches every notifier at least once, and the same is not told twice.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

/// One threshold is crossed at 10:00.
class OneAlert : public Scene {
  public:
    OneAlert() : Scene(policy()) {
        rent(1);
        rent(2);
    }

    static policy::Policy policy() {
        auto made = quiet_policy();
        ml_of(made).caps.daily = usd(1000);
        made.alerts = {alert_at(ml, policy::Window::day, {0.8})};
        return made;
    }

    std::size_t deliveries() const {
        std::size_t count = 0;
        for (const auto& [when, alert] : delivered) {
            count += alert.kind == alerts::Kind::budget_threshold ? 1U : 0U;
        }
        return count;
    }

    /// How the delivery of the first alert stands.
    alerts::OutboxEntry entry() {
        alerts::OutboxEntry found;
        const auto now_seen = view();
        for (const auto& alert : now_seen->alerts) {  // newest first
            if (alert.alert.kind == alerts::Kind::budget_threshold) {
                found = alert.deliveries.front();
            }
        }
        return found;
    }
};

TEST_CASE("an alert is delivered once") {
    OneAlert scene;
    scene.run_until(at("20:00"));
    CHECK(scene.deliveries() == 1);
    CHECK(scene.entry().state == alerts::Delivery::delivered);
}

TEST_CASE("a notifier that is down is tried with growing pauses, then told") {
    OneAlert scene;
    scene.notifiers_down = true;
    scene.run_until(at("14:30"));
    CHECK(scene.deliveries() == 0);
    CHECK(scene.entry().attempts >= 8);
    CHECK(scene.entry().attempts <= 25);
    scene.notifiers_down = false;
    scene.run_until(at("16:00"));
    CHECK(scene.deliveries() == 1);
}

TEST_CASE("an undelivered alert is given up after a day") {
    OneAlert scene;
    scene.notifiers_down = true;
    scene.run_until(at("09:00") + 24h);
    CHECK(scene.entry().state == alerts::Delivery::pending);
    scene.run_until(at("11:30") + 24h);
    CHECK(scene.entry().state == alerts::Delivery::failed);
    scene.notifiers_down = false;
    scene.run_until(at("14:00") + 24h);
    std::size_t late = 0;
    for (const auto& [when, alert] : scene.delivered) {
        late += alert.condition.find("2026-11-21") != std::string::npos ? 1U : 0U;
    }
    CHECK(late == 0);
}

TEST_CASE("Retry-After is honoured") {
    OneAlert scene;
    scene.notifiers_down = true;
    scene.retry_after = 30min;
    scene.run_until(at("10:25"));
    CHECK(scene.entry().attempts == 1);
    scene.run_until(at("10:35"));
    CHECK(scene.entry().attempts == 2);
}

TEST_CASE("an undelivered alert survives a restart, a delivered one is not repeated") {
    OneAlert scene;
    scene.notifiers_down = true;
    scene.run_until(at("10:10"));
    scene.restart(1min);
    scene.notifiers_down = false;
    scene.run_until(at("12:00"));
    CHECK(scene.deliveries() == 1);
    scene.restart(1min);
    scene.run_until(at("14:00"));
    CHECK(scene.deliveries() == 1);
}

TEST_CASE("a broken notifier does not delay another") {
    auto policy = OneAlert::policy();
    const NotifierName chat{"chat"};
    policy.all_notifiers.push_back(chat);
    policy.alerts.front().notify = {ops, chat};
    Scene scene{policy};
    scene.rent(1);
    scene.rent(2);
    scene.notifiers_down = true;
    scene.run_until(at("10:10"));
    const auto due = scene.engine().next_delivery(chat);
    REQUIRE(due);
    scene.run_until(*due);
    scene.notifiers_down = false;
    scene.run_until(at("12:00"));
    const auto view = scene.view();
    for (const auto& alert : view->alerts) {
        for (const auto& entry : alert.deliveries) {
            CHECK(entry.state == alerts::Delivery::delivered);
        }
    }
    CHECK(view->notifiers.size() == 2);
}

TEST_CASE("an alert below a notifier's minimum severity is not queued for it") {
    auto policy = OneAlert::policy();
    Scene scene{policy};
    std::map<NotifierName, policy::Severity> notifiers{{ops, policy::Severity::critical}};
    scene.settle(
        scene.engine().on_policy(std::make_shared<policy::Policy>(policy), notifiers, scene.now()));
    scene.rent(1);
    scene.rent(2);
    scene.run_until(at("11:00"));
    CHECK(scene.count(alerts::Kind::budget_threshold) == 1);
    CHECK(scene.delivered.empty());
}

TEST_CASE("an alert is not delivered before it is durable") {
    OneAlert scene;
    scene.run_until(at("09:59"));
    const Now later{at("10:00") + 1s, scene.now().mono + 61s};
    const auto effects = scene.engine().on_time(later);
    CHECK(effects.new_deliveries);
    CHECK_FALSE(scene.engine().due_delivery(ops, later));
    const auto newest = scene.engine().newest_alert();
    scene.engine().take_changes();
    scene.engine().on_durable(newest);
    CHECK(scene.engine().due_delivery(ops, later));
}

TEST_CASE("hostile labels stay one line in titles") {
    Scene scene{idle_policy()};
    scene.rent(1, "ml/x\r\nBcc: everybody@example.com\x1b[31m").idle();
    scene.rent(2);
    scene.run_until(at("10:10"));
    REQUIRE_FALSE(scene.told.empty());
    for (const auto& alert : scene.told) {
        CHECK(alert.title.find_first_of("\r\n\x1b") == std::string::npos);
        CHECK(alert.text.find_first_of("\r\x1b") == std::string::npos);
    }
}

}  // namespace
}  // namespace vastwatch::engine::testing
