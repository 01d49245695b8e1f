// Alerts about what is done to instances, and what keeps it from being done.
#include "engine/tell.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

using alerts::Alert;
using alerts::Kind;
using enforcement::Case;
using policy::Action;
using policy::Severity;

std::string plural(std::size_t count) { return count == 1 ? "" : "s"; }

/// "instance 312 (ml-research/llama)" or "3 instances".
std::string named(const std::vector<alerts::AlertInstance>& instances) {
    if (instances.size() != 1) {
        return fmt::format("{} instances", instances.size());
    }
    const auto& only = instances.front();
    return only.label.empty()
               ? fmt::format("instance {}", only.id.value())
               : fmt::format("instance {} ({})", only.id.value(), printable(only.label, 60));
}

std::string_view participle(Action action) {
    return action == Action::stop ? "stopped" : "destroyed";
}

UsdPerHour total_rate(const std::vector<alerts::AlertInstance>& instances) {
    UsdPerHour total;
    for (const auto& instance : instances) {
        total += instance.dph;
    }
    return total;
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
        "use the GPU, or run `vastwatchctl protect ID --for 4h --reason WHY`.",
        state.policy->calendar.format(first),
        humanize(first - now.wall),
        ids.size() == 1 ? "it" : "they",
        participle(rules.idle_action),
        ids.size() == 1 ? "its" : "their",
        state.policy->enforcement.enforce ? "" : " (Dry run: nothing will be done.)",
        reasons);
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
    draft.kind =
        first.action == Action::stop ? Kind::instance_stopped : Kind::instance_destroyed;
    draft.severity = first.cap ? Severity::critical : Severity::warning;
    draft.team = first.team;
    draft.account = first.account;
    draft.condition = fmt::format(
        "{}/case/{}", alerts::to_string(draft.kind), first.number);
    draft.burn_rate = state.ledger.team_burn(first.team);
    draft.notify = notify_of(state, first.team);
    draft.title = fmt::format(
        "{} of {} {} {}",
        named(instances),
        first.team.str(),
        dry_run ? "would have been" : group.size() == 1 ? "was" : "were",
        participle(first.action));
    draft.text = fmt::format(
        "Reason: {}.\n\n{} {} {} {}.",
        first.reasons.empty() ? std::string{rules::to_string(first.rule)}
                              : first.reasons.front().text,
        group.size() == 1 ? "It" : "Together they",
        dry_run ? "go on costing" : "no longer cost",
        format_rate(total_rate(instances)),
        dry_run ? "because enforcement is in dry run" : "from now on");
    if (first.action == Action::stop && !disk.is_zero()) {
        draft.text += fmt::format(
            " Storage goes on costing {} a day.",
            format_usd(accrue(disk, std::chrono::hours{24})));
    }
    if (first.action == Action::destroy && !dry_run) {
        draft.text += "\n\nThe audit log holds what is needed to create an equal instance again: "
                      "`vastwatchctl audit`.";
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

// --- Violations and other findings that are only told.

bool only_told(const rules::Finding& finding) {
    return finding.instance && finding.action == Action::alert &&
           finding.exemption == rules::Exemption::none && !rules::is_cap(finding.rule) &&
           finding.rule != rules::Rule::queued_start;
}

struct Group {
    TeamName team;
    rules::Rule rule = rules::Rule::gpu_types;
    std::vector<const rules::Finding*> findings;
};

std::string group_key(const TeamName& team, rules::Rule rule) {
    return fmt::format("policy_violation/{}/{}", team.str(), rules::to_string(rule));
}

std::string member_key(const std::string& group, InstanceId id) {
    return fmt::format("{}/{}", group, id.value());
}

void tell_violation_group(State& state, Effects& effects, const Group& group, Now now) {
    const auto key = group_key(group.team, group.rule);
    std::vector<alerts::AlertInstance> fresh_ones;
    std::string reasons;
    for (const auto* finding : group.findings) {
        const auto member = member_key(key, *finding->instance);
        if (is_firing(state, member)) {
            continue;
        }
        const auto& instance = *state.instances.at(*finding->instance);
        fresh_ones.push_back(listed(state, instance, Action::alert));
        note_told(state, member, std::nullopt, now);
        if (fresh_ones.size() <= 10) {
            reasons += fmt::format(
                "\n\nInstance {}: {}.",
                instance.id.value(),
                rules::reason(
                    *finding,
                    &instance,
                    state.policy->team_or_unassigned(group.team),
                    state.policy->calendar));
        }
    }
    if (fresh_ones.empty()) {
        return;
    }
    Alert draft;
    draft.kind = Kind::policy_violation;
    draft.severity = Severity::warning;
    draft.team = group.team;
    draft.condition = key;
    draft.burn_rate = total_rate(fresh_ones);
    draft.notify = notify_of(state, group.team);
    draft.title = fmt::format(
        "{} of {}: {}", named(fresh_ones), group.team.str(), rules::to_string(group.rule));
    draft.text = fmt::format(
        "{} instance{} of team {} {} against the rule {}. Nothing is done about it: the action of "
        "that rule is \"alert\".{}",
        fresh_ones.size(),
        plural(fresh_ones.size()),
        group.team.str(),
        fresh_ones.size() == 1 ? "is" : "are",
        rules::to_string(group.rule),
        reasons);
    list_instances(draft, std::move(fresh_ones));
    if (is_firing(state, key)) {
        tell(state, effects, std::move(draft), now);
    } else {
        fire(state, effects, std::move(draft), std::nullopt, now);
    }
}

void end_violations(State& state, Effects& effects, const std::set<std::string>& alive, Now now) {
    std::vector<std::string> ended;
    for (const auto& [key, condition] : state.conditions) {
        if (key.starts_with("policy_violation/") && !alive.contains(key)) {
            ended.push_back(key);
        }
    }
    for (const auto& key : ended) {
        const bool member = std::count(key.begin(), key.end(), '/') == 3;
        if (member) {
            forget(state, key);
            continue;
        }
        const auto team_end = key.rfind('/');
        const auto team_begin = key.find('/') + 1;
        Alert draft;
        draft.kind = Kind::policy_violation;
        draft.severity = Severity::info;
        draft.team = TeamName{key.substr(team_begin, team_end - team_begin)};
        draft.condition = key;
        draft.notify = notify_of(state, *draft.team);
        draft.title = fmt::format(
            "{}: nothing is against {} any more", draft.team->str(), key.substr(team_end + 1));
        draft.text = "The condition has ended.";
        resolve(state, effects, std::move(draft), now);
    }
}

void protection_ended(
    State& state,
    Effects& effects,
    const fleet::Instance& instance,
    const std::string& condition,
    const std::string& what,
    Now now) {
    Alert draft;
    draft.kind = Kind::exemption_ended;
    draft.severity = Severity::info;
    draft.team = instance.team;
    draft.account = instance.account;
    draft.condition = condition;
    draft.notify = notify_of(state, instance.team);
    draft.title = fmt::format("Instance {} is no longer exempt", instance.id.value());
    draft.text = fmt::format(
        "{} has ended; the rules of team {} apply to it again. `vastwatchctl explain {}` says what "
        "follows.",
        what,
        instance.team.str(),
        instance.id.value());
    list_instances(draft, {listed(state, instance, std::nullopt)});
    tell(state, effects, std::move(draft), now);
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
        "{} tries had no effect; the latest: {}. It is tried again every few minutes. Destroy it by "
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

void tell_hold(State& state, Effects& effects, const enforcement::Hold& hold, Now now) {
    std::vector<alerts::AlertInstance> instances;
    for (const auto id : hold.instances) {
        const auto it = state.cases.find(id);
        if (it != state.cases.end()) {
            instances.push_back(listed(it->second));
        }
    }
    Alert draft;
    draft.kind = Kind::action_held;
    draft.severity = Severity::critical;
    draft.account = hold.account;
    draft.condition = fmt::format("action_held/hold/{}", hold.id.value());
    draft.burn_rate = hold.cost;
    draft.notify = state.policy->all_notifiers;
    const bool reload = hold.kind == enforcement::Hold::Kind::reload;
    draft.title = fmt::format(
        "{} instances of account {} wait for your decision",
        hold.instances.size(),
        hold.account.str());
    draft.text = fmt::format(
        "{} Together they cost {}. Nothing happens to them until somebody decides:\n\n"
        "`vastwatchctl approve {}` lets the actions go on; `vastwatchctl dismiss {}` drops them.",
        reload ? "The new configuration would at once act upon all of them, which is more than "
                 "mass_idle_limit allows."
               : "They are due for idle reaping all at once, which is more than mass_idle_limit "
                 "allows: it may be true, or the telemetry may lie.",
        format_rate(hold.cost),
        hold.id.value(),
        hold.id.value());
    list_instances(draft, std::move(instances));
    fire(state, effects, std::move(draft), std::nullopt, now);
}

void tell_hold_over(State& state, Effects& effects, const enforcement::Hold& hold, Now now) {
    Alert draft;
    draft.kind = Kind::action_held;
    draft.severity = Severity::info;
    draft.account = hold.account;
    draft.condition = fmt::format("action_held/hold/{}", hold.id.value());
    draft.notify = state.policy->all_notifiers;
    draft.title = fmt::format(
        "Hold {} is {}", hold.id.value(), enforcement::to_string(hold.decision));
    draft.text = hold.decided_by.empty() ? "Nothing of it is due any more."
                                         : fmt::format("Decided by {}.", hold.decided_by);
    resolve(state, effects, std::move(draft), now);
}

void tell_violations(State& state, Effects& effects, Now now) {
    std::map<std::string, Group> groups;
    std::set<std::string> alive;
    for (const auto& finding : state.evaluation.findings) {
        if (!only_told(finding) || !finding.holds(now.wall)) {
            continue;
        }
        const auto key = group_key(finding.team, finding.rule);
        auto& group = groups[key];
        group.team = finding.team;
        group.rule = finding.rule;
        group.findings.push_back(&finding);
        alive.insert(key);
        alive.insert(member_key(key, *finding.instance));
    }
    for (const auto& [key, group] : groups) {
        tell_violation_group(state, effects, group, now);
    }
    end_violations(state, effects, alive, now);
}

void tell_exemptions(State& state, Effects& effects, Now now) {
    std::vector<InstanceId> over;
    for (const auto& [id, protection] : state.protections) {
        if (protection.until <= now.wall) {
            over.push_back(id);
        }
    }
    for (const auto id : over) {
        state.protections.erase(id);
        state.changes.ended_protections.push_back(id);
        const auto instance = state.instances.find(id);
        if (instance != state.instances.end()) {
            protection_ended(
                state,
                effects,
                *instance->second,
                fmt::format("exemption_ended/instance/{}", id.value()),
                "Its protection by `vastwatchctl protect`",
                now);
        }
    }
    for (const auto& [id, instance] : state.instances) {
        const auto& rules = state.policy->team_or_unassigned(instance->team).rules;
        const bool ended = instance->label_protected_since && rules.protect_max > Duration{0} &&
                           *instance->label_protected_since + rules.protect_max <= now.wall &&
                           instance->missed_sweeps == 0;
        const auto key = fmt::format("exemption_ended/label/{}", id.value());
        if (ended && !is_firing(state, key)) {
            // Remembered for as long as an instance may reasonably live: told once.
            note_told(state, key, now.wall + std::chrono::hours{24 * 365}, now);
            protection_ended(
                state,
                effects,
                *instance,
                key,
                "Its exemption by label from the idle rule (protect_max)",
                now);
        }
    }
}

void tell_pause(State& state, Effects& effects, Now now) {
    Alert draft;
    draft.kind = Kind::enforcement_paused;
    draft.severity = Severity::warning;
    draft.condition = "enforcement_paused";
    draft.notify = state.policy->all_notifiers;
    if (state.pause && state.pause->until && *state.pause->until <= now.wall) {
        state.pause.reset();
        state.changes.pause_ended = true;
    }
    if (!state.pause) {
        draft.severity = Severity::info;
        draft.title = "Actions are no longer paused";
        draft.text = "Whatever became due meanwhile is looked at afresh.";
        resolve(state, effects, std::move(draft), now);
        return;
    }
    auto& pause = *state.pause;
    draft.title = "All actions are paused";
    draft.text = fmt::format(
        "Paused by {} since {}{}{}. Nothing is stopped or destroyed meanwhile, not even at a cap. "
        "`vastwatchctl resume` ends it.",
        pause.actor,
        state.policy->calendar.format(pause.since),
        pause.until ? ", until " + state.policy->calendar.format(*pause.until)
                    : ", without an end",
        pause.reason.empty() ? "" : " (" + pause.reason + ")");
    if (fire(state, effects, draft, std::nullopt, now)) {
        pause.last_reminder = now.wall;
    } else if (now.wall - pause.last_reminder >= std::chrono::hours{24}) {
        pause.last_reminder = now.wall;
        state.changes.pause = pause;
        tell(state, effects, std::move(draft), now);
    }
}

}  // namespace vastwatch::engine
