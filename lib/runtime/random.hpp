// Randomness as a seam: jitter and ids come from here, so that a seed reproduces a run.
#pragma once

#include <cstdint>

namespace vastwatch::runtime {

class Random {
  public:
    Random() = default;
    Random(const Random&) = delete;
    Random& operator=(const Random&) = delete;
    virtual ~Random() = default;

    /// 64 uniformly distributed bits.
    virtual std::uint64_t next() = 0;

    /// Uniform in [0, 1).
    double next_unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
};

}  // namespace vastwatch::runtime
