// Observations into state: sweeps, verification reads, charges, credit.
#pragma once

#include "engine/events.hpp"
#include "engine/state.hpp"

namespace vastwatch::engine {

/// Applies a complete sweep: new, changed and vanished instances; meters; samples.
void observe_sweep(State& state, const fleet::Sweep& sweep, Now now);

/// Applies rows read anew. An id that was asked for and not found counts as missed once.
void observe_verification(State& state, const fleet::Verification& read, Now now);

/// Applies charges of a day.
void observe_charges(State& state, const ChargesRead& charges, Now now);

/// Applies charges of the time before the ledger; they add up. What another account has counted
/// already, being the same one of Vast.ai, is left out.
void observe_backfill(State& state, const BackfillRead& read);

/// Applies credit, total spend and reported rate.
void observe_money(State& state, const MoneyRead& money, Now now);

/// Gives every instance the team it belongs to under the present policy, and its samples the
/// limits of that team; after a reload.
void reassign_teams(State& state, Now now);

}  // namespace vastwatch::engine
