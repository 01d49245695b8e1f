#include "base/calendar.hpp"

#include "base/assert.hpp"

#include <date/tz.h>

#include <stdexcept>

namespace vastwatch {
namespace {

const date::time_zone* find_zone(std::string_view name) {
    try {
        return date::locate_zone(name);
    } catch (const std::runtime_error&) {
        return nullptr;  // the library's way to say that there is no such zone
    }
}

date::year_month_day local_date(const date::time_zone& zone, Instant instant) {
    return date::year_month_day{date::floor<date::days>(zone.to_local(instant))};
}

Instant first_instant(const date::time_zone& zone, date::year_month_day day) {
    // Where midnight does not exist or exists twice, the earliest instant of the date is the day's
    // beginning: choose::earliest maps a gap to the moment of the jump.
    return zone.to_sys(date::local_days{day}, date::choose::earliest);
}

/// The day that `instant` belongs to. Clocks that went back over midnight (Newfoundland until 2011,
/// at 00:01) show the old date again for an hour: that hour stays with the day that has begun.
date::year_month_day day_of(const date::time_zone& zone, Instant instant) {
    const auto date = local_date(zone, instant);
    const date::year_month_day next{date::local_days{date} + date::days{1}};
    return first_instant(zone, next) <= instant ? next : date;
}

}  // namespace

Calendar::Calendar() : zone_(find_zone("Etc/UTC")), zone_name_("UTC") {
    if (zone_ == nullptr) {
        zone_ = find_zone("UTC");
    }
    VW_ASSERT(zone_ != nullptr);
}

std::optional<Calendar> Calendar::find(std::string_view zone_name) {
    Calendar calendar;
    if (zone_name == "UTC") {
        return calendar;
    }
    const auto* zone = find_zone(zone_name);
    if (zone == nullptr) {
        return std::nullopt;
    }
    calendar.zone_ = zone;
    calendar.zone_name_ = zone_name;
    return calendar;
}

Instant Calendar::day_start(Instant instant) const {
    const auto day = day_of(*zone_, instant);
    return first_instant(*zone_, day);
}

Instant Calendar::next_day_start(Instant instant) const {
    auto next = date::local_days{day_of(*zone_, instant)};
    Instant start = instant;
    // A date that a zone left out (Samoa's 30 December 2011) begins where the next one does.
    while (start <= instant) {
        next += date::days{1};
        start = first_instant(*zone_, date::year_month_day{next});
    }
    return start;
}

Instant Calendar::month_start(Instant instant) const {
    const auto day = day_of(*zone_, instant);
    return first_instant(*zone_, day.year() / day.month() / 1);
}

Instant Calendar::next_month_start(Instant instant) const {
    const auto day = day_of(*zone_, instant);
    return first_instant(*zone_, day.year() / day.month() / 1 + date::months{1});
}

Instant Calendar::start_of(std::chrono::year_month_day day) const {
    const date::year_month_day same_day{
        date::year{static_cast<int>(day.year())},
        date::month{static_cast<unsigned>(day.month())},
        date::day{static_cast<unsigned>(day.day())}};
    return first_instant(*zone_, same_day);
}

std::chrono::year_month_day Calendar::date_of(Instant instant) const {
    const auto day = day_of(*zone_, instant);
    return std::chrono::year{static_cast<int>(day.year())} /
           std::chrono::month{static_cast<unsigned>(day.month())} /
           std::chrono::day{static_cast<unsigned>(day.day())};
}

std::string Calendar::format(Instant instant) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(instant);
    return date::format("%F %T %Z", date::make_zoned(zone_, seconds));
}

std::string Calendar::format_time(Instant instant) const {
    const auto minutes = std::chrono::floor<std::chrono::minutes>(instant);
    return date::format("%H:%M %Z", date::make_zoned(zone_, minutes));
}

}  // namespace vastwatch
