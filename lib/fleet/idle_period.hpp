// The idle period of one instance: how long, with how much evidence, its GPU has done nothing (spec
// section 5). A pure value that grows by samples and survives restarts as part of the state.
#pragma once

#include "fleet/evidence.hpp"

namespace vastwatch::fleet {

/// Time from one sample to the next counts as what the later one says. What follows the latest idle
/// sample is pending: it becomes part of the period only when another idle sample confirms it.
struct IdlePeriod {
    std::optional<Instant> began;  // the first idle sample; absent = no period
    Instant last_idle;             // the latest idle sample; the period's end so far
    Instant last_sample;           // the latest sample of any kind
    Instant last_known;            // the latest sample that was busy or idle
    Duration idle{0};
    Duration busy{0};  // tolerated
    Duration unknown{0};
    Duration pending_busy{0};
    Duration pending_unknown{0};
    // What another limit would have made of it:
    std::optional<double> highest;  // utilisation of its idle samples, in percent
    Duration longest_gap{0};        // between known samples, of those that only max_gap allowed

    /// From the first to the latest idle sample.
    Duration length() const { return began ? last_idle - *began : Duration{0}; }

    /// Share of the period that known samples account for; 100% for a period without length.
    Percent coverage() const;

    friend bool operator==(const IdlePeriod&, const IdlePeriod&) = default;
};

struct IdleRules {
    Duration max_gap{0};   // known samples further apart than this do not continue a period
    Percent tolerance{0};  // busy share of the period that does not end it
    Duration sweeps{0};    // samples this near continue it in any case; at most max_gap
};

/// `period` after one more sample. `interrupted` tells that time between the samples is not to be
/// trusted (the wall clock stepped): the period starts anew.
IdlePeriod extend(IdlePeriod period, const Sample& sample, IdleRules rules, bool interrupted);

}  // namespace vastwatch::fleet
