// What there is to see at one moment: every figure that metrics, the HTTP API, the status page and
// vastwatchctl show comes from here, so that they cannot disagree. Immutable; shared by pointer.
#pragma once

#include "alerts/alert.hpp"
#include "alerts/outbox.hpp"
#include "engine/changes.hpp"
#include "ledger/ledger.hpp"
#include "rules/finding.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::engine {

/// One budget window of a team or account.
struct WindowView {
    policy::Window window = policy::Window::day;
    Instant start;
    std::optional<Instant> end;
    Usd spend;
    std::optional<Usd> cap;
    std::optional<Usd> projected;     // at the window's end, at present rates
    std::optional<Instant> crossing;  // when the cap will be (or was) reached; absent when not
                                      // before the window ends
};

struct TeamView {
    TeamName name;
    std::vector<WindowView> windows;  // day, month, lifetime
    UsdPerHour burn;
    bool estimated = false;  // some rate in it is an estimate
    std::size_t instances = 0;
    std::map<std::string, std::size_t> by_status;  // the API's words, "queued" besides
    std::size_t idle_instances = 0;                // below the limit now, whatever the deadline
    UsdPerHour idle_burn;                          // what those cost per hour
    std::size_t serverless_workers = 0;
    std::vector<SpendPoint> curve;  // since the day began, oldest first
};

/// What happens next to an instance, and when.
struct Deadline {
    Instant at;
    policy::Action action = policy::Action::alert;
    rules::Rule rule = rules::Rule::idle;
    std::string reason;
};

struct InstanceView {
    std::shared_ptr<const fleet::Instance> instance;  // row, samples, idle period
    UsdPerHour rate;
    bool estimated = false;
    bool rate_known = true;
    Usd spend;  // ever
    Usd spend_today;
    fleet::Evidence evidence = fleet::Evidence::unknown;  // of the latest sample
    fleet::Doubt doubt = fleet::Doubt::none;
    std::optional<double> gpu_util;  // percent; absent when unknown
    Duration idle{0};
    Percent coverage{0};
    std::optional<Deadline> deadline;
    std::string protection;  // "protected by uid:1000 until …: reason"; empty when not protected
    std::string case_text;   // "requested 12s ago, waiting for two sweeps"; empty without a case
};

struct AccountView {
    AccountName name;
    std::vector<WindowView> windows;  // day, month
    UsdPerHour burn;
    std::size_t instances = 0;
    std::optional<Instant> last_poll;     // the latest complete sweep
    std::optional<Instant> last_billing;  // charges completely read, since the start
    std::optional<Duration> sweep_took;   // the latest, less what had to be asked again
    bool stale = false;
    std::string problem;  // why the latest poll failed; empty when it did not
    bool key_rejected = false;
    std::optional<Usd> credit;
    std::optional<Duration> runway;            // credit / burn rate
    std::optional<double> billing_difference;  // of the service's spend rate, as in CrossCheck
    std::optional<double> listed_difference;   // of the prices in the latest listing
    std::optional<Usd> unexplained;            // fall of total_spend less accrual
    bool enforcing = false;                    // acts, as far as mode, pause and data allow
    std::string not_enforcing_because;         // when it does not
};

struct NotifierView {
    NotifierName name;
    std::size_t pending = 0;
    std::optional<Instant> oldest_pending;
    std::string last_answer;
};

/// What was told, newest first.
struct AlertView {
    alerts::Alert alert;
    std::vector<alerts::OutboxEntry> deliveries;
};

struct HealthView {
    bool ready = false;
    std::vector<std::string> not_ready_because;
    bool enforce = false;  // the mode in the configuration
    std::optional<enforcement::Pause> pause;
    bool store_writable = true;
    std::string store_problem;
    std::string database_set_aside;  // where a damaged one is kept since the start; empty = none
    std::string audit_problem;       // where the audit log was broken at the start; empty = nowhere
    bool config_reload_successful = true;
    std::string config_problem;
    Instant started;
    std::string version;
};

/// Outcomes of actions since the state began, for vastwatch_actions_total.
struct ActionCount {
    TeamName team;
    rules::Rule rule = rules::Rule::idle;
    policy::Action action = policy::Action::alert;
    std::string outcome;  // done, failed, held, dropped, dry_run
    std::uint64_t count = 0;
};

struct View {
    Instant at;  // all figures are as of this instant
    Calendar calendar;
    HealthView health;
    std::vector<AccountView> accounts;
    std::vector<TeamView> teams;          // file order, unassigned last
    std::vector<InstanceView> instances;  // ascending by id
    std::vector<rules::Finding> findings;
    std::vector<std::string> finding_reasons;  // rules::reason() of each of `findings`, same order
    std::vector<enforcement::Case> cases;      // open ones first, then ended, newest first; bounded
    std::vector<enforcement::Hold> holds;      // open ones
    std::vector<enforcement::Protection> protections;
    std::vector<AlertView> alerts;  // newest first, at most 200
    std::vector<NotifierView> notifiers;
    std::vector<ledger::CounterValue> counters;
    std::vector<ActionCount> action_counts;
};

/// The answer of `vastwatchctl explain`.
struct Explanation {
    InstanceView instance;
    std::string headline;                 // "Instance 312 will be destroyed at 19:04 UTC: …"
    std::vector<std::string> paragraphs;  // why, with figures; what happens next; how to prevent it
    std::vector<rules::Finding> findings;
    std::vector<std::string> finding_reasons;  // beside `findings`
    std::optional<enforcement::Case> open_case;
    policy::Rules rules;  // as they apply to its team
};

}  // namespace vastwatch::engine
