// The engine's state as it is stored: what one step changed, written in one transaction, and (with
// every record in it) what a restart begins from.
#pragma once

#include "alerts/alert.hpp"
#include "alerts/outbox.hpp"
#include "enforcement/case.hpp"
#include "engine/audit_record.hpp"
#include "fleet/instance.hpp"
#include "ledger/records.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vastwatch::engine {

/// What is remembered of an account as a whole.
struct AccountState {
    AccountName name;
    std::optional<Instant> first_sweep;  // the first complete one ever
    std::optional<Instant> last_sweep;   // the end of the latest complete one
    std::optional<Instant> failing_since;
    bool key_rejected = false;
    std::optional<Usd> credit;
    std::optional<Instant> credit_at;
    /// total_spend and accrual at the beginning of the period over which they are compared.
    std::optional<Usd> total_spend_mark;
    std::optional<Instant> total_spend_mark_at;
    std::optional<Usd> total_spend;
    /// The first UTC day whose charges are counted: of the ledger's own at first, then further back
    /// as backfills are taken. Of a database from before this was kept it may lie in its day.
    std::optional<Instant> covered_from;

    friend bool operator==(const AccountState&, const AccountState&) = default;
};

/// The part of an instance that changes with every sample: written apart from the rest, so that a
/// quiet fleet costs little.
struct IdleClock {
    InstanceId id;
    Instant last_seen;
    fleet::StillRow still;
    fleet::IdlePeriod idle;
    std::vector<fleet::SampleRun> samples;
};

/// A team's total spend at one moment, for curves: one every quarter of an hour.
struct SpendPoint {
    Instant at;
    TeamName team;
    Usd today;  // since the local midnight
    Usd total;  // ever, as known then

    friend bool operator==(const SpendPoint&, const SpendPoint&) = default;
};

/// How far the wall clock was ahead of the monotonic one, and during which boot of the machine the
/// latter counted: a clock that is set while no daemon runs is noticed by the next one.
struct ClockMark {
    std::string boot;
    Duration offset{0};

    friend bool operator==(const ClockMark&, const ClockMark&) = default;
};

/// What is stored goes in whichever order suits the store: of what begins and what ends, a record
/// has only the later one. The functions see to that.
struct Changes {
    std::vector<fleet::Instance> instances;  // upserts, with their idle clock
    std::vector<IdleClock> idle_clocks;      // of instances stored before
    std::vector<InstanceId> gone_instances;
    ledger::Changes ledger;
    std::vector<enforcement::Case> cases;
    std::vector<enforcement::Hold> holds;
    std::vector<enforcement::Protection> protections;
    std::vector<InstanceId> ended_protections;
    std::optional<enforcement::Pause> pause;
    bool pause_ended = false;
    std::vector<alerts::Alert> alerts;
    std::vector<alerts::OutboxEntry> outbox;
    std::vector<alerts::Condition> conditions;
    std::vector<std::string> forgotten_conditions;
    std::vector<AccountState> accounts;
    std::vector<SpendPoint> spend_points;
    std::optional<std::string> policy_fingerprint;
    std::optional<ClockMark> clock;
    /// What is appended to the audit log once this is durable, in place of what was noted so
    /// before: should the process end in between, the next one appends it.
    std::optional<std::vector<AuditRecord>> audit;

    bool empty() const;

    void keep(enforcement::Protection protection);
    void end_protection(InstanceId id);
    void keep(enforcement::Pause kept);
    void end_pause();
    void keep(alerts::Condition condition);
    void forget_condition(const std::string& key);

    /// What could not be written goes before all this, but for the instances, the ledger and the
    /// audit log.
    void follow(Changes unwritten);
};

}  // namespace vastwatch::engine
