// One command from beginning to end, except `top`, which goes on.
#pragma once

#include "ctl/figures.hpp"
#include "ctl/link.hpp"
#include "ctl/order.hpp"

#include <string>
#include <vector>

namespace vastwatch::ctl {

/// How vastwatchctl exits.
inline constexpr int exit_done = 0;
inline constexpr int exit_refused = 1;  // or failed, or found something wrong
inline constexpr int exit_usage = 2;
inline constexpr int exit_unreachable = 3;

/// What to print where, and how to exit.
struct Outcome {
    int code = exit_done;
    std::string out;
    std::string err;
};

/// Asks, and makes of the answer what `order` wants. The calendar of `look` is the daemon's
/// afterwards: times are shown in the zone that budgets are counted in.
Outcome run(const Order& order, Link& link, Look look, Instant now);

/// What one screen of `top` needs, or why it cannot be had.
struct Scene {
    Outcome problem;  // code exit_done when there is none
    std::string status;
    std::string instances;
};

Scene read_scene(Link& link);

/// The lines of a scene, or with `json` both answers as one object on one line.
std::vector<std::string> show_scene(const Scene& scene, Look look, std::size_t rows);
std::string scene_json(const Scene& scene);

}  // namespace vastwatch::ctl
