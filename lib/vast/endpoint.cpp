#include "vast/endpoint.hpp"

namespace vastwatch::vast {

std::string_view to_string(Endpoint endpoint) {
    switch (endpoint) {
        case Endpoint::instances:
            return "instances";
        case Endpoint::destroy:
            return "destroy";
        case Endpoint::stop:
            return "stop";
        case Endpoint::charges:
            return "charges";
        case Endpoint::user:
            return "user";
        case Endpoint::spend_rate:
            return "spend_rate";
        case Endpoint::price_increases:
            return "price_increases";
    }
    return "unknown";
}

Duration documented_interval(Endpoint endpoint) {
    switch (endpoint) {
        case Endpoint::instances:
        case Endpoint::charges:
            return std::chrono::seconds{1};
        case Endpoint::destroy:
            return std::chrono::seconds{3};
        case Endpoint::stop:
            return std::chrono::seconds{4};
        case Endpoint::user:
        case Endpoint::spend_rate:
        case Endpoint::price_increases:
            break;
    }
    return std::chrono::seconds{2};
}

}  // namespace vastwatch::vast
