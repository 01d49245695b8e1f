// What the judge has to know of a world that was drawn.
#pragma once

#include "judge/judge.hpp"
#include "world/plan.hpp"

namespace vastwatch::simulation {

/// Between two requests that destroy (API 1.7).
constexpr Duration request_pace = std::chrono::seconds{3};

Judge::Setting judge_setting(const Plan& plan);

}  // namespace vastwatch::simulation
