// An instance's utilisation over the last hours, as a drawing of a line's height.
#pragma once

#include "engine/view.hpp"

#include <string>

namespace vastwatch::web {

/// What all drawings of one page cover, so that they can be compared: the time since the oldest
/// sample there is, at least ten minutes, at most three hours.
Duration sparkline_span(const engine::View& view);

/// An <svg>: a column per run of alike samples, from its lowest to its highest reading; gaps where
/// nothing was known. Empty without samples in that time.
std::string sparkline(const fleet::Instance& instance, Instant now, Duration span);

}  // namespace vastwatch::web
