// Exact arithmetic of the ledger: dividing an amount so that the parts sum to it, and money as the
// product of rates and times that is rounded once. Internal to the ledger.
#pragma once

#include "base/money.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace vastwatch::ledger {

__extension__ using Int128 = __int128;

/// `amount` in proportion of `weights` (not negative), by largest remainders: the parts sum to it
/// exactly, whatever its sign. Of equal remainders the first wins. Without any weight all of it
/// goes to the first part. `parts` is resized to the weights.
void divide(Usd amount, std::span<const std::int64_t> weights, std::vector<Usd>& parts);

/// A sum of rates times times (nano-dollars per hour x nanoseconds), as money: rounded half to
/// even, within Usd's range.
Usd from_rate_time(Int128 sum);

}  // namespace vastwatch::ledger
