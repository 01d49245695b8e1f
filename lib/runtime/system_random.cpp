#include "runtime/system_random.hpp"

#include "base/assert.hpp"

#include <sys/random.h>

#include <cerrno>

namespace vastwatch::runtime {

std::uint64_t SystemRandom::next() {
    if (used_ == block_.size()) {
        // Up to 256 bytes come whole once the kernel's pool is ready; before that a signal may
        // interrupt the wait.
        ssize_t got = 0;
        do {
            got = getrandom(block_.data(), sizeof(block_), 0);
        } while (got < 0 && errno == EINTR);
        VW_ASSERT(got == static_cast<ssize_t>(sizeof(block_)));
        used_ = 0;
    }
    return block_.at(used_++);
}

}  // namespace vastwatch::runtime
