// What rows say of an instance that do not lie about its state.
#pragma once

#include "judge/watched.hpp"
#include "model/instance.hpp"

namespace vastwatch::simulation {

/// Writes what the instance is in, and what that costs, into `reading`; its label, GPU and
/// telemetry stay as they are.
void read_state(const vastsim::Instance& instance, Reading& reading);

/// What it costs while it runs.
UsdPerHour running_rate(const vastsim::Instance& instance);

}  // namespace vastwatch::simulation
