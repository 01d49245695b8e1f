// Makes a failing life shorter and simpler, as long as the same thing goes wrong.
#pragma once

#include "core/report.hpp"

#include <functional>

namespace vastwatch::simulation {

/// Lives once; with its story when asked.
using Live = std::function<Report(const Options& options, bool story)>;

/// Leaves out trouble after trouble, and shortens the life; the report of the last one that still
/// fails in the same way, with its story. `failed` has a violation.
Report shrink(const Report& failed, const Live& live);

}  // namespace vastwatch::simulation
