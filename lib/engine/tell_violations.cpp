// Alerts about findings that are only told: once per instance, until nothing is against the rule.
#include "base/text.hpp"
#include "engine/judge.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

using alerts::Alert;
using alerts::Kind;
using policy::Action;
using policy::Severity;

std::string plural(std::size_t count) {
    return count == 1 ? "" : "s";
}

bool only_told(const rules::Finding& finding) {
    return finding.instance && finding.action == Action::alert &&
           finding.exemption == rules::Exemption::none && !rules::is_cap(finding.rule) &&
           finding.rule != rules::Rule::queued_start;
}

using Group = std::pair<TeamName, rules::Rule>;

std::string group_key(const TeamName& team, rules::Rule rule) {
    return fmt::format("policy_violation/{}/{}", team.str(), rules::to_string(rule));
}

std::string member_key(const std::string& group, InstanceId id) {
    return fmt::format("{}/{}", group, id.value());
}

void tell_violation_group(
    State& state,
    Effects& effects,
    const Group& group,
    const std::vector<const rules::Finding*>& findings,
    Now now) {
    const auto& [team, rule] = group;
    const auto key = group_key(team, rule);
    std::vector<alerts::AlertInstance> fresh_ones;
    std::string reasons;
    for (const auto* finding : findings) {
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
                    state.policy->team_or_unassigned(team),
                    state.policy->calendar));
        }
    }
    if (fresh_ones.empty()) {
        return;
    }
    Alert draft;
    draft.kind = Kind::policy_violation;
    draft.severity = Severity::warning;
    draft.team = team;
    draft.condition = key;
    draft.burn_rate = total_rate(fresh_ones);
    draft.notify = notify_of(state, team);
    draft.title =
        fmt::format("{} of {}: {}", named(fresh_ones), team.str(), rules::to_string(rule));
    draft.text = fmt::format(
        "{} instance{} of team {} {} against the rule {}. Nothing is done about it: the action of "
        "that rule is \"alert\".{}",
        fresh_ones.size(),
        plural(fresh_ones.size()),
        team.str(),
        fresh_ones.size() == 1 ? "is" : "are",
        rules::to_string(rule),
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
    const std::string prefix = "policy_violation/";
    for (auto it = state.conditions.lower_bound(prefix);
         it != state.conditions.end() && it->first.starts_with(prefix);
         ++it) {
        if (!alive.contains(it->first)) {
            ended.push_back(it->first);
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

}  // namespace

void tell_violations(State& state, Effects& effects, Now now) {
    // What was told of the same findings would not be told again.
    auto& judgement = state.judgement;
    const auto& whole = judgement.whole.findings;
    const bool told_before = judgement.whole_told;
    judgement.whole_told = std::any_of(whole.begin(), whole.end(), only_told);
    if (!judgement.instances_changed && !told_before && !judgement.whole_told) {
        return;
    }
    std::vector<ToldViolation> present;
    std::map<Group, std::vector<const rules::Finding*>> groups;
    each_finding(state, [&](const rules::Finding& finding) {
        if (only_told(finding) && finding.holds(now.wall)) {
            present.push_back(ToldViolation{finding.team, finding.rule, *finding.instance});
            groups[Group{finding.team, finding.rule}].push_back(&finding);
        }
    });
    if (judgement.violations_told == present) {
        return;
    }
    std::set<std::string> alive;
    for (const auto& [group, findings] : groups) {
        const auto key = group_key(group.first, group.second);
        alive.insert(key);
        for (const auto* finding : findings) {
            alive.insert(member_key(key, *finding->instance));
        }
        tell_violation_group(state, effects, group, findings, now);
    }
    end_violations(state, effects, alive, now);
    judgement.violations_told = std::move(present);
}

}  // namespace vastwatch::engine
