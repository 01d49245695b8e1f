// Alerts about caps: what will go, what goes, what stays.
#include "engine/budget_words.hpp"
#include "engine/enforce.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>

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

std::string
action_sentence(const State& state, const rules::Finding& cap, const Affected& affected) {
    const auto count = affected.going.size();
    if (count == 0) {
        return "Nothing of it costs money right now.";
    }
    const auto action = affected.going.front().action.value_or(policy::Action::alert);
    if (action == policy::Action::alert || action == policy::Action::off) {
        return fmt::format(
            "{} instance{} go on costing money: cap_action is \"alert\", so nothing is done.",
            count,
            count == 1 ? "" : "s");
    }
    const auto verb = action == policy::Action::stop ? "stopped" : "destroyed";
    const auto tense = !state.policy->enforcement.enforce ? "would be"
                       : state.pause                      ? "will (once actions are resumed) be"
                       : cap.holds(cap.due)               ? "will be"
                                                          : "is";
    std::string text =
        fmt::format("{} instance{} {} {}.", count, count == 1 ? "" : "s", tense, verb);
    if (!affected.stays.is_zero()) {
        text += fmt::format(
            " Stopped instances keep their storage, which goes on costing {} a day.",
            format_usd(accrue(affected.stays, std::chrono::hours{24})));
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

void tell_protected_cost(
    State& state,
    Effects& effects,
    const rules::Finding& cap,
    const Owner& owner,
    const Affected& affected,
    Now now) {
    if (affected.exempt_cost.is_zero()) {
        return;
    }
    auto draft = cap_draft(state, cap, owner);
    draft.kind = Kind::cap_reached;
    draft.condition = condition_key(state, "cap_protected", owner, *cap.window, "-");
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
    const std::string kind = reached ? "cap_reached" : "cap_warning";
    const auto key = condition_key(state, kind, owner, *cap.window, "-");
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
            outcome(state, affected, action_sentence(state, cap, affected)),
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
            outcome(state, affected, action_sentence(state, cap, affected)));
    }
    auto all = affected.going;
    all.insert(all.end(), affected.kept.begin(), affected.kept.end());
    list_instances(draft, std::move(all));
    fire(state, effects, std::move(draft), forget_window(cap.window_end), now);
    if (reached) {
        tell_protected_cost(state, effects, cap, owner, affected, now);
    }
}

}  // namespace

void tell_caps(State& state, Effects& effects, Now now) {
    for (const auto& finding : state.judgement.whole.findings) {
        if (!finding.instance && rules::is_cap(finding.rule) && finding.window) {
            tell_cap(state, effects, finding, now);
        }
    }
}

}  // namespace vastwatch::engine
