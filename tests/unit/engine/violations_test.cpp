// Spec section 6: what policy forbids, and which instances it means.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

policy::Policy strict(void (*change)(policy::Team&), Action action = Action::destroy) {
    auto policy = quiet_policy();
    change(ml_of(policy));
    ml_of(policy).rules.violation_action = action;
    return policy;
}

/// Well-behaved company, so that one violation is no mass.
class Company : public Scene {
  public:
    explicit Company(policy::Policy policy) : Scene(std::move(policy)) {
        for (int id = 101; id <= 110; ++id) {
            rent(id, "web/x");
        }
    }

    /// They appear once the daemon knows the account, so that it is no changed policy.
    void begin() { run_until(at("08:03") + 30s); }
};

TEST_CASE(
    "a GPU that is not on the list is acted upon, names without regard to case and underscore") {
    Company scene{strict([](policy::Team& t) { t.gpu_types = {"h100_sxm", "A100*"}; })};
    scene.begin();
    scene.rent_now(1);
    scene.rent_now(2).row.gpu_name = "RTX 4090";
    scene.run_until(at("08:30"));
    CHECK_FALSE(scene.sent_at(1));
    CHECK(scene.sent_at(2));
}

TEST_CASE("a rate above max_dph is acted upon, exactly at it is not") {
    Company scene{strict([](policy::Team& t) { t.max_dph = dph(4); })};
    scene.begin();
    scene.rent_now(1, "ml/x", 4.0);
    scene.rent_now(2, "ml/x", 4.0001);
    scene.run_until(at("08:30"));
    CHECK_FALSE(scene.sent_at(1));
    CHECK(scene.sent_at(2));
}

TEST_CASE("an on-demand instance breaks interruptible_only; an unknown kind does not") {
    Company scene{strict([](policy::Team& t) { t.interruptible_only = true; })};
    scene.begin();
    scene.rent_now(1).row.interruptible = true;
    scene.rent_now(2).row.interruptible = false;
    scene.rent_now(3).row.interruptible = std::nullopt;
    scene.run_until(at("08:30"));
    CHECK_FALSE(scene.sent_at(1));
    CHECK(scene.sent_at(2));
    CHECK_FALSE(scene.sent_at(3));
}

TEST_CASE("above max_instances the newest go") {
    Company scene{strict([](policy::Team& t) { t.max_instances = 2; })};
    scene.begin();
    scene.rent(1).begun(at("07:00"));
    scene.rent(2).begun(at("05:00"));
    scene.rent(3).begun(at("06:00"));
    scene.run_until(at("08:30"));
    CHECK(scene.sent_at(1));
    CHECK_FALSE(scene.sent_at(2));
    CHECK_FALSE(scene.sent_at(3));
}

TEST_CASE("a start date that cannot be read makes no instance the newest") {
    Company scene{strict([](policy::Team& t) { t.max_instances = 2; }, Action::alert)};
    scene.rent(1).begun(at("05:00"));
    scene.rent(2).row.start_date = std::nullopt;
    scene.begin();
    scene.reload(strict([](policy::Team& t) { t.max_instances = 2; }));
    scene.machine(1).row.start_date = std::nullopt;
    scene.rent_now(3);
    scene.run_until(at("08:30"));
    CHECK(scene.sent_at(3));
    CHECK_FALSE(scene.sent_at(1));
    CHECK_FALSE(scene.sent_at(2));
}

TEST_CASE("above max_instances the newest is stopped once, and then is left alone") {
    Company scene{strict([](policy::Team& t) { t.max_instances = 2; }, Action::stop)};
    scene.begin();
    scene.rent(1).begun(at("05:00"));
    scene.rent(2).begun(at("06:00"));
    scene.rent(3).begun(at("07:00"));
    scene.run_until(at("12:00"));
    CHECK(scene.times_sent(3) == 1);
    CHECK(scene.times_sent(2) == 0);
}

