// Everything the engine remembers, and which of it has to be stored. The parts of the engine
// (observe, enforce, tell, look) are functions over this one state; nobody else sees it.
#pragma once

#include "alerts/outbox.hpp"
#include "engine/audit_record.hpp"
#include "engine/changes.hpp"
#include "engine/events.hpp"
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

/// That a figure of the service has come to differ from ours for good, or agrees again.
struct Disagreement {
    AccountName account;
    std::string figure;     // "spend rate" or "listed prices"
    double difference = 0;  // as in CrossCheck
    bool differs = true;
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
    std::optional<alerts::Delivery> delivery;           // what became of the one that was tried
    std::vector<Disagreement> disagreements;            // that began or ended
};

/// A figure of the service compared with ours (spec section 4).
struct CrossCheck {
    std::optional<double> difference;  // theirs less ours, by the larger of both
    int disagreements = 0;             // in so many readings in succession it was too large
    bool told = false;                 // that it is
};

/// What is known of an account in this process only.
struct LiveAccount {
    AccountState state;
    bool swept_this_run = false;
    std::optional<Now> added;              // by a reload
    std::optional<Instant> last_billing;   // when all charges were read
    std::optional<Duration> sweep_took;    // less what had to be asked again
    Duration sweeps_take{0};               // the latest two both took so long, or longer
    std::optional<Duration> clock_offset;  // wall less monotonic, to notice steps
    std::string problem;
    // Keys of conditions, made when they are first asked for.
    std::string rejected_key;
    std::string unreachable_key;
    std::string credit_key;
    CrossCheck spend_rate;
    CrossCheck listed_prices;
    std::optional<Usd> unexplained;
};

/// A pending price increase (API 4.8); absent = unknown.
struct PriceIncreaseFact {
    std::int64_t id = 0;
    AccountName account;
    InstanceId instance;
    std::optional<UsdPerHour> old_rate;  // of each GPU
    std::optional<UsdPerHour> new_rate;
    std::optional<UsdPerHour> old_disk;  // of each gigabyte of storage
    std::optional<UsdPerHour> new_disk;
};

/// One instance, with what was worked out from it and need not be again until it changes. It reads
/// like a pointer to the instance, which changes only through change() and observe.
struct Slot {
    std::shared_ptr<fleet::Instance> instance;
    /// Its team in the policy in force, else `unassigned`; set anew with the policy and the row.
    const policy::Team* team = nullptr;
    const AccountName* home = nullptr;  // the key of its account in State::homes
    std::uint64_t sweep = 0;            // the number of the latest sweep that listed it
    /// All that does not change with every row was taken in under the policy in force: an equal row
    /// would bring nothing but a sample.
    bool settled = false;
    bool touched = false;             // listed in State::touched
    std::optional<rules::Part> part;  // what of it is in the tally
    bool unpriced = false;            // is counted in State::unpriced
    /// When the end of its exemption by label is to be looked at: its entry in State::exempt_ends.
    std::optional<Instant> exempt_end;
    /// Since when its meter stands because listings missed it, as far as this process knows.
    std::optional<Instant> unmetered_since;

    const fleet::Instance* operator->() const { return instance.get(); }

    const fleet::Instance& operator*() const { return *instance; }
};

/// What is remembered of an instance that listings no longer show, in case they lied: an id is not
/// used again, so what reappears under it is the same instance.
struct Departed {
    std::shared_ptr<fleet::Instance> instance;
    std::optional<Instant> unmetered_since;  // as in Slot
};

/// That the policy changed, as an account has it.
struct PolicyChange {
    bool from_dry_run = false;  // in which nothing is due
    bool judged = false;        // once, though the latest listing may have lacked something
};

/// A reload's hold of which nothing is due.
struct QuietHold {
    MonoTime since;
    std::optional<Instant> listing;  // the latest one that counted
    int listings = 0;                // complete ones since
};

