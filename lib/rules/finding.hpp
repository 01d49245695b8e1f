// A rule's statement about one instance or one team at one moment.
#pragma once

#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "policy/policy.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::rules {

enum class Rule {
    idle,
    daily_cap,
    monthly_cap,
    spending_limit,
    account_daily_cap,
    account_monthly_cap,
    shed,  // cap_strategy "shed": ahead of a cap
    gpu_types,
    max_dph,
    max_instances,
    interruptible_only,
    stopped,
    loading,
    queued_start,
    price_increase,
    serverless,  // a worker of the autoscaler that would be idle; never acted upon
};

std::string_view to_string(Rule rule);
std::optional<Rule> parse_rule(std::string_view text);

/// A budget reached: it acts at once, is exempt from max_actions_per_hour, and lasts its window.
bool is_cap(Rule rule);

/// Why a finding that would be acted upon is not.
enum class Exemption {
    none,
    protected_id,           // protected_ids in the operator's file
    protected_by_operator,  // vastwatchctl protect
    protect_label,          // idle rule only
    serverless,             // never one by one
};

std::string_view to_string(Exemption exemption);

struct Finding {
    Rule rule = Rule::idle;
    AccountName account;
    TeamName team;
    std::optional<InstanceId> instance;  // absent: about the team or account as a whole
    policy::Action action = policy::Action::alert;
    Instant since;  // when the condition began
    /// When the action may leave at the earliest: `since` for what is due at once, the deadline
    /// for an idle instance. May lie in the future: then the condition does not hold yet, but will
    /// if nothing changes.
    Instant due;
    Exemption exemption = Exemption::none;
    std::optional<Instant> exempt_until;

    std::optional<policy::Window> window;  // caps
    std::optional<Usd> spend;
    std::optional<Usd> cap;
    std::optional<UsdPerHour> rate;
    std::optional<Instant> window_end;
    /// Caps of a team that has something queued: the crossing if that began to bill now. People
    /// are told ahead of this moment; what acts waits for `due`.
    std::optional<Instant> predicted;

    /// The condition holds at `now`, not only in prospect.
    bool holds(Instant now) const { return due <= now; }

    friend bool operator==(const Finding&, const Finding&) = default;
};

}  // namespace vastwatch::rules
