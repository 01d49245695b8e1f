// Accounts that the policy does not have, or has no more. Nobody lists them, so nothing is known of
// what they have: nothing of it is acted upon, told of, or counted from then on. What they spent
// stays spent. An instance that another account lists later goes on there: the account may only
// have been given another name.
#pragma once

#include "engine/state.hpp"

namespace vastwatch::engine {

/// Takes such accounts and their instances from those that there are; ends what is open about them.
void leave_unconfigured(State& state, Effects& effects, Now now);

/// Gives every account of the policy its place, with what was known of it when it was last there.
/// One that had none is watched since `now`.
void take_configured(State& state, Now now);

}  // namespace vastwatch::engine
