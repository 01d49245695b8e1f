// The engine's cases: what the rules want of an instance, how a case is opened, brought up to date,
// recorded and closed. Internal to the engine.
#pragma once

#include "enforcement/gate.hpp"
#include "engine/enforce.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::engine {

/// What the rules want of one instance now.
struct Wanted {
    const rules::Finding* first = nullptr;  // acts strongest among what is due, else is due first
    std::vector<const rules::Finding*> all;
    std::optional<HoldId> hold;  // the open one of a reload in which `first` waits
};

/// What of them counts at `now`; `first` is null when nothing does yet. What an operator dismissed
/// does not count, and what waits in an open hold only until something else is due.
Wanted choose(const State& state, const std::vector<const rules::Finding*>& findings, Instant now);

/// The facts that may keep the case back.
enforcement::Facts facts_of(const State& state, const enforcement::Case& item, Instant now);

enforcement::Case&
open_case(State& state, Effects& effects, InstanceId id, const Wanted& wanted, Now now);

/// Opens what is newly wanted, updates what is open, drops what is no longer wanted.
void open_and_update(State& state, Effects& effects, Now now);

/// Writes the sentences of the case's reasons anew, with the figures of now.
void refresh_reasons(const State& state, enforcement::Case& item);

/// One more for vastwatch_actions_total.
void count(State& state, const enforcement::Case& item, const std::string& outcome);

/// What is gone, or on its way out, after an earlier request to destroy it, went by that request:
/// the case waits for sweeps to confirm it, as after an answer that came in time. False when
/// nothing was requested.
bool wait_for_effect(State& state, const enforcement::Case& known);

/// The hourly limit counts it, or will never: an attempt within the last hour was the same action.
bool is_counted(const State& state, const enforcement::Case& item);
/// The hourly limit counts it no longer.
void uncount(State& state, const enforcement::Case& item);

/// Makes the case what it was before it was intended: its request does not leave, and the hourly
/// limit does not count it.
void take_back(State& state, enforcement::Case& item);

/// The row may be of what was decided upon: it has the same label, and no other start date. A date
/// that cannot be read is unknown (spec section 15), not another.
bool may_be_same(const enforcement::Case& item, const fleet::Observation& row);

/// What the latest sample of an instance says against an action that calls it idle: that it shows
/// work, which idle_tolerance may forgive, or nothing usable. Empty when it was at rest, and for
/// cases of other rules.
std::string_view unrest(const State& state, const enforcement::Case& item, Instant now);

// --- Mass actions (holds.cpp).

/// Holds idle cases that are about to act in too large a number.
void hold_masses(State& state, Effects& effects, Now now);
/// What the cases of these cost per hour.
UsdPerHour cost_of(const State& state, const std::vector<InstanceId>& ids);
/// Ends holds of which nothing is due any more; those of a reload once that is beyond doubt.
void lapse_holds(State& state, Effects& effects, Now now);
/// Takes out of a reload's open holds what the configuration that is in force now does not want.
void outdate_holds(State& state, Effects& effects, const AccountName& account, Now now);
/// All that the case acts for, of whichever window, waits in a reload's hold, or an operator
/// dismissed it there.
bool kept_back(const State& state, const enforcement::Case& item, Instant now);
/// The case waits in an open reload hold, and not in one of a mass.
bool waits_for_reload(const State& state, const enforcement::Case& item);
/// What comes due anew waits with the rest while its reload hold is open: a condition that was away
/// for a moment is no decision.
void hold_again(State& state, Effects& effects, enforcement::Case& item, HoldId hold, Now now);
/// Takes the case out of the mass hold that it waits in, if it does: what is idle anew later is
/// judged anew. False when there is none.
bool leave_mass_hold(State& state, const enforcement::Case& item);

}  // namespace vastwatch::engine
