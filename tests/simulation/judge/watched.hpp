// One instance as the judge sees it: what the API truthfully served of it, in the judge's own words
// and by the judge's own reading of the specification. Nothing here is shared with the daemon's
// rules.
#pragma once

#include "base/money.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::simulation {

/// What a served row says, read by the table of the API's documents.
struct Reading {
    std::string_view label;
    std::string_view gpu_name;
    bool wanted_running = false;  ///< intended and current state running
    bool running = false;         ///< and reported running
    bool host_silent = false;     ///< offline, or no recent word
    bool stopped = false;         ///< intended and current state stopped, container gone
    bool unloading = false;
    bool waits_to_run = false;  ///< never ran: provisioning, loading, created
    bool interruptible = false;
    std::optional<double> util;
    std::optional<double> temperature;
    std::uint64_t others = 0;  ///< all volatile figures but utilisation, as one number
    UsdPerHour rate;           ///< what it costs in this state
    Instant started;           ///< start_date
};

enum class Word : std::uint8_t { unknown, busy, idle };

/// Neighbouring samples that say the same.
struct Stretch {
    Instant first;
    Instant last;
    Word word = Word::unknown;
    bool breaks = false;       ///< the clock was set: what was before does not go on
    bool may_be_lost = false;  ///< served to a process that died before it stored it
};

/// An idle period as it is told by samples from a certain moment on.
struct IdleSpan {
    std::optional<Instant> since;
    Duration known{0};
    Duration unknown{0};  ///< up to the latest idle sample
    Duration pending_unknown{0};
};

struct Watched {
    std::int64_t id = 0;
    std::size_t account = 0;
    std::string team;  ///< empty = unassigned
    std::string label;
    std::string gpu_name;
    bool serverless = false;
    bool interruptible = false;
    Instant started;
    UsdPerHour rate;
    UsdPerHour rate_before;  ///< until `changed_at`, or the same
    Instant changed_at;      ///< the latest listing with another rate or team than before, or none

    std::vector<std::pair<Instant, std::string>> teams;  ///< from when on which

    // --- Its run and its idleness, as far as served.
    std::optional<Instant> runs_since;     ///< the first row of this run
    std::optional<Instant> stopped_since;  ///< the first row that showed it stopped
    std::optional<Instant> waits_since;    ///< born and not run since
    bool ever_ran = false;
    bool unloading = false;
    std::uint64_t others = 0;
    int repeats = 0;
    bool any_sample = false;
    Instant last_sample;
    Instant last_known;
    Instant known_before;               ///< the one before that
    std::optional<Instant> idle_since;  ///< of a period without any busy sample
    Instant idle_until;                 ///< when the latest one was seen to be over
    Instant last_idle;
    Duration known{0};    ///< of the period
    Duration unknown{0};  ///< of the period, up to the latest idle sample
    Duration pending_unknown{0};
    std::vector<Stretch> history;            ///< for periods with tolerated work
    std::optional<Instant> protected_since;  ///< by label
    Duration skew{0};                        ///< of the daemon's clock at the latest sample
    Duration skew_before{0};                 ///< before the latest time that it was set
    bool interrupted = false;                ///< the clock was set: the period begins anew
    std::optional<Instant> kept_known;       ///< the latest that a process kept which died
    bool nearly_gap = false;                 ///< the latest samples were just near enough to go on

    // --- What the daemon was told and did.
    Instant not_due_before;      ///< an idle clock may have begun again under another policy
    std::vector<IdleSpan> anew;  ///< the idle period, from each point where it may have begun again
    std::optional<Instant> due_since;    ///< since when everything is there to act
    std::optional<Instant> open_since;   ///< as served: it costs, and nothing keeps a cap from it
    std::optional<Instant> read_at;      ///< the latest fresh read
    UsdPerHour listed_rate;              ///< what it cost before the one that repriced it
    std::optional<Instant> repriced_at;  ///< by a fresh read that showed another rate
    std::optional<Reading> read;
    std::string read_label;
    std::optional<Instant> warned_at;
    std::optional<Instant> warning_delivered_at;
    std::string warning;  ///< the alert's id
    std::optional<Instant> ordered_at;
    UsdPerHour ordered_rate;  ///< what it cost then
    bool ordered_destroy = false;
    bool obeyed = false;     ///< it was seen stopped since then
    bool unasked = false;    ///< the intent is on disk, and no request was seen since
    bool cut_short = false;  ///< such an intent met a restart: it may have been carried out
    int orders = 0;
    std::optional<Instant> orders_since;
    bool held = false;
    bool held_over_reload = false;  ///< since a reload, which may have held it all the same
    bool held_as_mass = false;
    /// Rules that a reload's hold has it for, and since when by the daemon's clock; empty:
    /// whatever.
    std::map<std::string, Instant> held_for;
    /// Alike, since when first: held again, it may still wait for the window of then only.
    std::map<std::string, Instant> first_held_for;
    std::map<std::string, Instant> dismissed_for;  ///< alike, of those that were dismissed
    bool hold_decided = true;                      ///< what is in held_for is no more
    std::set<std::string> intended_for;  ///< the rules by which it was last to be acted upon
    std::optional<Instant> held_of;      ///< the begin of the idle period that it was held for
    bool hold_may_be_over = false;       ///< of one of many: as idle it is judged anew
    bool approved = false;               ///< an operator let it go on
    bool limited = false;                ///< by its reasons the hourly limit counts it
    bool only_idle = false;              ///< by its reasons nothing but idleness condemns it
    bool order_disturbed = false;  ///< something may have come between the request and its effect
    std::optional<Instant> done_told_at;
    bool done_judged = false;
    bool survived_order = false;  ///< the first row after a request does not show it on its way out
    bool seen_since_order = false;
    bool read_renamed = false;  ///< the fresh read showed another label than was known
    bool dismissed = false;
    std::optional<Instant> protected_until;  ///< by an operator
    bool duty_told = false;
    Duration lost{0};                ///< of the period, around samples that crashes may have lost
    std::optional<Instant> lost_of;  ///< the period's begin
    std::optional<Instant> excused_until;  ///< what was seen last may not have been kept
    std::uint64_t changes = 0;             ///< of what rules look at, as served
    Word word = Word::unknown;             ///< of the latest sample
    bool missing = false;                  ///< the latest complete listing lacks it
    bool left_out = false;                 ///< the same, and that was a lie
    int lies = 0;                          ///< of that kind in succession
};

/// Takes one more truthful row into account. `max_gap`: known samples further apart do not
/// continue a period; `below`: utilisation under it is idle.
void follow(Watched& watched, const Reading& reading, Instant at, Duration max_gap, double below);

/// The clock was set by so much, and nobody could notice: times that were kept mean others now.
void believe_clock(Watched& watched, Duration by, Instant at);

/// From here on, or from its next idle sample, its idle period may have begun again.
void may_begin_anew(Watched& watched, IdleSpan span = {});

/// What a reading says of the GPU, given that the row has stood still for `repeats` readings.
Word word_of(const Reading& reading, int repeats, double below);

}  // namespace vastwatch::simulation
