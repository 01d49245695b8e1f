// The rate of one account over the last days, as steps: what accrued between any two moments.
// Internal to the ledger.
#pragma once

#include "base/money.hpp"
#include "ledger/division.hpp"

#include <vector>

namespace vastwatch::ledger {

class AccrualHistory {
  public:
    /// The account's rate changes by `difference` at `at`. Steps may come in any order.
    void step(Instant at, UsdPerHour difference);

    /// What the rates add up to from `from` to `to`.
    Usd accrued(Instant from, Instant to) const;

    /// Forgets steps before `horizon`: what they add up to counts as having begun there.
    void forget_before(Instant horizon);

  private:
    struct Step {
        Instant at;
        Int128 difference = 0;
    };

    std::vector<Step> steps_;  // by time, no time twice
};

}  // namespace vastwatch::ledger
