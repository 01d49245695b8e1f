#include "judge/bill.hpp"

#include <algorithm>

namespace vastwatch::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using vastsim::ExactItems;
using vastsim::Item;

constexpr Duration day_length = hours{24};

Owner account_owner(const vastsim::Account& account) {
    return "account:" + account.spec().name;
}

Usd part(const ExactItems& items, Item item) {
    return items[static_cast<std::size_t>(item)].usd();
}

/// A contract's day as charges have it: each item rounded to a tenth of a cent.
Usd charged(const ExactItems& items) {
    Usd sum;
    for (const auto& item : items) {
        sum += Usd::from_nanos(item.mills() * 1'000'000);
    }
    return sum;
}

}  // namespace

Bill::Bill(
    std::span<const vastsim::Account* const> accounts,
    const Watches& watches,
    std::vector<std::string> fixed_teams)
    : accounts_(accounts),
      watches_(watches),
      fixed_teams_(std::move(fixed_teams)),
      reads_(accounts.size()) {}

Doubt doubt_of(UsdPerHour assumed, UsdPerHour most) {
    // What a read or an answer on its way adds is left to the upper bound.
    return Doubt{.over = most, .under = most > assumed ? most - assumed : UsdPerHour{}};
}

void Bill::unseen(const Watched& watched, Doubt doubt, Instant from, Instant to) {
    known_.clear();
    const Usd over = accrue(doubt.over, to - from);
    const Usd under = accrue(doubt.under, to - from);
    const auto note = [&](const Owner& owner) {
        for (Instant day = utc_day_start(from); day <= to; day += day_length) {
            auto& sum = errors_[{owner, day}];
            sum.over += over;
            sum.under += under;
        }
    };
    // Until a day is final, even one whose charges could not be read for long.
    latest_errors_.erase(
        latest_errors_.begin(),
        latest_errors_.lower_bound({utc_day_start(to) - 4 * day_length, 0}));
    for (Instant day = utc_day_start(from); day <= to; day += day_length) {
        auto& sum = latest_errors_[{day, watched.id}];
        sum.over += over;
        sum.under += under;
    }
    note(watched.team);
    note(account_owner(*accounts_[watched.account]));
    // A day's charges are divided among all the teams that it had on that day.
    const auto& teams = watched.teams;
    for (auto i = teams.size(); i > 1 && teams[i - 1].first >= utc_day_start(from); --i) {
        note(teams[i - 2].second);
    }
}

void Bill::changed_team(const Watched& watched, Instant at) {
    const Instant day = utc_day_start(at);
    const auto error = latest_errors_.find({day, watched.id});
    if (error != latest_errors_.end()) {
        known_.clear();
        auto& sum = errors_[{watched.team, day}];
        sum.over += error->second.over;
        sum.under += error->second.under;
    }
}

void Bill::charges_read(std::size_t account, Instant at) {
    known_.clear();
    auto& reads = reads_[account];
    reads.before = reads.charged_until;
    reads.charged_until = accounts_[account]->settled_until();
    reads.read = at;
    reads.latest.emplace_back(at, reads.charged_until);
    while (at - reads.latest.front().first > hours{12}) {
        reads.latest.pop_front();
    }
}

void Bill::charges_lost(Instant stored) {
    known_.clear();
    for (auto& reads : reads_) {
        // One is left, as what the daemon may at worst still know.
        while (reads.latest.size() > 1 && reads.latest.back().first >= stored) {
            reads.latest.pop_back();
            reads.charged_until = reads.latest.back().second;
            reads.before = std::min(reads.before, reads.charged_until);
        }
    }
}

void Bill::charges_missed(std::size_t account, Instant at) {
    known_.clear();
    reads_[account].missed = at;
}

bool Bill::settled(std::size_t account, Instant day) const {
    const auto& reads = reads_[account];
    const Instant end = day + day_length;
    const Instant calm = std::max(end + hours{3}, reads.missed);
    return reads.read > calm + hours{7} && reads.charged_until > calm + hours{3};
}

bool Bill::all_settled(Instant day) const {
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
        if (!settled(i, day)) {
            return false;
        }
    }
    return true;
}

