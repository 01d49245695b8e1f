// An instance as known over time: its latest row and what had to be remembered from earlier ones.
#pragma once

#include "fleet/billing.hpp"
#include "fleet/evidence.hpp"
#include "fleet/idle_period.hpp"
#include "fleet/observation.hpp"

#include <optional>
#include <vector>

namespace vastwatch::fleet {

struct Instance {
    InstanceId id;
    AccountName account;
    TeamName team;
    Observation row;

    Instant first_seen;
    Instant last_seen;
    int missed_sweeps = 0;  // complete sweeps in succession that did not list it
    /// It existed before the daemon's first sweep of its account: when it was created says nothing
    /// about how long its present state lasts.
    bool found_at_start = false;

    std::optional<Rates> known_rates;  // the last ones with a GPU price, for when prices vanish
    bool ever_ran = false;             // seen running, or in a state that comes after running
    std::optional<Instant> running_since;
    std::optional<Instant> stopped_since;
    /// Since when it is not running without ever having run, as far as known.
    std::optional<Instant> loading_since;
    /// Since when a `protect` label glob exempts it from the idle rule; kept when the label goes,
    /// so that taking it off and on again does not renew the exemption.
    std::optional<Instant> label_protected_since;

    StillRow still;
    IdlePeriod idle;
    std::vector<SampleRun> samples;
    /// Samples taken since this process started; an action needs some. Not stored.
    int fresh_samples = 0;
};

}  // namespace vastwatch::fleet