TEST_CASE("a violation is told once until it ends, then resolved") {
    Company scene{strict([](policy::Team& t) { t.max_dph = dph(4); }, Action::alert)};
    scene.begin();
    scene.rent_now(1, "ml/x", 5.0);
    scene.run_until(at("12:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.count(alerts::Kind::policy_violation) == 1);
    scene.restart(30s);
    scene.run_until(at("13:00"));
    CHECK(scene.count(alerts::Kind::policy_violation) == 1);
    scene.machine(1).costs(3.0);
    scene.run_until(at("13:10"));
    CHECK(scene.count(alerts::Kind::policy_violation, true) == 1);
    scene.machine(1).costs(5.0);
    scene.run_until(at("13:20"));
    CHECK(scene.count(alerts::Kind::policy_violation) == 2);
}

TEST_CASE("what was told in dry run is resolved as such, for services that merge the two by it") {
    auto policy = strict([](policy::Team& t) { t.max_dph = dph(4); }, Action::alert);
    policy.enforcement.enforce = false;
    Company scene{policy};
    scene.begin();
    scene.rent_now(1, "ml/x", 5.0);
    scene.run_until(at("12:00"));
    CHECK(scene.latest(alerts::Kind::policy_violation, false).dry_run);
    scene.reload(strict([](policy::Team& t) { t.max_dph = dph(4); }, Action::alert));
    scene.machine(1).costs(3.0);
    scene.run_until(at("12:10"));
    CHECK(scene.latest(alerts::Kind::policy_violation, true).dry_run);
}

TEST_CASE("an unknown GPU name is no proof of a forbidden one") {
    Company scene{strict([](policy::Team& t) { t.gpu_types = {"A100*"}; })};
    scene.begin();
    scene.rent_now(1).row.gpu_name = "";
    scene.run_until(at("08:30"));
    CHECK(scene.sent.empty());
}

TEST_CASE("an instance stopped for longer than stopped_for meets stopped_action") {
    auto policy = quiet_policy();
    ml_of(policy).rules.stopped_for = 24h;
    ml_of(policy).rules.stopped_action = Action::destroy;
    Company scene{policy};
    scene.rent(1);
    scene.run_until(at("09:00"));
    scene.machine(1).stopped();
    scene.run_until(at("08:55") + 24h);
    CHECK(scene.sent.empty());
    scene.run_until(at("09:10") + 24h);
    CHECK(scene.sent_at(1));
}

TEST_CASE("stopped_action off says nothing") {
    auto policy = quiet_policy();
    ml_of(policy).rules.stopped_for = 1h;
    ml_of(policy).rules.stopped_action = Action::off;
    Company scene{policy};
    scene.rent(1).stopped();
    scene.run_until(at("14:00"));
    CHECK(scene.told.empty());
}

TEST_CASE("one that loads for longer than loading_for meets loading_action") {
    auto policy = quiet_policy();
    ml_of(policy).rules.loading_action = Action::destroy;
    Company scene{policy};
    scene.begin();
    scene.rent_now(1).loading();
    scene.run_until(at("10:00"));
    CHECK(scene.sent.empty());
    scene.run_until(at("10:15"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("one whose host is silent when it is first seen is not taken for loading") {
    auto policy = quiet_policy();
    ml_of(policy).rules.loading_action = Action::destroy;
    Scene scene{policy};
    scene.rent(1).offline();
    scene.run_until(at("14:00"));
    CHECK(scene.sent.empty());
}

TEST_CASE("a clock that is set forward makes nothing load longer") {
    auto policy = quiet_policy();
    ml_of(policy).rules.loading_action = Action::destroy;
    Scene scene{policy};
    scene.run_until(at("08:10"));
    scene.rent_now(1).loading();
    scene.run_until(at("08:30"));
    scene.step_wall_clock(3h);
    scene.run_for(1h);
    CHECK(scene.sent.empty());
    scene.run_for(1h);
    CHECK(scene.sent_at(1));
}

TEST_CASE("a clock that is set forward ends no protection") {
    Company scene{strict([](policy::Team& t) { t.max_dph = dph(4); })};
    scene.begin();
    scene.rent(1);
    scene.run_until(at("08:05"));
    scene.protect(1, 4h);
    scene.machine(1).costs(5);
    scene.step_wall_clock(5h);
    scene.run_for(3h);
    CHECK(scene.sent.empty());
    scene.run_for(2h);
    CHECK(scene.sent_at(1));
}

TEST_CASE("what is being unloaded already is left alone") {
    Company scene{strict([](policy::Team& t) { t.max_dph = dph(4); })};
    scene.begin();
    scene.rent(1, "ml/x", 5.0).row.current = fleet::State::unloaded;
    scene.run_until(at("09:00"));
    CHECK(scene.sent.empty());
}

TEST_CASE("one that runs within loading_for is left alone") {
    auto policy = quiet_policy();
    ml_of(policy).rules.loading_action = Action::destroy;
    Company scene{policy};
    scene.begin();
    scene.rent_now(1).loading();
    scene.run_until(at("09:50"));
    scene.machine(1).busy();
    scene.run_until(at("14:00"));
    CHECK(scene.sent.empty());
}

TEST_CASE("a restart of the container is not loading for ever") {
    auto policy = quiet_policy();
    ml_of(policy).rules.loading_action = Action::destroy;
    Company scene{policy};
    scene.rent(1);
    scene.run_until(at("12:00"));
    scene.machine(1).row.status = fleet::Status::loading;
    scene.run_until(at("13:00"));
    CHECK(scene.sent.empty());
}

TEST_CASE("violation_action stop stops") {
    Company scene{strict([](policy::Team& t) { t.max_dph = dph(4); }, Action::stop)};
    scene.begin();
    scene.rent_now(1, "ml/x", 5.0);
    scene.run_until(at("08:30"));
    CHECK(scene.sent_action(1) == Action::stop);
    CHECK(scene.times_sent(1) == 1);
}

TEST_CASE("when several rules want an instance the strongest action wins, with all the reasons") {
    auto policy = strict([](policy::Team& t) { t.max_dph = dph(4); }, Action::stop);
    ml_of(policy).gpu_types = {"A100*"};
    ml_of(policy).caps.daily = usd(5);
    Company scene{policy};
    scene.begin();
    scene.pause();
    scene.rent_now(1, "ml/x", 5.0);
    scene.run_until(at("09:30"));
    scene.resume();
    scene.run_until(at("09:40"));
    CHECK(scene.sent_action(1) == Action::destroy);
    CHECK(scene.times_sent(1) == 1);
    std::size_t most = 0;
    for (const auto& record : scene.audit) {
        if (record.outcome == "intended") {
            most = std::max(most, record.reasons.size());
        }
    }
    CHECK(most == 3);
}

TEST_CASE("what is unassigned violates nothing") {
    Company scene{strict([](policy::Team& t) { t.gpu_types = {"A100*"}; })};
    scene.begin();
    scene.rent_now(1, "who");
    scene.run_until(at("08:30"));
    CHECK(scene.sent.empty());
}

TEST_CASE("serverless workers are not acted upon for violations one by one") {
    auto policy = strict([](policy::Team& t) { t.gpu_types = {"A100*"}; });
    ml_of(policy).labels = {"*"};
    Scene scene{policy};
    scene.run_until(at("08:03"));
    scene.rent_now(1, "endpoint:12:group");
    scene.run_until(at("08:30"));
    CHECK(scene.sent.empty());
}

}  // namespace
}  // namespace vastwatch::engine::testing