void Bill::add_instance(
    Truth& sum,
    const Owner& owner,
    std::size_t account,
    const vastsim::Instance& instance,
    Instant day,
    Instant to) const {
    const bool whole_account = owner.starts_with("account:");
    const auto watched = watches_.find(instance.id());
    const auto whole = instance.meter.between(day, to);
    const bool final = settled(account, day);
    const Usd cost = final ? charged(whole) : total(whole).usd();
    // Bandwidth, and what lived between two listings, is known from charges alone.
    const auto uncharged = [&](Instant from, Instant until) {
        const Instant since = std::max(from, reads_[account].charged_until);
        if (since >= until) {
            return Usd{};
        }
        const auto items = instance.meter.between(since, until);
        return part(items, Item::down) + part(items, Item::up);
    };
    if (whole_account) {
        sum.amount += cost;
        sum.under += final ? Usd{} : uncharged(day, to);
        const bool never_seen = watched == watches_.end() || watched->second.teams.empty();
        if (never_seen && !final) {
            sum.under += cost;
        }
        return;
    }
    if (watched == watches_.end() || watched->second.teams.empty()) {
        // Never seen: charged by its label, whoever that is; at most to this team.
        sum.over += cost;
        return;
    }
    const auto& seen = watched->second;
    const bool renamed = seen.missing && day > seen.last_sample && fixed_teams_[account].empty() &&
                         instance.spec.label.value_or("") != seen.label;
    if (renamed) {
        // It got another label that no listing showed before it went: on a day on which nothing
        // accrued, that one is what charges have to tell whose it was.
        sum.amount += seen.team == owner ? cost : Usd{};
        (seen.team == owner ? sum.under : sum.over) += cost;
        return;
    }
    const auto& teams = seen.teams;
    if (teams.size() == 1) {
        if (teams.front().second == owner) {
            sum.amount += cost;
            sum.under += final ? Usd{} : uncharged(day, to);
        }
        return;
    }
    Usd mine;
    bool divided = false;
    for (std::size_t i = 0; i < teams.size(); ++i) {
        const Instant from = i == 0 ? day : std::clamp(teams[i].first, day, to);
        const Instant until = i + 1 == teams.size() ? to : std::clamp(teams[i + 1].first, day, to);
        if (from < until && teams[i].second == owner) {
            mine += total(instance.meter.between(from, until)).usd();
        }
        divided = divided || (from > day && from < to);
    }
    sum.amount += divided ? mine : mine == Usd{} ? mine : cost;
    if (divided) {
        // A day's charges are divided as the accrual was; bandwidth goes with the latest team.
        const Usd doubt = share(cost, 1, 20) + part(whole, Item::down) + part(whole, Item::up);
        sum.over += doubt;
        sum.under += doubt;
        // And if that was wrong while nobody looked, either way, so is the division: what one team
        // pays too much, another pays too little.
        const auto error = latest_errors_.find({day, instance.id()});
        if (error != latest_errors_.end()) {
            const Usd wrong = std::min(std::max(error->second.over, error->second.under), cost);
            sum.over += wrong;
            sum.under += wrong;
        }
    } else if (mine != Usd{} && !final) {
        sum.under += uncharged(day, to);
    }
}

void Bill::add_volumes(Truth& sum, const Owner& owner, std::size_t account, Instant day, Instant to)
    const {
    const auto& fixed = fixed_teams_[account];
    if (!owner.starts_with("account:") && owner != fixed) {
        return;
    }
    const bool final = settled(account, day);
    for (const auto& [id, volume] : accounts_[account]->volumes()) {
        const auto items = volume.meter.between(day, to);
        sum.amount += final ? charged(items) : total(items).usd();
        const Instant since = std::max(day, reads_[account].charged_until);
        if (!final && since < to) {
            sum.under += total(volume.meter.between(since, to)).usd();
        }
    }
}

