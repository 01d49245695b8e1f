// Policies for stories: one account "main", a team "ml" with labels ml and ml/*, a team "web"
// alike, nobody else's, told through one notifier "ops". Everything else as spec section 3 has it.
#pragma once

#include "policy/policy.hpp"

#include <string>

namespace vastwatch::engine::testing {

using namespace std::chrono_literals;
using policy::Action;

inline const AccountName main_account{"main"};
inline const TeamName ml{"ml"};
inline const TeamName web{"web"};
inline const NotifierName ops{"ops"};

inline Usd usd(double dollars) {
    return usd_from_double(dollars).value();
}

inline UsdPerHour dph(double dollars) {
    return rate_from_double(dollars).value();
}

inline policy::Team team_of(const std::string& name) {
    policy::Team team;
    team.name = TeamName{name};
    team.labels = {name, name + "/*"};
    team.rules.notify = {ops};
    return team;
}

/// Enforcing, with the idle rule off: most stories are about something else.
inline policy::Policy quiet_policy() {
    policy::Policy policy;
    policy.enforcement.enforce = true;
    policy::Account account;
    account.name = main_account;
    policy.accounts = {account};
    policy.teams = {team_of("ml"), team_of("web"), team_of("unassigned")};
    for (auto& team : policy.teams) {
        team.rules.idle_action = Action::off;
    }
    auto& nobody = policy.teams.back();
    nobody.labels.clear();
    nobody.rules.idle_action = Action::alert;
    nobody.rules.cap_action = Action::alert;
    policy.all_notifiers = {ops};
    return policy;
}

inline policy::Team& ml_of(policy::Policy& policy) {
    return policy.teams.front();
}

/// Idle instances of "ml" are destroyed, by the defaults of spec section 3.
inline policy::Policy idle_policy() {
    auto policy = quiet_policy();
    ml_of(policy).rules.idle_action = Action::destroy;
    return policy;
}

/// The thresholds that a capped team without any of its own gets.
inline policy::BudgetAlert
alert_at(const TeamName& team, policy::Window window, std::vector<double> percents) {
    policy::BudgetAlert alert;
    alert.team = team;
    alert.window = window;
    for (const double percent : percents) {
        alert.at.push_back({Percent{percent}, std::nullopt});
    }
    alert.notify = {ops};
    return alert;
}

/// "ml" has a daily cap.
inline policy::Policy cap_policy(double daily) {
    auto policy = quiet_policy();
    ml_of(policy).caps.daily = usd(daily);
    policy.alerts = {alert_at(ml, policy::Window::day, {80, 100})};
    return policy;
}

}  // namespace vastwatch::engine::testing
