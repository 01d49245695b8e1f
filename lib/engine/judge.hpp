// The rules' findings, kept up to date from one decision to the next: an instance is judged anew
// when it was touched or a moment came at which its findings change, teams and accounts at every
// decision, since what they spent grows all the time. What is kept is at every decision what
// rules::evaluate() would find; a test compares the two. Internal to the engine.
#pragma once

#include "engine/state.hpp"

#include <functional>

namespace vastwatch::engine {

/// Brings State::judgement and State::acting to `now`.
void judge(State& state, Instant now);

/// Everything follows from another policy: every instance is touched.
void follow_policy(State& state);

/// Takes back what followed from an instance that is no longer there.
void unjudge(State& state, Slot& slot);

/// The findings of the latest judgement: about instances by id, then the others.
void each_finding(const State& state, const std::function<void(const rules::Finding&)>& visit);
/// Those about one instance, in that order.
std::vector<const rules::Finding*> findings_about(const State& state, InstanceId id);

/// The figures of a budget as of `now`.
const rules::Budget&
budget_of(const State& state, const policy::Team& team, policy::Window window, Instant now);
const rules::Budget&
budget_of(const State& state, const policy::Account& account, policy::Window window, Instant now);

}  // namespace vastwatch::engine
