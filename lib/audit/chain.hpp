// Follows the chain line by line: the one place that knows what "whole and unaltered" means.
#pragma once

#include "audit/line.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vastwatch::audit {

class Chain {
  public:
    /// Takes the next line; what is wrong with it (a clause after "line 17"), or empty. After a
    /// fault the chain goes on from this line, so that one fault is told once.
    std::string add(std::string_view line);

    /// What the next record has to carry.
    std::uint64_t next_seq() const { return next_seq_; }

    const std::string& tip() const { return tip_; }

  private:
    std::uint64_t next_seq_ = 1;
    std::string tip_{no_line_before()};
};

}  // namespace vastwatch::audit
