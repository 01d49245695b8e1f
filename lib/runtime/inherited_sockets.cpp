#include "runtime/inherited_sockets.hpp"

#include <systemd/sd-daemon.h>

#include <cstddef>
#include <numeric>

namespace vastwatch::runtime {

std::vector<int> inherited_sockets() {
    const int count = sd_listen_fds(1);
    std::vector<int> descriptors(count > 0 ? static_cast<std::size_t>(count) : 0);
    std::iota(descriptors.begin(), descriptors.end(), SD_LISTEN_FDS_START);
    return descriptors;
}

}  // namespace vastwatch::runtime
