// Sockets that systemd made and hands over at the start (socket activation).
#pragma once

#include <vector>

namespace vastwatch::runtime {

/// The descriptors that LISTEN_FDS and LISTEN_PID give to this process, closed on exec; empty when
/// there are none. Takes the variables out of the environment, so a second call finds nothing.
/// Before any second thread starts.
std::vector<int> inherited_sockets();

}  // namespace vastwatch::runtime
