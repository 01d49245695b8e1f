#include "rules/tally.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <limits>

namespace vastwatch::rules {

Tally::Tally(const policy::Policy& policy) : policy_(&policy) {
    totals_.teams.resize(policy.teams.size());
    totals_.accounts.resize(policy.accounts.size());
    costly_.resize(policy.teams.size() * policy.accounts.size());
    queued_.resize(policy.teams.size());
}

Part Tally::part_of(const Subject& subject) const {
    Part part;
    part.team = static_cast<std::size_t>(subject.team - policy_->teams.data());
    VW_ASSERT(part.team < policy_->teams.size());
    const auto* account = policy_->find_account(subject.instance->account);
    if (account != nullptr) {
        part.account = static_cast<std::size_t>(account - policy_->accounts.data());
    }
    part.exists = exists(subject);
    part.costs = costs_money(subject);
    if (fleet::is_queued(subject.instance->row)) {
        part.queued = fleet::running_rate(subject.instance->row).value_or(UsdPerHour{});
    }
    return part;
}

void Tally::count(const Part& part, int by) {
    const auto step = static_cast<std::size_t>(by);  // adding it wraps around as wanted
    auto& team = totals_.teams[part.team];
    team.existing += part.exists ? step : 0;
    if (part.costs) {
        count_costly(part, by);
    }
    if (!part.queued.is_zero()) {
        auto& sum = queued_[part.team];
        sum += Sum{part.queued.nanos()} * by;
        constexpr Sum low = std::numeric_limits<std::int64_t>::min();
        constexpr Sum high = std::numeric_limits<std::int64_t>::max();
        team.queued = UsdPerHour::from_nanos(static_cast<std::int64_t>(std::clamp(sum, low, high)));
    }
    if (part.account) {
        totals_.accounts[*part.account].existing += part.exists ? step : 0;
    }
}

void Tally::count_costly(const Part& part, int by) {
    const auto step = static_cast<std::size_t>(by);
    auto& team = totals_.teams[part.team];
    team.costly += step;
    if (!part.account) {
        return;
    }
    const auto& accounts = policy_->accounts;
    auto& account = totals_.accounts[*part.account];
    account.costly += step;
    account.pace = account.costly > 0 ? accounts[*part.account].request_interval : Duration{0};
    const auto row = costly_.begin() + static_cast<std::ptrdiff_t>(part.team * accounts.size());
    row[static_cast<std::ptrdiff_t>(*part.account)] += step;
    team.pace = Duration{0};
    for (std::size_t i = 0; i < accounts.size(); ++i) {
        if (row[static_cast<std::ptrdiff_t>(i)] > 0) {
            team.pace = std::max(team.pace, accounts[i].request_interval);
        }
    }
}

}  // namespace vastwatch::rules
