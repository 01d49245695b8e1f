// Alerts about caps: what will go, what goes, what stays.
#include "engine/budget_words.hpp"
#include "engine/enforce.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <set>
#include <utility>

namespace vastwatch::engine {
namespace {

using alerts::Alert;
using alerts::Kind;
using policy::Severity;

struct Affected {
    std::vector<alerts::AlertInstance> going;
    std::vector<alerts::AlertInstance> exempt;
    std::vector<alerts::AlertInstance> kept;  // by a reload's hold
    std::map<HoldId, std::size_t> keepers;    // and how many of them each such hold has
    UsdPerHour exempt_cost;
    UsdPerHour stays;  // storage that goes on after a stop
};

Affected affected_by(const State& state, const rules::Finding& cap, Now now) {
    Affected result;
    for (const auto& subject : subjects(state, now.wall)) {
        const bool ours = cap.team.empty() ? subject.instance->account == cap.account
                                           : subject.team->name == cap.team;
        if (!ours || !rules::costs_money(subject)) {
            continue;
        }
        const bool exempt = subject.protected_until || subject.protected_id;
        const auto action = subject.team->rules.cap_action;
        auto own = cap;
        own.instance = subject.instance->id;
        const auto* keeper = keeping_hold(state, own);
        if (exempt) {
            result.exempt.push_back(listed(state, *subject.instance, policy::Action::alert));
            result.exempt_cost += subject.rates.total();
        } else if (keeper != nullptr) {
            result.kept.push_back(listed(state, *subject.instance, policy::Action::alert));
            ++result.keepers[keeper->id];
        } else {
            result.going.push_back(listed(state, *subject.instance, action));
            if (action == policy::Action::stop) {
                result.stays += subject.rates.disk;
            }
        }
    }
    return result;
}

Owner owner_of(const State& state, const rules::Finding& cap, Now now) {
    if (!cap.team.empty()) {
        return team_owner(state, state.policy->team_or_unassigned(cap.team), *cap.window, now);
    }
    return account_owner(state, *state.policy->find_account(cap.account), *cap.window, now);
}

std::string count_of(std::size_t instances) {
    return fmt::format("{} instance{}", instances, instances == 1 ? "" : "s");
}

/// What becomes of those that an account's cap reaches is for each one's team to say.
std::string action_sentences(const State& state, const Affected& affected) {
    if (affected.going.empty()) {
        return "Nothing of it costs money right now.";
    }
    const auto tense = !state.policy->enforcement.enforce ? "would be"
                       : state.pause                      ? "will (once actions are resumed) be"
                                                          : "will be";
    std::map<policy::Action, std::size_t, std::greater<>> counts;  // what acts strongest first
    for (const auto& instance : affected.going) {
        ++counts[instance.action.value_or(policy::Action::alert)];
    }
    std::string text;
    for (const auto& [action, count] : counts) {
        text += text.empty() ? "" : " ";
        if (action < policy::Action::stop) {
            text += fmt::format(
                "{} go{} on costing money: cap_action is \"{}\", so nothing is done.",
                count_of(count),
                count == 1 ? "es" : "",
                policy::to_string(action));
            continue;
        }
        const auto* verb = action == policy::Action::stop ? "stopped" : "destroyed";
        text += fmt::format("{} {} {}.", count_of(count), tense, verb);
        if (action == policy::Action::stop && !affected.stays.is_zero()) {
            text += fmt::format(
                " Stopped instances keep their storage, which goes on costing {} a day.",
                format_usd(accrue(affected.stays, std::chrono::hours{24})));
        }
    }
    return text;
}

/// With what a reload's holds keep from the cap, which goes on costing money.
std::string outcome(const State& state, const Affected& affected, std::string text) {
    if (!affected.keepers.empty() && affected.going.empty()) {
        text.clear();
    }
    for (const auto& [id, count] : affected.keepers) {
        const bool open = state.holds.at(id).decision == enforcement::Hold::Decision::open;
        text += fmt::format(
            "{}{} {} {}.",
            text.empty() ? "" : " ",
            count,
            count == 1 ? "instance goes on costing money:" : "instances go on costing money:",
            open ? fmt::format("`vastwatchctl approve {}` is waited for", id.value())
                 : fmt::format("hold {} was dismissed", id.value()));
    }
    return text;
}

Alert cap_draft(const State& state, const rules::Finding& cap, const Owner& owner) {
    Alert draft;
    draft.severity = Severity::critical;
    if (cap.team.empty()) {
        draft.account = cap.account;
        draft.notify = state.policy->all_notifiers;
        for (const auto& rule : state.policy->alerts) {
            if (rule.account == cap.account) {
                draft.notify = rule.notify;
            }
        }
    } else {
        draft.team = cap.team;
        draft.notify = notify_of(state, cap.team);
    }
    draft.window = cap.window;
    draft.window_start = owner.budget.spend.start;
    draft.spend = owner.budget.spend.spend;
    draft.cap = cap.cap;
    draft.burn_rate = owner.burn;
    draft.projected_crossing = cap.predicted.value_or(cap.due);
    return draft;
}

/// With its amount: a cap that is raised is another one, to be announced and told of again.
std::string
cap_key(const State& state, std::string_view kind, const Owner& owner, const rules::Finding& cap) {
    return condition_key(state, kind, owner, *cap.window, to_decimal(*cap.cap));
}

void tell_protected_cost(State& state, Effects& effects, const rules::Finding& cap, Now now) {
    const auto owner = owner_of(state, cap, now);
    const auto key = cap_key(state, "cap_protected", owner, cap);
    if (is_firing(state, key)) {
        return;
    }
    const auto affected = affected_by(state, cap, now);
    if (affected.exempt_cost.is_zero()) {
        return;
    }
    auto draft = cap_draft(state, cap, owner);
    draft.kind = Kind::cap_reached;
    draft.condition = key;
    draft.title = fmt::format(
        "{} stays over its {}: protected instances cost {}",
        owner.name,
        cap_word(*cap.window),
        format_rate(affected.exempt_cost));
    draft.text = fmt::format(
        "The {} of {} is reached, and {} protected instance{} of the {} go on costing {}. "
        "`vastwatchctl unprotect ID` ends a protection; protected_ids are in the configuration.",
        cap_word(*cap.window),
        format_usd(*cap.cap),
        affected.exempt.size(),
        affected.exempt.size() == 1 ? "" : "s",
        owner.word,
        format_rate(affected.exempt_cost));
    list_instances(draft, affected.exempt);
    fire(state, effects, std::move(draft), forget_window(cap.window_end), now);
}

void tell_cap(State& state, Effects& effects, const rules::Finding& cap, Now now) {
    const bool reached = cap.holds(now.wall);
    const auto& warning = state.policy->team_or_unassigned(cap.team).rules.cap_warning;
    const Instant expected = cap.predicted.value_or(cap.due);
    if (!reached && (expected - warning > now.wall || warning == Duration{0})) {
        return;
    }
    const auto owner = owner_of(state, cap, now);
    const auto key = cap_key(state, reached ? "cap_reached" : "cap_warning", owner, cap);
    if (is_firing(state, key)) {
        return;
    }
    const auto affected = affected_by(state, cap, now);
    auto draft = cap_draft(state, cap, owner);
    draft.condition = key;
    draft.kind = reached ? Kind::cap_reached : Kind::cap_warning;
    if (reached) {
        draft.title = fmt::format(
            "{} has reached its {} of {}", owner.name, cap_word(*cap.window), format_usd(*cap.cap));
        draft.text = fmt::format(
            "The {} has spent {} {}. {}\n\nWhatever of it appears or starts before {} meets the "
            "same.",
            owner.word,
            format_usd(owner.budget.spend.spend),
            window_word(*cap.window),
            outcome(state, affected, action_sentences(state, affected)),
            cap.window_end ? state.policy->calendar.format(*cap.window_end)
                           : "the limit is raised");
    } else {
        draft.title = fmt::format(
            "{} will reach its {} of {} at {}",
            owner.name,
            cap_word(*cap.window),
            format_usd(*cap.cap),
            state.policy->calendar.format_time(expected));
        draft.text = fmt::format(
            "The {} has spent {} {} and burns {}; its {} of {} is reached at {}, in {}{}. Then: {}"
            "\n\nTo prevent it, stop or destroy what is not needed, or have the cap raised.",
            owner.word,
            format_usd(owner.budget.spend.spend),
            window_word(*cap.window),
            format_rate(owner.burn),
            cap_word(*cap.window),
            format_usd(*cap.cap),
            state.policy->calendar.format(expected),
            humanize(expected - now.wall),
            cap.predicted ? " if what waits for a GPU starts now" : "",
            outcome(state, affected, action_sentences(state, affected)));
    }
    auto all = affected.going;
    all.insert(all.end(), affected.kept.begin(), affected.kept.end());
    list_instances(draft, std::move(all));
    fire(state, effects, std::move(draft), forget_window(cap.window_end), now);
}

/// Which cap: its rule and whose it is.
using CapOf = std::pair<rules::Rule, std::string>;

CapOf cap_of(const rules::Finding& finding) {
    const bool account = finding.rule == rules::Rule::account_daily_cap ||
                         finding.rule == rules::Rule::account_monthly_cap;
    return {finding.rule, account ? finding.account.str() : finding.team.str()};
}

/// The caps from which protection keeps something that costs money.
std::set<CapOf> kept_from(const State& state) {
    std::set<CapOf> caps;
    for (const auto& finding : state.judgement.whole.findings) {
        const bool kept = finding.instance && rules::is_cap(finding.rule) &&
                          finding.exemption != rules::Exemption::none;
        if (kept && finding.rate && !finding.rate->is_zero()) {
            caps.insert(cap_of(finding));
        }
    }
    return caps;
}

}  // namespace

void tell_caps(State& state, Effects& effects, Now now) {
    const auto kept = kept_from(state);
    for (const auto& finding : state.judgement.whole.findings) {
        if (finding.instance || !rules::is_cap(finding.rule) || !finding.window) {
            continue;
        }
        tell_cap(state, effects, finding, now);
        if (finding.holds(now.wall) && kept.contains(cap_of(finding))) {
            tell_protected_cost(state, effects, finding, now);
        }
    }
}

}  // namespace vastwatch::engine