/// An intent that counts for the hourly limit.
struct CountedAction {
    Instant at;
    /// Of its case; nothing when the process that intended it is gone: what a cap had intended is
    /// not told apart then, and counts as well.
    std::optional<std::int64_t> number;
};

/// One [[alert]] table, with what need not be worked out at each decision.
struct BudgetWatch {
    const policy::Team* team = nullptr;  // whose budget; neither when the policy has no such owner
    const policy::Account* account = nullptr;
    std::vector<std::optional<Usd>> amounts;  // of its thresholds
    std::optional<Instant> window;            // the window that the keys name
    std::vector<std::string> threshold_keys;  // of the conditions
    std::string forecast_key;
};

/// That an instance is against a rule which only tells.
struct ToldViolation {
    TeamName team;
    rules::Rule rule = rules::Rule::gpu_types;
    InstanceId instance;

    friend bool operator==(const ToldViolation&, const ToldViolation&) = default;
};

/// The findings, kept from one decision to the next (see judge.hpp).
struct Judgement {
    std::map<InstanceId, rules::Judged> instances;  // those of which something was found
    std::size_t at_once = 0;                        // how many of these are judged at once
    std::size_t momentary = 0;
    rules::Evaluation whole;  // about teams and accounts, and what their caps take down
    std::optional<Instant> next_of_instances;
    std::optional<Instant> next_change;
    std::optional<Instant> judged_at;  // absent: everything is to be judged anew
    bool instances_changed = true;     // other findings about instances than a decision before
    bool whole_told = false;           // tell_violations saw some in `whole`
    /// What tell_violations told of at the latest; absent before it first looks.
    std::optional<std::vector<ToldViolation>> violations_told;
    /// So many of these, the last ones, go on though no finding says so at present.
    std::size_t violations_unsure = 0;
};

/// Findings by the instance they are about; they live in the judgement.
using FindingsByInstance = std::map<InstanceId, std::vector<const rules::Finding*>>;

/// How far the wall clock is ahead of the monotonic one.
constexpr Duration offset_of(Now now) {
    return now.wall.time_since_epoch() - now.mono.time_since_epoch();
}

struct State {
    std::shared_ptr<const policy::Policy> policy;
    ledger::Ledger ledger;
    Now started;
    using Instances = std::map<InstanceId, Slot>;
    Instances instances;
    std::map<InstanceId, Departed> departed;
    Instant next_farewell = Instant::min();    // before it none of those is forgotten
    std::map<AccountName, std::size_t> homes;  // how many instances each account has; never erased
    std::uint64_t sweeps = 0;                  // counts them
    std::map<AccountName, LiveAccount> accounts;          // those of the policy
    std::map<AccountName, AccountState> former_accounts;  // those that it has no more

    std::map<InstanceId, enforcement::Case> cases;  // the current one of each instance
    std::deque<enforcement::Case> ended_cases;      // newest first, bounded; see end_case()
    /// Of these the newest one of each instance that was destroyed for sure.
    std::map<InstanceId, const enforcement::Case*> destroyed;
    std::int64_t next_case = 1;
    std::map<HoldId, enforcement::Hold> holds;
    std::int64_t next_hold = 1;
    std::map<HoldId, QuietHold> quiet_holds;
    /// Accounts whose next sweep is judged like a reload: the policy changed before it.
    std::map<AccountName, PolicyChange> to_judge;
    std::map<InstanceId, enforcement::Protection> protections;
    std::optional<enforcement::Pause> pause;
    std::deque<CountedAction> recent_actions;  // of the last hour, those that the limit counts
    std::map<std::tuple<TeamName, rules::Rule, policy::Action, std::string>, std::uint64_t> counts;
    std::set<InstanceId> verifying;  // a read is under way

