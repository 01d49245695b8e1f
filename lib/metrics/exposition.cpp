#include "metrics/exposition.hpp"

#include "metrics/text_format.hpp"

#include <boost/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace vastwatch::metrics {
namespace {

using Source = Exposition::Source;

/// How many elements a family is written from, and how the series of one of them are appended. An
/// element may have none.
struct Family {
    std::string_view name;
    std::string_view type;
    std::string_view help;
    std::size_t (*count)(const Source&);
    void (*append)(std::string& out, std::string_view name, const Source&, std::size_t index);
};

constexpr std::string_view gauge = "gauge";
constexpr std::string_view counter = "counter";

constexpr std::string_view flag(bool value) {
    return value ? "1" : "0";
}

std::string decimal_instant(Instant instant) {
    return decimal_seconds(instant.time_since_epoch());
}

std::size_t one(const Source&) {
    return 1;
}

std::size_t pauses(const Source& source) {
    return source.view->health.pause ? 1 : 0;
}

std::size_t accounts(const Source& source) {
    return source.view->accounts.size();
}

std::size_t teams(const Source& source) {
    return source.view->teams.size();
}

std::size_t notifiers(const Source& source) {
    return source.view->notifiers.size();
}

std::size_t instances(const Source& source) {
    return source.instances_shown;
}

// --- The daemon as a whole.

std::string compiler() {
#if defined(__clang__)
    return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

void build_info(std::string& out, std::string_view name, const Source& source, std::size_t) {
    const auto& given = source.view->health.version;
    const auto version = escape_label(given.empty() ? std::string_view{VASTWATCH_VERSION} : given);
    const auto boost = fmt::format(
        "{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
    append_sample(
        out, name, {{"version", version}, {"boost", boost}, {"compiler", compiler()}}, "1");
}

/// A figure of the daemon without labels.
template <auto get>
void scalar(std::string& out, std::string_view name, const Source& source, std::size_t) {
    append_sample(out, name, {}, get(*source.view));
}

std::string snapshot_time(const engine::View& view) {
    return decimal_instant(view.at);
}

std::string_view ready(const engine::View& view) {
    return flag(view.health.ready);
}

std::string_view dry_run(const engine::View& view) {
    return flag(!view.health.enforce);
}

std::string_view paused(const engine::View& view) {
    return flag(view.health.pause.has_value());
}

std::string_view state_writable(const engine::View& view) {
    return flag(view.health.store_writable);
}

std::size_t state_files(const Source&) {
    return 2;
}

void state_damaged(std::string& out, std::string_view name, const Source& source, std::size_t i) {
    const auto& health = source.view->health;
    const auto& damage = i == 0 ? health.database_set_aside : health.audit_problem;
    const std::string_view file = i == 0 ? "database" : "audit_log";
    append_sample(out, name, {{"file", file}}, flag(!damage.empty()));
}

std::string_view reload_successful(const engine::View& view) {
    return flag(view.health.config_reload_successful);
}

void pause_start(std::string& out, std::string_view name, const Source& source, std::size_t) {
    append_sample(out, name, {}, decimal_instant(source.view->health.pause->since));
}

std::string open_holds(const engine::View& view) {
    return std::to_string(view.holds.size());
}

std::string protections(const engine::View& view) {
    return std::to_string(view.protections.size());
}

std::string open_actions(const engine::View& view) {
    const auto open =
        std::count_if(view.cases.begin(), view.cases.end(), [](const enforcement::Case& action) {
            return !enforcement::is_end(action.step);
        });
    return std::to_string(open);
}

// --- Budgets, of accounts and teams alike.

std::optional<std::string> window_spend(const engine::WindowView& window) {
    return to_decimal(window.spend);
}

std::optional<std::string> window_cap(const engine::WindowView& window) {
    return window.cap ? std::optional{to_decimal(*window.cap)} : std::nullopt;
}

std::optional<std::string> window_projected(const engine::WindowView& window) {
    return window.projected ? std::optional{to_decimal(*window.projected)} : std::nullopt;
}

std::optional<std::string> window_crossing(const engine::WindowView& window) {
    return window.crossing ? std::optional{decimal_instant(*window.crossing)} : std::nullopt;
}

template <auto get>
void append_windows(
    std::string& out,
    std::string_view name,
    std::span<const engine::WindowView> windows,
    Label owner) {
    for (const auto& window : windows) {
        if (const auto value = get(window)) {
            append_sample(out, name, {owner, {"window", policy::to_string(window.window)}}, *value);
        }
    }
}

template <auto get>
void team_windows(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& team = source.view->teams[index];
    const auto label = escape_label(team.name.str());
    append_windows<get>(out, name, team.windows, {"team", label});
}

template <auto get>
void account_windows(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& account = source.view->accounts[index];
    const auto label = escape_label(account.name.str());
    append_windows<get>(out, name, account.windows, {"account", label});
}

// --- Teams.

/// A figure with the label `team`.
template <auto get>
void team_figure(std::string& out, std::string_view name, const Source& source, std::size_t index) {
    const auto& team = source.view->teams[index];
    append_sample(out, name, {{"team", escape_label(team.name.str())}}, get(team));
}

std::string team_burn(const engine::TeamView& team) {
    return to_decimal(team.burn);
}

std::string team_idle(const engine::TeamView& team) {
    return std::to_string(team.idle_instances);
}

std::string team_idle_burn(const engine::TeamView& team) {
    return to_decimal(team.idle_burn);
}

std::string team_serverless(const engine::TeamView& team) {
    return std::to_string(team.serverless_workers);
}

void team_instances(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& team = source.view->teams[index];
    const auto label = escape_label(team.name.str());
    // Words that differ only in bytes that are not UTF-8 become one series: equal ones would make
    // the whole scrape fail.
    std::map<std::string, std::size_t> by_status;
    for (const auto& [status, count] : team.by_status) {
        by_status[escape_label(status)] += count;
    }
    for (const auto& [status, count] : by_status) {
        append_sample(out, name, {{"team", label}, {"status", status}}, std::to_string(count));
    }
}

Exposition::Failing failing_of(const Source& source, const engine::TeamView& team) {
    const auto it = source.failing.find(team.name);
    return it == source.failing.end() ? Exposition::Failing{} : it->second;
}

void failing_actions(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& team = source.view->teams[index];
    const auto count = failing_of(source, team).actions;
    append_sample(out, name, {{"team", escape_label(team.name.str())}}, std::to_string(count));
}

void failing_cost(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& team = source.view->teams[index];
    const auto cost = failing_of(source, team).cost;
    append_sample(out, name, {{"team", escape_label(team.name.str())}}, to_decimal(cost));
}

void saved(std::string& out, std::string_view name, const Source& source, std::size_t index) {
    const auto& team = source.view->teams[index];
    const auto it = source.savings.find(team.name);
    const auto figures = it == source.savings.end() ? Savings{} : it->second;
    const auto label = escape_label(team.name.str());
    const auto add = [&](std::string_view window, const Saved& amounts) {
        append_sample(
            out,
            name,
            {{"team", label}, {"window", window}, {"outcome", "done"}},
            to_decimal(amounts.done));
        append_sample(
            out,
            name,
            {{"team", label}, {"window", window}, {"outcome", "dry_run"}},
            to_decimal(amounts.dry_run));
    };
    add(policy::to_string(policy::Window::day), figures.day);
    add(policy::to_string(policy::Window::month), figures.month);
}

void findings(std::string& out, std::string_view name, const Source& source, std::size_t index) {
    const auto& [team, rule, count] = source.findings[index];
    append_sample(
        out,
        name,
        {{"team", escape_label(team.str())}, {"rule", rules::to_string(rule)}},
        std::to_string(count));
}

void actions(std::string& out, std::string_view name, const Source& source, std::size_t index) {
    const auto& entry = source.view->action_counts[index];
    append_sample(
        out,
        name,
        {{"team", escape_label(entry.team.str())},
         {"rule", rules::to_string(entry.rule)},
         {"action", policy::to_string(entry.action)},
         {"outcome", escape_label(entry.outcome)}},
        std::to_string(entry.count));
}

// --- Accounts.

template <auto get>
void account_figure(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& account = source.view->accounts[index];
    const std::optional<std::string> value = get(account);
    if (value) {
        append_sample(out, name, {{"account", escape_label(account.name.str())}}, *value);
    }
}

std::optional<std::string> account_burn(const engine::AccountView& account) {
    return to_decimal(account.burn);
}

std::optional<std::string> account_instances(const engine::AccountView& account) {
    return std::to_string(account.instances);
}

std::optional<std::string> account_credit(const engine::AccountView& account) {
    return account.credit ? std::optional{to_decimal(*account.credit)} : std::nullopt;
}

std::optional<std::string> account_runway(const engine::AccountView& account) {
    return account.runway ? std::optional{decimal_seconds(*account.runway)} : std::nullopt;
}

std::optional<std::string> account_unexplained(const engine::AccountView& account) {
    return account.unexplained ? std::optional{to_decimal(*account.unexplained)} : std::nullopt;
}

std::optional<std::string> last_poll(const engine::AccountView& account) {
    return account.last_poll ? std::optional{decimal_instant(*account.last_poll)} : std::nullopt;
}

std::optional<std::string> last_billing(const engine::AccountView& account) {
    return account.last_billing ? std::optional{decimal_instant(*account.last_billing)}
                                : std::nullopt;
}

std::optional<std::string> sweep_took(const engine::AccountView& account) {
    return account.sweep_took ? std::optional{decimal_seconds(*account.sweep_took)} : std::nullopt;
}

std::optional<std::string> billing_difference(const engine::AccountView& account) {
    const auto& ratio = account.billing_difference;
    return ratio && std::isfinite(*ratio) ? std::optional{fmt::format("{}", *ratio)} : std::nullopt;
}

std::optional<std::string> account_stale(const engine::AccountView& account) {
    return std::string{flag(account.stale)};
}

std::optional<std::string> key_rejected(const engine::AccountView& account) {
    return std::string{flag(account.key_rejected)};
}

std::optional<std::string> enforcing(const engine::AccountView& account) {
    return std::string{flag(account.enforcing)};
}

void spend_total(std::string& out, std::string_view name, const Source& source, std::size_t index) {
    const auto& entry = source.view->counters[index];
    const auto account = escape_label(entry.account.str());
    const auto team = escape_label(entry.team.str());
    const std::array<std::pair<std::string_view, Usd>, 4> sources{{
        {"gpu", entry.amounts.gpu},
        {"disk", entry.amounts.disk},
        {"bandwidth", entry.amounts.bandwidth},
        {"other", entry.amounts.other},
    }};
    for (const auto& [word, amount] : sources) {
        append_sample(
            out,
            name,
            {{"account", account}, {"team", team}, {"source", word}},
            to_decimal(amount));
    }
}

// --- Notifiers.

void alerts_pending(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& notifier = source.view->notifiers[index];
    append_sample(
        out,
        name,
        {{"notifier", escape_label(notifier.name.str())}},
        std::to_string(notifier.pending));
}

void oldest_pending(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& notifier = source.view->notifiers[index];
    if (notifier.oldest_pending) {
        append_sample(
            out,
            name,
            {{"notifier", escape_label(notifier.name.str())}},
            decimal_instant(*notifier.oldest_pending));
    }
}

// --- Instances.

void instance_info(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& instance = *source.view->instances[index].instance;
    const auto& row = instance.row;
    const auto text = [](const auto& number) {
        return number ? std::to_string(*number) : std::string{};
    };
    std::string_view interruptible;
    if (row.interruptible) {
        interruptible = *row.interruptible ? "true" : "false";
    }
    append_sample(
        out,
        name,
        {{"account", escape_label(instance.account.str())},
         {"team", escape_label(instance.team.str())},
         {"instance", std::to_string(instance.id.value())},
         {"label", escape_label(row.label)},
         {"gpu_name", escape_label(row.gpu_name)},
         {"num_gpus", text(row.num_gpus)},
         {"machine", text(row.machine_id)},
         {"interruptible", interruptible}},
        "1");
}

std::optional<std::string> instance_rate(const engine::InstanceView& instance) {
    return instance.rate_known ? std::optional{to_decimal(instance.rate)} : std::nullopt;
}

std::optional<std::string> instance_util(const engine::InstanceView& instance) {
    const auto& util = instance.gpu_util;
    return util && std::isfinite(*util) ? std::optional{fmt::format("{}", *util / 100.0)}
                                        : std::nullopt;
}

std::optional<std::string> instance_idle(const engine::InstanceView& instance) {
    return decimal_seconds(instance.idle);
}

std::optional<std::string> instance_spend(const engine::InstanceView& instance) {
    return to_decimal(instance.spend);
}

template <auto get>
void instance_figure(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& view = source.view->instances[index];
    if (const auto value = get(view)) {
        append_sample(
            out,
            name,
            {{"account", escape_label(view.instance->account.str())},
             {"team", escape_label(view.instance->team.str())},
             {"instance", std::to_string(view.instance->id.value())}},
            *value);
    }
}

void instance_deadline(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& view = source.view->instances[index];
    if (view.deadline) {
        append_sample(
            out,
            name,
            {{"account", escape_label(view.instance->account.str())},
             {"team", escape_label(view.instance->team.str())},
             {"instance", std::to_string(view.instance->id.value())},
             {"action", policy::to_string(view.deadline->action)},
             {"rule", rules::to_string(view.deadline->rule)}},
            decimal_instant(view.deadline->at));
    }
}

/// How many series one instance has.
std::size_t series_of(const engine::InstanceView& view) {
    return 3U + (view.rate_known ? 1U : 0U) + (instance_util(view) ? 1U : 0U) +
           (view.deadline ? 1U : 0U);
}

std::size_t finding_counts(const Source& source) {
    return source.findings.size();
}

std::size_t action_counts(const Source& source) {
    return source.view->action_counts.size();
}

std::size_t counters(const Source& source) {
    return source.view->counters.size();
}

void dropped(std::string& out, std::string_view name, const Source& source, std::size_t) {
    append_sample(out, name, {}, std::to_string(source.series_dropped));
}

constexpr std::array daemon_families{
    Family{
        "vastwatch_build_info",
        gauge,
        "Always 1; what this daemon was built from.",
        one,
        build_info},
    Family{
        "vastwatch_snapshot_timestamp_seconds",
        gauge,
        "The moment all figures of this scrape are for, in Unix seconds.",
        one,
        scalar<snapshot_time>},
    Family{
        "vastwatch_ready",
        gauge,
        "1 when every account was listed and none is stale.",
        one,
        scalar<ready>},
    Family{
        "vastwatch_dry_run",
        gauge,
        "1 when the configuration says dry-run: nothing is acted upon.",
        one,
        scalar<dry_run>},
    Family{
        "vastwatch_enforcement_paused",
        gauge,
        "1 while an operator has suspended all actions.",
        one,
        scalar<paused>},
    Family{
        "vastwatch_enforcement_pause_start_timestamp_seconds",
        gauge,
        "When the pause in force began; absent without one.",
        pauses,
        pause_start},
    Family{
        "vastwatch_state_writable",
        gauge,
        "1 when the state directory can be written; without it nothing destructive is done.",
        one,
        scalar<state_writable>},
    Family{
        "vastwatch_state_damaged",
        gauge,
        "1 when that file of the state was found damaged as this process started: a database that "
        "was set aside, an audit log that does not chain.",
        state_files,
        state_damaged},
    Family{
        "vastwatch_config_last_reload_successful",
        gauge,
        "1 when the latest reload of the configuration took effect.",
        one,
        scalar<reload_successful>},
    Family{
        "vastwatch_holds",
        gauge,
        "Mass actions that wait for an operator's decision.",
        one,
        scalar<open_holds>},
    Family{
        "vastwatch_protections",
        gauge,
        "Instances that an operator has exempted from every rule.",
        one,
        scalar<protections>},
    Family{
        "vastwatch_open_actions",
        gauge,
        "Actions that are decided upon, waiting or under way.",
        one,
        scalar<open_actions>},
};

constexpr std::array account_families{
    Family{
        "vastwatch_account_spend_dollars",
        gauge,
        "Spend of an account in the present window.",
        accounts,
        account_windows<window_spend>},
    Family{
        "vastwatch_account_cap_dollars",
        gauge,
        "The account's cap for the window; absent without one.",
        accounts,
        account_windows<window_cap>},
    Family{
        "vastwatch_account_projected_spend_dollars",
        gauge,
        "Spend at the end of the window, at present rates.",
        accounts,
        account_windows<window_projected>},
    Family{
        "vastwatch_account_cap_crossing_timestamp_seconds",
        gauge,
        "When the cap will be or was reached; absent when not in sight.",
        accounts,
        account_windows<window_crossing>},
    Family{
        "vastwatch_account_burn_dollars_per_hour",
        gauge,
        "What the account's instances cost now.",
        accounts,
        account_figure<account_burn>},
    Family{
        "vastwatch_account_instances",
        gauge,
        "Instances of an account, in any state.",
        accounts,
        account_figure<account_instances>},
    Family{
        "vastwatch_account_credit_dollars",
        gauge,
        "Credit that is left; absent when unknown.",
        accounts,
        account_figure<account_credit>},
    Family{
        "vastwatch_account_runway_seconds",
        gauge,
        "How long the credit lasts at the present burn rate; absent when unknown.",
        accounts,
        account_figure<account_runway>},
    Family{
        "vastwatch_account_unexplained_dollars",
        gauge,
        "What total_spend moved by, less what accrued; absent when unknown.",
        accounts,
        account_figure<account_unexplained>},
    Family{
        "vastwatch_billing_difference_ratio",
        gauge,
        "Burn rate that Vast.ai reports against ours, less one; absent when unknown.",
        accounts,
        account_figure<billing_difference>},
    Family{
        "vastwatch_last_successful_poll_timestamp_seconds",
        gauge,
        "When the latest complete listing ended; absent before the first.",
        accounts,
        account_figure<last_poll>},
    Family{
        "vastwatch_last_successful_billing_timestamp_seconds",
        gauge,
        "When charges were last read completely since the start; absent before that.",
        accounts,
        account_figure<last_billing>},
    Family{
        "vastwatch_sweep_duration_seconds",
        gauge,
        "How long the latest complete listing took.",
        accounts,
        account_figure<sweep_took>},
    Family{
        "vastwatch_account_stale",
        gauge,
        "1 when the account's data are older than max_staleness.",
        accounts,
        account_figure<account_stale>},
    Family{
        "vastwatch_account_key_rejected",
        gauge,
        "1 when Vast.ai rejects the account's key.",
        accounts,
        account_figure<key_rejected>},
    Family{
        "vastwatch_enforcement_enabled",
        gauge,
        "1 when instances of the account are acted upon now: mode, pause and data allow it.",
        accounts,
        account_figure<enforcing>},
    Family{
        "vastwatch_spend_dollars_total",
        counter,
        "Dollars spent since the ledger began, by what they were for.",
        counters,
        spend_total},
    Family{
        "vastwatch_alerts_pending",
        gauge,
        "Alerts that are still to be delivered.",
        notifiers,
        alerts_pending},
    Family{
        "vastwatch_alerts_oldest_pending_timestamp_seconds",
        gauge,
        "When the oldest undelivered alert was made; absent without one.",
        notifiers,
        oldest_pending},
};

constexpr std::array team_families{
    Family{
        "vastwatch_team_spend_dollars",
        gauge,
        "Spend of a team in the present window.",
        teams,
        team_windows<window_spend>},
    Family{
        "vastwatch_team_cap_dollars",
        gauge,
        "The team's cap for the window; absent without one.",
        teams,
        team_windows<window_cap>},
    Family{
        "vastwatch_team_projected_spend_dollars",
        gauge,
        "Spend at the end of the window, at present rates.",
        teams,
        team_windows<window_projected>},
    Family{
        "vastwatch_team_cap_crossing_timestamp_seconds",
        gauge,
        "When the cap will be or was reached; absent when not in sight.",
        teams,
        team_windows<window_crossing>},
    Family{
        "vastwatch_team_burn_dollars_per_hour",
        gauge,
        "What the team's instances cost now.",
        teams,
        team_figure<team_burn>},
    Family{
        "vastwatch_team_instances",
        gauge,
        "Instances of a team by status.",
        teams,
        team_instances},
    Family{
        "vastwatch_team_idle_instances",
        gauge,
        "Instances below the idle limit now.",
        teams,
        team_figure<team_idle>},
    Family{
        "vastwatch_team_idle_dollars_per_hour",
        gauge,
        "What the instances below the idle limit cost now.",
        teams,
        team_figure<team_idle_burn>},
    Family{
        "vastwatch_team_serverless_workers",
        gauge,
        "Workers of Vast.ai's autoscaler, which are never reaped one by one.",
        teams,
        team_figure<team_serverless>},
    Family{
        "vastwatch_team_failing_actions",
        gauge,
        "Actions that failed three times and are still tried.",
        teams,
        failing_actions},
    Family{
        "vastwatch_team_failing_dollars_per_hour",
        gauge,
        "What the instances cost that could not be taken down.",
        teams,
        failing_cost},
    Family{
        "vastwatch_team_saved_dollars",
        gauge,
        "What was taken down this month would have cost this since, had it run on; of the latest "
        "500 actions. Outcome dry_run: what would have been saved.",
        teams,
        saved},
    Family{
        "vastwatch_findings",
        gauge,
        "Findings that hold now, exempt ones included.",
        finding_counts,
        findings},
    Family{
        "vastwatch_actions_total",
        counter,
        "Actions by their confirmed outcome.",
        action_counts,
        actions},
};

constexpr std::array instance_families{
    Family{
        "vastwatch_instance_info",
        gauge,
        "Always 1; what an instance is.",
        instances,
        instance_info},
    Family{
        "vastwatch_instance_dollars_per_hour",
        gauge,
        "What an instance costs now; absent when its rate is unknown.",
        instances,
        instance_figure<instance_rate>},
    Family{
        "vastwatch_instance_gpu_utilization_ratio",
        gauge,
        "GPU utilisation from 0 to 1; absent when unknown.",
        instances,
        instance_figure<instance_util>},
    Family{
        "vastwatch_instance_idle_seconds",
        gauge,
        "How long an instance has been idle without interruption.",
        instances,
        instance_figure<instance_idle>},
    Family{
        "vastwatch_instance_spend_dollars",
        gauge,
        "What an instance has cost so far.",
        instances,
        instance_figure<instance_spend>},
    Family{
        "vastwatch_instance_deadline_timestamp_seconds",
        gauge,
        "When something is due to be done to an instance if nothing changes; absent when nothing "
        "is.",
        instances,
        instance_deadline},
    Family{
        "vastwatch_series_dropped",
        gauge,
        "Series of instances left out of this scrape because there are too many.",
        one,
        dropped},
};

const Family* family_at(std::size_t index) {
    const std::array<std::span<const Family>, 4> tables{
        daemon_families, account_families, team_families, instance_families};
    for (const auto& table : tables) {
        if (index < table.size()) {
            return &table[index];
        }
        index -= table.size();
    }
    return nullptr;
}

Exposition::FindingCounts count_findings(const engine::View& view) {
    std::map<std::pair<std::string_view, rules::Rule>, std::size_t> counts;
    for (const auto& finding : view.findings) {
        if (finding.holds(view.at)) {
            ++counts[{finding.team.str(), finding.rule}];
        }
    }
    Exposition::FindingCounts out;
    for (const auto& [key, count] : counts) {
        out.emplace_back(TeamName{std::string{key.first}}, key.second, count);
    }
    return out;
}

std::map<TeamName, Exposition::Failing> failing_actions_of(const engine::View& view) {
    std::map<TeamName, Exposition::Failing> out;
    for (const auto& item : view.cases) {
        if (item.failure_told && !enforcement::is_end(item.step)) {
            auto& team = out[item.team];
            ++team.actions;
            team.cost += item.rate;
        }
    }
    return out;
}

}  // namespace

Exposition::Exposition(std::shared_ptr<const engine::View> view, ExpositionLimits limits)
    : limits_(limits) {
    source_.findings = count_findings(*view);
    source_.savings = savings_of(*view);
    source_.failing = failing_actions_of(*view);
    std::size_t series = 0;
    for (const auto& instance : view->instances) {
        const auto more = series_of(instance);
        const bool fits = source_.series_dropped == 0 && series + more <= limits.instance_series;
        source_.instances_shown += fits ? 1U : 0U;
        source_.series_dropped += fits ? 0U : more;
        series += more;
    }
    source_.view = std::move(view);
}

bool Exposition::next(std::string& out) {
    const auto enough = out.size() + limits_.slice_bytes;
    while (const auto* family = family_at(family_)) {
        const auto count = family->count(source_);
        if (element_ == 0 && count > 0) {
            append_header(out, family->name, family->help, family->type);
        }
        while (element_ < count) {
            family->append(out, family->name, source_, element_++);
            if (out.size() >= enough) {
                return true;
            }
        }
        ++family_;
        element_ = 0;
    }
    return false;
}

std::string render(std::shared_ptr<const engine::View> view) {
    Exposition exposition{std::move(view)};
    std::string out;
    bool more = true;
    while (more) {
        more = exposition.next(out);
    }
    return out;
}

}  // namespace vastwatch::metrics
