#include "fleet/observation.hpp"

#include "base/text.hpp"

#include <array>
#include <utility>

namespace vastwatch::fleet {
namespace {

constexpr std::array<std::pair<std::string_view, Status>, 10> statuses{{
    {"created", Status::created},
    {"loading", Status::loading},
    {"running", Status::running},
    {"frozen", Status::frozen},
    {"stopped", Status::stopped},
    {"exited", Status::exited},
    {"rebooting", Status::rebooting},
    {"recycling", Status::recycling},
    {"unknown", Status::unknown},
    {"offline", Status::offline},
}};

constexpr std::array<std::pair<std::string_view, State>, 4> states{{
    {"running", State::running},
    {"stopped", State::stopped},
    {"frozen", State::frozen},
    {"unloaded", State::unloaded},
}};

}  // namespace

std::string_view to_string(Status status) {
    for (const auto& [name, value] : statuses) {
        if (value == status) {
            return name;
        }
    }
    return status == Status::provisioning ? "provisioning" : "other";
}

Status parse_status(std::optional<std::string_view> text) {
    if (!text) {
        return Status::provisioning;
    }
    const std::string folded = to_lower(trim(*text));
    for (const auto& [name, value] : statuses) {
        if (name == folded) {
            return value;
        }
    }
    return Status::other;
}

std::string_view to_string(State state) {
    for (const auto& [name, value] : states) {
        if (value == state) {
            return name;
        }
    }
    return "unknown";
}

State parse_state(std::optional<std::string_view> text) {
    if (text) {
        const std::string folded = to_lower(trim(*text));
        for (const auto& [name, value] : states) {
            if (name == folded) {
                return value;
            }
        }
    }
    return State::unknown;
}

}  // namespace vastwatch::fleet
