// What is to be stored, and taking it back after a restart or a failure.
#include "ledger/impl.hpp"

#include <algorithm>

namespace vastwatch::ledger {
namespace {

bool exceeds(const Amounts& a, const Amounts& b) {
    return a.gpu > b.gpu || a.disk > b.disk || a.bandwidth > b.bandwidth || a.other > b.other;
}

/// The rate that gives `amount` over `span`.
UsdPerHour mean_rate(Usd amount, Duration span) {
    constexpr Int128 hour = 3'600'000'000'000;
    return UsdPerHour::from_nanos(
        static_cast<std::int64_t>(Int128{amount.nanos()} * hour / span.count()));
}

}  // namespace

void Ledger::Impl::mark(ContractState& contract) {
    if (!contract.listed) {
        contract.listed = true;
        changed_.push_back(&contract);
    }
}

void Ledger::Impl::mark_day(ContractState& contract, OpenDay& day) {
    day.changed = true;
    mark(contract);
}

void Ledger::Impl::mark_meter(ContractState& contract) {
    if (contract.meter) {
        contract.meter_changed = true;
        closed_.erase(*contract.instance);
        mark(contract);
    } else {
        contract.meter_changed = false;
        closed_.insert(*contract.instance);
    }
}

void Ledger::Impl::mark_total(ContractState& contract) {
    contract.total_changed = true;
    mark(contract);
}

Meter Ledger::Impl::meter_record(const ContractState& contract) const {
    const auto& meter = *contract.meter;
    return Meter{
        *contract.instance, meter.book->account(), meter.book->team(), meter.rates, meter.since};
}

ContractDay Ledger::Impl::day_record(const ContractState& contract, const OpenDay& day) const {
    ContractDay record;
    record.contract = contract.contract;
    record.day = day.day;
    record.slices.reserve(day.parts.size());
    for (const auto& part : day.parts) {
        record.slices.push_back(
            Slice{part.start, part.book->team(), part.gpu, part.disk, part.beyond, part.then});
    }
    record.charged = day.charged;
    record.charge_changed = day.charge_changed;
    if (day.charge_book != nullptr) {
        record.charge_team = day.charge_book->team();
    }
    return record;
}

void Ledger::Impl::take_contract(ContractState& contract, Changes& changes) {
    contract.listed = false;
    if (contract.meter_changed) {
        changes.meters.push_back(meter_record(contract));
        contract.meter_changed = false;
    }
    for (auto& day : contract.days) {
        if (day.changed) {
            changes.days.push_back(day_record(contract, day));
            day.changed = false;
        }
    }
    if (contract.total_changed) {
        changes.contract_totals.push_back(
            ContractTotal{contract.contract, contract.folded, contract.last_day});
        contract.total_changed = false;
    }
}

Changes Ledger::Impl::take_changes() {
    Changes changes;
    for (auto* contract : changed_) {
        take_contract(*contract, changes);
    }
    changed_.clear();
    changes.closed_meters.assign(closed_.begin(), closed_.end());
    closed_.clear();
    for (auto& [key, record] : finished_) {
        changes.days.push_back(std::move(record));
    }
    finished_.clear();
    for (auto& [contract, total] : left_totals_) {
        changes.contract_totals.push_back(std::move(total));
    }
    left_totals_.clear();
    for (const auto& [name, day] : changed_account_days_) {
        const auto& state = account_of(name).days.at(day);
        changes.account_days.push_back(
            AccountDay{name, day, state.opened, state.changed, state.settled});
    }
    changed_account_days_.clear();
    for (auto& [key, record] : left_account_days_) {
        changes.account_days.push_back(std::move(record));
    }
    left_account_days_.clear();
    for (const auto& [index, start] : changed_cells_) {
        const auto& book = *books_[index];
        changes.team_days.push_back(
            TeamDay{book.account(), book.team(), start, book.folded_at(start)});
    }
    changed_cells_.clear();
    take_marks(changes);
    return changes;
}

void Ledger::Impl::take_marks(Changes& changes) {
    if (!shown_at_ || (marks_version_ == version_ && marks_shown_at_ == shown_at_)) {
        return;
    }
    marks_version_ = version_;
    marks_shown_at_ = shown_at_;
    for (auto* book : books_) {
        // Only where what is stored besides would not show as much at the next start. What charges
        // told of already is rounded contract by contract, and its sum not steady to the nano.
        auto sure = counter_of(*book, clamp(*shown_at_));
        if (!in_excess_.empty()) {
            const Usd rounding = Usd::from_nanos(static_cast<std::int64_t>(in_excess_.size()) + 1);
            sure -= Amounts{rounding, rounding, Usd{}, Usd{}};
        }
        if (book->shown != book->stored_mark && exceeds(book->shown, sure)) {
            changes.counter_marks.push_back(
                CounterMark{book->account(), book->team(), book->shown});
            book->stored_mark = book->shown;
        }
    }
}

void Ledger::Impl::retry_contracts(Changes& changes) {
    for (const auto& meter : changes.meters) {
        if (auto* contract = find_metered(meter.instance)) {
            mark_meter(*contract);
        }
    }
    for (const auto id : changes.closed_meters) {
        if (find_metered(id) == nullptr) {
            closed_.insert(id);
        }
    }
    for (auto& record : changes.days) {
        auto& contracts = account_of(record.contract.account).contracts;
        const auto known = contracts.find(record.contract.source);
        auto* day = known == contracts.end() ? nullptr : known->second->find_day(record.day);
        if (day != nullptr) {
            mark_day(*known->second, *day);
        } else if (record.settled) {
            auto key = std::pair{record.contract, record.day};
            finished_.try_emplace(std::move(key), std::move(record));
        }
    }
    for (auto& total : changes.contract_totals) {
        auto& contracts = account_of(total.contract.account).contracts;
        const auto known = contracts.find(total.contract.source);
        if (known != contracts.end()) {
            mark_total(*known->second);
        } else {
            left_totals_.try_emplace(total.contract, std::move(total));
        }
    }
}

void Ledger::Impl::retry(Changes changes) {
    retry_contracts(changes);
    for (auto& record : changes.account_days) {
        const auto key = std::pair{record.account, record.day};
        if (account_of(record.account).days.contains(record.day)) {
            changed_account_days_.insert(key);
        } else {
            left_account_days_.try_emplace(key, std::move(record));
        }
    }
    for (const auto& record : changes.team_days) {
        const auto& book = book_of(account_of(record.account), record.team);
        changed_cells_.emplace(book.index(), record.start);
    }
    for (const auto& record : changes.counter_marks) {
        book_of(account_of(record.account), record.team).stored_mark = Amounts{};
        marks_shown_at_.reset();
    }
}

void Ledger::Impl::restore(Changes stored) {
    *this = Impl{cells_.calendar()};
    for (const auto& record : stored.account_days) {
        auto& state = account_of(record.account).days[utc_day_start(record.day)];
        state = DayState{record.opened, record.changed, record.settled, record.settled};
        now_ = std::max({now_, record.opened, record.changed.value_or(record.opened)});
    }
    for (const auto& record : stored.days) {
        if (!record.settled) {
            restore_day(record);
        }
    }
    for (const auto& record : stored.team_days) {
        book_of(account_of(record.account), record.team).fold(record.start, record.amounts);
    }
    for (const auto& record : stored.contract_totals) {
        auto& account = account_of(record.contract.account);
        auto& contract = contract_of(account, record.contract.source);
        contract.folded = record.amounts;
        contract.last_day = record.last_day;
    }
    for (const auto& record : stored.counter_marks) {
        auto& book = book_of(account_of(record.account), record.team);
        book.shown = record.reached;
        book.stored_mark = record.reached;
    }
    for (const auto& record : stored.meters) {
        restore_meter(record);
    }
    restore_time();
}

void Ledger::Impl::restore_day(const ContractDay& record) {
    auto& account = account_of(record.contract.account);
    auto& contract = contract_of(account, record.contract.source);
    auto& day = contract.make_day(utc_day_start(record.day));
    day.parts.clear();
    for (const auto& slice : record.slices) {
        day.parts.push_back(Part{
            slice.start,
            &book_of(account, slice.team),
            slice.gpu,
            slice.disk,
            slice.charged_beyond,
            slice.at_reading});
    }
    day.charged = record.charged;
    day.charge_changed = record.charge_changed;
    if (record.charged || !record.charge_team.empty()) {
        day.charge_book = &book_of(account, record.charge_team);
    }
    const auto [state, made] = account.days.try_emplace(day.day);
    if (made) {
        state->second.opened = day.day;
    }
    state->second.folded = false;
    now_ = std::max({now_, day.day, day.charge_changed});
}

void Ledger::Impl::restore_meter(const Meter& record) {
    auto& account = account_of(record.account);
    auto& contract = instance_contract_of(account, record.instance);
    if (!contract.meter) {
        contract.metered_at = metered_.size();
        metered_.push_back(&contract);
    }
    contract.meter =
        OpenMeter{&book_of(account, record.team), record.rates, record.since, record.since};
    now_ = std::max(now_, record.since);
}

void Ledger::Impl::restore_time() {
    if (now_ == Instant::min()) {
        return;
    }
    cell_start_ = cells_.start(now_);
    cell_end_ = cells_.end(now_);
    restore_history();
    for (auto& [name, account] : accounts_) {
        for (auto& [source, contract] : account->contracts) {
            for (auto& day : contract->days) {
                attribute(cells_, *contract, day);  // older records do not tell how it was divided
            }
        }
    }
    repost_everything();
    for (auto* contract : metered_) {
        if (contract->meter->since < cell_start_) {
            uncount_meter(*contract);
            book_until(*contract, cell_start_);
            count_meter(*contract);
        }
    }
    plan_next_fold();
}

void Ledger::Impl::restore_history() {
    for (auto& [name, account] : accounts_) {
        for (auto& [source, contract] : account->contracts) {
            if (contract->meter) {
                account->history.step(contract->meter->since, contract->meter->rates.total());
            }
            for (const auto& day : contract->days) {
                for (const auto& part : day.parts) {
                    Instant end = std::min(cells_.end(part.start), std::max(now_, part.start));
                    if (contract->meter && contract->meter->since > part.start) {
                        end = std::min(end, contract->meter->since);
                    }
                    if (end > part.start) {
                        const auto rate = mean_rate(part.gpu + part.disk, end - part.start);
                        account->history.step(part.start, rate);
                        account->history.step(end, UsdPerHour{} - rate);
                    }
                }
            }
        }
        account->history.forget_before(now_ - std::chrono::days{3});
    }
}

void Ledger::Impl::repost_everything() {
    for (auto* book : books_) {
        book->clear_posted();
        book->open().clear();
    }
    for (const auto* contract : metered_) {
        count_meter(*contract);
    }
    for (auto& [name, account] : accounts_) {
        for (auto& [source, contract] : account->contracts) {
            for (auto& day : contract->days) {
                day.posted.clear();
                repost(*contract, day);
            }
        }
    }
}

}  // namespace vastwatch::ledger
