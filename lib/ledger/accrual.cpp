// Meters: what accrues between two observations, cut at midnights.
#include "base/assert.hpp"
#include "ledger/impl.hpp"

#include <algorithm>
#include <utility>

namespace vastwatch::ledger {
namespace {

// No instance costs that much; what says so is a mistake, and sums shall not suffer from it.
constexpr UsdPerHour highest_rate = UsdPerHour::from_nanos(1'000'000'000'000'000);

// A clock that jumped by years must not fill the memory with days: those further back than this
// are final as they are booked.
constexpr Duration longest_gap = std::chrono::days{62};

fleet::Rates sane(fleet::Rates rates) {
    rates.gpu = std::clamp(rates.gpu, UsdPerHour{}, highest_rate);
    rates.disk = std::clamp(rates.disk, UsdPerHour{}, highest_rate);
    return rates;
}

}  // namespace

Account& Ledger::Impl::account_of(const AccountName& name) {
    auto& account = accounts_[name];
    if (!account) {
        account = std::make_unique<Account>();
        account->name = name;
    }
    return *account;
}

const Account* Ledger::Impl::find_account(const AccountName& name) const {
    const auto found = accounts_.find(name);
    return found == accounts_.end() ? nullptr : found->second.get();
}

Book& Ledger::Impl::book_of(Account& account, const TeamName& team) {
    auto& book = account.books[team];
    if (!book) {
        book = std::make_unique<Book>(account.name, team, books_.size());
        books_.push_back(book.get());
        teams_[team].push_back(book.get());
        ++version_;
    }
    return *book;
}

ContractState& Ledger::Impl::contract_of(Account& account, std::string_view source) {
    const auto found = account.contracts.find(source);
    if (found != account.contracts.end()) {
        return *found->second;
    }
    auto fresh = std::make_unique<ContractState>();
    fresh->account = &account;
    fresh->contract = Contract{account.name, std::string{source}};
    fresh->instance = instance_of(fresh->contract);
    if (fresh->instance) {
        const auto [first, made] = instances_.try_emplace(fresh->instance->value(), fresh.get());
        if (!made) {
            fresh->twin = std::exchange(first->second->twin, fresh.get());
        }
    }
    auto& contract = *fresh;
    account.contracts.emplace(contract.contract.source, std::move(fresh));
    return contract;
}

ContractState& Ledger::Impl::instance_contract_of(Account& account, InstanceId id) {
    return contract_of(account, instance_contract(account.name, id).source);
}

ContractState* Ledger::Impl::find_instance(InstanceId id) const {
    const auto found = instances_.find(id.value());
    return found == instances_.end() ? nullptr : found->second;
}

ContractState* Ledger::Impl::find_metered(InstanceId id) const {
    auto* contract = find_instance(id);
    while (contract != nullptr && !contract->meter) {
        contract = contract->twin;
    }
    return contract;
}

void Ledger::Impl::unlink_instance(const ContractState& contract) {
    const auto first = instances_.find(contract.instance->value());
    if (first == instances_.end()) {
        return;
    }
    if (first->second == &contract) {
        if (contract.twin == nullptr) {
            instances_.erase(first);
        } else {
            first->second = contract.twin;
        }
        return;
    }
    for (auto* other = first->second; other != nullptr; other = other->twin) {
        if (other->twin == &contract) {
            other->twin = contract.twin;
        }
    }
}

DayState& Ledger::Impl::day_state(Account& account, Instant day) {
    const auto [state, made] = account.days.try_emplace(day);
    if (made) {
        state->second.opened = std::max(day, now_);
        changed_account_days_.emplace(account.name, day);
        plan_next_fold();
    }
    return state->second;
}

void Ledger::Impl::open_days(Account& account, Instant at) {
    const Instant today = utc_day_start(at);
    if (account.days.empty()) {
        day_state(account, today - std::chrono::days{1});
    }
    const Instant latest = account.days.rbegin()->first;
    const Instant from = std::max(latest + std::chrono::days{1}, today - longest_gap);
    for (Instant day = from; day <= today; day += std::chrono::days{1}) {
        day_state(account, day);
    }
}

void Ledger::Impl::observe(
    const AccountName& account_name,
    InstanceId id,
    const TeamName& team,
    fleet::Rates rates,
    Instant at) {
    if (at >= cell_end_) {
        roll(at);
    }
    rates = sane(rates);
    auto* contract = find_metered(id);
    if (contract != nullptr) {
        const auto& meter = *contract->meter;
        const bool same_account = meter.book->account() == account_name;
        if (same_account && meter.rates == rates && meter.book->team() == team) {
            return;
        }
        now_ = std::max(now_, at);
        if (same_account) {
            change_meter(*contract, book_of(*contract->account, team), rates, at);
            return;
        }
        end_meter(*contract, at);
    }
    now_ = std::max(now_, at);
    auto& account = account_of(account_name);
    open_days(account, now_);
    auto& own = instance_contract_of(account, id);
    open_meter(own, book_of(account, team), rates, at);
}

void Ledger::Impl::close(InstanceId id, Instant at) {
    if (at >= cell_end_) {
        roll(at);
    }
    auto* contract = find_metered(id);
    if (contract != nullptr) {
        now_ = std::max(now_, at);
        end_meter(*contract, at);
    }
}

void Ledger::Impl::advance(Instant at) {
    if (at >= cell_end_) {
        roll(at);
    }
    now_ = std::max(now_, at);
    if (now_ >= next_fold_) {
        fold_due(now_);
    }
}

void Ledger::Impl::set_calendar(Calendar calendar, Instant at) {
    if (calendar.zone_name() == cells_.calendar().zone_name()) {
        return;
    }
    advance(at);
    for (auto* contract : metered_) {
        book_until(*contract, now_);
    }
    cells_ = Cells{std::move(calendar)};
    ++version_;
    windows_ = {};
    cell_start_ = cells_.start(now_);
    cell_end_ = cells_.end(now_);
    repost_everything();
    plan_next_fold();
}

void Ledger::Impl::roll(Instant at) {
    now_ = std::max(now_, at);
    const bool first = cell_end_ == Instant::min();
    const Instant start = cells_.start(at);
    if (!first) {
        for (auto* contract : metered_) {
            if (contract->meter->since < start) {
                book_until(*contract, start);
            }
        }
    }
    cell_start_ = start;
    cell_end_ = cells_.end(at);
    ++version_;
    for (auto* book : books_) {
        book->open().clear();
    }
    for (const auto* contract : metered_) {
        count_meter(*contract);
    }
    for (auto& [name, account] : accounts_) {
        if (!account->days.empty()) {
            open_days(*account, at);
        }
        account->history.forget_before(at - std::chrono::days{3});
    }
}

void Ledger::Impl::count_meter(const ContractState& contract) {
    const auto& meter = *contract.meter;
    meter.book->open().add(meter.rates, meter.since - cell_start_);
    latest_since_ = std::max(latest_since_, meter.since);
}

void Ledger::Impl::uncount_meter(const ContractState& contract) {
    const auto& meter = *contract.meter;
    meter.book->open().remove(meter.rates, meter.since - cell_start_);
}

void Ledger::Impl::open_meter(
    ContractState& contract,
    Book& book,
    const fleet::Rates& rates,
    Instant at) {
    VW_ASSERT(!contract.meter);
    contract.meter = OpenMeter{&book, rates, at, at};
    contract.metered_at = metered_.size();
    metered_.push_back(&contract);
    contract.account->history.step(at, rates.total());
    if (at < cell_start_) {
        book_until(contract, cell_start_);
    }
    count_meter(contract);
    mark_meter(contract);
    ++version_;
    if (auto* day = contract.find_day(utc_day_start(contract.meter->since))) {
        if (day->charged) {
            if (contract.meter->since < day->charge_changed) {
                attribute_reading(cells_, contract, *day);  // it knew of this meter before we did
            } else {
                attribute(cells_, contract, *day);
            }
            mark_day(contract, *day);
        }
        repost(contract, *day);
    }
}

void Ledger::Impl::end_meter(ContractState& contract, Instant at) {
    uncount_meter(contract);
    const Instant end = std::max(at, contract.meter->set);
    take_back(contract, end);
    book_until(contract, end);
    contract.account->history.step(end, UsdPerHour{} - contract.meter->rates.total());
    contract.meter.reset();
    metered_.back()->metered_at = contract.metered_at;
    metered_[contract.metered_at] = metered_.back();
    metered_.pop_back();
    contract.metered_at = nowhere;
    mark_meter(contract);
    ++version_;
    for (auto& day : contract.days) {
        repost(contract, day);
    }
    review_excess(contract);
}

void Ledger::Impl::change_meter(
    ContractState& contract,
    Book& book,
    const fleet::Rates& rates,
    Instant at) {
    uncount_meter(contract);
    auto& meter = *contract.meter;
    const Instant when = std::max(at, meter.since);
    book_until(contract, when);
    contract.account->history.step(when, rates.total() - meter.rates.total());
    meter.book = &book;
    meter.rates = rates;
    meter.set = when;
    count_meter(contract);
    mark_meter(contract);
    ++version_;
    if (auto* day = contract.find_day(utc_day_start(meter.since))) {
        repost(contract, *day);
    }
}

void Ledger::Impl::book_until(ContractState& contract, Instant to) {
    auto& meter = *contract.meter;
    if (meter.since >= to) {
        return;
    }
    while (meter.since < to) {
        book_part(contract, std::min(to, cells_.end(meter.since)));
    }
    mark_meter(contract);
    ++version_;
    if (auto* day = contract.find_day(utc_day_start(meter.since))) {
        repost(contract, *day);
    }
    review_excess(contract);
}

void Ledger::Impl::take_back(ContractState& contract, Instant end) {
    auto& meter = *contract.meter;
    while (meter.since > end) {
        const Instant from = std::max(end, cells_.start(meter.since - Duration{1}));
        const Duration span = meter.since - from;
        meter.since = from;
        const Instant utc_day = utc_day_start(from);
        auto* day = contract.find_day(utc_day);
        if (day != nullptr && !contract.account->closed(utc_day)) {
            take_accrual(
                cells_,
                *day,
                Part{
                    from,
                    meter.book,
                    accrue(meter.rates.gpu, span),
                    accrue(meter.rates.disk, span)});
            attribute(cells_, contract, *day);
            repost(contract, *day);
            mark_day(contract, *day);
        }
    }
}

void Ledger::Impl::book_part(ContractState& contract, Instant to) {
    auto& meter = *contract.meter;
    const Instant from = meter.since;
    const Duration span = to - from;
    const Usd gpu = accrue(meter.rates.gpu, span);
    const Usd disk = accrue(meter.rates.disk, span);
    const Instant utc_day = utc_day_start(from);
    meter.since = to;
    auto& account = *contract.account;
    if ((gpu == Usd{} && disk == Usd{}) || account.closed(utc_day)) {
        if (auto* day = contract.find_day(utc_day)) {
            repost(contract, *day);  // the meter may have left it
        }
        return;
    }
    const Amounts amounts{gpu, disk, {}, {}};
    const Instant cell = cells_.start(from);
    if (utc_day + longest_gap < utc_day_start(now_)) {
        meter.book->fold(cell, amounts);
        changed_cells_.emplace(meter.book->index(), cell);
        contract.folded += amounts;
        contract.last_day = std::max(contract.last_day, utc_day);
        mark_total(contract);
        return;
    }
    day_state(account, utc_day);
    auto& day = contract.make_day(utc_day);
    add_accrual(cells_, day, Part{from, meter.book, gpu, disk});
    attribute(cells_, contract, day);
    repost(contract, day);
    mark_day(contract, day);
}

}  // namespace vastwatch::ledger
