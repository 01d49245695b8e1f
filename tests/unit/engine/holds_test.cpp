// Spec sections 3 and 7: mass actions wait for an operator, limits limit, a changed policy is
// judged.
#include "scene.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace vastwatch::engine::testing {
namespace {

/// `idle` idle instances (from 1 on) and `busy` busy ones (from 101 on).
class Fleet : public Scene {
  public:
    Fleet(int idle, int busy, policy::Policy policy = idle_policy()) : Scene(std::move(policy)) {
        for (int id = 1; id <= idle; ++id) {
            rent(id).idle();
        }
        for (int id = 101; id <= 100 + busy; ++id) {
            rent(id).busy();
        }
    }

    std::size_t gone() const {
        std::size_t count = 0;
        for (int id = 1; id <= 100; ++id) {
            count += sent_at(id) ? 1U : 0U;
        }
        return count;
    }
};

TEST_CASE("more than half of the account idle at once is held for an operator and told") {
    Fleet scene{10, 2};
    scene.run_until(at("14:00"));
    CHECK(scene.sent.empty());
    REQUIRE(scene.holds().size() == 1);
    CHECK(scene.holds().front().instances.size() == 10);
    REQUIRE(scene.count(alerts::Kind::action_held) == 1);
    const auto alert = scene.latest(alerts::Kind::action_held);
    CHECK(alert.instances.size() == 10);
    CHECK_MESSAGE(alert.text.find("vastwatchctl approve") != std::string::npos, alert.text);
    CHECK_MESSAGE(alert.text.find("$20.0000/h") != std::string::npos, alert.text);
}

TEST_CASE("exactly half is not more than half") {
    Fleet scene{6, 6};
    scene.run_until(at("10:10"));
    CHECK(scene.holds().empty());
    CHECK(scene.gone() == 6);
}

TEST_CASE("fewer than mass_idle_minimum are not a mass") {
    Fleet scene{4, 0};
    scene.run_until(at("10:10"));
    CHECK(scene.gone() == 4);
}

TEST_CASE("an approved hold is carried out after a fresh read") {
    Fleet scene{10, 2};
    scene.run_until(at("11:00"));
    scene.machine(3).busy();
    CHECK(scene.approve().ok);
    scene.run_until(at("11:05"));
    CHECK(scene.gone() == 9);
    CHECK_FALSE(scene.sent_at(3));
    CHECK(scene.holds().empty());
}

TEST_CASE("a dismissed hold is not carried out, and its idle clocks begin anew") {
    Fleet scene{10, 2};
    scene.run_until(at("11:00"));
    CHECK(scene.dismiss().ok);
    scene.run_until(at("12:59"));
    CHECK(scene.sent.empty());
    CHECK(scene.holds().empty());
    CHECK(scene.count(alerts::Kind::action_held) == 1);
    scene.run_until(at("16:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.holds().size() == 1);
}

TEST_CASE("after a dismissal a single idle one is judged on its own") {
    Fleet scene{10, 4};
    scene.run_until(at("11:00"));
    CHECK(scene.dismiss().ok);
    for (int id = 2; id <= 10; ++id) {
        scene.machine(id).busy();
    }
    scene.run_until(at("13:05"));
    CHECK(scene.sent_at(1));
    CHECK(scene.gone() == 1);
}

TEST_CASE("a hold of what works again lapses") {
    Fleet scene{10, 2};
    scene.run_until(at("11:00"));
    REQUIRE(scene.holds().size() == 1);
    for (int id = 1; id <= 10; ++id) {
        scene.machine(id).busy();
    }
    scene.run_until(at("11:10"));
    CHECK(scene.holds().empty());
    CHECK(scene.sent.empty());
    CHECK(scene.count(alerts::Kind::action_held, true) == 1);
    CHECK_FALSE(scene.approve().ok);
}

TEST_CASE("a hold survives a restart and is told once") {
    Fleet scene{10, 2};
    scene.run_until(at("11:00"));
    scene.restart(1min);
    scene.run_until(at("11:30"));
    CHECK(scene.holds().size() == 1);
    CHECK(scene.sent.empty());
    CHECK(scene.count(alerts::Kind::action_held) == 1);
    CHECK(scene.approve().ok);
    scene.run_until(at("11:35"));
    CHECK(scene.gone() == 10);
}

TEST_CASE("what becomes due while a hold is open is told for itself, and not approved with it") {
    Fleet scene{6, 4};
    scene.run_until(at("08:30"));
    for (int id = 101; id <= 103; ++id) {
        scene.machine(id).idle();
    }
    scene.run_until(at("10:45"));
    REQUIRE(scene.holds().size() == 2);
    REQUIRE(scene.count(alerts::Kind::action_held) == 2);
    const auto alert = scene.latest(alerts::Kind::action_held);
    CHECK(alert.instances.size() == 3);
    CHECK_MESSAGE(alert.text.find("$6.0000/h") != std::string::npos, alert.text);
    CHECK_MESSAGE(alert.text.find("6 wait already") != std::string::npos, alert.text);
    CHECK_MESSAGE(alert.text.find("vastwatchctl approve 2") != std::string::npos, alert.text);
    CHECK(scene.approve(HoldId{1}).ok);
    scene.run_until(at("11:30"));
    CHECK(scene.gone() == 6);
    CHECK_FALSE(scene.sent_at(101));
    CHECK(scene.approve(HoldId{2}).ok);
    scene.run_until(at("11:40"));
    CHECK(scene.sent_at(101));
}

TEST_CASE("one more that is due while a hold is open is told by its name") {
    Fleet scene{6, 4};
    scene.run_until(at("08:30"));
    scene.machine(101).idle();
    scene.run_until(at("10:45"));
    const auto alert = scene.latest(alerts::Kind::action_held);
    CHECK_MESSAGE(
        alert.title.find("instance 101 (ml/x) of account main waits for your decision") !=
            std::string::npos,
        alert.title);
}

TEST_CASE("what a second reload makes due is told for itself, and not approved with the first") {
    auto policy = quiet_policy();
    policy.enforcement.mass_idle_limit = Percent{10};
    policy.enforcement.mass_idle_minimum = 1;
    Fleet scene{0, 10, policy};
    scene.machine(101).row.gpu_name = "L40S";
    scene.machine(102).row.gpu_name = "L40S";
    scene.run_until(at("09:00"));
    ml_of(policy).gpu_types = {"H100*"};
    ml_of(policy).rules.violation_action = Action::destroy;
    scene.reload(policy);
    scene.run_until(at("09:10"));
    REQUIRE(scene.holds().size() == 1);
    ml_of(policy).gpu_types = {"A100*"};
    scene.reload(policy);
    scene.run_until(at("09:20"));
    REQUIRE(scene.holds().size() == 2);
    CHECK(scene.latest(alerts::Kind::action_held).instances.size() == 8);
    CHECK(scene.approve(HoldId{1}).ok);
    scene.run_until(at("09:40"));
    CHECK(scene.sent_at(101));
    CHECK_FALSE(scene.sent_at(103));
}

TEST_CASE("an unknown hold cannot be decided") {
    Fleet scene{10, 2};
    CHECK_FALSE(scene.approve().ok);
    CHECK_FALSE(scene.dismiss(HoldId{7}).ok);
}

TEST_CASE("a cap is no mass action and is not held") {
    auto policy = cap_policy(40);
    Fleet scene{10, 0, policy};
    scene.run_until(at("10:05"));
    CHECK(scene.gone() == 10);
    CHECK(scene.holds().empty());
}

TEST_CASE("max_actions_per_hour limits the idle rule") {
    auto policy = idle_policy();
    policy.enforcement.max_actions_per_hour = 2;
    Fleet scene{4, 20, policy};
    scene.run_until(at("10:58"));
    CHECK(scene.gone() == 2);
    scene.run_until(at("11:10"));
    CHECK(scene.gone() == 4);
}

TEST_CASE("the hourly limit is not forgotten by a restart") {
    auto policy = idle_policy();
    policy.enforcement.max_actions_per_hour = 2;
    Fleet scene{4, 20, policy};
    scene.run_until(at("10:20"));
    scene.restart(30s);
    scene.run_until(at("10:58"));
    CHECK(scene.gone() == 2);
}

TEST_CASE("an intent that could not be stored does not count for the hourly limit") {
    auto policy = idle_policy();
    policy.enforcement.max_actions_per_hour = 2;
    Fleet scene{2, 20, policy};
    scene.before_read = [&scene](const VerifyOrder&) { scene.disk_full = true; };
    scene.run_until(at("10:01") + 10s);
    REQUIRE(scene.gone() == 0);
    REQUIRE_FALSE(scene.asked.empty());
    scene.before_read = nullptr;
    scene.disk_full = false;
    scene.run_until(at("10:10"));
    CHECK(scene.gone() == 2);
}

TEST_CASE("an action whose request is repeated counts once for the hourly limit") {
    auto policy = idle_policy();
    policy.enforcement.max_actions_per_hour = 1;
    IdleScene scene{policy};
    scene.rent(3).idle();
    scene.answer = RequestOutcome::failed;
    scene.takes_effect = false;
    while (!scene.sent_at(1) && scene.time() < at("10:05")) {
        scene.run_for(1s);
    }
    scene.answer = RequestOutcome::accepted;
    scene.takes_effect = true;
    scene.run_until(at("10:50"));
    CHECK(scene.times_sent(1) == 2);
    CHECK_FALSE(scene.exists(1));
    CHECK(scene.exists(3));
    scene.run_until(at("11:10"));
    CHECK_FALSE(scene.exists(3));
}

/// One an hour is allowed, and has been tried in vain, as has one of a cap that is no more.
class TriedInVain : public Scene {
  public:
    TriedInVain() : Scene(limited()) {
        pause();
        rent(1, "ml/x");
        rent(2, "web/x");
        run_until(at("09:00"));
        answer = RequestOutcome::failed;
        takes_effect = false;
        resume();
        while (!(sent_at(1) && sent_at(2)) && time() < at("09:05")) {
            run_for(1s);
        }
    }

    void succeed() {
        answer = RequestOutcome::accepted;
        takes_effect = true;
    }

    static policy::Policy limited(bool with_cap = true) {
        auto policy = quiet_policy();
        policy.enforcement.max_actions_per_hour = 1;
        for (auto& team : policy.teams) {
            team.max_dph = dph(1);
            team.rules.violation_action = Action::destroy;
        }
        if (with_cap) {
            policy.teams.at(1).caps.daily = usd(1);
            policy.teams.at(1).rules.cap_action = Action::destroy;
        }
        return policy;
    }
};

TEST_CASE("what a cap tried counts for the hourly limit once the cap has ended") {
    TriedInVain scene;
    REQUIRE(scene.sent_at(1) == scene.sent_at(2));
    scene.succeed();
    scene.reload(TriedInVain::limited(false));
    scene.run_until(at("09:50"));
    CHECK_FALSE(scene.exists(1));
    CHECK(scene.exists(2));
    scene.run_until(at("10:10"));
    CHECK_FALSE(scene.exists(2));
}

TEST_CASE("what was tried before a restart is no leave to pass the hourly limit") {
    TriedInVain scene;
    REQUIRE(scene.sent_at(1) == scene.sent_at(2));
    scene.reload(TriedInVain::limited(false));
    scene.run_for(1min);
    scene.restart(30s);
    scene.succeed();
    scene.run_until(at("09:50"));
    CHECK((scene.exists(1) || scene.exists(2)));
}

TEST_CASE("the hourly limit lasts an hour, though the clock was wrong and there was a restart") {
    auto policy = idle_policy();
    policy.enforcement.max_actions_per_hour = 2;
    Fleet scene{4, 20, policy};
    scene.step_wall_clock(3h);
    scene.run_until(at("13:10"));
    REQUIRE(scene.gone() == 2);
    scene.step_wall_clock(-3h);
    scene.run_for(1min);
    SUBCASE("in the same boot") {}
    SUBCASE("and a boot") {
        scene.boot = "another boot";
    }
    scene.restart(30s);
    scene.run_for(2h + 20min);
    CHECK(scene.gone() == 4);
}

TEST_CASE("a clock that was set back keeps no old actions among those of the last minutes") {
    Fleet scene{4, 5};
    scene.step_wall_clock(3h);
    scene.run_until(at("13:10"));
    REQUIRE(scene.gone() == 4);
    scene.step_wall_clock(-3h);
    scene.machine(101).idle();
    scene.machine(102).idle();
    scene.machine(103).idle();
    scene.run_for(2h + 10min);
    CHECK(scene.sent_at(101));
    CHECK(scene.holds().empty());
}

TEST_CASE("a reload that makes much due at once holds it") {
    auto policy = idle_policy();
    ml_of(policy).rules.idle_for = 12h;
    Fleet scene{10, 2, policy};
    scene.run_until(at("11:00"));
    scene.reload(idle_policy());
    scene.run_until(at("14:00"));
    CHECK(scene.sent.empty());
    REQUIRE(scene.holds().size() == 1);
    CHECK(scene.count(alerts::Kind::action_held) >= 1);
    CHECK(scene.latest(alerts::Kind::action_held).instances.size() == 10);
    CHECK(scene.approve().ok);
    scene.run_until(at("14:30"));
    CHECK(scene.gone() == 10);
}

TEST_CASE("what a dismissal keeps back until the next reload is shown as such, not as due") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("09:00"));
    auto policy = quiet_policy();
    ml_of(policy).gpu_types = {"A100*"};
    ml_of(policy).rules.violation_action = Action::destroy;
    scene.reload(policy);
    scene.run_until(at("09:05"));
    CHECK(scene.dismiss().ok);
    scene.run_until(at("09:10"));
    CHECK(scene.sent.empty());
    const auto told = scene.engine().explain(InstanceId{101}, scene.now());
    REQUIRE(told);
    CHECK_MESSAGE(
        told->headline.find("left alone: hold 1 was dismissed") != std::string::npos,
        told->headline);
    CHECK_MESSAGE(
        told->headline.find("until the next reload") != std::string::npos, told->headline);
    for (const auto& paragraph : told->paragraphs) {
        CHECK_MESSAGE(paragraph.find("nothing keeps it back") == std::string::npos, paragraph);
    }
    CHECK_FALSE(scene.seen(101).deadline);
    CHECK(scene.seen(101).protection == told->instance.protection);
}

TEST_CASE("a reload with a violation that everybody commits holds it") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("09:00"));
    auto policy = quiet_policy();
    ml_of(policy).gpu_types = {"A100*"};
    ml_of(policy).rules.violation_action = Action::destroy;
    scene.reload(policy);
    scene.run_until(at("10:00"));
    CHECK(scene.sent.empty());
    REQUIRE(scene.holds().size() == 1);
    CHECK(scene.holds().front().kind == enforcement::Hold::Kind::reload);
}

