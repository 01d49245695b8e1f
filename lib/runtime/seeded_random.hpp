// Randomness that a seed repeats exactly, on every machine: for tests and simulations.
#pragma once

#include "runtime/random.hpp"

#include <array>

namespace vastwatch::runtime {

/// xoshiro256** seeded through splitmix64, both by Blackman and Vigna. Not for secrets.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::uint64_t seed);

    std::uint64_t next() override;

  private:
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace vastwatch::runtime
