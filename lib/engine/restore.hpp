// The stored state taken up again after a restart.
#pragma once

#include "engine/state.hpp"

namespace vastwatch::engine {

/// Fills a fresh state with what the store had.
void restore(State& state, Changes stored);

}  // namespace vastwatch::engine