TEST_CASE("a reload with a cap that is exceeded already holds what it would take") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("09:00"));
    scene.reload(cap_policy(5));
    scene.run_until(at("10:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.holds().size() == 1);
    CHECK(scene.approve().ok);
    scene.run_for(1min);
    CHECK(scene.sent_at(101));
}

TEST_CASE("a policy that was changed while the daemon was down is judged alike") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("09:00"));
    auto policy = quiet_policy();
    ml_of(policy).gpu_types = {"A100*"};
    ml_of(policy).rules.violation_action = Action::destroy;
    scene.restart_with(policy, 1min);
    scene.run_until(at("10:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.holds().size() == 1);
}

/// Nothing but H100 is there, and only A100 are allowed.
policy::Policy forbidding_policy(bool enforce = true) {
    auto policy = quiet_policy();
    policy.enforcement.enforce = enforce;
    ml_of(policy).gpu_types = {"A100*"};
    ml_of(policy).rules.violation_action = Action::destroy;
    return policy;
}

TEST_CASE("what was only told of in dry run is held when enforcement makes all of it due") {
    auto enforcing = forbidding_policy();
    bool by_restart = false;
    SUBCASE("a violation") {}
    SUBCASE("a violation, after a restart") {
        by_restart = true;
    }
    SUBCASE("a cap") {
        enforcing = cap_policy(5);
    }
    SUBCASE("a cap, after a restart") {
        enforcing = cap_policy(5);
        by_restart = true;
    }
    auto dry = enforcing;
    dry.enforcement.enforce = false;
    Fleet scene{0, 10, dry};
    scene.run_until(at("10:00"));
    REQUIRE(scene.counted("dry_run") == 10);
    if (by_restart) {
        scene.restart_with(enforcing, 1min);
    } else {
        scene.reload(enforcing);
    }
    scene.run_until(at("11:00"));
    CHECK(scene.sent.empty());
    REQUIRE(scene.holds().size() == 1);
    CHECK(scene.holds().front().instances.size() == 10);
    CHECK(scene.count(alerts::Kind::action_held) == 1);
    CHECK(scene.approve().ok);
    scene.run_until(at("11:10"));
    CHECK(scene.sent.size() == 1);
}

TEST_CASE("what waited in dry run, as actions were paused, was not due either") {
    Fleet scene{0, 10, forbidding_policy(false)};
    scene.pause();
    scene.run_until(at("10:00"));
    REQUIRE(scene.counted("dry_run") == 0);
    SUBCASE("by a reload") {
        scene.reload(forbidding_policy());
    }
    SUBCASE("by a restart") {
        scene.restart_with(forbidding_policy(), 1min);
    }
    scene.run_until(at("10:10"));
    scene.resume();
    scene.run_until(at("11:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.holds().size() == 1);
}

TEST_CASE("a reload in dry run asks nobody about what was told of already") {
    Fleet scene{0, 10, forbidding_policy(false)};
    scene.run_until(at("10:00"));
    scene.reload(forbidding_policy(false));
    scene.run_until(at("11:00"));
    CHECK(scene.holds().empty());
}

/// Ten idle ones that a reload at 11:00 makes due, and a daily cap that is reached at 12:10.
class HeldAsIdle : public Fleet {
  public:
    HeldAsIdle() : Fleet(10, 2, before()) {
        run_until(at("11:00"));
        auto policy = idle_policy();
        ml_of(policy).caps.daily = usd(100);
        reload(policy);
        run_until(at("11:10"));
    }

    static policy::Policy before() {
        auto policy = idle_policy();
        ml_of(policy).rules.idle_for = 12h;
        return policy;
    }
};

TEST_CASE("a cap that is reached later does not wait for what a reload made due by another rule") {
    HeldAsIdle scene;
    REQUIRE(scene.holds().size() == 1);
    SUBCASE("and nobody decided") {}
    SUBCASE("and was dismissed") {
        CHECK(scene.dismiss().ok);
    }
    scene.run_until(at("12:00"));
    CHECK(scene.sent.empty());
    scene.run_until(at("12:30"));
    CHECK(scene.gone() == 10);
    CHECK(scene.sent_at(101));
    const auto alert = scene.latest(alerts::Kind::cap_reached);
    CHECK_MESSAGE(
        alert.text.find("12 instances will be destroyed") != std::string::npos, alert.text);
}

TEST_CASE("nobody is warned of what a dismissal keeps from happening") {
    auto policy = HeldAsIdle::before();
    Fleet scene{10, 2, policy};
    scene.run_until(at("11:00"));
    scene.reload(idle_policy());
    scene.run_until(at("11:10"));
    CHECK(scene.dismiss().ok);
    scene.run_until(at("20:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.count(alerts::Kind::idle_warning) == 0);
}

TEST_CASE("what waits for what a reload made due is warned of once that is approved") {
    Fleet scene{10, 2, HeldAsIdle::before()};
    scene.run_until(at("11:00"));
    scene.reload(idle_policy());
    scene.run_until(at("13:00"));
    CHECK(scene.count(alerts::Kind::idle_warning) == 0);
    CHECK(scene.approve().ok);
    scene.run_until(at("13:14"));
    CHECK(scene.sent.empty());
    CHECK(scene.count(alerts::Kind::idle_warning) == 1);
    scene.run_until(at("13:20"));
    CHECK(scene.gone() == 10);
}

TEST_CASE("another rule acts though what a reload made due waits, or was dismissed") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("09:00"));
    auto policy = forbidding_policy();
    ml_of(policy).rules.idle_action = Action::destroy;
    scene.reload(policy);
    scene.run_until(at("09:10"));
    REQUIRE(scene.holds().size() == 1);
    SUBCASE("it waits") {}
    SUBCASE("it was dismissed") {
        CHECK(scene.dismiss().ok);
    }
    scene.machine(101).idle();
    scene.run_until(at("11:00"));
    CHECK(scene.count(alerts::Kind::idle_warning) == 1);
    scene.run_until(at("11:30"));
    CHECK(scene.sent_at(101));
    CHECK_FALSE(scene.sent_at(102));
}

TEST_CASE("what another rule takes out of a reload's hold is back when that rule is done with it") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("09:00"));
    auto policy = forbidding_policy();
    ml_of(policy).rules.idle_action = Action::destroy;
    scene.reload(policy);
    scene.machine(101).idle();
    scene.run_until(at("11:00"));
    REQUIRE(scene.open_case(101));
    REQUIRE(scene.open_case(101)->step == enforcement::Step::pending);
    scene.machine(101).busy();
    scene.run_until(at("12:00"));
    REQUIRE(scene.open_case(101));
    CHECK(scene.open_case(101)->step == enforcement::Step::held);
    CHECK(scene.sent.empty());
    CHECK(scene.approve().ok);
    scene.run_until(at("12:05"));
    CHECK(scene.sent_at(101));
}

TEST_CASE("a cap that a reload made due waits in its window, and acts in the next one") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("09:00"));
    scene.reload(cap_policy(15));
    scene.run_until(at("09:10"));
    REQUIRE(scene.holds().size() == 1);
    const auto alert = scene.latest(alerts::Kind::cap_reached);
    CHECK_MESSAGE(
        alert.text.find("10 instances go on costing money: `vastwatchctl approve 1`") !=
            std::string::npos,
        alert.text);
    CHECK(alert.text.find("destroyed") == std::string::npos);
    CHECK(alert.instances.size() == 10);
    SUBCASE("and nobody decided") {}
    SUBCASE("and was dismissed") {
        CHECK(scene.dismiss().ok);
    }
    scene.run_until(at("23:59"));
    CHECK(scene.sent.empty());
    scene.run_for(1h);
    REQUIRE(scene.sent_at(101));
    CHECK(*scene.sent_at(101) >= at("23:59") + 45min);
}

