#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace vastwatch {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
    (void)std::fprintf(stderr, "vastwatch: assertion failed: %s (%s:%d)\n", condition, file, line);
    std::abort();
}

}  // namespace vastwatch
