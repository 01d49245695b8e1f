// Orders that wait for their turn while something happens that they must not outlive.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

/// Instance 1 was intended at ten, and its request leaves fifteen seconds later.
class WaitingScene : public IdleScene {
  public:
    explicit WaitingScene(policy::Policy policy = idle_policy()) : IdleScene(std::move(policy)) {
        order_waits = 15s;
        run_until(at("10:00") + 5s);
        REQUIRE(audited("intended", 1));
        REQUIRE(sent.empty());
    }
};

TEST_CASE("an order that nothing speaks against leaves when it has its turn") {
    WaitingScene scene;
    scene.run_for(2min);
    CHECK(scene.times_sent(1) == 1);
    CHECK_FALSE(scene.audited("withdrawn", 1));
}

TEST_CASE("an order that waits for its turn does not leave once actions are paused") {
    WaitingScene scene;
    scene.pause();
    scene.run_for(10min);
    CHECK(scene.sent.empty());
    CHECK(scene.audited("withdrawn", 1));
    scene.order_waits = 0s;
    scene.resume();
    scene.run_for(10s);
    CHECK(scene.times_sent(1) == 1);
}

TEST_CASE("an order that waits for its turn does not leave once the instance is protected") {
    WaitingScene scene;
    scene.protect(1);
    scene.run_for(10min);
    CHECK(scene.sent.empty());
    CHECK_FALSE(scene.open_case(1));
}

TEST_CASE("an order that waits for its turn does not leave once a reload allows the instance") {
    WaitingScene scene;
    auto policy = idle_policy();
    ml_of(policy).rules.idle_for = 12h;
    scene.reload(policy);
    scene.run_for(10min);
    CHECK(scene.sent.empty());
}

TEST_CASE("an order that waits for its turn does not leave once enforcement is in dry run") {
    WaitingScene scene;
    auto policy = idle_policy();
    policy.enforcement.enforce = false;
    scene.reload(policy);
    scene.run_for(10min);
    CHECK(scene.sent.empty());
}

TEST_CASE("an order that waits for its turn does not leave once the instance works") {
    WaitingScene scene;
    scene.machine(1).busy();
    scene.poll();
    scene.run_for(10min);
    CHECK(scene.sent.empty());
}

TEST_CASE("an order that waits for its turn does not leave on work that idle_tolerance forgives") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_tolerance = Percent{50};
    WaitingScene scene{policy};
    scene.machine(1).busy();
    scene.poll();
    scene.run_for(2min);
    CHECK(scene.sent.empty());
    CHECK(scene.audited("withdrawn", 1));
}

TEST_CASE("an order that waits for its turn does not leave once the label was changed") {
    WaitingScene scene;
    scene.machine(1).labelled("ml/other");
    scene.poll();
    scene.run_for(2min);
    CHECK(scene.sent.empty());
}

TEST_CASE("an order that waits for its turn does not leave on data that have grown old") {
    auto policy = idle_policy();
    policy.enforcement.max_staleness = 10s;
    policy.accounts.front().poll_interval = 20s;
    WaitingScene scene{policy};
    scene.blind = true;
    scene.run_for(10min);
    CHECK(scene.sent.empty());
    CHECK(scene.audited("withdrawn", 1));
}

TEST_CASE("an order whose fresh read grew old while it waited leaves after another one") {
    IdleScene scene;
    scene.order_waits = 30s;
    scene.takes_effect = false;
    scene.run_until(at("10:00") + 5s);
    REQUIRE(scene.audited("intended", 1));
    scene.order_waits = 0s;
    scene.run_for(28s);
    CHECK(scene.audited("withdrawn", 1));
    CHECK(scene.asked.size() == 2);
    REQUIRE(scene.times_sent(1) == 1);
    CHECK(*scene.sent_at(1) - scene.reads.at(InstanceId{1}).first <= 1s);
    REQUIRE(scene.open_case(1));
    CHECK(scene.open_case(1)->attempts == 1);
}

TEST_CASE("an order may leave until something speaks against it") {
    WaitingScene scene;
    RequestOrder order;
    order.account = main_account;
    order.ids.push_back(InstanceId{1});
    CHECK(scene.engine().may_leave(order, scene.now()));
    scene.pause();
    CHECK_FALSE(scene.engine().may_leave(order, scene.now()));
    scene.resume();
    CHECK(scene.engine().may_leave(order, scene.now()));
    order.ids.push_back(InstanceId{2});
    CHECK_FALSE(scene.engine().may_leave(order, scene.now()));
}

TEST_CASE("what was withdrawn counts neither as an attempt nor for the limit of an hour") {
    auto policy = idle_policy();
    policy.enforcement.max_actions_per_hour = 1;
    WaitingScene scene{policy};
    scene.pause();
    scene.run_for(2min);
    scene.order_waits = 0s;
    scene.takes_effect = false;
    scene.resume();
    scene.run_for(10s);
    CHECK(scene.times_sent(1) == 1);
    REQUIRE(scene.open_case(1));
    CHECK(scene.open_case(1)->attempts == 1);
}

TEST_CASE("the rest of an order leaves without what was withdrawn from it") {
    auto policy = idle_policy();
    policy.enforcement.mass_idle_limit = Percent{100};
    Scene scene{policy};
    scene.rent(1).idle();
    scene.rent(2).idle();
    scene.order_waits = 15s;
    scene.run_until(at("10:00") + 5s);
    REQUIRE(scene.audited("intended", 2));
    scene.protect(1);
    scene.run_for(2min);
    CHECK_FALSE(scene.sent_at(1));
    CHECK(scene.times_sent(2) == 1);
}

}  // namespace
}  // namespace vastwatch::engine::testing