TEST_CASE("what one window's dismissal keeps another window may take, without a word of it") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("23:00"));
    auto policy = cap_policy(400);
    ml_of(policy).caps.monthly = usd(2000);
    ml_of(policy).rules.cap_strategy = policy::CapStrategy::shed;
    scene.reload(policy);
    scene.run_until(at("23:10"));
    REQUIRE(scene.holds().size() == 1);
    CHECK(scene.dismiss().ok);
    scene.run_for(2h);
    CHECK_FALSE(scene.sent.empty());
    const auto withdrawn = std::ranges::count(scene.audit, "withdrawn", &AuditRecord::outcome);
    CHECK(withdrawn == 0);
}

TEST_CASE("a dismissal ends with the configuration, though that was changed in a restart") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("09:00"));
    auto policy = forbidding_policy();
    scene.reload(policy);
    scene.run_until(at("09:10"));
    CHECK(scene.dismiss().ok);
    scene.run_until(at("09:20"));
    SUBCASE("which is the same") {
        scene.restart(1min);
        scene.run_until(at("10:00"));
        CHECK(scene.holds().empty());
    }
    SUBCASE("which is another one") {
        ml_of(policy).max_dph = dph(50);
        scene.restart_with(policy, 1min);
        scene.run_until(at("10:00"));
        CHECK(scene.holds().size() == 1);
    }
    CHECK(scene.sent.empty());
}

