// What a wall clock that is set means for what is remembered (spec section 5: a step is a gap).
#pragma once

#include "engine/state.hpp"

namespace vastwatch::engine {

/// A difference of the two clocks' courses beyond this is a step and no adjustment.
constexpr Duration clock_step_limit = std::chrono::seconds{5};

/// To be called first with every event. After a step, instants from which something counts or until
/// which something waits are moved with the clock: what has lasted an hour has lasted an hour,
/// whatever the clock says. Idle periods begin again. At the start that concerns a clock that was
/// set since the state was stored, where the machine was not booted in between.
void follow_clock(State& state, Now now);

}  // namespace vastwatch::engine
