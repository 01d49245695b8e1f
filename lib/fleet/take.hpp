// Samples taken in place: what follow() and extend() give as a value, for who takes thousands.
#pragma once

#include "fleet/evidence.hpp"
#include "fleet/idle_period.hpp"

namespace vastwatch::fleet {

/// `still` becomes follow(still, telemetry).
void take(StillRow& still, const Telemetry& telemetry);

/// `period` becomes extend(period, sample, rules, interrupted).
void take(IdlePeriod& period, const Sample& sample, IdleRules rules, bool interrupted);

}  // namespace vastwatch::fleet
