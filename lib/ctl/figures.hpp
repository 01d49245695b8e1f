// How figures are written for people. What is unknown is "?", what does not apply is "–", and
// neither is ever 0.
#pragma once

#include "base/calendar.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "ctl/fields.hpp"
#include "ctl/styled.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::ctl {

inline constexpr std::string_view unknown = "?";
inline constexpr std::string_view none = "–";

/// How things are to be shown.
struct Look {
    Calendar calendar;      // whose zone times are written in
    std::size_t width = 0;  // terminal columns; 0 = no limit
    bool colour = false;
};

/// "$160.02"
std::string money(std::optional<double> dollars);

/// "$12.40/h", with four decimals where two would hide some: "$0.0042/h".
std::string rate(std::optional<double> dollars_per_hour);
std::string rate(UsdPerHour rate);

/// "12s ago", "now" or "in 3m".
std::string relative(Instant at, Instant now);

/// "19:04 CET", with the date in front when it is not today.
std::string clock_time(Instant at, Instant now, const Calendar& calendar);

/// "22:17 CET (in 3h 13m)"
std::string moment(Instant at, Instant now, const Calendar& calendar);

/// "42%", "7.5%" below ten.
std::string percent(double value);

/// "8x H100 SXM", from the members num_gpus and gpu_name.
std::string gpu(const Fields& item, std::string_view name = "gpu_name");

/// Eight columns filled in proportion, and the percentage: "██████▍░  80%". Amber from 80%, red
/// from 100%.
Text bar(double ratio);

/// "1 instance", "2 instances"
std::string plural(std::size_t count, std::string_view one);

}  // namespace vastwatch::ctl
