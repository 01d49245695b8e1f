// Alerts about what is done to instances, and what keeps it from being done.
#include "base/text.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

using alerts::Alert;
using alerts::Kind;
using enforcement::Case;
using policy::Action;
using policy::Severity;

std::string_view participle(Action action) {
    return action == Action::stop ? "stopped" : "destroyed";
}

void warn_team(
    State& state,
    Effects& effects,
    const TeamName& team,
    const std::vector<InstanceId>& ids,
    Now now) {
    const auto& rules = state.policy->team_or_unassigned(team).rules;
    std::vector<alerts::AlertInstance> instances;
    Instant first = Instant::max();
    std::string reasons;
    for (const auto id : ids) {
        const auto& item = state.cases.at(id);
        instances.push_back(listed(item));
        first = std::min(first, std::max(item.due, now.wall + rules.idle_warning));
        if (!item.reasons.empty() && ids.size() <= 10) {
            reasons += fmt::format("\n\nInstance {}: {}.", id.value(), item.reasons.front().text);
        }
    }
    Alert draft;
    draft.kind = Kind::idle_warning;
    draft.severity = Severity::warning;
    draft.team = team;
    draft.account = state.cases.at(ids.front()).account;
    draft.condition =
        fmt::format("idle_warning/team/{}/{}", team.str(), format_rfc3339_millis(now.wall));
    draft.burn_rate = total_rate(instances);
    draft.notify = notify_of(state, team);
    draft.title = fmt::format(
        "{} of {} {} idle and will be {} at {}",
        named(instances),
        team.str(),
        ids.size() == 1 ? "is" : "are",
        participle(rules.idle_action),
        state.policy->calendar.format_time(first));
    draft.text = fmt::format(
        "At {}, in {}, {} will be {} unless {} GPU works again before then.{}{}\n\nTo prevent it: "
        "use the GPU, or run `vastwatchctl protect {} --for 4h --reason WHY`.",
        state.policy->calendar.format(first),
        humanize(first - now.wall),
        ids.size() == 1 ? "it" : "they",
        participle(rules.idle_action),
        ids.size() == 1 ? "its" : "their",
        state.policy->enforcement.enforce ? "" : " (Dry run: nothing will be done.)",
        reasons,
        ids.size() == 1 ? std::to_string(ids.front().value()) : "ID");
    list_instances(draft, std::move(instances));
    const auto alert = tell(state, effects, std::move(draft), now);
    for (const auto id : ids) {
        state.cases.at(id).warning = alert;
    }
}

void tell_group(
    State& state,
    Effects& effects,
    const std::vector<const Case*>& group,
    bool dry_run,
    Now now) {
    const Case& first = *group.front();
    std::vector<alerts::AlertInstance> instances;
    UsdPerHour disk;
    for (const auto* item : group) {
        instances.push_back(listed(*item));
        const auto rates = state.ledger.instance_rates(item->instance);
        disk += rates ? rates->disk : UsdPerHour{};
    }
    Alert draft;
    draft.kind = first.action == Action::stop ? Kind::instance_stopped : Kind::instance_destroyed;
    draft.severity = first.cap ? Severity::critical : Severity::warning;
    draft.team = first.team;
    draft.account = first.account;
    draft.condition = fmt::format("{}/case/{}", alerts::to_string(draft.kind), first.number);
    draft.burn_rate = state.ledger.team_burn(first.team);
    draft.notify = notify_of(state, first.team);
    draft.title = fmt::format(
        "{} of {} {} {}",
        named(instances),
        first.team.str(),
        dry_run             ? "would have been"
        : group.size() == 1 ? "was"
                            : "were",
        participle(first.action));
    draft.text = fmt::format(
        "Reason: {}.\n\n{} {} {}.",
        first.reasons.empty() ? std::string{rules::to_string(first.rule)}
                              : first.reasons.front().text,
        group.size() == 1
            ? (dry_run ? "It goes on costing" : "It no longer costs")
            : (dry_run ? "Together they go on costing" : "Together they no longer cost"),
        format_rate(total_rate(instances)),
        dry_run ? "because enforcement is in dry run" : "from now on");
    if (first.action == Action::stop && !disk.is_zero()) {
        draft.text += fmt::format(
            " Storage goes on costing {} a day.", format_usd(accrue(disk, std::chrono::hours{24})));
    }
    if (first.action == Action::destroy && !dry_run) {
        draft.text +=
            "\n\nThe audit log holds what is needed to create an equal instance again: "
            "`vastwatchctl audit --json`.";
    }
    list_instances(draft, std::move(instances));
    tell(state, effects, std::move(draft), now);
}

Alert failure_draft(const State& state, const Case& item) {
    Alert draft;
    draft.kind = Kind::action_failed;
    draft.severity = Severity::critical;
    draft.team = item.team;
    draft.account = item.account;
    draft.condition = fmt::format("action_failed/instance/{}", item.instance.value());
    draft.burn_rate = item.rate;
    draft.notify = notify_of(state, item.team);
    list_instances(draft, {listed(item)});
    return draft;
}

}  // namespace

void tell_idle_warnings(
    State& state,
    Effects& effects,
    const std::vector<InstanceId>& warned,
    Now now) {
    std::map<TeamName, std::vector<InstanceId>> by_team;
    for (const auto id : warned) {
        by_team[state.cases.at(id).team].push_back(id);
    }
    for (const auto& [team, ids] : by_team) {
        warn_team(state, effects, team, ids, now);
    }
}

void tell_done(
    State& state,
    Effects& effects,
    const std::vector<Case>& done,
    bool dry_run,
    Now now) {
    std::map<std::tuple<TeamName, Action, rules::Rule>, std::vector<const Case*>> groups;
    for (const auto& item : done) {
        groups[{item.team, item.action, item.rule}].push_back(&item);
    }
    for (const auto& [key, group] : groups) {
        tell_group(state, effects, group, dry_run, now);
    }
}

void tell_failed(State& state, Effects& effects, const Case& item, Now now) {
    auto draft = failure_draft(state, item);
    draft.title = fmt::format(
        "Instance {} could not be {} and goes on costing {}",
        item.instance.value(),
        participle(item.action),
        format_rate(item.rate));
    draft.text = fmt::format(
        "{} tries had no effect; the latest: {}. It is tried again every few minutes. Destroy it "
        "by "
        "hand if it matters: money keeps burning at {}.",
        item.attempts,
        printable(item.detail, 200),
        format_rate(item.rate));
    fire(state, effects, std::move(draft), std::nullopt, now);
}

void tell_failure_over(State& state, Effects& effects, const Case& item, Now now) {
    auto draft = failure_draft(state, item);
    draft.severity = Severity::info;
    draft.title = fmt::format("Instance {} needs no more tries", item.instance.value());
    draft.text = printable(item.detail, 200) + ".";
    resolve(state, effects, std::move(draft), now);
}

}  // namespace vastwatch::engine
