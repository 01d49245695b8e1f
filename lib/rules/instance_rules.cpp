// The rules about one instance by itself.
#include "base/glob.hpp"
#include "rules/collector.hpp"

#include <algorithm>

namespace vastwatch::rules {
namespace {

using policy::Action;

void judge_idle(const Subject& subject, Instant now, Collector& out) {
    const auto state = idle_state(subject, now);
    if (!state.applies || !state.covered || !state.due) {
        return;
    }
    out.changes_at(*state.due - subject.team->rules.idle_warning);
    const bool serverless = state.exemption == Exemption::serverless;
    auto finding = about(
        subject,
        serverless ? Rule::serverless : Rule::idle,
        serverless ? Action::alert : subject.team->rules.idle_action,
        *subject.instance->idle.began,
        *state.due);
    if (finding.exemption == Exemption::none && state.exemption != Exemption::none) {
        finding.exemption = state.exemption;
        finding.exempt_until = state.exempt_until;
    }
    out.add(std::move(finding));
}

void judge_policy(const Subject& subject, Instant now, Collector& out) {
    const auto& team = *subject.team;
    const auto& row = subject.instance->row;
    const Action action = team.rules.violation_action;
    if (action == Action::off || changes_nothing(action, subject)) {
        return;
    }
    const auto violates = [&](Rule rule) {
        out.add(about(subject, rule, action, subject.instance->first_seen, now));
    };
    const bool listed =
        std::any_of(team.gpu_types.begin(), team.gpu_types.end(), [&](const std::string& glob) {
            return gpu_name_match(glob, row.gpu_name);
        });
    if (!team.gpu_types.empty() && !row.gpu_name.empty() && !listed) {
        violates(Rule::gpu_types);
    }
    if (team.max_dph && subject.rate_known && !subject.rates.estimated &&
        subject.rates.total() > *team.max_dph) {
        violates(Rule::max_dph);
    }
    if (team.interruptible_only && row.interruptible == false) {
        violates(Rule::interruptible_only);
    }
}

void judge_state(const Subject& subject, Instant now, Collector& out) {
    const auto& instance = *subject.instance;
    const auto& rules = subject.team->rules;
    if (instance.stopped_since && rules.stopped_action != Action::off) {
        const auto since = *instance.stopped_since;
        out.add(
            about(subject, Rule::stopped, rules.stopped_action, since, since + rules.stopped_for));
    }
    if (instance.loading_since && !instance.ever_ran && rules.loading_action != Action::off) {
        const auto since = *instance.loading_since;
        // Parked: the scheduler has given up on it, so there is less to wait for.
        constexpr Duration parked_patience = std::chrono::minutes{15};
        const auto patience = fleet::is_parked(instance.row)
                                  ? std::min<Duration>(rules.loading_for, parked_patience)
                                  : rules.loading_for;
        out.add(about(subject, Rule::loading, rules.loading_action, since, since + patience));
    }
    if (fleet::is_queued(instance.row)) {
        auto finding = about(subject, Rule::queued_start, Action::alert, instance.last_seen, now);
        finding.rate = fleet::running_rate(instance.row);
        out.add(std::move(finding));
    }
}

/// Whether a rule finds at the moment of judging, and not at a moment of its own.
bool at_once(Rule rule) {
    switch (rule) {
        case Rule::gpu_types:
        case Rule::max_dph:
        case Rule::interruptible_only:
        case Rule::queued_start:
            return true;
        default:
            return false;
    }
}

/// An exemption by label whose beginning is not known yet begins anew at every judging.
bool begins_anew(const Finding& finding, const fleet::Instance& instance) {
    return finding.exemption == Exemption::protect_label && !instance.label_protected_since;
}

}  // namespace

Finding about(const Subject& subject, Rule rule, Action action, Instant since, Instant due) {
    Finding finding;
    finding.rule = rule;
    finding.account = subject.instance->account;
    finding.team = subject.team->name;
    finding.instance = subject.instance->id;
    finding.action = action;
    finding.since = since;
    finding.due = due;
    finding.rate = subject.rates.total();
    if (subject.protected_id) {
        finding.exemption = Exemption::protected_id;
    } else if (subject.protected_until) {
        finding.exemption = Exemption::protected_by_operator;
        finding.exempt_until = subject.protected_until;
    } else if (fleet::is_serverless_worker(subject.instance->row) && !is_cap(rule)) {
        finding.exemption = Exemption::serverless;
    }
    return finding;
}

Judged judge_instance(const Subject& subject, Instant now) {
    Collector out{now};
    if (exists(subject)) {  // what is being unloaded is done with
        judge_idle(subject, now, out);
        judge_policy(subject, now, out);
        judge_state(subject, now, out);
    }
    Judged judged;
    judged.evaluation = out.take();
    for (const auto& finding : judged.evaluation.findings) {
        judged.at_once = judged.at_once || at_once(finding.rule);
        judged.momentary = judged.momentary || begins_anew(finding, *subject.instance);
    }
    return judged;
}

bool can_tell(Rule rule, const Subject& subject) {
    const auto& instance = *subject.instance;
    switch (rule) {
        case Rule::gpu_types:
            return !instance.row.gpu_name.empty();
        case Rule::max_dph:
            return subject.rate_known && !subject.rates.estimated;
        case Rule::interruptible_only:
            return instance.row.interruptible.has_value();
        case Rule::idle:
            return !instance.samples.empty() &&
                   instance.samples.back().evidence != fleet::Evidence::unknown;
        case Rule::stopped:
            return instance.row.intended != fleet::State::unknown &&
                   instance.row.current != fleet::State::unknown;
        case Rule::loading:
            return instance.row.status != fleet::Status::unknown;
        default:
            return true;
    }
}

void bring_to(Judged& judged, Instant now) {
    if (!judged.at_once) {
        return;
    }
    for (auto& finding : judged.evaluation.findings) {
        if (at_once(finding.rule)) {
            finding.due = now;
        }
    }
}

}  // namespace vastwatch::rules
