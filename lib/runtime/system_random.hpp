// Randomness from the kernel: for production.
#pragma once

#include "runtime/random.hpp"

#include <array>
#include <cstddef>

namespace vastwatch::runtime {

/// getrandom() in blocks, so that each number is as good as the kernel's and costs next to nothing.
class SystemRandom final : public Random {
  public:
    std::uint64_t next() override;

  private:
    std::array<std::uint64_t, 32> block_{};
    std::size_t used_ = block_.size();
};

}  // namespace vastwatch::runtime
