// Alerts about money: budgets, caps, accounts.
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace vastwatch::engine {
namespace {

using alerts::Alert;
using alerts::Kind;
using policy::Severity;
using policy::Window;

std::string day_of(const Calendar& calendar, Instant start) {
    const auto date = calendar.date_of(start);
    return fmt::format(
        "{:04}-{:02}-{:02}",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()));
}

std::string_view cap_word(Window window) {
    switch (window) {
        case Window::day:
            return "daily cap";
        case Window::month:
            return "monthly cap";
        case Window::lifetime:
            break;
    }
    return "spending limit";
}

std::string_view window_word(Window window) {
    switch (window) {
        case Window::day:
            return "today";
        case Window::month:
            return "this month";
        case Window::lifetime:
            break;
    }
    return "in all";
}

/// Whose budget it is, and its figures now.
struct Owner {
    std::string word;  // "team ml-research"
    std::string key;   // "team/ml-research"
    std::string name;
    UsdPerHour burn;
    rules::Budget budget;
};

Owner team_owner(const State& state, const policy::Team& team, Window window, Now now) {
    Owner owner;
    owner.word = "team " + team.name.str();
    owner.key = "team/" + team.name.str();
    owner.name = team.name.str();
    owner.burn = state.ledger.team_burn(team.name);
    owner.budget = rules::team_budget(state.ledger, team, window, UsdPerHour{}, now.wall);
    return owner;
}

Owner account_owner(const State& state, const policy::Account& account, Window window, Now now) {
    Owner owner;
    owner.word = "account " + account.name.str();
    owner.key = "account/" + account.name.str();
    owner.name = account.name.str();
    owner.burn = state.ledger.account_burn(account.name);
    owner.budget = rules::account_budget(state.ledger, account, window, now.wall);
    return owner;
}

std::optional<Owner> owner_of(const State& state, const policy::BudgetAlert& alert, Now now) {
    if (alert.team) {
        const auto* team = state.policy->find_team(*alert.team);
        return team == nullptr ? std::nullopt
                               : std::optional{team_owner(state, *team, alert.window, now)};
    }
    const auto* account =
        alert.account ? state.policy->find_account(*alert.account) : nullptr;
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

std::string condition_key(
    const State& state,
    std::string_view kind,
    const Owner& owner,
    Window window,
    std::string_view detail) {
    return fmt::format(
        "{}/{}/{}/{}/{}",
        kind,
        owner.key,
        policy::to_string(window),
        window == Window::lifetime ? "-"
                                   : day_of(state.policy->calendar, owner.budget.spend.start),
        detail);
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
        state, rule, owner, Kind::budget_threshold, at_cap ? Severity::critical : Severity::warning);
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
    if (!limit || *owner->budget.spend.projected < *limit ||
        owner->budget.spend.spend >= *limit) {
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

// --- Caps.

struct Affected {
    std::vector<alerts::AlertInstance> going;
    std::vector<alerts::AlertInstance> exempt;
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
        const auto& ids = subject.team->protected_ids;
        const bool exempt =
            subject.protected_until ||
            std::find(ids.begin(), ids.end(), subject.instance->id) != ids.end();
        const auto action = subject.team->rules.cap_action;
        if (exempt) {
            result.exempt.push_back(listed(state, *subject.instance, policy::Action::alert));
            result.exempt_cost += subject.rates.total();
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

std::string action_sentence(
    const State& state,
    const rules::Finding& cap,
    const Affected& affected) {
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
                       : state.pause                       ? "will (once actions are resumed) be"
                       : cap.holds(cap.due)                ? "will be"
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
    draft.projected_crossing = cap.due;
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
    draft.kind = Kind::action_held;
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
    fire(state, effects, std::move(draft), cap.window_end, now);
}

void tell_cap(State& state, Effects& effects, const rules::Finding& cap, Now now) {
    const auto owner = owner_of(state, cap, now);
    const bool reached = cap.holds(now.wall);
    const auto& warning = state.policy->team_or_unassigned(cap.team).rules.cap_warning;
    if (!reached && (cap.due - warning > now.wall || warning == Duration{0})) {
        return;
    }
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
            action_sentence(state, cap, affected),
            cap.window_end ? state.policy->calendar.format(*cap.window_end)
                           : "the limit is raised");
    } else {
        draft.title = fmt::format(
            "{} will reach its {} of {} at {}",
            owner.name,
            cap_word(*cap.window),
            format_usd(*cap.cap),
            state.policy->calendar.format_time(cap.due));
        draft.text = fmt::format(
            "The {} has spent {} {} and burns {}; its {} of {} is reached at {}, in {}. Then: {}"
            "\n\nTo prevent it, stop or destroy what is not needed, or have the cap raised.",
            owner.word,
            format_usd(owner.budget.spend.spend),
            window_word(*cap.window),
            format_rate(owner.burn),
            cap_word(*cap.window),
            format_usd(*cap.cap),
            state.policy->calendar.format(cap.due),
            humanize(cap.due - now.wall),
            action_sentence(state, cap, affected));
    }
    list_instances(draft, affected.going);
    fire(state, effects, std::move(draft), cap.window_end, now);
    if (reached) {
        tell_protected_cost(state, effects, cap, owner, affected, now);
    }
}

// --- Accounts.

Alert account_draft(
    const State& state,
    const AccountName& account,
    Kind kind,
    Severity severity,
    std::string title,
    std::string text) {
    Alert draft;
    draft.kind = kind;
    draft.severity = severity;
    draft.account = account;
    draft.condition = fmt::format("{}/account/{}", alerts::to_string(kind), account.str());
    draft.title = std::move(title);
    draft.text = std::move(text);
    draft.burn_rate = state.ledger.account_burn(account);
    draft.notify = state.policy->all_notifiers;
    return draft;
}

void tell_reachability(State& state, Effects& effects, const LiveAccount& account, Now now) {
    const auto& name = account.state.name;
    const auto burn = state.ledger.account_burn(name);
    const Instant since = account.state.last_sweep.value_or(state.started.wall);
    const bool blind = now.wall - since > state.policy->enforcement.max_staleness;
    const auto rejected = account_draft(
        state,
        name,
        Kind::api_key_rejected,
        Severity::critical,
        fmt::format("Vast.ai rejects the API key of account {}", name.str()),
        fmt::format(
            "The service answers that the key is not valid: {}\n\nNothing of this account can be "
            "watched or acted upon. What it last cost adds up to {}. Put a valid key where the "
            "configuration points, and reload.",
            account.problem,
            format_rate(burn)));
    auto unreachable = account_draft(
        state,
        name,
        Kind::api_unreachable,
        Severity::critical,
        fmt::format("No look at account {} for {}", name.str(), humanize(now.wall - since)),
        fmt::format(
            "The last complete listing of account {} is {} old{}{}. Nothing destructive is done on "
            "data that old.\n\nMoney at risk: the last known rates add up to {}, so about {} since "
            "then.",
            name.str(),
            humanize(now.wall - since),
            account.problem.empty() ? "" : ": ",
            account.problem,
            format_rate(burn),
            format_usd(accrue(burn, now.wall - since))));
    if (account.state.key_rejected) {
        fire(state, effects, rejected, std::nullopt, now);
    } else if (blind) {
        fire(state, effects, unreachable, std::nullopt, now);
    }
    if (!account.state.key_rejected && !blind && account.swept_this_run) {
        auto over = rejected;
        over.title = fmt::format("The API key of account {} is accepted again", name.str());
        over.text = "Listings are complete again.";
        over.severity = Severity::info;
        resolve(state, effects, over, now);
        unreachable.title = fmt::format("Account {} can be seen again", name.str());
        unreachable.text = "Listings are complete again.";
        unreachable.severity = Severity::info;
        resolve(state, effects, unreachable, now);
    }
}

void tell_credit(State& state, Effects& effects, const LiveAccount& account, Now now) {
    const auto* rules = state.policy->find_account(account.state.name);
    if (rules == nullptr || !account.state.credit) {
        return;
    }
    const Usd credit = *account.state.credit;
    const auto burn = state.ledger.account_burn(account.state.name);
    const auto runway = time_to_spend(credit, burn);
    const bool little = rules->credit_below && credit < *rules->credit_below;
    const bool brief = rules->credit_runway && runway && *runway < *rules->credit_runway;
    auto draft = account_draft(
        state,
        account.state.name,
        Kind::credit_low,
        Severity::warning,
        fmt::format(
            "Account {} has {} of credit left{}",
            account.state.name.str(),
            format_usd(credit),
            runway ? ", enough for " + humanize(*runway) : ""),
        fmt::format(
            "At {} the credit of {} lasts {}. At zero Vast.ai stops every instance of the account, "
            "and their storage goes on being charged.",
            format_rate(burn),
            format_usd(credit),
            runway ? "until " + state.policy->calendar.format(now.wall + *runway)
                   : "for as long as nothing runs"));
    if (little || brief) {
        fire(state, effects, std::move(draft), std::nullopt, now);
    } else {
        draft.severity = Severity::info;
        resolve(state, effects, std::move(draft), now);
    }
}

void tell_mismatch(State& state, Effects& effects, const LiveAccount& account, Now now) {
    if (!account.unexplained || !account.state.total_spend_mark_at) {
        return;
    }
    const auto span = now.wall - *account.state.total_spend_mark_at;
    const Usd fall = *account.state.total_spend_mark - account.state.total_spend.value_or(Usd{});
    const double ratio = fall <= Usd{} ? 0 : to_double(*account.unexplained) / to_double(fall);
    const bool enough = span >= std::chrono::hours{1} && fall >= Usd::dollars(1);
    auto draft = account_draft(
        state,
        account.state.name,
        Kind::billing_mismatch,
        Severity::warning,
        fmt::format(
            "{} of account {} cannot be explained by what is seen running",
            format_usd(*account.unexplained),
            account.state.name.str()),
        fmt::format(
            "In the last {} the account's total spend moved by {}, and the rates of its instances "
            "explain {}. The rest may be bandwidth, volumes, serverless workers or instances that "
            "lived between two polls; charges will show it.",
            humanize(span),
            format_usd(fall),
            format_usd(fall - *account.unexplained)));
    const Instant day_end = state.policy->calendar.next_day_start(now.wall);
    draft.condition +=
        "/" + day_of(state.policy->calendar, state.policy->calendar.day_start(now.wall));
    if (enough && std::abs(ratio) > 0.05) {
        fire(state, effects, std::move(draft), day_end, now);
    }
}

void tell_unassigned(State& state, Effects& effects, Now now) {
    const auto& team = policy::unassigned();
    const auto burn = state.ledger.team_burn(team);
    Alert draft;
    draft.kind = Kind::unassigned_spend;
    draft.severity = Severity::warning;
    draft.team = team;
    draft.condition = "unassigned_spend";
    draft.burn_rate = burn;
    draft.notify = notify_of(state, team);
    if (draft.notify.empty()) {
        draft.notify = state.policy->all_notifiers;
    }
    if (burn.is_zero()) {
        draft.severity = Severity::info;
        draft.title = "No instance without a team costs money any more";
        draft.text = "Everything that costs money belongs to a team.";
        resolve(state, effects, std::move(draft), now);
        return;
    }
    if (is_firing(state, draft.condition)) {
        return;
    }
    std::vector<alerts::AlertInstance> instances;
    for (const auto& [id, instance] : state.instances) {
        if (instance->team == team && instance->missed_sweeps == 0) {
            instances.push_back(listed(state, *instance, std::nullopt));
        }
    }
    draft.title = fmt::format(
        "{} instance{} without a team cost {}",
        instances.size(),
        instances.size() == 1 ? "" : "s",
        format_rate(burn));
    draft.text =
        "No team's label globs match these instances, so no budget covers them and nothing is done "
        "about them. Label them, or add a [team.unassigned] table that says what should happen.";
    list_instances(draft, std::move(instances));
    fire(state, effects, std::move(draft), std::nullopt, now);
}

void tell_price_increases(State& state, Effects& effects, Now now) {
    for (const auto& increase : state.price_increases) {
        const auto instance = state.instances.find(increase.instance);
        if (instance == state.instances.end()) {
            continue;
        }
        Alert draft;
        draft.kind = Kind::price_increase;
        draft.severity = Severity::warning;
        draft.account = increase.account;
        draft.team = instance->second->team;
        draft.condition = fmt::format("price_increase/{}", increase.id);
        draft.notify = notify_of(state, instance->second->team);
        draft.title = fmt::format(
            "The host of instance {} asks for a higher price", increase.instance.value());
        draft.text = fmt::format(
            "Now {}, asked {}. It takes effect only when somebody accepts it; rejecting it may end "
            "the contract at its end date.",
            increase.old_rate ? format_rate(*increase.old_rate) : "an unknown price",
            increase.new_rate ? format_rate(*increase.new_rate) : "an unknown price");
        list_instances(draft, {listed(state, *instance->second, std::nullopt)});
        fire(state, effects, std::move(draft), std::nullopt, now);
    }
}

/// Billing instances of which nobody knows the price: unknown is not zero.
void tell_unknown_prices(State& state, Effects& effects, Now now) {
    std::vector<alerts::AlertInstance> unknown;
    for (const auto& [id, instance] : state.instances) {
        const auto billing = fleet::billing_of(instance->row);
        const bool bills = billing.gpu || billing.disk;
        if (instance->missed_sweeps == 0 && bills && !state.ledger.instance_rates(id)) {
            unknown.push_back(listed(state, *instance, std::nullopt));
        }
    }
    Alert draft;
    draft.kind = Kind::price_unknown;
    draft.severity = Severity::warning;
    draft.condition = "price_unknown";
    draft.notify = state.policy->all_notifiers;
    if (unknown.empty()) {
        draft.severity = Severity::info;
        draft.title = "The price of every instance is known again";
        draft.text = "All figures are complete.";
        resolve(state, effects, std::move(draft), now);
        return;
    }
    draft.title = fmt::format(
        "The price of {} billing instance{} is unknown",
        unknown.size(),
        unknown.size() == 1 ? "" : "s");
    draft.text =
        "The service sends no usable price for them, and there is none from before. Their cost is "
        "missing from every figure until charges arrive; max_dph of their team would be used as an "
        "estimate.";
    list_instances(draft, std::move(unknown));
    fire(state, effects, std::move(draft), std::nullopt, now);
}

}  // namespace

void tell_budgets(State& state, Effects& effects, Now now) {
    for (const auto& rule : state.policy->alerts) {
        tell_thresholds(state, effects, rule, now);
        tell_forecast(state, effects, rule, now);
    }
}

void tell_caps(State& state, Effects& effects, Now now) {
    for (const auto& finding : state.evaluation.findings) {
        if (!finding.instance && rules::is_cap(finding.rule) && finding.window) {
            tell_cap(state, effects, finding, now);
        }
    }
}

void tell_accounts(State& state, Effects& effects, Now now) {
    for (const auto& [name, account] : state.accounts) {
        tell_reachability(state, effects, account, now);
        tell_credit(state, effects, account, now);
        tell_mismatch(state, effects, account, now);
    }
    tell_unassigned(state, effects, now);
    tell_price_increases(state, effects, now);
    tell_unknown_prices(state, effects, now);
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
