// Charges: readings, settling, and folding what is final.
#include "base/assert.hpp"
#include "ledger/impl.hpp"

#include <algorithm>

namespace vastwatch::ledger {
namespace {

using namespace std::chrono_literals;

constexpr Duration settling_time = 2h;
constexpr Duration patience = std::chrono::days{10};
constexpr Duration contract_memory = std::chrono::days{11};

constexpr Usd most = Usd::dollars(1'000'000);

bool believable(const Amounts& amounts) {
    const auto sane = [](Usd amount) { return amount <= most && amount >= -most; };
    return sane(amounts.gpu) && sane(amounts.disk) && sane(amounts.bandwidth) &&
           sane(amounts.other);
}

/// Not an instance that charges alone tell of, as it is or after it was forgotten.
bool is_known(const ContractState& contract) {
    return !contract.instance || contract.meter || !contract.days.empty() ||
           contract.last_day != Instant{};
}

}  // namespace

std::vector<Ledger::Impl::Row> Ledger::Impl::rows_of(
    Account& account,
    std::span<const DayCharge> charges) {
    std::vector<Row> rows;
    rows.reserve(charges.size());
    ++reading_;
    for (const auto& charge : charges) {
        auto& contract = contract_of(account, charge.contract.source);
        const bool tells = charge.amounts != Amounts{} || !contract.days.empty();
        if (!tells || !believable(charge.amounts)) {
            continue;
        }
        if (contract.reading == reading_) {
            rows[contract.row_at].amounts += charge.amounts;
            continue;
        }
        contract.reading = reading_;
        contract.row_at = rows.size();
        rows.push_back(Row{&contract, charge.amounts, &book_of(account, charge.team)});
    }
    return rows;
}

const ContractState* Ledger::Impl::same_elsewhere(
    const Account& account,
    const Account& other,
    const ContractState& contract) {
    if (&other == &account) {
        return nullptr;
    }
    const auto found = other.contracts.find(contract.contract.source);
    return found == other.contracts.end() ? nullptr : found->second.get();
}

void Ledger::Impl::leave_out_known(const Account& account, Row& row, Instant day, Instant at)
    const {
    for (const auto& [name, other] : accounts_) {
        const auto* same = same_elsewhere(account, *other, *row.contract);
        if (same == nullptr) {
            continue;
        }
        if (same->find_day(day) == nullptr && day <= same->last_day) {
            row.amounts = Amounts{};  // that day is final there
            return;
        }
        Amounts known;
        for (const auto& posting : contract_postings(*same, at)) {
            if (utc_day_start(posting.cell) == day) {
                known += posting.amounts;
            }
        }
        const auto rest = [](Usd charged, Usd counted) {
            return charged > Usd{} ? std::max(charged - counted, Usd{}) : charged;
        };
        row.amounts.gpu = rest(row.amounts.gpu, known.gpu);
        row.amounts.disk = rest(row.amounts.disk, known.disk);
        row.amounts.bandwidth = rest(row.amounts.bandwidth, known.bandwidth);
        row.amounts.other = rest(row.amounts.other, known.other);
    }
}

bool Ledger::Impl::shares_contracts(const AccountName& one, const AccountName& other) const {
    const auto* first = find_account(one);
    const auto* second = find_account(other);
    return first != nullptr && second != nullptr &&
           std::ranges::any_of(first->contracts, [&](const auto& entry) {
               return second->contracts.contains(entry.first);
           });
}

bool Ledger::Impl::knows(const Contract& contract) const {
    const auto* account = find_account(contract.account);
    return account != nullptr && account->contracts.contains(contract.source);
}

bool Ledger::Impl::take_row(const Row& row, Instant day, Instant read_at) {
    auto& contract = *row.contract;
    auto& open = contract.make_day(day);
    if (open.charged == row.amounts) {
        return false;
    }
    if (open.charge_book == nullptr) {
        open.charge_book = row.book;
    }
    open.charged = row.amounts;
    open.charge_changed = read_at;
    attribute_reading(cells_, contract, open);
    repost(contract, open);
    mark_day(contract, open);
    return true;
}

void Ledger::Impl::charge(
    const AccountName& account_name,
    Instant day,
    std::span<const DayCharge> charges,
    Instant read_at) {
    if (read_at >= cell_end_) {
        roll(read_at);
    }
    now_ = std::max(now_, read_at);
    day = utc_day_start(day);
    auto& account = account_of(account_name);
    open_days(account, now_);
    if (account.closed(day) || day > now_) {
        return;
    }
    auto& state = day_state(account, day);
    bool news = !state.changed;
    for (auto& row : rows_of(account, charges)) {
        leave_out_known(account, row, day, read_at);
        news = take_row(row, day, read_at) || news;
    }
    if (news) {
        state.changed = std::max(read_at, state.changed.value_or(read_at));
        changed_account_days_.emplace(account.name, day);
    } else if (read_at >= std::max(next_utc_day(day), *state.changed) + settling_time) {
        settle(account, day, read_at);
    }
}

void Ledger::Impl::settle(Account& account, Instant day, Instant read_at) {
    bool any_row = false;
    bool any_accrual = false;
    for (const auto& [source, contract] : account.contracts) {
        if (const auto* open = contract->find_day(day)) {
            any_row = any_row || open->charged;
            any_accrual = any_accrual || std::ranges::any_of(open->parts, &Part::accrued);
        }
    }
    if (any_accrual && !any_row) {
        return;  // an account that bills nothing while instances run: unknown, not zero
    }
    account.days.at(day).settled = true;
    changed_account_days_.emplace(account.name, day);
    for (const auto& [source, contract] : account.contracts) {
        if (auto* open = contract->find_day(day)) {
            if (!open->charged) {
                open->charged = Amounts{};
                open->charge_changed = read_at;
                mark_day(*contract, *open);
            }
            repost(*contract, *open);
        }
    }
    plan_next_fold();
    if (now_ >= next_fold_) {
        fold_due(now_);
    }
}

void Ledger::Impl::repost(ContractState& contract, OpenDay& day) {
    for (const auto& posting : day.posted) {
        posting.book->withdraw(posting.cell, posting.amounts);
    }
    post_day(cells_, contract, day);
    for (const auto& posting : day.posted) {
        posting.book->post(posting.cell, posting.amounts);
    }
    ++version_;
    review_excess(contract);
}

void Ledger::Impl::review_excess(ContractState& contract) {
    const OpenDay* day =
        contract.meter ? contract.find_day(utc_day_start(contract.meter->since)) : nullptr;
    const bool exceeds = day != nullptr && day->excess().total() > Usd{};
    if (exceeds == (contract.excess_at != nowhere)) {
        return;
    }
    if (exceeds) {
        contract.excess_at = in_excess_.size();
        in_excess_.push_back(&contract);
        return;
    }
    in_excess_.back()->excess_at = contract.excess_at;
    in_excess_[contract.excess_at] = in_excess_.back();
    in_excess_.pop_back();
    contract.excess_at = nowhere;
}

Instant Ledger::Impl::fold_time(Instant day) const {
    // As long as a local day lasts that the UTC day reaches into, instances are asked what they
    // cost in it.
    const Instant end = next_utc_day(day);
    return std::max(end, cells_.calendar().next_day_start(end - 1ns));
}

void Ledger::Impl::plan_next_fold() {
    next_fold_ = Instant::max();
    for (const auto& [name, account] : accounts_) {
        for (const auto& [day, state] : account->days) {
            if (state.folded) {
                continue;
            }
            const Instant due = state.settled
                                    ? fold_time(day)
                                    : std::max(next_utc_day(day), state.opened) + patience;
            next_fold_ = std::min(next_fold_, due);
        }
    }
}

void Ledger::Impl::fold_due(Instant at) {
    for (auto& [name, account] : accounts_) {
        for (auto& [day, state] : account->days) {
            if (state.folded) {
                continue;
            }
            if (!state.settled && at >= std::max(next_utc_day(day), state.opened) + patience) {
                // Nobody will say any more: the postings of the open day are final as they are.
                fold(*account, day);
                state.settled = true;
                changed_account_days_.emplace(account->name, day);
            } else if (state.settled && at >= fold_time(day)) {
                fold(*account, day);
            }
        }
        forget_old(*account);
    }
    plan_next_fold();
}

void Ledger::Impl::fold(Account& account, Instant day) {
    for (const auto& [source, contract] : account.contracts) {
        if (auto* open = contract->find_day(day)) {
            fold_contract_day(*contract, *open);
        }
    }
    account.days.at(day).folded = true;
}

void Ledger::Impl::fold_contract_day(ContractState& contract, OpenDay& day) {
    VW_ASSERT(contract.meter_on(day.day) == nullptr);
    for (const auto& posting : day.posted) {
        posting.book->withdraw(posting.cell, posting.amounts);
        posting.book->fold(posting.cell, posting.amounts);
        changed_cells_.emplace(posting.book->index(), posting.cell);
        contract.folded += posting.amounts;
    }
    contract.last_day = std::max(contract.last_day, day.day);
    mark_total(contract);
    auto record = day_record(contract, day);
    record.settled = true;
    finished_.insert_or_assign(std::pair{contract.contract, day.day}, std::move(record));
    contract.days.erase(contract.days.begin() + (&day - contract.days.data()));
    ++version_;
}

void Ledger::Impl::forget_old(Account& account) {
    for (auto at = account.contracts.begin(); at != account.contracts.end();) {
        const auto& contract = *at->second;
        const bool gone = contract.instance && !contract.meter && contract.days.empty() &&
                          !contract.listed && contract.last_day + contract_memory < now_;
        if (!gone) {
            ++at;
            continue;
        }
        unlink_instance(contract);
        at = account.contracts.erase(at);
    }
    // One final day has to stay, so that those before it are known to be final.
    const Instant old = utc_day_start(now_) - std::chrono::days{14};
    while (account.days.size() > 1 && account.days.begin()->second.folded &&
           std::next(account.days.begin())->first < old &&
           !changed_account_days_.contains({account.name, account.days.begin()->first})) {
        account.days.erase(account.days.begin());
    }
}

void Ledger::Impl::backfill(
    const AccountName& account_name,
    Instant start,
    std::span<const DayCharge> charges) {
    auto& account = account_of(account_name);
    if (now_ > Instant::min()) {
        open_days(account, now_);
    }
    if (!account.days.empty() && !account.days.begin()->second.settled) {
        auto& before = day_state(account, account.days.begin()->first - std::chrono::days{1});
        before.opened = before_the_ledger;
        before.settled = true;
        before.folded = true;
    }
    for (const auto& row : rows_of(account, charges)) {
        row.book->fold(start, row.amounts);
        changed_cells_.emplace(row.book->index(), start);
        if (!is_known(*row.contract)) {
            continue;  // it may have a total that is only stored, which must not be overwritten
        }
        row.contract->folded += row.amounts;
        row.contract->last_day = std::max(row.contract->last_day, utc_day_start(start));
        mark_total(*row.contract);
    }
    ++version_;
    plan_next_fold();
}

void Ledger::Impl::begin(const AccountName& account_name, Instant at) {
    if (at >= cell_end_) {
        roll(at);
    }
    now_ = std::max(now_, at);
    open_days(account_of(account_name), now_);
}

Instant Ledger::Impl::first_day(const AccountName& account_name, Instant at) const {
    const auto* account = find_account(account_name);
    const auto first = account == nullptr ? std::nullopt : account->first_day();
    return first.value_or(utc_day_start(at) - std::chrono::days{1});
}

std::vector<Instant> Ledger::Impl::days_to_read(const AccountName& account_name, Instant at) const {
    const Instant today = utc_day_start(at);
    std::vector<Instant> days;
    const auto* account = find_account(account_name);
    if (account == nullptr || account->days.empty()) {
        days.push_back(today - std::chrono::days{1});
        days.push_back(today);
        return days;
    }
    for (const auto& [day, state] : account->days) {
        if (!state.settled && day <= today) {
            days.push_back(day);
        }
    }
    const Instant latest = account->days.rbegin()->first;
    const Instant from = std::max(latest + std::chrono::days{1}, today - std::chrono::days{31});
    for (Instant day = from; day <= today; day += std::chrono::days{1}) {
        days.push_back(day);
    }
    return days;
}

}  // namespace vastwatch::ledger
