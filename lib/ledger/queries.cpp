// Queries: sums of what is booked, plus what accrues since at present rates.
#include "ledger/impl.hpp"

#include <algorithm>

namespace vastwatch::ledger {

Ledger::Impl::Bounds Ledger::Impl::bounds(policy::Window window, Instant at) const {
    const bool day = window == policy::Window::day;
    auto& known = windows_[day ? 0 : 1];
    if (at < known.start || at >= known.end) {
        const auto& calendar = cells_.calendar();
        known.start = day ? calendar.day_start(at) : calendar.month_start(at);
        known.end = day ? calendar.next_day_start(at) : calendar.next_month_start(at);
    }
    return known;
}

Amounts Ledger::Impl::open_accrual(const Book& book, Instant from, Instant at) const {
    if (metered_.empty() || at <= from) {
        return Amounts{};
    }
    if (at < latest_since_) {
        // Some meter begins later than the moment asked for, so the sums would go below zero.
        Amounts sum;
        for (const auto* contract : metered_) {
            const auto& meter = *contract->meter;
            const Duration span = at - std::max(from, meter.since);
            if (meter.book == &book && span > Duration{0}) {
                sum.gpu += accrue(meter.rates.gpu, span);
                sum.disk += accrue(meter.rates.disk, span);
            }
        }
        return sum;
    }
    // Windows begin where cells do: either before all meters' since, or after all of them.
    return from <= cell_start_ ? book.open().accrued(at - cell_start_)
                               : book.open().accrued_over(at - from);
}

const Ledger::Impl::ExcessAt& Ledger::Impl::excess_at(Instant at) const {
    for (const auto& known : excess_known_) {
        if (known.version == version_ && known.at == at) {
            return known;
        }
    }
    auto& slot = excess_known_[excess_next_];
    excess_next_ = (excess_next_ + 1) % excess_known_.size();
    slot.at = at;
    slot.version = version_;
    slot.books.resize(books_.size());
    for (auto& cells : slot.books) {
        cells.clear();
    }
    for (const auto* contract : in_excess_) {
        const auto& meter = *contract->meter;
        const auto& day = *contract->find_day(utc_day_start(meter.since));
        add_to_cell(
            slot.books[meter.book->index()],
            cells_.start(meter.since),
            charged_already(*contract, day, at));
    }
    return slot;
}

Usd Ledger::Impl::spend_of(const Book& book, Instant from, Instant at) const {
    Usd sum = book.since(from) + open_accrual(book, from, at).total();
    if (!in_excess_.empty()) {
        for (const auto& cell : excess_at(at).books[book.index()]) {
            if (cell.start >= from) {
                sum += cell.amounts.total();
            }
        }
    }
    return sum;
}

WindowSpend Ledger::Impl::window_spend(
    const std::vector<Book*>& books,
    policy::Window window,
    std::optional<Instant> since,
    Instant at) const {
    at = clamp(at);
    WindowSpend result;
    Instant from = since.value_or(Instant::min());
    if (window == policy::Window::lifetime) {
        result.start = since.value_or(at);
        for (const auto* book : books) {
            const auto first = book->first_cell();
            if (!since && first && *first < result.start) {
                result.start = *first;
            }
        }
    } else {
        const auto [start, end] = bounds(window, at);
        from = start;
        result.start = start;
        result.end = end;
        result.projected = Usd{};
    }
    for (const auto* book : books) {
        result.spend += spend_of(*book, from, at);
        if (result.projected) {
            *result.projected += spend_of(*book, from, *result.end);
        }
    }
    return result;
}

WindowSpend Ledger::Impl::team_spend(
    const TeamName& team,
    policy::Window window,
    std::optional<std::chrono::year_month_day> since,
    Instant at) const {
    static const std::vector<Book*> none;
    const auto found = teams_.find(team);
    std::optional<Instant> from;
    if (since && window == policy::Window::lifetime) {
        from = cells_.calendar().start_of(*since);
    }
    return window_spend(found == teams_.end() ? none : found->second, window, from, at);
}

WindowSpend Ledger::Impl::account_spend(
    const AccountName& account_name,
    policy::Window window,
    Instant at) const {
    std::vector<Book*> books;
    if (const auto* account = find_account(account_name)) {
        for (const auto& [team, book] : account->books) {
            books.push_back(book.get());
        }
    }
    return window_spend(books, window, std::nullopt, at);
}

UsdPerHour Ledger::Impl::team_burn(const TeamName& team) const {
    UsdPerHour sum;
    const auto found = teams_.find(team);
    if (found != teams_.end()) {
        for (const auto* book : found->second) {
            sum += book->open().burn();
        }
    }
    return sum;
}

UsdPerHour Ledger::Impl::account_burn(const AccountName& account_name) const {
    UsdPerHour sum;
    if (const auto* account = find_account(account_name)) {
        for (const auto& [team, book] : account->books) {
            sum += book->open().burn();
        }
    }
    return sum;
}

bool Ledger::Impl::team_estimated(const TeamName& team) const {
    const auto found = teams_.find(team);
    return found != teams_.end() &&
           std::any_of(found->second.begin(), found->second.end(), [](const Book* book) {
               return book->open().estimated();
           });
}

std::vector<Posting> Ledger::Impl::contract_postings(const ContractState& contract, Instant at)
    const {
    std::vector<Posting> postings;
    for (const auto& day : contract.days) {
        postings.insert(postings.end(), day.posted.begin(), day.posted.end());
    }
    if (!contract.meter) {
        return postings;
    }
    const auto& meter = *contract.meter;
    for (Instant from = meter.since; from < at;) {
        const Instant to = std::min(at, cells_.end(from));
        const Amounts amounts{
            accrue(meter.rates.gpu, to - from), accrue(meter.rates.disk, to - from), {}, {}};
        postings.push_back(Posting{meter.book, cells_.start(from), amounts});
        from = to;
    }
    if (contract.excess_at != nowhere) {
        const auto& day = *contract.find_day(utc_day_start(meter.since));
        postings.push_back(
            Posting{meter.book, cells_.start(meter.since), charged_already(contract, day, at)});
    }
    return postings;
}

Amounts Ledger::Impl::instance_spend(InstanceId id, Instant at) const {
    Amounts sum;
    at = clamp(at);
    for (const auto* contract = find_instance(id); contract != nullptr; contract = contract->twin) {
        sum += contract->folded;
        for (const auto& posting : contract_postings(*contract, at)) {
            sum += posting.amounts;
        }
    }
    return sum;
}

Usd Ledger::Impl::instance_spend_today(InstanceId id, Instant at) const {
    Usd sum;
    at = clamp(at);
    const Instant today = bounds(policy::Window::day, at).start;
    for (const auto* contract = find_instance(id); contract != nullptr; contract = contract->twin) {
        for (const auto& posting : contract_postings(*contract, at)) {
            if (posting.cell >= today) {
                sum += posting.amounts.total();
            }
        }
    }
    return sum;
}

std::optional<fleet::Rates> Ledger::Impl::instance_rates(InstanceId id) const {
    const auto* contract = find_metered(id);
    return contract == nullptr ? std::nullopt : std::optional{contract->meter->rates};
}

Amounts Ledger::Impl::counter_of(const Book& book, Instant at) const {
    Amounts sum = book.total();
    sum += open_accrual(book, Instant::min(), at);
    if (!in_excess_.empty()) {
        for (const auto& cell : excess_at(at).books[book.index()]) {
            sum += cell.amounts;
        }
    }
    return sum;
}

std::vector<CounterValue> Ledger::Impl::counters(Instant at) {
    at = clamp(at);
    shown_at_ = std::max(at, shown_at_.value_or(at));
    std::vector<CounterValue> values;
    values.reserve(books_.size());
    for (auto* book : books_) {
        const auto now = counter_of(*book, at);
        auto& shown = book->shown;
        shown.gpu = std::max(shown.gpu, now.gpu);
        shown.disk = std::max(shown.disk, now.disk);
        shown.bandwidth = std::max(shown.bandwidth, now.bandwidth);
        shown.other = std::max(shown.other, now.other);
        values.push_back(CounterValue{book->account(), book->team(), shown});
    }
    return values;
}

Usd Ledger::Impl::accrued(const AccountName& account_name, Instant from, Instant to) const {
    const auto* account = find_account(account_name);
    return account == nullptr ? Usd{} : account->history.accrued(from, to);
}

Instant Ledger::Impl::next_change(Instant at) const {
    at = clamp(at);
    const Instant cut = cells_.end(at);
    return next_fold_ > at ? std::min(cut, next_fold_) : cut;
}

}  // namespace vastwatch::ledger
