#include "rules/evaluate.hpp"

namespace vastwatch::rules {

std::optional<Instant>
crossing_of(Usd spend, Usd amount, UsdPerHour burn, Instant now, std::optional<Instant> end) {
    const auto wait = time_to_spend(amount - spend, burn);
    if (!wait) {
        return std::nullopt;
    }
    const Instant at = now + *wait;
    if (end && at >= *end) {
        return std::nullopt;
    }
    return at;
}

Budget team_budget(
    const ledger::Ledger& ledger,
    const policy::Team& team,
    policy::Window window,
    UsdPerHour queued,
    Instant now) {
    Budget budget;
    budget.spend = ledger.team_spend(team.name, window, team.since, now);
    budget.cap = team.caps.of(window);
    if (budget.cap) {
        const auto burn = ledger.team_burn(team.name) + queued;
        budget.crossing = crossing_of(budget.spend.spend, *budget.cap, burn, now, budget.spend.end);
    }
    return budget;
}

Budget account_budget(
    const ledger::Ledger& ledger,
    const policy::Account& account,
    policy::Window window,
    Instant now) {
    Budget budget;
    budget.spend = ledger.account_spend(account.name, window, now);
    budget.cap = account.caps.of(window);
    if (budget.cap) {
        budget.crossing = crossing_of(
            budget.spend.spend,
            *budget.cap,
            ledger.account_burn(account.name),
            now,
            budget.spend.end);
    }
    return budget;
}

}  // namespace vastwatch::rules
