// Alerts about findings that are only told: once per instance, until nothing is against the rule.
#include "base/text.hpp"
#include "engine/judge.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

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

/// Its idle period goes on, and only too little of that is known just now: no end of what was told.
bool merely_unsure(const State& state, const ToldViolation& told, Now now) {
    const auto slot = state.instances.find(told.instance);
    const auto condition =
        state.conditions.find(member_key(group_key(told.team, told.rule), told.instance));
    if (told.rule != rules::Rule::idle || slot == state.instances.end() ||
        condition == state.conditions.end() || slot->second->team != told.team) {
        return false;
    }
    const auto subject = subject_of(state, slot->second, now.wall);
    const auto idle = rules::idle_state(subject, now.wall);
    return idle.applies && !idle.covered && idle.exemption == rules::Exemption::none &&
           !subject.protected_id && !subject.protected_until && rules::exists(subject) &&
           subject.team->rules.idle_action == Action::alert &&
           *subject.instance->idle.began <= condition->second.since;
}

/// What such a key of one instance says; nothing for that of a group.
std::optional<ToldViolation> member_of(const std::string& key) {
    const auto team_at = key.find('/') + 1;
    const auto rule_at = key.find('/', team_at) + 1;
    const auto id_at = key.find('/', rule_at) + 1;
    std::int64_t id = 0;
    const auto* const end = key.data() + key.size();
    if (id_at == 0 || std::from_chars(key.data() + id_at, end, id).ptr != end) {
        return std::nullopt;
    }
    const auto idle = rules::to_string(rules::Rule::idle);
    const bool is_idle = key.compare(rule_at, id_at - 1 - rule_at, idle) == 0;
    return ToldViolation{
        TeamName{key.substr(team_at, rule_at - 1 - team_at)},
        is_idle ? rules::Rule::idle : rules::Rule::gpu_types,
        InstanceId{id}};
}

void end_group(State& state, Effects& effects, const std::string& key, Now now) {
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

/// Ends what was told and is not `alive`; gives what goes on though no finding says so.
std::vector<ToldViolation>
end_violations(State& state, Effects& effects, std::set<std::string> alive, Now now) {
    std::vector<std::string> ended;
    std::vector<ToldViolation> unsure;
    const std::string prefix = "policy_violation/";
    for (auto it = state.conditions.lower_bound(prefix);
         it != state.conditions.end() && it->first.starts_with(prefix);
         ++it) {
        if (alive.contains(it->first)) {
            continue;
        }
        const auto member = member_of(it->first);
        if (member && merely_unsure(state, *member, now)) {
            alive.insert(group_key(member->team, member->rule));
            unsure.push_back(*member);
        } else {
            ended.push_back(it->first);
        }
    }
    for (const auto& key : ended) {
        if (member_of(key)) {
            forget(state, key);
        } else if (!alive.contains(key)) {
            end_group(state, effects, key, now);
        }
    }
    return unsure;
}

/// Whether `present` and, behind it, what is merely unsure are all that was told.
bool goes_on(const State& state, const std::vector<ToldViolation>& present, Now now) {
    const auto& told = state.judgement.violations_told;
    return told && told->size() >= present.size() &&
           std::equal(present.begin(), present.end(), told->begin()) &&
           std::all_of(
               told->begin() + static_cast<std::ptrdiff_t>(present.size()),
               told->end(),
               [&](const ToldViolation& one) { return merely_unsure(state, one, now); });
}

}  // namespace

void tell_violations(State& state, Effects& effects, Now now) {
    // What was told of the same findings would not be told again.
    auto& judgement = state.judgement;
    const auto& whole = judgement.whole.findings;
    const bool told_before = judgement.whole_told;
    judgement.whole_told = std::any_of(whole.begin(), whole.end(), only_told);
    if (!judgement.instances_changed && !told_before && !judgement.whole_told &&
        judgement.violations_unsure == 0) {
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
    if (goes_on(state, present, now)) {
        judgement.violations_unsure = judgement.violations_told->size() - present.size();
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
    auto unsure = end_violations(state, effects, std::move(alive), now);
    judgement.violations_unsure = unsure.size();
    std::ranges::move(unsure, std::back_inserter(present));
    judgement.violations_told = std::move(present);
}

}  // namespace vastwatch::engine
