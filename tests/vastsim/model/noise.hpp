// Randomness without state: the same seed and coordinates give the same number, so that what an
// instance reports depends on who it is and when it is asked, not on who else asked before.
#pragma once

#include <cstdint>
#include <string>

namespace vastwatch::vastsim {

/// A well-mixed 64-bit number of three coordinates.
std::uint64_t hash(std::uint64_t seed, std::uint64_t a, std::uint64_t b);

/// The same as a number in [0, 1).
double unit(std::uint64_t seed, std::uint64_t a, std::uint64_t b);

/// 64 hexadecimal characters, as the API's keys and tokens look.
std::string hex_token(std::uint64_t seed, std::uint64_t a);

/// A sequence of such numbers, for building fleets.
class Random {
  public:
    explicit Random(std::uint64_t seed) : seed_(seed) {}

    std::uint64_t next() { return hash(seed_, ++count_, 0); }

    /// In [0, 1).
    double unit() { return vastsim::unit(seed_, ++count_, 1); }

    /// In [low, high).
    double between(double low, double high) { return low + (high - low) * unit(); }

    /// In [0, bound); the bound is positive.
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }

    bool chance(double probability) { return unit() < probability; }

  private:
    std::uint64_t seed_;
    std::uint64_t count_ = 0;
};

}  // namespace vastwatch::vastsim
