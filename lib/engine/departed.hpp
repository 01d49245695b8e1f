// Instances that complete listings no longer show. What was known of them is kept for two days: an
// answer that lied must not make a known instance into a new one, of which a frozen row is a first
// sight, and charges that come late have to find whose it was. Only their idle clock is not kept.
#pragma once

#include "engine/state.hpp"

namespace vastwatch::engine {

/// Two sweeps in succession missed it, and no case wants to find out more.
bool is_gone(const State& state, const Slot& slot);

/// Takes an instance from those that there are into those that were.
void depart(State& state, InstanceId id);

/// Gives a remembered instance its place again, now that `account` lists it: all as it was but for
/// the idle clock, which begins anew. Null when none of that id is remembered.
Slot* come_back(State& state, InstanceId id, const AccountName& account);

/// Forgets those that nobody has seen for two days.
void forget_departed(State& state, Instant now);

}  // namespace vastwatch::engine
