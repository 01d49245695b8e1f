// Spec sections 1, 3 and 6: whose an instance is, and which action is stronger.
#include "policy/policy.hpp"

#include <doctest/doctest.h>

#include <string>

namespace vastwatch::policy {
namespace {

Policy two_teams() {
    Policy policy;
    Team first;
    first.name = TeamName{"first"};
    first.labels = {"a/*", "shared"};
    Team second;
    second.name = TeamName{"second"};
    second.labels = {"*"};
    Team nobody;
    nobody.name = unassigned();
    policy.teams = {first, second, nobody};
    return policy;
}

TEST_CASE("the first match in file order wins") {
    const auto policy = two_teams();
    REQUIRE(policy.match_label("a/x"));
    CHECK(policy.match_label("a/x")->name == TeamName{"first"});
    CHECK(policy.match_label("shared")->name == TeamName{"first"});
    CHECK(policy.match_label("b/x")->name == TeamName{"second"});
}

TEST_CASE("what matches none belongs to nobody") {
    auto policy = two_teams();
    policy.teams[1].labels = {"b"};
    CHECK(policy.match_label("c") == nullptr);
    CHECK(policy.match_label("") == nullptr);
}

TEST_CASE("a name that the file no longer knows is unassigned") {
    const auto policy = two_teams();
    CHECK(policy.team_or_unassigned(TeamName{"first"}).name == TeamName{"first"});
    CHECK(policy.team_or_unassigned(TeamName{"gone"}).name == unassigned());
    CHECK(policy.find_team(TeamName{"gone"}) == nullptr);
    CHECK(policy.find_account(AccountName{"gone"}) == nullptr);
}

TEST_CASE("destroy is stronger than stop, stop than alert, alert than off") {
    CHECK(Action::off < Action::alert);
    CHECK(Action::alert < Action::stop);
    CHECK(Action::stop < Action::destroy);
}

TEST_CASE("a threshold is a share of the cap or an amount") {
    const Threshold share{Percent{80}, std::nullopt};
    CHECK(share.resolve(Usd::dollars(200)) == Usd::dollars(160));
    CHECK_FALSE(share.resolve(std::nullopt));
    CHECK(share.text() == "80%");
    const Threshold amount{std::nullopt, Usd::dollars(1000)};
    CHECK(amount.resolve(std::nullopt) == Usd::dollars(1000));
    CHECK(amount.text() == "$1000.00");
    const Threshold fine{Percent{12.5}, std::nullopt};
    CHECK(fine.resolve(Usd::dollars(1)) == Usd::from_nanos(125'000'000));
}

TEST_CASE("each window has its cap") {
    Caps caps;
    caps.daily = Usd::dollars(1);
    caps.lifetime = Usd::dollars(3);
    CHECK(caps.of(Window::day) == Usd::dollars(1));
    CHECK_FALSE(caps.of(Window::month));
    CHECK(caps.of(Window::lifetime) == Usd::dollars(3));
}

TEST_CASE("the defaults are those of the specification") {
    using namespace std::chrono_literals;
    const Rules rules;
    CHECK(rules.idle_below == Percent{5});
    CHECK(rules.idle_for == 2h);
    CHECK(rules.idle_action == Action::destroy);
    CHECK(rules.idle_warning == 15min);
    CHECK(rules.idle_max_gap == 5min);
    CHECK(rules.idle_coverage == Percent{80});
    CHECK(rules.idle_tolerance == Percent{0});
    CHECK(rules.startup_grace == 15min);
    CHECK(rules.warning_delivery == 2h);
    CHECK(rules.cap_action == Action::destroy);
    CHECK(rules.cap_warning == 30min);
    CHECK(rules.cap_strategy == CapStrategy::all);
    CHECK(rules.violation_action == Action::alert);
    CHECK(rules.stopped_for == 7 * 24h);
    CHECK(rules.stopped_action == Action::alert);
    CHECK(rules.loading_for == 2h);
    CHECK(rules.loading_action == Action::alert);
    CHECK(rules.protect_max == 7 * 24h);
    const Enforcement enforcement;
    CHECK_FALSE(enforcement.enforce);
    CHECK(enforcement.max_staleness == 5min);
    CHECK(enforcement.max_actions_per_hour == 60);
    CHECK(enforcement.mass_idle_limit == Percent{50});
    CHECK(enforcement.mass_idle_minimum == 5);
}

}  // namespace
}  // namespace vastwatch::policy
