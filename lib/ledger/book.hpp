// What one team spends in one account: sums that every query is answered from, kept up to date as
// the contracts below change. Internal to the ledger.
#pragma once

#include "ledger/division.hpp"
#include "ledger/records.hpp"

#include <optional>
#include <vector>

namespace vastwatch::ledger {

/// Money of one cell of time.
struct CellAmounts {
    Instant start;
    Amounts amounts;
};

/// Adds to the cell of that start, which is made when it does not exist; `cells` stay sorted.
void add_to_cell(std::vector<CellAmounts>& cells, Instant start, const Amounts& amounts);

/// Rates of all open meters, and how far behind `since` the sums are: together they give the open
/// accrual of any number of meters at once.
class OpenMeters {
  public:
    void clear();
    /// `offset`: from the beginning of the cell to where the meter's accrual begins.
    void add(const fleet::Rates& rates, Duration offset);
    void remove(const fleet::Rates& rates, Duration offset);

    /// Accrual of all meters from where each begins until `offset` after the cell's beginning,
    /// which must not lie before any of them.
    Amounts accrued(Duration offset) const;
    /// Accrual of all meters over `span`.
    Amounts accrued_over(Duration span) const;

    UsdPerHour burn() const;

    bool estimated() const { return estimated_ > 0; }

  private:
    Int128 gpu_ = 0;
    Int128 disk_ = 0;
    Int128 gpu_offset_ = 0;  // sum of rate x offset
    Int128 disk_offset_ = 0;
    std::int64_t estimated_ = 0;
};

class Book {
  public:
    Book(AccountName account, TeamName team, std::size_t index);

    const AccountName& account() const { return account_; }

    const TeamName& team() const { return team_; }

    /// Its place among all books, in the order they came to be.
    std::size_t index() const { return index_; }

    OpenMeters& open() { return open_; }

    const OpenMeters& open() const { return open_; }

    /// Money of days that may still change.
    void post(Instant cell, const Amounts& amounts);
    void withdraw(Instant cell, const Amounts& amounts);

    void clear_posted() { live_.clear(); }

    /// Final money. The posted part of it must have been withdrawn.
    void fold(Instant cell, const Amounts& amounts);
    /// What is folded at that start.
    Amounts folded_at(Instant cell) const;

    /// Booked money of all cells from `start` on, and all there is.
    Usd since(Instant start) const;
    Amounts total() const;
    std::optional<Instant> first_cell() const;

    /// The counter: what was shown, and what is known to be stored of it.
    Amounts shown;
    Amounts stored_mark;

  private:
    AccountName account_;
    TeamName team_;
    std::size_t index_;
    OpenMeters open_;
    std::vector<CellAmounts> live_;    // a few open days
    std::vector<CellAmounts> folded_;  // years
    std::vector<Usd> before_;          // sum of folded_ up to and without each cell
    Amounts folded_total_;
};

}  // namespace vastwatch::ledger
