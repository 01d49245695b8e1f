// A team's day as a drawing: what was spent so far, where it leads at present rates, the cap, and
// the moment at which one meets the other.
#pragma once

#include "engine/view.hpp"

#include <string>

namespace vastwatch::web {

/// An <svg> with axes and a sentence that says the same, styled by classes; it stretches to
/// whatever width it is given, its text does not. Empty when there is nothing to draw: no day
/// window, or neither spend nor projection in it. A cap far above both is left out, so that the
/// curve can be seen.
std::string day_curve(const engine::TeamView& team, const engine::View& view);

}  // namespace vastwatch::web
