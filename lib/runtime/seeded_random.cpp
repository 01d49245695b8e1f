#include "runtime/seeded_random.hpp"

#include <bit>

namespace vastwatch::runtime {

SeededRandom::SeededRandom(std::uint64_t seed) {
    for (auto& word : state_) {
        seed += 0x9E3779B97F4A7C15U;
        auto mixed = seed;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        word = mixed ^ (mixed >> 31U);
    }
}

std::uint64_t SeededRandom::next() {
    const auto result = std::rotl(state_[1] * 5U, 7) * 9U;
    const auto shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

}  // namespace vastwatch::runtime
