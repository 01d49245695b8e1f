// What is taken to have been spent where nobody has looked for long. Internal to the engine.
#pragma once

#include "engine/state.hpp"

namespace vastwatch::engine {

/// Whether what a cap of the case's team condemns it for was seen. A team's instances in an account
/// that could not be listed for longer than max_staleness are taken to cost what they did, which
/// may be wrong for hours; its instances elsewhere do not go for that (spec section 15: nothing
/// destructive past max_staleness). True for cases that no cap of a team has opened, or that
/// another rule condemns as well.
bool rests_on_what_was_seen(const State& state, const enforcement::Case& item, Instant now);

}  // namespace vastwatch::engine
