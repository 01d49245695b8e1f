// What users rent and what their machines do: training with pauses, forgotten notebooks, crash
// loops, spot instances, hosts that fail, serverless workers, disks without a machine.
#pragma once

#include "world/plan.hpp"

namespace vastwatch::simulation {

/// About what an instance costs per hour while it runs.
double average_dph();

/// An account as it stands when the run begins.
vastsim::AccountSpec draw_account(const Plan& plan, const AccountPlan& account, std::uint64_t seed);

/// One more instance, for one of the plan's teams or for nobody.
vastsim::InstanceSpec draw_instance(const Plan& plan, vastsim::Random& random);

/// A label that a user might give: of a team, protected, of nobody, hostile.
std::string draw_label(const Plan& plan, vastsim::Random& random);

}  // namespace vastwatch::simulation