    std::map<std::string, alerts::Condition, std::less<>> conditions;
    /// Before this moment no condition and no entry of the outbox is to be forgotten.
    Instant next_forget = Instant::min();
    std::map<AlertId, alerts::Alert> alerts;  // recent ones; ULIDs sort by time
    std::map<std::pair<AlertId, NotifierName>, alerts::OutboxEntry> outbox;
    /// Those of the outbox that are pending, by their next attempt; see put_outbox().
    std::map<NotifierName, std::set<std::pair<Instant, AlertId>>> waiting;
    AlertId durable_until;                               // alerts up to this one are stored
    std::map<NotifierName, policy::Severity> notifiers;  // those there are, and their minimum
    std::map<TeamName, std::deque<SpendPoint>> curves;
    Instant next_point;
    std::vector<PriceIncreaseFact> price_increases;

    bool store_writable = true;
    std::string store_problem;
    bool instances_owed = false;  // all of them are to be stored, instead of those in `changes`
    FoundDamage found;            // at the start
    std::string config_problem;
    std::string boot;                     // which the monotonic clock counts from; may be empty
    Duration clock_offset{0};             // wall less monotonic, at the latest event
    std::optional<ClockMark> clock_mark;  // as stored

    // What follows from all this, kept up to date by judge().
    std::vector<InstanceId> touched;  // instances to be judged anew
    std::optional<rules::Tally> tally;
    std::vector<InstanceId> protected_ids;  // of all teams, sorted
    std::vector<BudgetWatch> watches;       // beside the policy's alerts
    std::set<std::pair<Instant, InstanceId>> exempt_ends;
    std::size_t unpriced = 0;        // billing instances of which no price is known for sure
    Judgement judgement;             // the latest
    FindingsByInstance acting;       // of the latest: what wants to stop or destroy, and soon
    mutable rules::Budgets budgets;  // as of the latest moment that asked for one
    std::function<AlertId(Instant)> make_alert_id;
    std::function<double()> jitter;

    Changes changes;  // since the last take

    State(std::shared_ptr<const policy::Policy> initial, Now now)
        : policy(std::move(initial)),
          ledger(policy->calendar),
          started(now),
          clock_offset(offset_of(now)) {}
};

/// Makes a place for an instance that has none yet.
Slot& add_instance(State& state, std::shared_ptr<fleet::Instance> instance);
void remove_instance(State& state, InstanceId id);

/// The instance for changing: copied first when a view still holds it. It is judged anew.
fleet::Instance& change(State& state, InstanceId id);
/// The same for who knows that what the rules see of it does not change.
fleet::Instance& change_quietly(Slot& slot);

/// It is to be judged anew: something that the rules see of it has changed.
void touch(State& state, InstanceId id);
void touch(State& state, Slot& slot);

/// Keeps a case that is over; forgets the oldest when there are too many.
void end_case(State& state, enforcement::Case item);

/// Takes an entry into the outbox, in place of the one that it had.
void put_outbox(State& state, const alerts::OutboxEntry& entry);

/// Marks records as to be stored.
void mark(State& state, const fleet::Instance& instance);
void mark_clock(State& state, const fleet::Instance& instance);
void mark(State& state, const enforcement::Case& item);
void mark(State& state, const enforcement::Hold& hold);
void mark(State& state, const AccountState& account);

/// What the rules see at `now`.
std::vector<rules::Subject> subjects(const State& state, Instant now);
rules::Subject subject_of(const State& state, const Slot& slot, Instant now);

/// When the account was last listed completely, or this process began to try, in terms of the wall
/// clock as it is set now: an age must not follow a clock that is set.
Instant seen_at(const State& state, const LiveAccount& account);

/// The account's data are no older than max_staleness.
bool fresh(const State& state, const AccountName& account, Instant now);
/// The same for who looks without an event: the clock may have been set since the latest one.
bool fresh(const State& state, const AccountName& account, Now now);

/// How far apart samples may lie and be neighbours whatever idle_max_gap says: three sweeps.
Duration gap_of_sweeps(const State& state, const LiveAccount& account);

}  // namespace vastwatch::engine
