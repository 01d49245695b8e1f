#include "runtime/inherited_sockets.hpp"

#include <systemd/sd-daemon.h>

namespace vastwatch::runtime {

std::vector<int> inherited_sockets() {
    std::vector<int> descriptors;
    const int count = sd_listen_fds(1);
    for (int index = 0; index < count; ++index) {
        descriptors.push_back(SD_LISTEN_FDS_START + index);
    }
    return descriptors;
}

}  // namespace vastwatch::runtime
