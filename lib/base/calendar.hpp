// Days and months of one IANA time zone, daylight saving included. A day begins at the first
// instant of its local date, which is not always 00:00 where clocks change at midnight.
#pragma once

#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): the date library's own name
}

namespace vastwatch {

/// A value, cheap to copy. Zone data come from the system's tzdata and live until the process ends.
class Calendar {
  public:
    /// UTC.
    Calendar();

    /// The zone of that IANA name ("Europe/Berlin"); nothing when the system does not know it.
    static std::optional<Calendar> find(std::string_view zone_name);

    const std::string& zone_name() const { return zone_name_; }

    /// The beginning of the local day that contains `instant`, and of the one after it. The two
    /// are 23, 24 or 25 hours apart (or what the zone's history made of them).
    Instant day_start(Instant instant) const;
    Instant next_day_start(Instant instant) const;

    /// The same for months.
    Instant month_start(Instant instant) const;
    Instant next_month_start(Instant instant) const;

    /// The beginning of a given local date.
    Instant start_of(std::chrono::year_month_day date) const;

    /// The local date of `instant`.
    std::chrono::year_month_day date_of(Instant instant) const;

    /// For people, with the zone: "2026-11-21 19:04:05 CET".
    std::string format(Instant instant) const;

    /// For people, short: "19:04 CET".
    std::string format_time(Instant instant) const;

  private:
    const date::time_zone* zone_;
    std::string zone_name_;
};

}  // namespace vastwatch
