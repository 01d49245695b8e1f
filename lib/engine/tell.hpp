// Alerts: made in the same step as what caused them, told once per condition, queued per notifier.
#pragma once

#include "engine/events.hpp"
#include "engine/state.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::engine {

/// What the engine fills in besides: id, time, dry_run, notifiers that exist and want the severity.
/// Returns the alert's id.
AlertId tell(State& state, Effects& effects, alerts::Alert draft, Now now);

/// Tells it when its condition is not told yet; true when it was. `forget`: when the record of it
/// may go (the end of a window); absent = when it resolves.
bool fire(
    State& state,
    Effects& effects,
    alerts::Alert draft,
    std::optional<Instant> forget,
    Now now);

/// Marks a condition as told without telling anybody.
void note_told(State& state, const std::string& key, std::optional<Instant> forget, Now now);

/// When what was told of a window that ends at `end` may go: a day later, so that a clock that is
/// set back into the window does not find it untold.
std::optional<Instant> forget_window(std::optional<Instant> end);

bool is_firing(const State& state, std::string_view key);

/// Ends a condition that fires: tells the resolved form. Does nothing when it does not fire.
void resolve(State& state, Effects& effects, alerts::Alert draft, Now now);

/// Ends a condition silently.
void forget(State& state, const std::string& key);

/// An instance as alerts list it.
alerts::AlertInstance
listed(const State& state, const fleet::Instance& instance, std::optional<policy::Action> action);
alerts::AlertInstance listed(const enforcement::Case& item);

/// Sorts by cost, dearest first, and keeps a hundred.
void list_instances(alerts::Alert& alert, std::vector<alerts::AlertInstance> instances);

/// "instance 312 (ml-research/llama)" or "3 instances".
std::string named(const std::vector<alerts::AlertInstance>& instances);

/// What they cost per hour together.
UsdPerHour total_rate(const std::vector<alerts::AlertInstance>& instances);

/// Who is told about a team; every notifier when the team has none.
std::vector<NotifierName> notify_of(const State& state, const TeamName& team);

/// The policy's budget alerts, worked out.
std::vector<BudgetWatch> budget_watches(const policy::Policy& policy);

// --- What is looked at after every step, each a pure reading of state into alerts.
void tell_budgets(State& state, Effects& effects, Now now);
void tell_caps(State& state, Effects& effects, Now now);
void tell_violations(State& state, Effects& effects, Now now);
void tell_accounts(State& state, Effects& effects, Now now);
/// Ends protections by command whose time is over, and tells; ahead of the judgement.
void end_protections(State& state, Effects& effects, Now now);
/// Tells of exemptions by label that have ended.
void tell_exemptions(State& state, Effects& effects, Now now);
void tell_pause(State& state, Effects& effects, Now now);
/// How long the outbox remembers what was delivered.
constexpr Duration keep_delivered = std::chrono::hours{7 * 24};
/// Drops records of conditions and alerts whose time is over.
void forget_old(State& state, Now now);

// --- What enforcement tells.
void tell_idle_warnings(
    State& state,
    Effects& effects,
    const std::vector<InstanceId>& warned,
    Now now);
void tell_done(
    State& state,
    Effects& effects,
    const std::vector<enforcement::Case>& done,
    bool dry_run,
    Now now);
void tell_failed(State& state, Effects& effects, const enforcement::Case& item, Now now);
void tell_failure_over(State& state, Effects& effects, const enforcement::Case& item, Now now);
void tell_hold(State& state, Effects& effects, const enforcement::Hold& hold, Now now);
void tell_hold_over(State& state, Effects& effects, const enforcement::Hold& hold, Now now);

/// GPU and disk spend, before charges are taken in, of the destroyed instances that they name.
std::map<InstanceId, Usd>
spend_of_destroyed(const State& state, const ChargesRead& charges, Now now);
/// Tells of those among them that charges, now taken in, show to have been billed on.
void tell_billed_on(
    State& state,
    Effects& effects,
    const ChargesRead& charges,
    const std::map<InstanceId, Usd>& before,
    Now now);

/// The next moment at which one of the readings above would tell something new.
std::optional<Instant> next_telling(const State& state, Instant now);

}  // namespace vastwatch::engine