TEST_CASE("a reload that makes little due is carried out") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("09:00"));
    scene.machine(101).row.gpu_name = "RTX 4090";
    auto policy = quiet_policy();
    ml_of(policy).gpu_types = {"H100*"};
    ml_of(policy).rules.violation_action = Action::destroy;
    scene.reload(policy);
    scene.run_until(at("09:10"));
    CHECK(scene.sent_at(101));
    CHECK(scene.holds().empty());
}

TEST_CASE("judging a reload again, for what a listing lacked, takes nothing out of its hold") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("09:00"));
    scene.vanish(110);
    scene.poll();
    scene.reload(forbidding_policy());
    REQUIRE(scene.holds().size() == 1);
    scene.machine(101).row.gpu_name = "A100 SXM4";
    scene.poll();
    scene.machine(101).row.gpu_name = "H100 SXM";
    scene.run_until(at("09:30"));
    CHECK(scene.sent.empty());
    CHECK(scene.holds().front().instances.size() == 9);
}

/// Ten that a reload at 09:00 makes due.
class HeldByReload : public Fleet {
  public:
    HeldByReload() : Fleet(0, 10, quiet_policy()) {
        run_until(at("09:00"));
        auto policy = forbidding_policy();
        ml_of(policy).interruptible_only = true;
        reload(policy);
        run_until(at("09:10"));
    }

