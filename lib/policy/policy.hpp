// The part of the configuration that decides: every rule of spec sections 3, 5, 6, 7 as values.
// Built and checked by config; immutable afterwards and shared by pointer, so that a decision is
// made under one policy even when a reload comes in between.
#pragma once

#include "base/calendar.hpp"
#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/percent.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::policy {

/// What enforcement does to an instance, weakest first: comparing gives the stronger one.
enum class Action {
    off,      // the rule is not applied at all
    alert,    // told, nothing done
    stop,     // GPU released, storage bills on
    destroy,  // everything of the instance is gone
};

std::string_view to_string(Action action);

/// How urgent an alert is.
enum class Severity { info, warning, critical };

std::string_view to_string(Severity severity);

/// The window of a budget.
enum class Window { day, month, lifetime };

std::string_view to_string(Window window);

enum class CapStrategy { all, shed };

/// Budgets of a team or an account; absent means no cap.
struct Caps {
    std::optional<Usd> daily;
    std::optional<Usd> monthly;
    std::optional<Usd> lifetime;  // `spending_limit`, counted from `since`

    std::optional<Usd> of(Window window) const;
};

/// The keys of [defaults], as one team has them after inheritance (spec section 3).
struct Rules {
    Percent idle_below{5};
    Duration idle_for = std::chrono::hours{2};
    Action idle_action = Action::destroy;
    Duration idle_warning = std::chrono::minutes{15};
    Duration idle_max_gap = std::chrono::minutes{5};
    Percent idle_coverage{80};
    Percent idle_tolerance{0};
    Duration startup_grace = std::chrono::minutes{15};
    Duration warning_delivery = std::chrono::hours{2};
    Action cap_action = Action::destroy;
    Duration cap_warning = std::chrono::minutes{30};
    CapStrategy cap_strategy = CapStrategy::all;
    Action violation_action = Action::alert;
    Duration stopped_for = std::chrono::hours{7 * 24};
    Action stopped_action = Action::alert;
    Duration loading_for = std::chrono::hours{2};
    Action loading_action = Action::alert;
    std::vector<std::string> protect{"*-keep", "keep/*"};  // label globs exempt from the idle rule
    Duration protect_max = std::chrono::hours{7 * 24};     // zero = no limit
    std::vector<NotifierName> notify;
};

/// One team. `unassigned` is a team as well, always the last one; without a table of its own all
/// its actions are `off` or `alert` (spec section 1).
struct Team {
    TeamName name;
    std::vector<std::string> labels;
    std::vector<std::string> gpu_types;  // empty = any
    std::optional<int> max_instances;
    std::optional<UsdPerHour> max_dph;  // per instance
    bool interruptible_only = false;
    std::vector<InstanceId> protected_ids;  // wherever they belong: no rule touches them
    Caps caps;
    std::optional<std::chrono::year_month_day> since;  // where the lifetime window begins
    Rules rules;
};

/// One Vast.ai key as the rules see it; how to reach it is config::AccountAccess.
struct Account {
    AccountName name;
    std::optional<TeamName> team;  // every instance of this account belongs to it
    Caps caps;                     // daily and monthly only
    std::optional<Duration> credit_runway;
    std::optional<Usd> credit_below;
    Duration poll_interval = std::chrono::seconds{60};
    Duration request_interval = std::chrono::seconds{1};  // the API's pace: how far to read ahead
};

/// A threshold of a budget alert: a share of the window's cap, or an amount.
struct Threshold {
    std::optional<Percent> percent;  // exactly one of the two is set
    std::optional<Usd> amount;

    /// The amount, given the window's cap; nothing for a percentage without a cap.
    std::optional<Usd> resolve(std::optional<Usd> cap) const;
    /// "80%" or "$1000.00".
    std::string text() const;
};

/// One [[alert]] table, or the one that a capped team or account without any gets.
struct BudgetAlert {
    std::optional<TeamName> team;  // exactly one of team and account is set
    std::optional<AccountName> account;
    Window window = Window::day;
    std::vector<Threshold> at;  // rising, once resolved
    bool forecast = false;
    std::vector<NotifierName> notify;
};

/// [enforcement].
struct Enforcement {
    bool enforce = false;  // false = dry run
    Duration max_staleness = std::chrono::minutes{5};
    int max_actions_per_hour = 60;  // 0 = no limit
    Percent mass_idle_limit{50};
    int mass_idle_minimum = 5;
};

/// Everything that decides. Teams are in file order, `unassigned` last and always there.
struct Policy {
    Calendar calendar;
    Enforcement enforcement;
    std::vector<Account> accounts;
    std::vector<Team> teams;
    std::vector<BudgetAlert> alerts;
    std::vector<NotifierName> all_notifiers;  // for what belongs to no team

    const Team* find_team(const TeamName& name) const;
    const Account* find_account(const AccountName& name) const;
    /// find_team, or `unassigned` for a name that the file no longer knows.
    const Team& team_or_unassigned(const TeamName& name) const;

    /// The first team in file order with a glob that matches `label`; nullptr when none does
    /// (the caller decides between a remembered team and `unassigned`, spec section 4).
    const Team* match_label(std::string_view label) const;
};

/// The name of the team that owns what no other team does.
const TeamName& unassigned();

}  // namespace vastwatch::policy
