// Where several rules of the specification meet.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

TEST_CASE("a fleet of which a single listing shows nothing is not gone and goes on costing") {
    Scene scene{quiet_policy()};
    std::vector<Machine> kept;
    for (int id = 1; id <= 8; ++id) {
        kept.push_back(scene.rent(id));
    }
    scene.run_until(at("09:00") + 30s);
    for (int id = 1; id <= 8; ++id) {
        scene.vanish(id);
    }
    scene.run_for(1min);
    CHECK(scene.view()->teams.front().burn == dph(16));
    for (int id = 1; id <= 8; ++id) {
        scene.rent(id).row = kept[static_cast<std::size_t>(id - 1)].row;
    }
    scene.run_until(at("10:00"));
    CHECK(to_double(scene.spend(ml)) == doctest::Approx(32.0).epsilon(0.001));
}

TEST_CASE("reads slower than a verification is valid are not acted upon for ever, nor lost") {
    IdleScene scene;
    scene.verify_takes = 15s;
    scene.run_until(at("10:10"));
    CHECK(scene.times_sent(1) == 1);
}

TEST_CASE("a cap over a thousand instances reads ahead far enough and takes all of them at once") {
    Scene scene{cap_policy(4000)};
    for (int id = 1; id <= 1000; ++id) {
        scene.rent(id, "ml/x", 2.0);
    }
    scene.run_until(at("10:02"));
    REQUIRE(scene.sent_at(1));
    std::size_t in_time = 0;
    for (const auto& item : scene.sent) {
        if (item.at <= at("10:00") + 1s) {
            in_time += item.order.ids.size();
        }
    }
    CHECK(in_time == 1000);
}

TEST_CASE("a thousand idle instances, approved, all go although reading them takes its time") {
    Scene scene{idle_policy()};
    for (int id = 1; id <= 1000; ++id) {
        scene.rent(id).idle();
    }
    scene.run_until(at("10:30"));
    REQUIRE(scene.holds().size() == 1);
    auto policy = idle_policy();
    policy.enforcement.max_actions_per_hour = 0;
    scene.reload(policy);
    scene.approve();
    scene.run_until(at("10:40"));
    std::size_t gone = 0;
    for (const auto& item : scene.sent) {
        gone += item.order.ids.size();
    }
    CHECK(gone == 1000);
}

TEST_CASE("what a cap would take while paused goes at the resume") {
    Scene scene{cap_policy(16)};
    for (int id = 1; id <= 4; ++id) {
        scene.rent(id);
    }
    scene.run_until(at("09:00"));
    scene.pause();
    scene.run_until(at("11:00"));
    CHECK(scene.sent.empty());
    scene.resume();
    scene.run_for(5s);
    for (int id = 1; id <= 4; ++id) {
        CHECK(scene.times_sent(id) == 1);
    }
}

TEST_CASE("an approval is not forgotten by a restart") {
    auto policy = idle_policy();
    Scene scene{policy};
    for (int id = 1; id <= 10; ++id) {
        scene.rent(id).idle();
    }
    scene.run_until(at("11:00"));
    REQUIRE(scene.holds().size() == 1);
    scene.verify_fails = true;  // so that nothing leaves before the restart
    CHECK(scene.approve().ok);
    scene.run_for(10s);
    CHECK(scene.sent.empty());
    scene.restart(30s);
    scene.verify_fails = false;
    scene.run_for(10min);
    CHECK(scene.sent_at(1));
    CHECK(scene.sent_at(10));
}

TEST_CASE("a raised cap ends the taking down") {
    auto policy = cap_policy(16);
    Scene scene{policy};
    for (int id = 1; id <= 4; ++id) {
        scene.rent(id);
    }
    scene.run_until(at("10:05"));
    scene.reload(cap_policy(1000));
    scene.rent_now(20);
    scene.run_for(30min);
    CHECK_FALSE(scene.sent_at(20));
}

TEST_CASE("a reload that drops a notifier ends what waits for it") {
    IdleScene scene;
    scene.notifiers_down = true;
    scene.run_until(at("09:50"));
    auto policy = idle_policy();
    const NotifierName chat{"chat"};
    policy.all_notifiers = {chat};
    for (auto& team : policy.teams) {
        team.rules.notify = {chat};
    }
    scene.reload(policy);
    scene.notifiers_down = false;
    scene.run_until(at("13:00"));
    CHECK(scene.times_sent(1) == 1);
    const auto view = scene.view();
    for (const auto& notifier : view->notifiers) {
        CHECK(notifier.pending == 0);
    }
}