    void lists_nothing(int times) {
        std::map<int, Machine> all;
        for (int id = 101; id <= 110; ++id) {
            all.emplace(id, machine(id));
            vanish(id);
        }
        for (int i = 0; i < times; ++i) {
            poll();
        }
        for (auto& [id, one] : all) {
            rent(id) = std::move(one);
        }
    }

    void each(const std::function<void(Machine&)>& change) {
        for (int id = 101; id <= 110; ++id) {
            change(machine(id));
        }
    }
};

TEST_CASE("listings that show nothing for a while do not end a reload's hold") {
    HeldByReload scene;
    REQUIRE(scene.holds().size() == 1);
    int times = 1;
    SUBCASE("one") {}
    SUBCASE("two in succession") {
        times = 2;
    }
    SUBCASE("ten, and a restart") {
        times = 10;
        scene.restart(1min);
        scene.run_for(1min);
    }
    scene.lists_nothing(times);
    scene.run_until(at("11:00"));
    CHECK(scene.sent.empty());
    REQUIRE(scene.holds().size() == 1);
    CHECK(scene.count(alerts::Kind::action_held) == 1);
    CHECK(scene.count(alerts::Kind::action_held, true) == 0);
    CHECK(scene.approve().ok);
    scene.run_until(at("11:10"));
    CHECK(scene.sent_at(101));
}

