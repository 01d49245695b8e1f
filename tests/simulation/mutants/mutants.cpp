#include "mutants.hpp"

#include "mutant_names.hpp"

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace vastwatch::mutants {
namespace {

std::atomic<std::uint64_t> meetings{0};

/// A mutant that is never met proves nothing when it survives: how often it was is told at the end.
void tell_meetings() {
    const std::uint64_t count = meetings;
    std::fprintf(stderr, "the mutant was met %" PRIu64 " times\n", count);
}

int choose() {
    const char* wanted = std::getenv("VASTWATCH_MUTANT");
    if (wanted == nullptr || *wanted == '\0') {
        return 0;
    }
    const auto* const at = std::find(names.begin(), names.end(), std::string_view{wanted});
    if (at == names.end()) {
        std::fprintf(stderr, "there is no mutant \"%s\"\n", wanted);
        std::_Exit(2);
    }
    std::atexit(&tell_meetings);
    return static_cast<int>(at - names.begin()) + 1;
}

}  // namespace

const int chosen = choose();

void met() noexcept {
    meetings.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace vastwatch::mutants
