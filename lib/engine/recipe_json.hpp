// What would create an equal instance again, as JSON for the audit log.
#pragma once

#include "fleet/observation.hpp"

#include <string>

namespace vastwatch::engine {

/// One JSON object. Made here and not by a JSON library, which the core does not link.
std::string recipe_json(const fleet::Recipe& recipe);

}  // namespace vastwatch::engine