TEST_CASE("columns that are null for hours do not end a reload's hold") {
    HeldByReload scene;
    scene.each([](Machine& machine) {
        machine.row.gpu_name.clear();
        machine.row.interruptible.reset();
    });
    scene.run_until(at("13:00"));
    CHECK(scene.holds().size() == 1);
    scene.each([](Machine& machine) { machine.row.gpu_name = "H100 SXM"; });
    scene.run_until(at("14:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.holds().size() == 1);
}

TEST_CASE("a reload's hold does not end by a protection that does") {
    HeldByReload scene;
    for (int id = 101; id <= 110; ++id) {
        CHECK(scene.protect(id, 3h).ok);
    }
    scene.run_until(at("14:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.holds().size() == 1);
}

TEST_CASE("a reload's hold lapses once the listings of an hour show that nothing of it is due") {
    HeldByReload scene;
    SUBCASE("being gone") {
        for (int id = 101; id <= 110; ++id) {
            scene.vanish(id);
        }
    }
    SUBCASE("being as they should") {
        scene.each([](Machine& machine) {
            machine.row.gpu_name = "A100 SXM4";
            machine.row.interruptible = true;
        });
    }
    scene.run_until(at("10:05"));
    CHECK(scene.holds().size() == 1);
    scene.run_until(at("10:20"));
    CHECK(scene.holds().empty());
    CHECK(scene.count(alerts::Kind::action_held, true) == 1);
}

TEST_CASE("a reload that wants nothing of it any more ends a reload's hold at once") {
    HeldByReload scene;
    scene.reload(quiet_policy());
    CHECK(scene.holds().empty());
    CHECK(scene.count(alerts::Kind::action_held, true) == 1);
    scene.run_until(at("10:00"));
    CHECK(scene.sent.empty());
}

TEST_CASE("what a later reload no longer wants is approved no more") {
    HeldByReload scene;
    for (int id = 101; id <= 104; ++id) {
        scene.machine(id).row.interruptible = true;
    }
    scene.run_until(at("09:15"));
    auto policy = forbidding_policy();
    ml_of(policy).gpu_types.clear();
    ml_of(policy).interruptible_only = true;
    scene.reload(policy);
    scene.run_until(at("09:20"));
    REQUIRE(scene.holds().size() == 1);
    CHECK(scene.holds().front().instances.size() == 6);
    CHECK(scene.holds().front().cost == dph(12));
    CHECK(scene.approve().ok);
    scene.run_until(at("09:30"));
    CHECK_FALSE(scene.sent_at(101));
    CHECK(scene.sent_at(105));
}

TEST_CASE("a reload after an empty listing is judged by the one that follows as well") {
    HeldByReload scene;
    scene.reload(quiet_policy());
    REQUIRE(scene.holds().empty());
    scene.lists_nothing(1);
    scene.reload(forbidding_policy());
    scene.run_until(at("10:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.holds().size() == 1);
}

TEST_CASE("what comes due anew while its reload hold is open waits with the rest") {
    Fleet scene{0, 10, quiet_policy()};
    scene.run_until(at("09:00"));
    auto policy = quiet_policy();
    ml_of(policy).gpu_types = {"A100*"};
    ml_of(policy).rules.violation_action = Action::destroy;
    scene.reload(policy);
    scene.run_until(at("09:10"));
    scene.machine(101).row.gpu_name = "A100 SXM4";
    scene.run_until(at("09:20"));
    CHECK_FALSE(scene.open_case(101));
    scene.machine(101).row.gpu_name = "H100 SXM";
    scene.run_until(at("09:30"));
    REQUIRE(scene.open_case(101));
    CHECK(scene.open_case(101)->step == enforcement::Step::held);
    CHECK(scene.sent.empty());
}

TEST_CASE("what worked since it was held is due by itself when it is idle anew") {
    Fleet scene{10, 2};
    scene.run_until(at("10:30"));
    REQUIRE(scene.holds().size() == 1);
    for (int id = 2; id <= 10; ++id) {
        scene.machine(id).busy();
    }
    scene.run_until(at("10:40"));
    CHECK(scene.holds().front().instances.size() == 1);
    scene.machine(2).idle();
    scene.run_until(at("12:50"));
    CHECK(scene.sent_at(2));
    CHECK_FALSE(scene.sent_at(1));
}

TEST_CASE("a cap does not wait for a decision about idleness") {
    auto policy = idle_policy();
    ml_of(policy).caps.daily = usd(60);
    Fleet scene{10, 2, policy};
    scene.run_until(at("10:10"));
    REQUIRE(scene.holds().size() == 1);
    CHECK(scene.sent.empty());
    scene.run_until(at("10:40"));
    CHECK(scene.gone() == 10);
    CHECK(scene.holds().empty());
}

TEST_CASE("a cap that stops takes what is held as idle, once, and no new hold comes of it") {
    auto policy = idle_policy();
    ml_of(policy).caps.daily = usd(60);
    ml_of(policy).rules.cap_action = Action::stop;
    Fleet scene{10, 2, policy};
    scene.verify_fails = true;
    scene.run_until(at("10:40"));
    CHECK(scene.sent.empty());
    CHECK(scene.count(alerts::Kind::action_held) == 1);
    scene.verify_fails = false;
    scene.run_until(at("10:50"));
    CHECK(scene.gone() == 10);
    CHECK(scene.sent_action(1) == Action::stop);
    CHECK(scene.times_sent(1) == 1);
}

TEST_CASE("a reload keeps idle clocks, spend and what was told") {
    auto policy = idle_policy();
    ml_of(policy).caps.daily = usd(100);
    policy.alerts = {alert_at(ml, policy::Window::day, {1})};
    Fleet scene{1, 3, policy};
    scene.run_until(at("09:30"));
    const auto spent = scene.spend(ml);
    scene.reload(policy);
    CHECK(scene.spend(ml) == spent);
    scene.run_until(at("10:03"));
    CHECK(scene.sent_at(1));
    CHECK(scene.count(alerts::Kind::budget_threshold) == 1);
}

}  // namespace
}  // namespace vastwatch::engine::testing
