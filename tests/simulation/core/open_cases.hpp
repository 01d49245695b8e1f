// What the daemon itself says at the end of a story: its open cases and holds, and the instances
// that the violation names.
#pragma once

#include "core/story.hpp"
#include "engine/view.hpp"

#include <functional>
#include <optional>
#include <string_view>

namespace vastwatch::simulation {

using Explain = std::function<std::optional<engine::Explanation>(InstanceId)>;

/// Adds it to the story as of `at`. An instance is explained when its id is in `violation`.
void tell_open_cases(
    Story& story,
    const engine::View& view,
    std::string_view violation,
    const Explain& explain,
    Instant at);

}  // namespace vastwatch::simulation
