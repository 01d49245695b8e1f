// Spec section 6: caps, what they take down, and the moment at which they do.
#include "scene.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace vastwatch::engine::testing {
namespace {

using policy::Window;

/// Two machines at $2/h each from 08:00 on: $16 are spent at 12:00.
class SixteenDollars : public Scene {
  public:
    explicit SixteenDollars(policy::Policy policy = cap_policy(16)) : Scene(std::move(policy)) {
        rent(1, "ml/a");
        rent(2, "ml/b");
        rent(3, "web/c");
    }
};

TEST_CASE("a daily cap takes everything of the team down when spend reaches it") {
    SixteenDollars scene;
    scene.run_until(at("12:05"));
    CHECK(scene.sent_at(1));
    CHECK(scene.sent_at(2));
    CHECK_FALSE(scene.exists(1));
    CHECK_FALSE(scene.exists(2));
}

TEST_CASE("a cap leaves other teams alone") {
    SixteenDollars scene;
    scene.run_until(at("20:00"));
    CHECK_FALSE(scene.sent_at(3));
}

/// Team ml has a machine in each of two accounts, $4/h in all.
class TwoAccounts : public Scene {
  public:
    explicit TwoAccounts(policy::Policy policy = two_accounts()) : Scene(std::move(policy)) {
        rent(1, "ml/a");
        rent(2, "ml/b").account = AccountName{"other"};
    }

