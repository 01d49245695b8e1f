// The rules of spec section 4 that make one figure of accrual and charge, for one contract on one
// UTC day, and divide it over teams and local days. Internal to the ledger.
#pragma once

#include "ledger/cells.hpp"
#include "ledger/contract.hpp"

#include <vector>

namespace vastwatch::ledger {

/// The sum of all postings is the spend of the day as of its last booking:
/// - settled: the charge;
/// - else accrual as booked, plus what the charge's GPU and disk items exceed it by, plus bandwidth
///   and other items. With a meter that still runs into the day, the excess is left out: it shrinks
///   with time, see excess().
/// What is charged is divided in proportion of accrual (GPU by GPU, disk by disk, the rest by
/// both), as of the moment when the charge was read; without any accrual, over the local days in
/// proportion of time, for the team that the charge came with.
void post_day(const Cells& cells, const ContractState& contract, OpenDay& day);

/// What the charge's GPU and disk items of the present day exceed accrual by, as of `at`.
Amounts excess(const ContractState& contract, const OpenDay& day, Instant at);

/// The moment from which on excess() is nothing, while the meter goes on as it does; Instant::max()
/// when the day is over before.
Instant excess_end(const ContractState& contract, const OpenDay& day);

/// Divides an excess over teams and local days, and appends it to `out`.
void divide_excess(
    const Cells& cells,
    const ContractState& contract,
    const OpenDay& day,
    const Amounts& amounts,
    std::vector<Posting>& out);

}  // namespace vastwatch::ledger
