// Instants, durations and how they are written. Two kinds of time point that cannot be mixed up:
// Instant (the wall clock, UTC, may step) and MonoTime (never steps, means nothing outside this
// boot). Nothing here reads a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch {

using Duration = std::chrono::nanoseconds;

/// A point of the wall clock, UTC, since 1970.
using Instant = std::chrono::sys_time<Duration>;

/// Tag of the monotonic clock; see runtime/clock.hpp for who reads it.
struct MonoClock {
    using rep = Duration::rep;
    using period = Duration::period;
    using duration = Duration;
    using time_point = std::chrono::time_point<MonoClock, Duration>;
    static constexpr bool is_steady = true;
};

using MonoTime = MonoClock::time_point;

/// The two clocks read together, as handed to everything that decides.
struct Now {
    Instant wall;
    MonoTime mono;
};

/// "90s", "2h", "1h30m", "7d", "250ms", "0s": one or more number-unit pairs, units d h m s ms in
/// falling order, each at most once; up to 100 years. Nothing for any other text.
std::optional<Duration> parse_duration(std::string_view text);

/// The shortest exact form that parse_duration reads back; below a millisecond it is rounded.
std::string format_duration(Duration duration);

/// For people, two units at most: "2h 5m", "47s", "3d 4h", "under a second".
std::string humanize(Duration duration);

/// RFC 3339 in UTC with seconds ("2026-11-21T19:04:05Z") or milliseconds ("…05.123Z").
std::string format_rfc3339(Instant instant);
std::string format_rfc3339_millis(Instant instant);

/// Reads RFC 3339 (any offset, fraction to nanoseconds) or a bare date "2026-11-21" (UTC midnight).
std::optional<Instant> parse_rfc3339(std::string_view text);

/// Unix seconds, as the API writes them; nothing when not finite or outside 1970 to 2200.
std::optional<Instant> instant_from_unix_seconds(double seconds);

/// Unix seconds with nanoseconds kept in the fraction as far as a double can.
double to_unix_seconds(Instant instant);

/// The UTC midnight at or before `instant`.
Instant utc_day_start(Instant instant);

}  // namespace vastwatch
