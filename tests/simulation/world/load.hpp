// A drawn configuration as the daemon reads it: through the same loader, from a file.
#pragma once

#include "config/config.hpp"
#include "world/plan.hpp"

#include <memory>

namespace vastwatch::simulation {

/// Ends the program when the configuration is not valid: the plan is then wrong.
std::shared_ptr<const config::Config> load_config(const Plan& plan, int variant);

}  // namespace vastwatch::simulation