TEST_CASE("a team that a reload removes leaves its instances unassigned and untouched") {
    IdleScene scene;
    scene.run_until(at("09:00"));
    auto policy = idle_policy();
    policy.teams.erase(policy.teams.begin());
    scene.reload(policy);
    scene.run_until(at("12:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.seen(1).instance->team == policy::unassigned());
}

TEST_CASE("an account that a reload removes is acted upon no more") {
    auto policy = idle_policy();
    auto other = policy.accounts.front();
    other.name = AccountName{"other"};
    policy.accounts.push_back(other);
    IdleScene scene{policy};
    scene.rent(11).idle().of_account(other.name);
    scene.run_until(at("09:50"));
    scene.reload(idle_policy());
    scene.run_until(at("12:00"));
    CHECK_FALSE(scene.sent_at(11));
    CHECK(scene.sent_at(1));
    CHECK(scene.view()->health.ready);
}

TEST_CASE("both the day's and the month's cap crossed ask for each instance once") {
    auto policy = cap_policy(16);
    ml_of(policy).caps.monthly = usd(16);
    policy.accounts.front().caps.daily = usd(16);
    Scene scene{policy};
    for (int id = 1; id <= 4; ++id) {
        scene.rent(id);
    }
    scene.run_until(at("11:00"));
    for (int id = 1; id <= 4; ++id) {
        CHECK(scene.times_sent(id) == 1);
    }
    CHECK(scene.count(alerts::Kind::cap_reached) == 3);
}

TEST_CASE("a cap's request that failed is tried again although the idle rule has no say") {
    Scene scene{cap_policy(16)};
    for (int id = 1; id <= 4; ++id) {
        scene.rent(id);
    }
    scene.run_until(at("09:59"));
    scene.answer = RequestOutcome::failed;
    scene.takes_effect = false;
    scene.run_until(at("10:00") + 10s);
    REQUIRE(scene.sent_at(1));
    scene.answer = RequestOutcome::accepted;
    scene.takes_effect = true;
    scene.run_until(at("10:10"));
    for (int id = 1; id <= 4; ++id) {
        CHECK_FALSE(scene.exists(id));
    }
}

TEST_CASE("an instance that starts again after a cap stopped it is stopped again") {
    auto policy = cap_policy(16);
    ml_of(policy).rules.cap_action = Action::stop;
    Scene scene{policy};
    for (int id = 1; id <= 4; ++id) {
        scene.rent(id);
    }
    scene.run_until(at("11:00"));
    REQUIRE(scene.times_sent(1) == 1);
    scene.machine(1).busy();
    scene.run_until(at("11:10"));
    CHECK(scene.times_sent(1) == 2);
    CHECK(scene.times_sent(2) == 1);
}

TEST_CASE("a year of a quiet fleet leaves neither alerts nor wakes behind") {
    auto policy = quiet_policy();
    policy.accounts.front().poll_interval = 4h;
    policy.enforcement.max_staleness = 9h;
    Scene scene{policy};
    scene.rent(1);
    scene.run_for(365 * 24h);
    CHECK(scene.told.empty());
    CHECK(
        to_double(scene.spend(ml, policy::Window::lifetime)) ==
        doctest::Approx(365 * 24 * 2.0).epsilon(0.001));
}

/// Two dollars an hour; at noon the account's total has fallen by 50 since 08:10.
class Unexplained : public Scene {
  public:
    Unexplained() : Scene(quiet_policy()) {
        rent(1);
        run_until(at("08:10"));
        read_total(-100);
        run_until(at("12:00"));
        read_total(-150);
    }

    void read_total(double dollars) {
        MoneyRead money;
        money.account = main_account;
        money.total_spend = usd(dollars);
        settle(engine().on_money(money, now()));
    }
};

TEST_CASE("what nothing explains is told once, and not again for the day that follows") {
    Unexplained scene;
    CHECK(scene.count(alerts::Kind::billing_mismatch) == 1);
    scene.run_until(at("23:59"));
    scene.run_for(10min);
    CHECK(scene.count(alerts::Kind::billing_mismatch) == 1);
}

TEST_CASE("a clock that is set back into a day finds what was told of it") {
    Unexplained scene;
    scene.run_until(at("23:59"));
    scene.run_for(10min);
    scene.step_wall_clock(-1h);
    scene.read_total(-174);
    scene.run_for(10min);
    CHECK(scene.count(alerts::Kind::billing_mismatch) == 1);
}

}  // namespace
}  // namespace vastwatch::engine::testing
