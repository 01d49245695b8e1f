// What the service says that instances cost, beside what we take them to cost: spend rates and the
// prices in listings (spec section 4). A difference is exported and told, and changes no figure.
#pragma once

#include "engine/state.hpp"

namespace vastwatch::engine {

/// Takes one reading of both figures.
void take(CrossCheck& check, UsdPerHour ours, UsdPerHour theirs);

/// Compares the prices that a listing states of what runs or is stopped. Of what is on its way from
/// one to the other they may be those of either.
void compare_prices(LiveAccount& account, const fleet::Sweep& sweep);

/// Tells of figures that have differed by more than 2% in three readings, and when they agree
/// again.
void tell_disagreements(Effects& effects, LiveAccount& account);

}  // namespace vastwatch::engine
