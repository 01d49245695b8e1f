// Where accrual is cut: time is divided into cells, each within one UTC day (as charges are) and
// one local day (as windows are). Internal to the ledger.
#pragma once

#include "base/calendar.hpp"

#include <array>
#include <vector>

namespace vastwatch::ledger {

class Cells {
  public:
    explicit Cells(Calendar calendar);

    const Calendar& calendar() const { return calendar_; }

    /// The cut at or before `instant`, and the first one after it.
    Instant start(Instant instant) const;
    Instant end(Instant instant) const;

  private:
    /// The cells of one UTC day begin at `cuts`, the first of which is the UTC midnight.
    struct UtcDay {
        Instant day = Instant::min();
        std::vector<Instant> cuts;
    };

    const UtcDay& day_of(Instant instant) const;

    Calendar calendar_;
    // Asking the time zone costs microseconds, and nearly all questions are about two days.
    mutable std::array<UtcDay, 4> known_;
    mutable std::size_t next_ = 0;
};

/// The UTC midnight after `instant`.
Instant next_utc_day(Instant instant);

}  // namespace vastwatch::ledger
