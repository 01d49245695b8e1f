#include "ledger/book.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace vastwatch::ledger {
namespace {

bool starts_before(const CellAmounts& cell, Instant start) {
    return cell.start < start;
}

}  // namespace

void add_to_cell(std::vector<CellAmounts>& cells, Instant start, const Amounts& amounts) {
    auto at = std::lower_bound(cells.begin(), cells.end(), start, starts_before);
    if (at == cells.end() || at->start != start) {
        at = cells.insert(at, CellAmounts{start, Amounts{}});
    }
    at->amounts += amounts;
}

void OpenMeters::clear() {
    *this = OpenMeters{};
}

void OpenMeters::add(const fleet::Rates& rates, Duration offset) {
    gpu_ += rates.gpu.nanos();
    disk_ += rates.disk.nanos();
    gpu_offset_ += Int128{rates.gpu.nanos()} * offset.count();
    disk_offset_ += Int128{rates.disk.nanos()} * offset.count();
    estimated_ += rates.estimated ? 1 : 0;
}

void OpenMeters::remove(const fleet::Rates& rates, Duration offset) {
    gpu_ -= rates.gpu.nanos();
    disk_ -= rates.disk.nanos();
    gpu_offset_ -= Int128{rates.gpu.nanos()} * offset.count();
    disk_offset_ -= Int128{rates.disk.nanos()} * offset.count();
    estimated_ -= rates.estimated ? 1 : 0;
}

Amounts OpenMeters::accrued(Duration offset) const {
    Amounts amounts;
    amounts.gpu = from_rate_time(gpu_ * offset.count() - gpu_offset_);
    amounts.disk = from_rate_time(disk_ * offset.count() - disk_offset_);
    return amounts;
}

Amounts OpenMeters::accrued_over(Duration span) const {
    Amounts amounts;
    amounts.gpu = from_rate_time(gpu_ * span.count());
    amounts.disk = from_rate_time(disk_ * span.count());
    return amounts;
}

UsdPerHour OpenMeters::burn() const {
    constexpr Int128 high = std::numeric_limits<std::int64_t>::max();
    return UsdPerHour::from_nanos(static_cast<std::int64_t>(std::min(gpu_ + disk_, high)));
}

Book::Book(AccountName account, TeamName team, std::size_t index)
    : account_(std::move(account)), team_(std::move(team)), index_(index) {}

void Book::post(Instant cell, const Amounts& amounts) {
    add_to_cell(live_, cell, amounts);
}

void Book::withdraw(Instant cell, const Amounts& amounts) {
    const auto at = std::lower_bound(live_.begin(), live_.end(), cell, starts_before);
    if (at == live_.end() || at->start != cell) {
        return;
    }
    at->amounts -= amounts;
    if (at->amounts == Amounts{}) {
        live_.erase(at);
    }
}

void Book::fold(Instant cell, const Amounts& amounts) {
    add_to_cell(folded_, cell, amounts);
    folded_total_ += amounts;
    const auto changed = std::lower_bound(folded_.begin(), folded_.end(), cell, starts_before);
    const auto first = static_cast<std::size_t>(changed - folded_.begin());
    before_.resize(folded_.size());
    for (std::size_t i = first; i < folded_.size(); ++i) {
        before_[i] = i == 0 ? Usd{} : before_[i - 1] + folded_[i - 1].amounts.total();
    }
}

Amounts Book::folded_at(Instant cell) const {
    const auto at = std::lower_bound(folded_.begin(), folded_.end(), cell, starts_before);
    return at == folded_.end() || at->start != cell ? Amounts{} : at->amounts;
}

Usd Book::since(Instant start) const {
    Usd sum;
    const auto at = std::lower_bound(folded_.begin(), folded_.end(), start, starts_before);
    if (at != folded_.end()) {
        sum = folded_total_.total() - before_[static_cast<std::size_t>(at - folded_.begin())];
    }
    for (auto live = live_.rbegin(); live != live_.rend() && live->start >= start; ++live) {
        sum += live->amounts.total();
    }
    return sum;
}

Amounts Book::total() const {
    Amounts sum = folded_total_;
    for (const auto& cell : live_) {
        sum += cell.amounts;
    }
    return sum;
}

std::optional<Instant> Book::first_cell() const {
    std::optional<Instant> first;
    if (!folded_.empty()) {
        first = folded_.front().start;
    }
    if (!live_.empty() && (!first || live_.front().start < *first)) {
        first = live_.front().start;
    }
    return first;
}

}  // namespace vastwatch::ledger
