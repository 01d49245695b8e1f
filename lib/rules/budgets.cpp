#include "rules/budgets.hpp"

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
    budget.burn = ledger.team_burn(team.name);
    return with_queued(budget, queued, now);
}

Budget account_budget(
    const ledger::Ledger& ledger,
    const policy::Account& account,
    policy::Window window,
    Instant now) {
    Budget budget;
    budget.spend = ledger.account_spend(account.name, window, now);
    budget.cap = account.caps.of(window);
    budget.burn = ledger.account_burn(account.name);
    return with_queued(budget, UsdPerHour{}, now);
}

Budget with_queued(const Budget& budget, UsdPerHour queued, Instant now) {
    Budget result = budget;
    if (result.cap) {
        result.crossing = crossing_of(
            result.spend.spend, *result.cap, result.burn + queued, now, result.spend.end);
    }
    return result;
}

void Budgets::bring_to(const policy::Policy& policy, const ledger::Ledger& ledger, Instant now) {
    const auto version = ledger.version();
    if (policy_ == &policy && ledger_ == &ledger && now_ == now && version_ == version) {
        return;
    }
    policy_ = &policy;
    ledger_ = &ledger;
    now_ = now;
    version_ = version;
    ++round_;
    teams_.resize(policy.teams.size());
    accounts_.resize(policy.accounts.size());
    team_rounds_.resize(policy.teams.size() * 3);
    account_rounds_.resize(policy.accounts.size() * 3);
}

void Budgets::clear() {
    *this = Budgets{};
}

bool Budgets::stale(std::vector<std::uint64_t>& rounds, std::size_t at) const {
    const bool old = rounds[at] != round_;
    rounds[at] = round_;
    return old;
}

const Budget& Budgets::of(const policy::Team& team, policy::Window window) {
    const auto index = static_cast<std::size_t>(&team - policy_->teams.data());
    const auto place = static_cast<std::size_t>(window);
    auto& budget = teams_[index][place];
    if (stale(team_rounds_, index * 3 + place)) {
        budget = team_budget(*ledger_, team, window, UsdPerHour{}, now_);
    }
    return budget;
}

const Budget& Budgets::of(const policy::Account& account, policy::Window window) {
    const auto index = static_cast<std::size_t>(&account - policy_->accounts.data());
    const auto place = static_cast<std::size_t>(window);
    auto& budget = accounts_[index][place];
    if (stale(account_rounds_, index * 3 + place)) {
        budget = account_budget(*ledger_, account, window, now_);
    }
    return budget;
}

}  // namespace vastwatch::rules
