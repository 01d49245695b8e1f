// What keeps a due case back, as one pure function of facts: the order in which they are looked at
// is the order in which they are told.
#pragma once

#include "enforcement/case.hpp"

namespace vastwatch::enforcement {

/// The facts at one moment, gathered by whoever knows them.
struct Facts {
    bool data_fresh = false;  // the account's data are within max_staleness, swept this run
    bool budget_seen = true;  // caps: reached by what was seen, and not by what is assumed
    bool sampled = true;      // idle rule: samples were taken since the start
    bool paused = false;
    bool store_writable = true;
    bool within_limit = true;  // max_actions_per_hour leaves room (or it is a cap)
    Duration idle_warning{0};  // of its team
    Duration warning_delivery{0};
};

/// The earliest moment a case may act: its due time, and for the idle rule not before the warning
/// has stood its time.
Instant earliest(const Case& item, const Facts& facts);

/// The first thing that keeps it back at `now`; Wait::none when it may proceed.
Wait gate(const Case& item, const Facts& facts, Instant now);

/// The idle rule's warning has stood its time and reached somebody, or nobody could be reached for
/// too long; true when none is due.
bool warning_is_over(const Case& item, const Facts& facts, Instant now);

/// A warning is owed and has not been given.
bool owes_warning(const Case& item, const Facts& facts, Instant now);

/// Pause before the next try after `attempts` requests that had no effect.
Duration retry_pause(int attempts);

/// A fresh read older than this is made again.
constexpr Duration verification_valid = std::chrono::seconds{20};

/// A fresh read that is still valid bears the case out.
bool freshly_read(const Case& item, Instant now);

/// After so many requests without effect people are told that money keeps burning.
constexpr int attempts_before_alarm = 3;

/// So many complete sweeps have to agree that an action is done.
constexpr int sweeps_to_confirm = 2;

}  // namespace vastwatch::enforcement
