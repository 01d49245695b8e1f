// One line of the audit log (spec section 12), as the core composes it.
#pragma once

#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::engine {

/// One thing that was decided or done; the log adds `seq` and `prev`.
struct AuditRecord {
    Instant time;
    std::string action;  // destroy, stop, warn, hold, approve, dismiss, protect, pause, drop …
    std::string actor = "vastwatchd";
    std::optional<AccountName> account;
    std::optional<TeamName> team;
    std::optional<InstanceId> instance;
    std::string label;
    std::string gpu;
    std::optional<std::int64_t> offer_id;  // what was rented, of a provisioning
    int num_gpus = 0;
    std::optional<UsdPerHour> dph;
    std::optional<double> duration_hours;
    std::optional<Usd> total_cost;
    std::vector<std::string> reasons;
    std::string outcome;  // due, warned, verified, intended, requested, confirmed, failed …
    std::string recipe;   // JSON of what would create an equal instance again; empty = none
    std::string detail;

    friend bool operator==(const AuditRecord&, const AuditRecord&) = default;
};

}  // namespace vastwatch::engine
