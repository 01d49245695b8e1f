// The rules of spec section 4 that make one figure of accrual and charge, for one contract on one
// UTC day, and divide it over teams and local days. Internal to the ledger.
//
// While the day is open, spend is accrual, plus what the charge's GPU and disk items exceed it by,
// plus bandwidth and other items. What a charge names beyond accrual is divided when it is read,
// and stays where it is: a change of team moves no money that was spent before. Each reading
// divides only what it has beyond the one before, in proportion of what accrued since that one (GPU
// by GPU, disk by disk, the rest by both). Accrual that comes later uses the excess up: the charge
// told of it before it was seen, so it counts only once the excess is gone, or a reading confirms
// it.
#pragma once

#include "ledger/cells.hpp"
#include "ledger/contract.hpp"

#include <vector>

namespace vastwatch::ledger {

/// Books accrual of the day that `more` has (its start, book, GPU and disk).
void add_accrual(const Cells& cells, OpenDay& day, const Part& more);

/// Takes back accrual that add_accrual() booked, as far as it is there.
void take_accrual(const Cells& cells, OpenDay& day, const Part& less);

/// Divides what the charge, as it was read at `charge_changed`, has beyond what is divided already
/// and what the open meter accrued until then.
void attribute_reading(const Cells& cells, const ContractState& contract, OpenDay& day);

/// The same with what is booked, for a day to which parts have come since; changes nothing when all
/// is divided. Without any parts, and without a meter, there is nobody to divide it among.
void attribute(const Cells& cells, const ContractState& contract, OpenDay& day);

/// The sum of all postings is the spend of the day as of its last booking. Once settled it is the
/// charge, divided as the spend was while the day was open. A charge of what never accrued goes
/// over the local days in proportion of time, for the team that it came with.
void post_day(const Cells& cells, const ContractState& contract, OpenDay& day);

/// What of the open meter's accrual up to `at` the charge told of already: not positive.
Amounts charged_already(const ContractState& contract, const OpenDay& day, Instant at);

}  // namespace vastwatch::ledger
