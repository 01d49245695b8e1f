// Accounts, what was spent there, and alerts on their way out.
#include "metrics/families.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

namespace vastwatch::metrics {
namespace {

std::size_t accounts(const Source& source) {
    return source.view->accounts.size();
}

std::size_t notifiers(const Source& source) {
    return source.view->notifiers.size();
}

std::size_t counters(const Source& source) {
    return source.view->counters.size();
}

template <auto get>
void account_windows(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& account = source.view->accounts[index];
    const auto label = escape_label(account.name.str());
    append_windows<get>(out, name, account.windows, {"account", label});
}

template <auto get>
void account_figure(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& account = source.view->accounts[index];
    const std::optional<std::string> value = get(account);
    if (value) {
        append_sample(out, name, {{"account", escape_label(account.name.str())}}, *value);
    }
}

std::optional<std::string> account_burn(const engine::AccountView& account) {
    return to_decimal(account.burn);
}

std::optional<std::string> account_instances(const engine::AccountView& account) {
    return std::to_string(account.instances);
}

std::optional<std::string> account_credit(const engine::AccountView& account) {
    return account.credit ? std::optional{to_decimal(*account.credit)} : std::nullopt;
}

std::optional<std::string> account_runway(const engine::AccountView& account) {
    return account.runway ? std::optional{decimal_seconds(*account.runway)} : std::nullopt;
}

std::optional<std::string> account_unexplained(const engine::AccountView& account) {
    return account.unexplained ? std::optional{to_decimal(*account.unexplained)} : std::nullopt;
}

std::optional<std::string> last_poll(const engine::AccountView& account) {
    return account.last_poll ? std::optional{decimal_instant(*account.last_poll)} : std::nullopt;
}

std::optional<std::string> last_billing(const engine::AccountView& account) {
    return account.last_billing ? std::optional{decimal_instant(*account.last_billing)}
                                : std::nullopt;
}

std::optional<std::string> sweep_took(const engine::AccountView& account) {
    return account.sweep_took ? std::optional{decimal_seconds(*account.sweep_took)} : std::nullopt;
}

std::optional<std::string> ratio_text(const std::optional<double>& ratio) {
    return ratio && std::isfinite(*ratio) ? std::optional{fmt::format("{}", *ratio)} : std::nullopt;
}

std::optional<std::string> billing_difference(const engine::AccountView& account) {
    return ratio_text(account.billing_difference);
}

std::optional<std::string> listed_difference(const engine::AccountView& account) {
    return ratio_text(account.listed_difference);
}

std::optional<std::string> account_stale(const engine::AccountView& account) {
    return std::string{flag(account.stale)};
}

std::optional<std::string> key_rejected(const engine::AccountView& account) {
    return std::string{flag(account.key_rejected)};
}

std::optional<std::string> enforcing(const engine::AccountView& account) {
    return std::string{flag(account.enforcing)};
}

void spend_total(std::string& out, std::string_view name, const Source& source, std::size_t index) {
    const auto& entry = source.view->counters[index];
    const auto account = escape_label(entry.account.str());
    const auto team = escape_label(entry.team.str());
    const std::array<std::pair<std::string_view, Usd>, 4> sources{{
        {"gpu", entry.amounts.gpu},
        {"disk", entry.amounts.disk},
        {"bandwidth", entry.amounts.bandwidth},
        {"other", entry.amounts.other},
    }};
    for (const auto& [word, amount] : sources) {
        append_sample(
            out,
            name,
            {{"account", account}, {"team", team}, {"source", word}},
            to_decimal(amount));
    }
}

void alerts_pending(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& notifier = source.view->notifiers[index];
    append_sample(
        out,
        name,
        {{"notifier", escape_label(notifier.name.str())}},
        std::to_string(notifier.pending));
}

void oldest_pending(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& notifier = source.view->notifiers[index];
    if (notifier.oldest_pending) {
        append_sample(
            out,
            name,
            {{"notifier", escape_label(notifier.name.str())}},
            decimal_instant(*notifier.oldest_pending));
    }
}

constexpr std::array families{
    Family{
        "vastwatch_account_spend_dollars",
        gauge,
        "Spend of an account in the present window.",
        accounts,
        account_windows<window_spend>},
    Family{
        "vastwatch_account_cap_dollars",
        gauge,
        "The account's cap for the window; absent without one.",
        accounts,
        account_windows<window_cap>},
    Family{
        "vastwatch_account_projected_spend_dollars",
        gauge,
        "Spend at the end of the window, at present rates.",
        accounts,
        account_windows<window_projected>},
    Family{
        "vastwatch_account_cap_crossing_timestamp_seconds",
        gauge,
        "When the cap will be or was reached; absent when not in sight.",
        accounts,
        account_windows<window_crossing>},
    Family{
        "vastwatch_account_burn_dollars_per_hour",
        gauge,
        "What the account's instances cost now.",
        accounts,
        account_figure<account_burn>},
    Family{
        "vastwatch_account_instances",
        gauge,
        "Instances of an account, in any state.",
        accounts,
        account_figure<account_instances>},
    Family{
        "vastwatch_account_credit_dollars",
        gauge,
        "Credit that is left; absent when unknown.",
        accounts,
        account_figure<account_credit>},
    Family{
        "vastwatch_account_runway_seconds",
        gauge,
        "How long the credit lasts at the present burn rate; absent when unknown.",
        accounts,
        account_figure<account_runway>},
    Family{
        "vastwatch_account_unexplained_dollars",
        gauge,
        "What total_spend moved by, less what accrued; absent when unknown.",
        accounts,
        account_figure<account_unexplained>},
    Family{
        "vastwatch_billing_difference_ratio",
        gauge,
        "Burn rate that Vast.ai reports against ours, less one; absent when unknown.",
        accounts,
        account_figure<billing_difference>},
    Family{
        "vastwatch_listed_price_difference_ratio",
        gauge,
        "What listings state that running and stopped instances cost against ours, less one; "
        "absent when unknown.",
        accounts,
        account_figure<listed_difference>},
    Family{
        "vastwatch_last_successful_poll_timestamp_seconds",
        gauge,
        "When the latest complete listing ended; absent before the first.",
        accounts,
        account_figure<last_poll>},
    Family{
        "vastwatch_last_successful_billing_timestamp_seconds",
        gauge,
        "When charges were last read completely since the start; absent before that.",
        accounts,
        account_figure<last_billing>},
    Family{
        "vastwatch_sweep_duration_seconds",
        gauge,
        "How long the latest complete listing took.",
        accounts,
        account_figure<sweep_took>},
    Family{
        "vastwatch_account_stale",
        gauge,
        "1 when the account's data are older than max_staleness.",
        accounts,
        account_figure<account_stale>},
    Family{
        "vastwatch_account_key_rejected",
        gauge,
        "1 when Vast.ai rejects the account's key.",
        accounts,
        account_figure<key_rejected>},
    Family{
        "vastwatch_enforcement_enabled",
        gauge,
        "1 when instances of the account are acted upon now: mode, pause and data allow it.",
        accounts,
        account_figure<enforcing>},
    Family{
        "vastwatch_spend_dollars_total",
        counter,
        "Dollars spent since the ledger began, by what they were for.",
        counters,
        spend_total},
    Family{
        "vastwatch_alerts_pending",
        gauge,
        "Alerts that are still to be delivered.",
        notifiers,
        alerts_pending},
    Family{
        "vastwatch_alerts_oldest_pending_timestamp_seconds",
        gauge,
        "When the oldest undelivered alert was made; absent without one.",
        notifiers,
        oldest_pending},
};

}  // namespace

std::optional<std::string> window_spend(const engine::WindowView& window) {
    return to_decimal(window.spend);
}

std::optional<std::string> window_cap(const engine::WindowView& window) {
    return window.cap ? std::optional{to_decimal(*window.cap)} : std::nullopt;
}

std::optional<std::string> window_projected(const engine::WindowView& window) {
    return window.projected ? std::optional{to_decimal(*window.projected)} : std::nullopt;
}

std::optional<std::string> window_crossing(const engine::WindowView& window) {
    return window.crossing ? std::optional{decimal_instant(*window.crossing)} : std::nullopt;
}

std::span<const Family> account_families() {
    return families;
}

}  // namespace vastwatch::metrics
