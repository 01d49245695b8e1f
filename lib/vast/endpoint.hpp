// The endpoints that the client talks to, each with a rhythm of its own: the service demands a
// least time between two requests of one key to one endpoint (API section 1.7).
#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <string_view>

namespace vastwatch::vast {

enum class Endpoint {
    instances,  // GET /api/v1/instances/: sweeps, verifications and the column check
    destroy,    // DELETE /api/v0/instances/
    stop,       // PUT /api/v0/instances/
    charges,
    user,
    spend_rate,
    price_increases,
};

constexpr std::size_t endpoint_count = 7;

/// The name in metrics and messages: "instances", "destroy", …
std::string_view to_string(Endpoint endpoint);

/// The least time between two requests that the documentation gives; for the user object, which
/// it leaves out, that of its neighbours.
Duration documented_interval(Endpoint endpoint);

}  // namespace vastwatch::vast
