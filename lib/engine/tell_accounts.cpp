// Alerts about accounts: seen or not, credit, billing, prices, what belongs to nobody.
#include "engine/budget_words.hpp"
#include "engine/cross_check.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vastwatch::engine {
namespace {

using alerts::Alert;
using alerts::Kind;
using policy::Severity;

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

const std::string& key_of(std::string& known, Kind kind, const AccountName& account) {
    if (known.empty()) {
        known = fmt::format("{}/account/{}", alerts::to_string(kind), account.str());
    }
    return known;
}

Alert rejected_draft(const State& state, const LiveAccount& account) {
    const auto& name = account.state.name;
    return account_draft(
        state,
        name,
        Kind::api_key_rejected,
        Severity::critical,
        fmt::format("Vast.ai rejects the API key of account {}", name.str()),
        fmt::format(
            "The service answers that the key is not valid: {}\n\nNothing of this account can be "
            "watched or acted upon. What it last cost adds up to {}. Put a valid key where the "
            "configuration points, then restart the service; for api_key_file a reload will do.",
            account.problem,
            format_rate(state.ledger.account_burn(name))));
}

Alert unreachable_draft(const State& state, const LiveAccount& account, Duration blind) {
    const auto& name = account.state.name;
    const auto burn = state.ledger.account_burn(name);
    return account_draft(
        state,
        name,
        Kind::api_unreachable,
        Severity::critical,
        fmt::format("No look at account {} for {}", name.str(), humanize(blind)),
        fmt::format(
            "The last complete listing of account {} is {} old{}{}. Nothing destructive is done on "
            "data that old.\n\nMoney at risk: the last known rates add up to {}, so about {} since "
            "then.",
            name.str(),
            humanize(blind),
            account.problem.empty() ? "" : ": ",
            account.problem,
            format_rate(burn),
            format_usd(accrue(burn, blind))));
}

void seen_again(State& state, Effects& effects, Alert over, std::string title, Now now) {
    over.title = std::move(title);
    over.text = "Listings are complete again.";
    over.severity = Severity::info;
    resolve(state, effects, std::move(over), now);
}

void tell_reachability(State& state, Effects& effects, LiveAccount& account, Now now) {
    const auto& name = account.state.name;
    const Duration span = now.wall - seen_at(state, account);
    const bool blind = span > state.policy->enforcement.max_staleness;
    const bool rejected = account.state.key_rejected;
    const bool rejection_told =
        is_firing(state, key_of(account.rejected_key, Kind::api_key_rejected, name));
    const bool blindness_told =
        is_firing(state, key_of(account.unreachable_key, Kind::api_unreachable, name));
    if (rejected && !rejection_told) {
        fire(state, effects, rejected_draft(state, account), std::nullopt, now);
    } else if (blind && !rejected && !blindness_told) {
        fire(state, effects, unreachable_draft(state, account, span), std::nullopt, now);
    }
    if (rejected || blind || !account.swept_this_run) {
        return;
    }
    if (rejection_told) {
        seen_again(
            state,
            effects,
            rejected_draft(state, account),
            fmt::format("The API key of account {} is accepted again", name.str()),
            now);
    }
    if (blindness_told) {
        seen_again(
            state,
            effects,
            unreachable_draft(state, account, span),
            fmt::format("Account {} can be seen again", name.str()),
            now);
    }
}

void tell_credit(State& state, Effects& effects, LiveAccount& account, Now now) {
    const auto* rules = state.policy->find_account(account.state.name);
    if (rules == nullptr || !account.state.credit) {
        return;
    }
    const Usd credit = *account.state.credit;
    const auto burn = state.ledger.account_burn(account.state.name);
    const auto runway = time_to_spend(credit, burn);
    const bool little = rules->credit_below && credit < *rules->credit_below;
    const bool brief = rules->credit_runway && runway && *runway < *rules->credit_runway;
    const bool low = little || brief;
    if (low == is_firing(state, key_of(account.credit_key, Kind::credit_low, rules->name))) {
        return;
    }
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
    if (low) {
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
    // What is known is of the day of the mark, until the next reading sets another.
    const Instant today = state.policy->calendar.day_start(now.wall);
    if (*account.state.total_spend_mark_at < today) {
        return;
    }
    const auto span = now.wall - *account.state.total_spend_mark_at;
    const Usd fall = *account.state.total_spend_mark - account.state.total_spend.value_or(Usd{});
    const double ratio = fall <= Usd{} ? 0 : to_double(*account.unexplained) / to_double(fall);
    const bool enough = span >= std::chrono::hours{1} && fall >= Usd::dollars(1);
    if (!enough || std::abs(ratio) <= 0.05) {
        return;
    }
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
    draft.condition += "/" + day_of(state.policy->calendar, today);
    fire(state, effects, std::move(draft), forget_window(day_end), now);
}

void tell_unassigned(State& state, Effects& effects, Now now) {
    const auto& team = policy::unassigned();
    const auto burn = state.ledger.team_burn(team);
    if (burn.is_zero() != is_firing(state, "unassigned_spend")) {
        return;
    }
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

/// What a gigabyte costs for the service's month.
std::string format_storage(UsdPerHour rate) {
    constexpr double hours_per_month = 720;
    return fmt::format("${:.4f}", to_double(rate) * hours_per_month);
}

std::string price_or_unknown(std::optional<UsdPerHour> rate, std::string (*format)(UsdPerHour)) {
    return rate ? format(*rate) : "an unknown price";
}

bool is_asked(std::optional<UsdPerHour> before, std::optional<UsdPerHour> asked) {
    return asked && asked != before;
}

/// A host may raise the price of the GPUs, of storage, or of both, and each has a unit of its own.
std::string prices_asked(const PriceIncreaseFact& increase) {
    const bool of_storage = is_asked(increase.old_disk, increase.new_disk);
    std::string text;
    if (!of_storage || is_asked(increase.old_rate, increase.new_rate)) {
        text = fmt::format(
            "Each GPU: now {}, asked {}.",
            price_or_unknown(increase.old_rate, &format_rate),
            price_or_unknown(increase.new_rate, &format_rate));
    }
    if (of_storage) {
        text += fmt::format(
            "{}Storage, per GB and month: now {}, asked {}.",
            text.empty() ? "" : " ",
            price_or_unknown(increase.old_disk, &format_storage),
            price_or_unknown(increase.new_disk, &format_storage));
    }
    return text;
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
        draft.text = prices_asked(increase) +
                     " It takes effect only when somebody accepts it; rejecting it may end the "
                     "contract at its end date.";
        list_instances(draft, {listed(state, *instance->second, std::nullopt)});
        fire(state, effects, std::move(draft), std::nullopt, now);
    }
}

/// Billing instances of which nobody knows the price: unknown is not zero.
void tell_unknown_prices(State& state, Effects& effects, Now now) {
    if ((state.unpriced > 0) == is_firing(state, "price_unknown")) {
        return;
    }
    std::vector<alerts::AlertInstance> unknown;
    std::size_t uncounted = 0;
    for (const auto& [id, instance] : state.instances) {
        const auto billing = fleet::billing_of(instance->row);
        const bool bills = billing.gpu || billing.disk;
        const auto rates = state.ledger.instance_rates(id);
        if (instance->missed_sweeps == 0 && bills && (!rates || rates->estimated)) {
            unknown.push_back(listed(state, *instance, std::nullopt));
            uncounted += rates ? 0U : 1U;
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
    draft.text = "The service sends no usable price for what is listed here.";
    if (unknown.size() > uncounted) {
        draft.text += fmt::format(
            " {} count{} at an estimate: the last price known, what the offer asks, or max_dph of "
            "the team.",
            unknown.size() - uncounted,
            unknown.size() - uncounted == 1 ? "s" : "");
    }
    if (uncounted > 0) {
        draft.text += fmt::format(
            " The cost of {} is missing from every figure until charges arrive; max_dph of the "
            "team would be used as an estimate.",
            uncounted);
    }
    list_instances(draft, std::move(unknown));
    fire(state, effects, std::move(draft), std::nullopt, now);
}

}  // namespace

void tell_accounts(State& state, Effects& effects, Now now) {
    for (auto& [name, account] : state.accounts) {
        tell_reachability(state, effects, account, now);
        tell_credit(state, effects, account, now);
        tell_mismatch(state, effects, account, now);
        tell_disagreements(effects, account);
    }
    tell_unassigned(state, effects, now);
    tell_price_increases(state, effects, now);
    tell_unknown_prices(state, effects, now);
}

}  // namespace vastwatch::engine