  private:
    static policy::Policy two_accounts() {
        auto policy = cap_policy(16);
        auto other = policy.accounts.front();
        other.name = AccountName{"other"};
        policy.accounts.push_back(other);
        return policy;
    }
};

TEST_CASE("a cap that accounts unseen for long are taken to have reached takes nothing down") {
    TwoAccounts scene;
    scene.run_until(at("09:00"));
    scene.blind_account = AccountName{"other"};
    scene.run_until(at("14:00"));
    CHECK(scene.sent.empty());
    REQUIRE(scene.open_case(1));
    CHECK(scene.open_case(1)->wait == enforcement::Wait::unseen_spend);
}

TEST_CASE("a cap acts on what was seen, though an account was not for long") {
    TwoAccounts scene;
    scene.run_until(at("09:00"));
    scene.blind_account = AccountName{"other"};
    scene.run_until(at("15:10"));  // $2 there, and $14 here at 15:00
    REQUIRE(scene.sent_at(1));
    CHECK(*scene.sent_at(1) >= at("14:59"));
}

TEST_CASE("a cap acts at once when an account is seen again and its instances went on") {
    TwoAccounts scene;
    scene.run_until(at("09:00"));
    scene.blind_account = AccountName{"other"};
    scene.run_until(at("13:00"));
    CHECK(scene.sent.empty());
    scene.blind_account = AccountName{};
    scene.run_until(at("13:10"));
    CHECK(scene.sent_at(1));
    CHECK(scene.sent_at(2));
}

TEST_CASE("nothing leaves before the crossing, and it leaves within a second of it") {
    SixteenDollars scene;
    scene.run_until(at("12:05"));
    REQUIRE(scene.sent_at(1));
    // The meters began with the first sweep, at 08:00 or within the second that it took.
    CHECK(*scene.sent_at(1) >= at("12:00") - 1s);
    CHECK(*scene.sent_at(1) <= at("12:00") + 1s);
    REQUIRE(scene.overshoots.size() == 1);
    CHECK(scene.overshoots.front().first == Window::day);
    CHECK(scene.overshoots.front().second >= Usd{});
    CHECK(scene.overshoots.front().second <= usd(4.0 / 3600));
}

TEST_CASE("a team at a dollar a second goes within a dollar of its cap, dearest first") {
    auto policy = cap_policy(7200);
    Scene scene{policy};
    for (int id = 1; id <= 150; ++id) {
        scene.rent(id, "ml/x", 24.0 + 0.001 * ((id * 37) % 150));
    }
    scene.rent(500, "web/x");
    scene.run_until(at("10:05"));
    REQUIRE_FALSE(scene.sent.empty());
    REQUIRE_FALSE(scene.overshoots.empty());
    CHECK(scene.overshoots.front().second >= Usd{});
    CHECK(scene.overshoots.front().second <= usd(1.01));
    CHECK(scene.sent.size() == 3);
    CHECK(scene.sent.front().order.ids.size() == 64);
    UsdPerHour last = dph(1000);
    std::size_t orders = 0;
    for (const auto& item : scene.sent) {
        CHECK(item.at - scene.sent.front().at <= 1s);
        for (const auto id : item.order.ids) {
            const int number = static_cast<int>(id.value());
            const auto rate = dph(24.0 + 0.001 * ((number * 37) % 150));
            CHECK(rate <= last);
            last = rate;
            ++orders;
        }
    }
    CHECK(orders == 150);
    CHECK_FALSE(scene.sent_at(500));
}

TEST_CASE("forty instances leave in one request") {
    Scene scene{cap_policy(7200)};
    for (int id = 1; id <= 40; ++id) {
        scene.rent(id, "ml/x", 90);
    }
    scene.run_until(at("10:05"));
    REQUIRE(scene.sent.size() == 1);
    CHECK(scene.sent.front().order.ids.size() == 40);
}

TEST_CASE("a cap is exempt from the hourly limit") {
    auto policy = cap_policy(20);
    policy.enforcement.max_actions_per_hour = 1;
    Scene scene{policy};
    for (int id = 1; id <= 10; ++id) {
        scene.rent(id);
    }
    scene.run_until(at("09:05"));
    for (int id = 1; id <= 10; ++id) {
        CHECK(scene.sent_at(id));
    }
}

TEST_CASE("a cap does not wait for a stronger action that the hourly limit keeps back") {
    auto policy = cap_policy(1);
    policy.enforcement.max_actions_per_hour = 1;
    ml_of(policy).rules.cap_action = Action::stop;
    ml_of(policy).rules.violation_action = Action::destroy;
    ml_of(policy).max_dph = dph(1);
    Scene scene{policy};
    for (int id = 101; id <= 110; ++id) {
        scene.rent(id, "web/x");
    }
    scene.run_until(at("08:03") + 30s);
    scene.rent_now(1, "ml/x", 3);
    scene.rent_now(2, "ml/x", 2);
    scene.run_until(at("08:15"));
    CHECK(scene.sent_action(1) == Action::destroy);
    CHECK_FALSE(scene.sent_at(2));
    scene.run_until(at("08:45"));
    CHECK(scene.sent_action(2) == Action::stop);
}

TEST_CASE("what appears while the cap is exceeded goes as well, and not in the next window") {
    SixteenDollars scene;
    scene.run_until(at("14:00"));
    scene.rent_now(10, "ml/new");
    scene.run_until(at("14:05"));
    CHECK(scene.sent_at(10));
    scene.run_until(at("23:59") + 59s);
    scene.rent_now(11, "ml/tomorrow");
    scene.run_for(10min);
    CHECK_FALSE(scene.sent_at(11));
    CHECK(scene.exists(11));
}

TEST_CASE("what exists when the window ends is no longer over the cap") {
    auto policy = cap_policy(16);
    policy.enforcement.enforce = false;
    SixteenDollars scene{policy};
    scene.run_until(at("23:00"));
    CHECK(scene.sent.empty());
    auto enforcing = cap_policy(16);
    scene.run_until(at("23:00") + 24h - 22h);
    scene.reload(enforcing);
    scene.run_for(10min);
    CHECK(scene.sent.empty());
}

TEST_CASE("protected instances stay at a cap, which is critical and says what they cost") {
    auto policy = cap_policy(16);
    ml_of(policy).protected_ids = {InstanceId{1}};
    SixteenDollars scene{policy};
    scene.run_until(at("12:30"));
    CHECK_FALSE(scene.sent_at(1));
    CHECK(scene.sent_at(2));
    bool told = false;
    for (const auto& alert : scene.told) {
        told = told || (alert.severity == policy::Severity::critical &&
                        alert.text.find("$2.0000/h") != std::string::npos);
    }
    CHECK(told);
}

TEST_CASE("what protected instances cost is told as cap_reached, for nothing waits for approval") {
    auto policy = cap_policy(16);
    ml_of(policy).protected_ids = {InstanceId{1}};
    SixteenDollars scene{policy};
    scene.run_until(at("12:30"));
    CHECK(scene.count(alerts::Kind::action_held) == 0);
    CHECK(scene.count(alerts::Kind::cap_reached) == 2);
    CHECK(
        scene.latest(alerts::Kind::cap_reached).title.find("protected instances cost") !=
        std::string::npos);
}

/// How often it was told that protection keeps a cap exceeded.
std::size_t times_protection_told(const Scene& scene) {
    return static_cast<std::size_t>(std::ranges::count_if(scene.told, [](const auto& alert) {
        return alert.severity == policy::Severity::critical &&
               alert.title.find("stays over") != std::string::npos;
    }));
}

TEST_CASE("what is protected only after its cap was reached is told of as well, once") {
    SixteenDollars scene;
    scene.run_until(at("11:00"));
    REQUIRE(scene.pause().ok);
    scene.run_until(at("12:30"));
    CHECK(scene.count(alerts::Kind::cap_reached) == 1);
    CHECK(times_protection_told(scene) == 0);
    REQUIRE(scene.protect(1, 24h).ok);
    CHECK(times_protection_told(scene) == 1);
    REQUIRE(scene.resume().ok);
    scene.run_until(at("13:00"));
    CHECK_FALSE(scene.exists(2));
    scene.restart(1min);
    scene.run_until(at("23:00"));
    CHECK(times_protection_told(scene) == 1);
}

TEST_CASE("what is protected and appears while the cap is exceeded is told of") {
    auto policy = cap_policy(16);
    ml_of(policy).protected_ids = {InstanceId{7}};
    SixteenDollars scene{policy};
    scene.run_until(at("14:00"));
    CHECK(times_protection_told(scene) == 0);
    scene.rent_now(7, "ml/late");
    scene.run_until(at("20:00"));
    CHECK(times_protection_told(scene) == 1);
}

TEST_CASE("a cap that was raised is announced and told of like any other") {
    for (const auto window : {Window::day, Window::lifetime}) {
        CAPTURE(std::string{to_string(window)});
        const auto capped = [&](double cap) {
            auto policy = quiet_policy();
            auto& caps = ml_of(policy).caps;
            (window == Window::day ? caps.daily : caps.lifetime) = usd(cap);
            ml_of(policy).protected_ids = {InstanceId{1}};
            return policy;
        };
        SixteenDollars scene{capped(16)};
        scene.run_until(at("12:30"));
        REQUIRE(scene.sent_at(2));
        REQUIRE(scene.count(alerts::Kind::cap_warning) == 1);
        REQUIRE(times_protection_told(scene) == 1);
        const auto reached = scene.count(alerts::Kind::cap_reached);
        scene.reload(capped(24));
        scene.rent_now(4, "ml/d");  // $4 an hour again: some $17 by now, $24 at about 14:15
        scene.run_until(at("13:30"));
        CHECK(scene.count(alerts::Kind::cap_warning) == 1);
        scene.run_until(at("16:00"));
        CHECK(scene.sent_at(4));
        CHECK(scene.count(alerts::Kind::cap_warning) == 2);
        CHECK(scene.count(alerts::Kind::cap_reached) == 2 * reached);
        CHECK(times_protection_told(scene) == 2);
    }
}

TEST_CASE("a protecting label does not help against a cap") {
    auto policy = cap_policy(16);
    ml_of(policy).rules.protect = {"*-keep"};
    SixteenDollars scene{policy};
    scene.machine(1).labelled("ml/a-keep");
    scene.run_until(at("12:05"));
    CHECK(scene.sent_at(1));
}

TEST_CASE("cap_action stop stops what runs, and tells the storage cost per day") {
    auto policy = cap_policy(16);
    ml_of(policy).rules.cap_action = Action::stop;
    SixteenDollars scene{policy};
    scene.machine(1).costs(1.9, 0.1);
    scene.machine(2).costs(1.9, 0.1);
    scene.run_until(at("12:30"));
    CHECK(scene.sent_action(1) == Action::stop);
    CHECK(scene.times_sent(1) == 1);
    bool told = false;
    for (const auto& alert : scene.told) {
        told = told || alert.text.find("$4.80") != std::string::npos;
    }
    CHECK(told);
}

TEST_CASE("a cap does not wait for a host that no longer measures whether an instance is idle") {
    auto policy = cap_policy(16);
    ml_of(policy).rules.cap_action = Action::stop;
    ml_of(policy).rules.idle_action = Action::destroy;
    SixteenDollars scene{policy};
    scene.machine(1).idle();
    scene.run_until(at("09:50"));  // warned of, to be destroyed at 10:00
    scene.machine(1).frozen = true;
    scene.run_until(at("12:05"));
    CHECK(scene.sent_action(1) == Action::stop);
}

TEST_CASE("cap_action alert tells and does nothing") {
    auto policy = cap_policy(16);
    ml_of(policy).rules.cap_action = Action::alert;
    SixteenDollars scene{policy};
    scene.run_until(at("23:00"));
    CHECK(scene.sent.empty());
    CHECK(scene.count(alerts::Kind::cap_reached) == 1);
}

TEST_CASE("a stopped instance bills storage, so destroy takes it at a cap and stop leaves it") {
    for (const auto action : {Action::destroy, Action::stop}) {
        CAPTURE(std::string{to_string(action)});
        auto policy = cap_policy(16);
        ml_of(policy).rules.cap_action = action;
        SixteenDollars scene{policy};
        scene.rent(4, "ml/d").stopped().costs(2.0, 0.01);
        scene.run_until(at("12:30"));
        CHECK(scene.sent_at(1));
        CHECK(scene.sent_at(4).has_value() == (action == Action::destroy));
    }
}

TEST_CASE("a queued start is taken down with the rest at a cap") {
    for (const auto action : {Action::destroy, Action::stop}) {
        CAPTURE(std::string{to_string(action)});
        auto policy = cap_policy(16);
        ml_of(policy).rules.cap_action = action;
        SixteenDollars scene{policy};
        scene.rent(4, "ml/d").queued();
        scene.run_until(at("12:30"));
        CHECK(scene.sent_at(4));
    }
}

TEST_CASE("the cap is announced cap_warning before the predicted crossing, with what will go") {
    SixteenDollars scene;
    scene.run_until(at("12:05"));
    const auto warnings = scene.all(alerts::Kind::cap_warning);
    REQUIRE(warnings.size() == 1);
    CHECK(warnings.front().time >= at("11:29"));
    CHECK(warnings.front().time <= at("11:30") + 2s);
    CHECK(warnings.front().instances.size() == 2);
    CHECK(scene.count(alerts::Kind::cap_reached) == 1);
}

TEST_CASE("the warning of a cap counts what is queued, the action does not") {
    SixteenDollars scene;
    scene.rent(4, "ml/d", 4.0).queued();  // with it $8 an hour: an hour's worth is left at 10:00
    scene.run_until(at("12:05"));
    const auto warnings = scene.all(alerts::Kind::cap_warning);
    REQUIRE(warnings.size() == 1);
    // At 11:00 four dollars are left, half an hour at eight dollars.
    CHECK(warnings.front().time >= at("10:59"));
    CHECK(warnings.front().time <= at("11:02"));
    CHECK(*scene.sent_at(1) >= at("12:00") - 1s);
}

TEST_CASE("a cap that only a queued start would cross is announced, and nothing is done") {
    Scene scene{cap_policy(40)};
    scene.rent(1);  // $32 by midnight
    scene.rent(2, "ml/b", 30.0).queued();
    scene.run_until(at("23:50"));
    CHECK(scene.count(alerts::Kind::cap_warning) == 1);
    CHECK(scene.count(alerts::Kind::cap_reached) == 0);
    CHECK(scene.sent.empty());
}

TEST_CASE("a monthly cap and a lifetime limit act as a daily cap does") {
    for (const auto window : {Window::month, Window::lifetime}) {
        CAPTURE(std::string{to_string(window)});
        auto policy = quiet_policy();
        auto& caps = ml_of(policy).caps;
        (window == Window::month ? caps.monthly : caps.lifetime) = usd(16);
        SixteenDollars scene{policy};
        scene.run_until(at("12:05"));
        CHECK(scene.sent_at(1));
        CHECK(scene.sent_at(2));
        CHECK_FALSE(scene.sent_at(3));
    }
}

TEST_CASE("an account's cap takes each team's instances by that team's own action") {
    for (const auto window : {Window::day, Window::month}) {
        CAPTURE(std::string{to_string(window)});
        auto policy = quiet_policy();
        auto& caps = policy.accounts.front().caps;
        (window == Window::month ? caps.monthly : caps.daily) = usd(24);
        policy.teams[1].rules.cap_action = Action::stop;
        SixteenDollars scene{policy};
        scene.rent(4, "nobody's", 0.0001);
        scene.run_until(at("12:05"));
        CHECK(scene.sent_action(1) == Action::destroy);
        CHECK(scene.sent_action(3) == Action::stop);
        CHECK_FALSE(scene.sent_at(4));
    }
}

TEST_CASE("what an account's cap does is told by what becomes of each team's instances") {
    auto policy = quiet_policy();
    policy.accounts.front().caps.daily = usd(32);
    policy.teams[1].rules.cap_action = Action::stop;
    Scene scene{policy};
    scene.rent(1, "nobody's");
    scene.rent(2, "ml/b");
    scene.rent(3, "web/c").costs(1.9, 0.1);
    scene.rent(4, "ml/d");
    scene.run_until(at("12:05"));
    const auto text = scene.latest(alerts::Kind::cap_reached).text;
    CAPTURE(text);
    CHECK(text.find("2 instances will be destroyed.") != std::string::npos);
    CHECK(text.find("1 instance will be stopped.") != std::string::npos);
    CHECK(text.find("$2.40 a day") != std::string::npos);
    CHECK(text.find("1 instance goes on costing money") != std::string::npos);
}

TEST_CASE("spend that a charge brings is acted upon at once") {
    SixteenDollars scene;
    scene.run_until(at("09:00"));
    scene.charge(1, 2.0, 15.0);
    scene.run_for(2s);
    CHECK(scene.sent_at(1));
    CHECK(scene.sent_at(2));
}

TEST_CASE("a cap is acted upon once although every step finds it exceeded") {
    SixteenDollars scene;
    scene.run_until(at("23:30"));
    CHECK(scene.times_sent(1) == 1);
    CHECK(scene.count(alerts::Kind::cap_reached) == 1);
}

TEST_CASE(
    "an instance that moved to another team at the last moment does not go with the old one") {
    SixteenDollars scene;
    scene.before_read = [&](const VerifyOrder&) { scene.machine(1).labelled("web/a"); };
    scene.run_until(at("12:30"));
    CHECK_FALSE(scene.sent_at(1));
    CHECK(scene.sent_at(2));
}

TEST_CASE("an instance without a price accrues at what it was known to cost") {
    SixteenDollars scene;
    scene.run_until(at("09:00") + 1s);
    for (const int id : {1, 2}) {
        scene.machine(id).row.prices = {};
    }
    scene.run_until(at("12:05"));
    CHECK(scene.sent_at(1));
    CHECK(scene.count(alerts::Kind::price_unknown) >= 1);
}

TEST_CASE("an instance whose price was never known counts with the team's max_dph") {
    auto policy = cap_policy(16);
    ml_of(policy).max_dph = dph(8);
    Scene scene{policy};
    scene.rent(1).row.prices = {};
    scene.run_until(at("10:05"));
    CHECK(scene.sent_at(1));
    CHECK(scene.spend(ml) >= usd(15.9));
}

TEST_CASE("a cap survives a restart, and what was told is not told again") {
    SixteenDollars scene;
    scene.run_until(at("11:45"));
    scene.restart(1min);
    scene.run_until(at("11:59"));
    CHECK(scene.sent.empty());
    scene.run_until(at("12:05"));
    CHECK(scene.times_sent(1) == 1);
    CHECK(*scene.sent_at(1) <= at("12:00") + 2s);
    CHECK(scene.count(alerts::Kind::cap_warning) == 1);
    CHECK(scene.count(alerts::Kind::budget_threshold) <= 2);
}

TEST_CASE("time in which the daemon was down is accrued at the rate before it") {
    SixteenDollars scene;
    scene.run_until(at("11:00") + 1s);
    scene.restart(90min);
    scene.run_until(at("12:35"));
    CHECK(scene.sent_at(1));
    CHECK(scene.sent_at(2));
}

// What is charged beyond what accrued stands still until accrual has caught up, so the crossing
// that rates predict moves on nearly as fast as it comes nearer: the scene counts the wakes.
TEST_CASE("a crossing that moves on is not run after with ever shorter steps") {
    Scene scene{cap_policy(50.5)};
    scene.rent(1, "ml/x", 2.0);
    scene.rent(2, "ml/x", 0.2);
    scene.run_until(at("08:10"));
    scene.charge(1, 50.0);
    scene.run_until(at("12:00"));
    CHECK(scene.sent_at(1));
}

}  // namespace
}  // namespace vastwatch::engine::testing
