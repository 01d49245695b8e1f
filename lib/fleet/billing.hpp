// Which state bills what, and what it costs: the tables of API sections 2.5, 2.7 and 3, applied
// to one row.
#pragma once

#include "fleet/observation.hpp"

#include <optional>

namespace vastwatch::fleet {

/// What a row's state bills. Conservative: a status that is not in the table counts as running.
struct Billing {
    bool gpu = false;
    bool disk = false;

    friend bool operator==(const Billing&, const Billing&) = default;
};

Billing billing_of(const Observation& row);

/// What an instance costs per hour right now, discount applied.
struct Rates {
    UsdPerHour gpu;
    UsdPerHour disk;
    bool estimated = false;  // some price was unknown and stood in for

    UsdPerHour total() const { return gpu + disk; }

    friend bool operator==(const Rates&, const Rates&) = default;
};

/// The rates of a row from its own prices; nothing when a price that its state bills is unknown.
std::optional<Rates> rates_of(const Observation& row);

/// The rates to accrue at (spec section 4, "unknown is not zero"): the row's own; else what it was
/// known to cost when billing; else search.totalHour; else `ceiling` (the team's max_dph), the last
/// three marked estimated. Nothing when none of them is known.
std::optional<Rates> rates_or_estimate(
    const Observation& row,
    std::optional<Rates> last_known,
    std::optional<UsdPerHour> ceiling);

/// What the row would cost per hour if its GPU billed (for a queued start, and for max_dph).
std::optional<UsdPerHour> running_rate(const Observation& row);

/// Runs in every respect: status, intended and current state (spec section 5). Only such a row can
/// be idle.
bool is_running(const Observation& row);

/// Stopped in fact: nothing bills but storage and nothing is wanted to run (API section 2.5).
bool is_stopped(const Observation& row);

/// Stopped but wanted running: will start, and bill, by itself (API 4.4).
bool is_queued(const Observation& row);

/// Parked after a failed start, or loading that was refused: will not run by itself (API 2.5).
bool is_parked(const Observation& row);

/// Has not come to run yet, by the host's own word: provisioning, created, loading (API 2.5).
bool waits_to_run(const Observation& row);

/// On its way out: the API is unloading it (cur_state unloaded).
bool is_unloading(const Observation& row);

/// A worker of Vast.ai's serverless autoscaler, by its label "<endpoint>:<id>:<group>".
bool is_serverless_worker(const Observation& row);
/// The endpoint's part of such a label.
std::string_view serverless_endpoint(const Observation& row);

}  // namespace vastwatch::fleet
