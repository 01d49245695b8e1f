// Alerts about budgets: thresholds and forecasts.
#include "engine/budget_words.hpp"
#include "engine/judge.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

using alerts::Alert;
using alerts::Kind;
using policy::Severity;
using policy::Window;

/// The budget that is watched; nothing when the policy has no such owner.
const rules::Budget*
watched(const State& state, const BudgetWatch& watch, Window window, Instant now) {
    if (watch.team != nullptr) {
        return &budget_of(state, *watch.team, window, now);
    }
    return watch.account == nullptr ? nullptr : &budget_of(state, *watch.account, window, now);
}

Owner owner_of(const State& state, const BudgetWatch& watch, Window window, Now now) {
    return watch.team != nullptr ? team_owner(state, *watch.team, window, now)
                                 : account_owner(state, *watch.account, window, now);
}

/// Makes the keys of the present window, unless they are there.
void make_keys(
    const State& state,
    const policy::BudgetAlert& rule,
    BudgetWatch& watch,
    const rules::Budget& budget,
    Now now) {
    const bool known =
        watch.window && (rule.window == Window::lifetime || *watch.window == budget.spend.start);
    if (known) {
        return;
    }
    const auto owner = owner_of(state, watch, rule.window, now);
    watch.window = budget.spend.start;
    watch.threshold_keys.clear();
    for (const auto& threshold : rule.at) {
        watch.threshold_keys.push_back(
            condition_key(state, "budget_threshold", owner, rule.window, threshold.text()));
    }
    watch.forecast_key = condition_key(state, "budget_forecast", owner, rule.window, "forecast");
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
    fire(state, effects, std::move(draft), forget_window(owner.budget.spend.end), now);
}

void tell_thresholds(
    State& state,
    Effects& effects,
    const policy::BudgetAlert& rule,
    const BudgetWatch& watch,
    const rules::Budget& budget,
    Now now) {
    std::vector<std::size_t> crossed;
    for (std::size_t i = 0; i < watch.amounts.size(); ++i) {
        const auto& amount = watch.amounts[i];
        if (amount && budget.spend.spend >= *amount && !is_firing(state, watch.threshold_keys[i])) {
            crossed.push_back(i);
        }
    }
    if (crossed.empty()) {
        return;
    }
    // Several crossed since the last look say one thing: the highest. The rest count as told.
    for (std::size_t i = 0; i + 1 < crossed.size(); ++i) {
        note_told(state, watch.threshold_keys[crossed[i]], forget_window(budget.spend.end), now);
    }
    const auto owner = owner_of(state, watch, rule.window, now);
    tell_threshold(state, effects, rule, owner, rule.at[crossed.back()], now);
}

void tell_forecast(
    State& state,
    Effects& effects,
    const policy::BudgetAlert& rule,
    const BudgetWatch& watch,
    const rules::Budget& budget,
    Now now) {
    if (!rule.forecast || !budget.spend.projected || rule.at.empty()) {
        return;
    }
    const auto limit = budget.cap ? budget.cap : watch.amounts.back();
    if (!limit || *budget.spend.projected < *limit || budget.spend.spend >= *limit ||
        is_firing(state, watch.forecast_key)) {
        return;
    }
    const auto owner = owner_of(state, watch, rule.window, now);
    auto draft = budget_draft(state, rule, owner, Kind::budget_forecast, Severity::warning);
    draft.condition = watch.forecast_key;
    draft.title = fmt::format(
        "{} is on course to spend {} {}",
        owner.name,
        format_usd(*owner.budget.spend.projected),
        window_word(rule.window));
    draft.text = fmt::format(
        "The {} has spent {} {} and burns {} right now; at that rate it will have spent {} by {}, "
        "more than {}.{}",
        owner.word,
        format_usd(owner.budget.spend.spend),
        window_word(rule.window),
        format_rate(owner.burn),
        format_usd(*owner.budget.spend.projected),
        state.policy->calendar.format(*owner.budget.spend.end),
        format_usd(*limit),
        crossing_sentence(state, owner, rule.window, now));
    fire(state, effects, std::move(draft), forget_window(owner.budget.spend.end), now);
}

}  // namespace

std::vector<BudgetWatch> budget_watches(const policy::Policy& policy) {
    std::vector<BudgetWatch> watches;
    for (const auto& rule : policy.alerts) {
        BudgetWatch watch;
        watch.team = rule.team ? policy.find_team(*rule.team) : nullptr;
        watch.account = !rule.team && rule.account ? policy.find_account(*rule.account) : nullptr;
        const auto cap = watch.team != nullptr      ? watch.team->caps.of(rule.window)
                         : watch.account != nullptr ? watch.account->caps.of(rule.window)
                                                    : std::nullopt;
        for (const auto& threshold : rule.at) {
            watch.amounts.push_back(threshold.resolve(cap));
        }
        watches.push_back(std::move(watch));
    }
    return watches;
}

void tell_budgets(State& state, Effects& effects, Now now) {
    for (std::size_t i = 0; i < state.watches.size(); ++i) {
        const auto& rule = state.policy->alerts[i];
        auto& watch = state.watches[i];
        const auto* budget = watched(state, watch, rule.window, now.wall);
        if (budget == nullptr) {
            continue;
        }
        make_keys(state, rule, watch, *budget, now);
        tell_thresholds(state, effects, rule, watch, *budget, now);
        tell_forecast(state, effects, rule, watch, *budget, now);
    }
}

std::optional<Instant> next_telling(const State& state, Instant now) {
    std::optional<Instant> next;
    const auto consider = [&](std::optional<Instant> at) {
        if (at && *at > now && (!next || *at < *next)) {
            next = at;
        }
    };
    for (std::size_t i = 0; i < state.watches.size(); ++i) {
        const auto& watch = state.watches[i];
        const auto* budget = watched(state, watch, state.policy->alerts[i].window, now);
        if (budget == nullptr) {
            continue;
        }
        const auto& spend = budget->spend;
        std::optional<Usd> ahead;  // the least amount that is not reached
        for (const auto& amount : watch.amounts) {
            if (amount && spend.spend < *amount && (!ahead || *amount < *ahead)) {
                ahead = amount;
            }
        }
        if (ahead) {
            consider(rules::crossing_of(spend.spend, *ahead, budget->burn, now, spend.end));
        }
        consider(spend.end);
    }
    for (const auto& [name, account] : state.accounts) {
        consider(
            seen_at(state, account) + state.policy->enforcement.max_staleness +
            std::chrono::seconds{1});
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
