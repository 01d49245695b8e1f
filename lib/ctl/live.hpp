// `vastwatchctl top`: the same screen again and again, until it is enough.
#pragma once

#include "base/time.hpp"
#include "ctl/link.hpp"

#include <cstddef>

namespace vastwatch::ctl {

struct TopSettings {
    std::size_t count = 0;  // screens to show; 0 = until asked to stop, once without a terminal
    Duration interval = std::chrono::seconds{2};
    bool json = false;
};

/// On a terminal draws in place on its other screen until Ctrl-C, SIGTERM, SIGHUP or `q`, follows
/// its size, survives Ctrl-Z, and keeps the last screen with a note while the daemon cannot be
/// reached. Elsewhere, and with json, prints one screen below the other. Gives the exit code.
int run_top(SocketLink& link, const TopSettings& settings);

}  // namespace vastwatch::ctl
