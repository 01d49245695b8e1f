// Alerts about budgets: thresholds and forecasts.
#include "engine/budget_words.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

using alerts::Alert;
using alerts::Kind;
using policy::Severity;
using policy::Window;

std::optional<Owner> owner_of(const State& state, const policy::BudgetAlert& alert, Now now) {
    if (alert.team) {
        const auto* team = state.policy->find_team(*alert.team);
        return team == nullptr ? std::nullopt
                               : std::optional{team_owner(state, *team, alert.window, now)};
    }
    const auto* account = alert.account ? state.policy->find_account(*alert.account) : nullptr;
    return account == nullptr ? std::nullopt
                              : std::optional{account_owner(state, *account, alert.window, now)};
}

Alert budget_draft(
    const State& state,
    const policy::BudgetAlert& rule,
    const Owner& owner,
    Kind kind,
    Severity severity) {
    Alert draft;
    draft.kind = kind;
    draft.severity = severity;
    draft.team = rule.team;
    draft.account = rule.account;
    draft.window = rule.window;
    draft.window_start = owner.budget.spend.start;
    draft.spend = owner.budget.spend.spend;
    draft.cap = owner.budget.cap;
    draft.burn_rate = owner.burn;
    draft.projected_crossing = owner.budget.crossing;
    draft.notify = rule.notify;
    (void)state;
    return draft;
}

std::string crossing_sentence(const State& state, const Owner& owner, Window window, Now now) {
    const auto& budget = owner.budget;
    if (!budget.cap) {
        return "";
    }
    if (budget.spend.spend >= *budget.cap) {
        return fmt::format(" The {} of {} is reached.", cap_word(window), format_usd(*budget.cap));
    }
    if (!budget.crossing) {
        return fmt::format(
            " At this rate the {} of {} is not reached before the window ends.",
            cap_word(window),
            format_usd(*budget.cap));
    }
    return fmt::format(
        " At this rate the {} of {} is reached at {}, in {}.",
        cap_word(window),
        format_usd(*budget.cap),
        state.policy->calendar.format(*budget.crossing),
        humanize(*budget.crossing - now.wall));
}

void tell_threshold(
    State& state,
    Effects& effects,
    const policy::BudgetAlert& rule,
    const Owner& owner,
    const policy::Threshold& threshold,
    Now now) {
    const auto amount = threshold.resolve(owner.budget.cap);
    const bool at_cap = owner.budget.cap && amount && *amount >= *owner.budget.cap;
    auto draft = budget_draft(
        state,
        rule,
        owner,
        Kind::budget_threshold,
        at_cap ? Severity::critical : Severity::warning);
    draft.threshold = threshold.text();
    draft.condition =
        condition_key(state, "budget_threshold", owner, rule.window, threshold.text());
    const auto what = threshold.percent
                          ? fmt::format("{} of its {}", threshold.text(), cap_word(rule.window))
                          : fmt::format("{} {}", threshold.text(), window_word(rule.window));
    draft.title = fmt::format("{} has spent {}", owner.name, what);
    draft.text = fmt::format(
        "The {} has spent {} {} and burns {} right now.{}",
        owner.word,
        format_usd(owner.budget.spend.spend),
        window_word(rule.window),
        format_rate(owner.burn),
        crossing_sentence(state, owner, rule.window, now));
    fire(state, effects, std::move(draft), owner.budget.spend.end, now);
}

void tell_thresholds(State& state, Effects& effects, const policy::BudgetAlert& rule, Now now) {
    const auto owner = owner_of(state, rule, now);
    if (!owner) {
        return;
    }
    std::vector<const policy::Threshold*> crossed;
    for (const auto& threshold : rule.at) {
        const auto amount = threshold.resolve(owner->budget.cap);
        const auto key =
            condition_key(state, "budget_threshold", *owner, rule.window, threshold.text());
        if (amount && owner->budget.spend.spend >= *amount && !is_firing(state, key)) {
            crossed.push_back(&threshold);
        }
    }
    // Several crossed since the last look say one thing: the highest. The rest count as told.
    for (std::size_t i = 0; i + 1 < crossed.size(); ++i) {
        note_told(
            state,
            condition_key(state, "budget_threshold", *owner, rule.window, crossed[i]->text()),
            owner->budget.spend.end,
            now);
    }
    if (!crossed.empty()) {
        tell_threshold(state, effects, rule, *owner, *crossed.back(), now);
    }
}

void tell_forecast(State& state, Effects& effects, const policy::BudgetAlert& rule, Now now) {
    const auto owner = owner_of(state, rule, now);
    if (!rule.forecast || !owner || !owner->budget.spend.projected || rule.at.empty()) {
        return;
    }
    const auto limit =
        owner->budget.cap ? owner->budget.cap : rule.at.back().resolve(owner->budget.cap);
    if (!limit || *owner->budget.spend.projected < *limit || owner->budget.spend.spend >= *limit) {
        return;
    }
    auto draft = budget_draft(state, rule, *owner, Kind::budget_forecast, Severity::warning);
    draft.condition = condition_key(state, "budget_forecast", *owner, rule.window, "forecast");
    draft.title = fmt::format(
        "{} is on course to spend {} {}",
        owner->name,
        format_usd(*owner->budget.spend.projected),
        window_word(rule.window));
    draft.text = fmt::format(
        "The {} has spent {} {} and burns {} right now; at that rate it will have spent {} by {}, "
        "more than {}.{}",
        owner->word,
        format_usd(owner->budget.spend.spend),
        window_word(rule.window),
        format_rate(owner->burn),
        format_usd(*owner->budget.spend.projected),
        state.policy->calendar.format(*owner->budget.spend.end),
        format_usd(*limit),
        crossing_sentence(state, *owner, rule.window, now));
    fire(state, effects, std::move(draft), owner->budget.spend.end, now);
}

}  // namespace

void tell_budgets(State& state, Effects& effects, Now now) {
    for (const auto& rule : state.policy->alerts) {
        tell_thresholds(state, effects, rule, now);
        tell_forecast(state, effects, rule, now);
    }
}

std::optional<Instant> next_telling(const State& state, Instant now) {
    std::optional<Instant> next;
    const auto consider = [&](std::optional<Instant> at) {
        if (at && *at > now && (!next || *at < *next)) {
            next = at;
        }
    };
    const Now moment{now, MonoTime{}};
    for (const auto& rule : state.policy->alerts) {
        const auto owner = owner_of(state, rule, moment);
        if (!owner) {
            continue;
        }
        for (const auto& threshold : rule.at) {
            const auto amount = threshold.resolve(owner->budget.cap);
            if (amount && owner->budget.spend.spend < *amount) {
                consider(rules::crossing_of(
                    owner->budget.spend.spend, *amount, owner->burn, now, owner->budget.spend.end));
            }
        }
        consider(owner->budget.spend.end);
    }
    for (const auto& [name, account] : state.accounts) {
        const auto since = account.state.last_sweep.value_or(state.started.wall);
        consider(since + state.policy->enforcement.max_staleness + std::chrono::seconds{1});
    }
    for (const auto& [id, protection] : state.protections) {
        consider(protection.until);
    }
    if (state.pause) {
        consider(state.pause->until);
        consider(state.pause->last_reminder + std::chrono::hours{24});
    }
    return next;
}

}  // namespace vastwatch::engine
