// Teams: their budgets, instances and actions.
#include "metrics/families.hpp"

#include <array>
#include <map>

namespace vastwatch::metrics {
namespace {

std::size_t teams(const Source& source) {
    return source.view->teams.size();
}

std::size_t finding_counts(const Source& source) {
    return source.findings.size();
}

std::size_t action_counts(const Source& source) {
    return source.view->action_counts.size();
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

constexpr std::array families{
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

}  // namespace

std::span<const Family> team_families() {
    return families;
}

}  // namespace vastwatch::metrics
