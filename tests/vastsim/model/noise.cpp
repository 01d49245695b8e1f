#include "model/noise.hpp"

#include <fmt/format.h>

namespace vastwatch::vastsim {
namespace {

// The finaliser of SplitMix64: every bit of the input moves half of the output's bits.
std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

}  // namespace

std::uint64_t hash(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
    return mix(mix(mix(seed) ^ a) ^ b);
}

double unit(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
    constexpr double scale = 1.0 / 9007199254740992.0;  // 2^-53
    return static_cast<double>(hash(seed, a, b) >> 11U) * scale;
}

std::string hex_token(std::uint64_t seed, std::uint64_t a) {
    std::string text;
    for (std::uint64_t part = 0; part < 4; ++part) {
        text += fmt::format("{:016x}", hash(seed, a, part + 0x1000));
    }
    return text;
}

}  // namespace vastwatch::vastsim