const Truth& Bill::day_spend(const Owner& owner, Instant day, Instant to) {
    const auto settled = final_.find({owner, day});
    if (settled != final_.end() && to >= day + day_length) {
        // What was final once stays so, whatever cannot be read later.
        return settled->second;
    }
    to = std::min(to, day + day_length);
    for (const auto& known : known_) {
        if (known.to == to && known.day == day && known.owner == owner) {
            return known.truth;
        }
    }
    constexpr std::size_t most_known = 48;
    next_known_ = (next_known_ + 1) % most_known;
    known_.resize(std::max(known_.size(), next_known_ + 1));
    auto& place = known_[next_known_];
    place = Known{owner, day, to, work_out(owner, day, to)};
    return place.truth;
}

Truth Bill::work_out(const Owner& owner, Instant day, Instant to) {
    const bool whole = to >= day + day_length;
    const bool final = whole && all_settled(day);
    Truth sum;
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
        const auto& account = *accounts_[i];
        if (owner.starts_with("account:") && owner != account_owner(account)) {
            continue;
        }
        for (const auto* some : {&account.instances(), &account.gone()}) {
            for (const auto& [id, instance] : *some) {
                if (instance.start_date < to && (!instance.gone_at || *instance.gone_at > day)) {
                    add_instance(sum, owner, i, instance, day, to);
                }
            }
        }
        add_volumes(sum, owner, i, day, to);
    }
    if (!final) {
        const auto error = errors_.find({owner, day});
        if (error != errors_.end()) {
            sum.over += error->second.over;
            sum.under += error->second.under;
        }
    } else {
        final_.emplace(std::pair{owner, day}, sum);
    }
    return sum;
}

Usd Bill::cost(const Watched& watched, Instant from, Instant to) const {
    const auto* instance = accounts_[watched.account]->find(watched.id);
    return instance == nullptr || to <= from ? Usd{}
                                             : total(instance->meter.between(from, to)).usd();
}

Truth Bill::spend(const Owner& owner, Instant from, Instant to) {
    Truth sum;
    for (Instant day = utc_day_start(from); day < to; day += day_length) {
        const auto& one = day_spend(owner, day, to);
        sum.amount += one.amount;
        sum.over += one.over;
        sum.under += one.under;
    }
    return sum;
}

Usd Bill::just_charged(const Owner& owner, Instant from, Instant at) const {
    constexpr Duration just = minutes{3};
    Usd sum;
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
        const auto& reads = reads_[i];
        const Instant since = std::max(from, reads.before);
        if (at - reads.read > just || since >= reads.charged_until) {
            continue;
        }
        const auto add = [&](const ExactItems& items) {
            for (const auto& item : items) {
                sum += item.usd();
            }
        };
        const auto& account = *accounts_[i];
        const bool all = owner == account_owner(account);
        for (const auto* some : {&account.instances(), &account.gone()}) {
            for (const auto& [id, instance] : *some) {
                const auto watched = watches_.find(id);
                if (all || (watched != watches_.end() && watched->second.team == owner)) {
                    auto items = instance.meter.between(since, reads.charged_until);
                    items[static_cast<std::size_t>(Item::gpu)] = {};
                    items[static_cast<std::size_t>(Item::disk)] = {};
                    add(items);
                }
            }
        }
        for (const auto& [id, volume] : account.volumes()) {
            if (all || owner == fixed_teams_[i]) {
                add(volume.meter.between(since, reads.charged_until));
            }
        }
    }
    return sum;
}

UsdPerHour Bill::rate(const Watched& watched, Instant at) const {
    const auto& there = accounts_[watched.account]->instances();
    const auto found = there.find(watched.id);
    return found == there.end() ? UsdPerHour{} : vastsim::total(found->second.meter.rates_at(at));
}

UsdPerHour Bill::burn(const Owner& owner, Instant at) const {
    UsdPerHour sum;
    for (const auto* account : accounts_) {
        const bool all = owner == account_owner(*account);
        for (const auto& [id, instance] : account->instances()) {
            const auto watched = watches_.find(id);
            if (all || (watched != watches_.end() && watched->second.team == owner)) {
                sum += vastsim::total(instance.meter.rates_at(at));
            }
        }
    }
    return sum;
}

}  // namespace vastwatch::simulation
