// One alert (spec section 8): what every format is made from.
#pragma once

#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "policy/policy.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::alerts {

enum class Kind {
    budget_threshold,
    budget_forecast,
    cap_warning,  // told ahead of a cap with what will go; `cap_reached` follows
    cap_reached,
    idle_warning,
    instance_destroyed,
    instance_stopped,
    action_failed,
    action_held,
    policy_violation,
    credit_low,
    api_unreachable,
    api_key_rejected,
    billing_mismatch,
    price_increase,
    price_unknown,
    exemption_ended,
    unassigned_spend,
    config_rejected,
    enforcement_paused,
    state_unwritable,  // the state directory cannot be written: nothing destructive is done
    state_damaged,     // the database was set aside at the start, or the audit log is broken
    test,              // vastwatchctl test-notifier
};

/// "budget_threshold" and so on: the word used in formats, metrics and logs.
std::string_view to_string(Kind kind);
std::optional<Kind> parse_kind(std::string_view text);

/// An instance as an alert lists it.
struct AlertInstance {
    InstanceId id;
    std::string label;
    std::string gpu_name;
    int num_gpus = 0;  // 0 = unknown
    UsdPerHour dph;
    Duration idle{0};
    std::optional<policy::Action> action;  // what was or will be done to it

    friend bool operator==(const AlertInstance&, const AlertInstance&) = default;
};

struct Alert {
    AlertId id;  // a ULID, stable over retries and restarts
    Kind kind = Kind::test;
    policy::Severity severity = policy::Severity::info;
    bool resolved = false;  // status "resolved" instead of "firing"
    Instant time;
    std::optional<AccountName> account;
    std::optional<TeamName> team;
    std::string title;  // one line, printable
    std::string text;  // plain sentences, paragraphs separated by an empty line; printable but '\n'

    std::optional<policy::Window> window;
    std::optional<Instant> window_start;
    std::optional<Usd> spend;
    std::optional<Usd> cap;
    std::string threshold;  // "80%" or "$1000.00"; empty when not about one
    std::optional<UsdPerHour> burn_rate;
    std::optional<Instant> projected_crossing;
    std::vector<AlertInstance> instances;  // at most 100
    std::size_t instances_omitted = 0;     // how many more there are
    bool dry_run = false;

    /// What this alert is about, equal for the firing and the resolved form and for a repeat:
    /// "budget_threshold/team/ml-research/day/2026-11-21/80%". The key by which the services that
    /// merge alerts (PagerDuty, Alertmanager) recognise it.
    std::string condition;
    std::vector<NotifierName> notify;

    friend bool operator==(const Alert&, const Alert&) = default;
};

}  // namespace vastwatch::alerts
