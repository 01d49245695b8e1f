#include "ledger/contract.hpp"

#include <algorithm>

namespace vastwatch::ledger {
namespace {

bool lies_before(const OpenDay& open, Instant day) {
    return open.day < day;
}

}  // namespace

Usd OpenDay::accrued_gpu() const {
    Usd sum;
    for (const auto& part : parts) {
        sum += part.gpu;
    }
    return sum;
}

Usd OpenDay::accrued_disk() const {
    Usd sum;
    for (const auto& part : parts) {
        sum += part.disk;
    }
    return sum;
}

Amounts OpenDay::excess() const {
    Amounts sum;
    for (const auto& part : parts) {
        sum.gpu += part.beyond.gpu;
        sum.disk += part.beyond.disk;
    }
    return sum;
}

OpenDay* ContractState::find_day(Instant day) {
    const auto at = std::lower_bound(days.begin(), days.end(), day, lies_before);
    return at == days.end() || at->day != day ? nullptr : &*at;
}

const OpenDay* ContractState::find_day(Instant day) const {
    const auto at = std::lower_bound(days.begin(), days.end(), day, lies_before);
    return at == days.end() || at->day != day ? nullptr : &*at;
}

OpenDay& ContractState::make_day(Instant day) {
    auto at = std::lower_bound(days.begin(), days.end(), day, lies_before);
    if (at == days.end() || at->day != day) {
        OpenDay fresh;
        fresh.day = day;
        at = days.insert(at, std::move(fresh));
    }
    return *at;
}

const OpenMeter* ContractState::meter_on(Instant day) const {
    return meter && utc_day_start(meter->since) == day ? &*meter : nullptr;
}

std::optional<Instant> Account::first_day() const {
    for (const auto& [day, state] : days) {
        if (state.opened != before_the_ledger) {
            return day;
        }
    }
    return std::nullopt;
}

bool Account::closed(Instant day) const {
    if (days.empty()) {
        return false;
    }
    if (day < days.begin()->first) {
        return days.begin()->second.settled;
    }
    return settled(day);
}

bool Account::settled(Instant day) const {
    // Nearly all questions are about the last two or three days.
    for (auto known = days.rbegin(); known != days.rend() && known->first >= day; ++known) {
        if (known->first == day) {
            return known->second.settled;
        }
    }
    return false;
}

}  // namespace vastwatch::ledger
