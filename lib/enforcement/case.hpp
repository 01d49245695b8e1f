// One instance that something is due for, and everything that was decided about it.
#pragma once

#include "base/ids.hpp"
#include "fleet/observation.hpp"
#include "rules/finding.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vastwatch::enforcement {

/// Where a case stands. The last four are ends.
enum class Step {
    pending,    // not due yet, or due and kept back (see Wait)
    held,       // part of a mass action that waits for an operator
    verifying,  // a fresh read is asked for
    intended,   // the intent is being made durable; the request leaves after that
    requested,  // sent and accepted, or sent with an unclear answer: waiting for sweeps
    confirmed,  // two complete sweeps agree that it is done
    dropped,    // the condition ended, the fresh read disagreed, or an operator dismissed it
    dry_run,    // would have been done
    vanished,   // gone before anything was sent
};

std::string_view to_string(Step step);
std::optional<Step> parse_step(std::string_view text);
bool is_end(Step step);

/// Why a pending case that is due does not move.
enum class Wait {
    none,
    deadline,          // not due yet
    warning,           // its warning has not been delivered to anybody yet
    fresh_samples,     // the daemon has just started
    stale_data,        // data older than max_staleness
    unseen_spend,      // its cap is reached only by what instances unseen for so long may cost
    paused,            // vastwatchctl pause
    rate_limit,        // max_actions_per_hour
    retry,             // waiting before the next try
    state_unwritable,  // no durable intent is possible
};

std::string_view to_string(Wait wait);
std::optional<Wait> parse_wait(std::string_view text);
/// The same as a clause for people: "its warning has not been delivered yet".
std::string_view explain(Wait wait);

/// One rule that wants this instance, as recorded with the action.
struct Reason {
    rules::Rule rule = rules::Rule::idle;
    std::string text;

    friend bool operator==(const Reason&, const Reason&) = default;
};

struct Case {
    std::int64_t number = 0;  // unique, rising
    InstanceId instance;
    AccountName account;
    TeamName team;
    policy::Action action = policy::Action::alert;  // stop or destroy
    rules::Rule rule = rules::Rule::idle;           // the one that is due first or acts strongest
    std::vector<Reason> reasons;                    // all of them
    Step step = Step::pending;
    Wait wait = Wait::none;

    // What was decided upon: the fresh read must show the same.
    std::string label;
    std::optional<Instant> start_date;
    std::string gpu_name;
    int num_gpus = 0;
    UsdPerHour rate;  // what it costs per hour at the decision
    Duration idle{0};
    bool cap = false;  // exempt from the hourly limit

    Instant opened;
    Instant due;
    std::optional<Instant> warned_at;
    std::optional<Instant> warning_delivered_at;
    AlertId warning;  // empty = none was due
    std::optional<Instant> verified_at;
    std::optional<Instant> intended_at;
    std::optional<Instant> requested_at;
    std::optional<Instant> closed_at;
    int attempts = 0;           // requests sent
    Instant next_attempt;       // not before
    int confirmations = 0;      // complete sweeps since the request that agree
    bool failure_told = false;  // the critical alert after three tries
    std::optional<HoldId> hold;
    std::optional<fleet::Recipe> recipe;
    std::string detail;  // what last happened, for people

    friend bool operator==(const Case&, const Case&) = default;
};

/// A mass action that waits for `vastwatchctl approve`.
struct Hold {
    enum class Kind { mass_idle, reload };
    enum class Decision { open, approved, dismissed, lapsed };

    HoldId id;
    Kind kind = Kind::mass_idle;
    Decision decision = Decision::open;
    AccountName account;
    Instant created;
    std::optional<Instant> decided;
    std::string decided_by;
    std::vector<InstanceId> instances;
    UsdPerHour cost;  // per hour of all of them
    /// What a reload made due, and nothing else, waits in its hold: each instance with each rule
    /// that wanted it then. Empty in a mass hold, and in one that an earlier version made, which
    /// keeps back whatever is wanted of its instances.
    std::set<std::pair<InstanceId, rules::Rule>> wanted;

    friend bool operator==(const Hold&, const Hold&) = default;
};

/// A reload's hold has what `rule` wants of `instance`.
bool has(const Hold& hold, InstanceId instance, rules::Rule rule);

std::string_view to_string(Hold::Kind kind);
std::string_view to_string(Hold::Decision decision);
std::optional<Hold::Kind> parse_hold_kind(std::string_view text);
std::optional<Hold::Decision> parse_hold_decision(std::string_view text);

/// `vastwatchctl protect`: exempt from every rule until then.
struct Protection {
    InstanceId instance;
    Instant from;
    Instant until;
    std::string actor;   // "uid:1000"
    std::string reason;  // printable

    friend bool operator==(const Protection&, const Protection&) = default;
};

/// `vastwatchctl pause`.
struct Pause {
    Instant since;
    std::optional<Instant> until;
    std::string actor;
    std::string reason;
    Instant last_reminder;

    friend bool operator==(const Pause&, const Pause&) = default;
};

}  // namespace vastwatch::enforcement
