// Everything the engine remembers, and which of it has to be stored. The parts of the engine
// (observe, enforce, tell, look) are functions over this one state; nobody else sees it.
#pragma once

#include "alerts/outbox.hpp"
#include "engine/audit_record.hpp"
#include "engine/changes.hpp"
#include "engine/view.hpp"
#include "ledger/ledger.hpp"
#include "rules/evaluate.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace vastwatch::engine {

/// A read that a decision waits for.
struct VerifyOrder {
    AccountName account;
    std::vector<InstanceId> ids;
};

/// A destroy or stop, to be sent once the step that made it is durable.
struct RequestOrder {
    AccountName account;
    policy::Action action = policy::Action::destroy;
    std::vector<InstanceId> ids;  // at most 64, dearest first
};

/// What one event gave besides changes to be stored.
struct Effects {
    std::vector<AuditRecord> audit;  // to be durable before the requests leave
    std::vector<VerifyOrder> verify;
    std::vector<RequestOrder> requests;
    std::vector<AccountName> poll_soon;  // accounts to sweep now: something is to be confirmed
    std::vector<Usd> cap_overshoots;     // spend beyond the cap as the first request left
    std::vector<policy::Window> cap_overshoot_windows;  // beside it
    bool new_deliveries = false;                        // there is something to tell
};

/// What is known of an account in this process only.
struct LiveAccount {
    AccountState state;
    bool swept_this_run = false;
    std::optional<Instant> last_billing;  // when all charges were read
    std::optional<Duration> sweep_took;
    std::optional<Duration> clock_offset;  // wall less monotonic, to notice steps
    std::string problem;
    std::optional<double> billing_difference;
    int billing_disagreements = 0;
    std::optional<Usd> unexplained;
};

/// A pending price increase (API 4.8).
struct PriceIncreaseFact {
    std::int64_t id = 0;
    AccountName account;
    InstanceId instance;
    std::optional<UsdPerHour> old_rate;
    std::optional<UsdPerHour> new_rate;
};

/// Findings by the instance they are about; they live in the evaluation.
using FindingsByInstance = std::map<InstanceId, std::vector<const rules::Finding*>>;

struct State {
    std::shared_ptr<const policy::Policy> policy;
    ledger::Ledger ledger;
    Now started;
    std::map<InstanceId, std::shared_ptr<fleet::Instance>> instances;
    std::map<AccountName, LiveAccount> accounts;

    std::map<InstanceId, enforcement::Case> cases;  // the current one of each instance
    std::deque<enforcement::Case> ended_cases;      // newest first, bounded
    std::int64_t next_case = 1;
    std::map<HoldId, enforcement::Hold> holds;
    std::int64_t next_hold = 1;
    /// Accounts whose next sweep is judged like a reload: the policy changed before it.
    std::set<AccountName> to_judge;
    std::map<InstanceId, enforcement::Protection> protections;
    std::optional<enforcement::Pause> pause;
    std::deque<Instant> recent_actions;  // intents of the last hour that count for the limit
    std::map<std::tuple<TeamName, rules::Rule, policy::Action, std::string>, std::uint64_t> counts;
    std::set<InstanceId> verifying;  // a read is under way

    std::map<std::string, alerts::Condition> conditions;
    std::map<AlertId, alerts::Alert> alerts;  // recent ones; ULIDs sort by time
    std::map<std::pair<AlertId, NotifierName>, alerts::OutboxEntry> outbox;
    AlertId durable_until;                               // alerts up to this one are stored
    std::map<NotifierName, policy::Severity> notifiers;  // those there are, and their minimum
    std::map<TeamName, std::deque<SpendPoint>> curves;
    Instant next_point;
    std::vector<PriceIncreaseFact> price_increases;

    bool store_writable = true;
    std::string store_problem;
    std::string config_problem;

    rules::Evaluation evaluation;  // the latest
    FindingsByInstance acting;     // of the latest: what wants to stop or destroy, and soon
    std::function<AlertId(Instant)> make_alert_id;
    std::function<double()> jitter;

    Changes changes;  // since the last take

    State(std::shared_ptr<const policy::Policy> initial, Now now)
        : policy(std::move(initial)), ledger(policy->calendar), started(now) {}
};

/// The instance for changing: copied first when a view still holds it.
fleet::Instance& change(State& state, InstanceId id);

/// Marks records as to be stored.
void mark(State& state, const fleet::Instance& instance);
void mark_clock(State& state, const fleet::Instance& instance);
void mark(State& state, const enforcement::Case& item);
void mark(State& state, const enforcement::Hold& hold);
void mark(State& state, const AccountState& account);

/// What the rules see at `now`.
std::vector<rules::Subject> subjects(const State& state, Instant now);
rules::Subject subject_of(const State& state, const fleet::Instance& instance, Instant now);

/// The account's data are no older than max_staleness.
bool fresh(const State& state, const AccountName& account, Instant now);

}  // namespace vastwatch::engine
