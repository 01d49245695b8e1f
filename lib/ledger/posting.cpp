#include "ledger/posting.hpp"

#include <algorithm>

namespace vastwatch::ledger {
namespace {

/// What a charge is divided by.
struct Weights {
    std::vector<Posting> places;  // amounts unused
    std::vector<std::int64_t> gpu;
    std::vector<std::int64_t> disk;

    void add(Book* book, Instant cell, Usd gpu_weight, Usd disk_weight) {
        const auto g = std::max<std::int64_t>(gpu_weight.nanos(), 0);
        const auto d = std::max<std::int64_t>(disk_weight.nanos(), 0);
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (places[i].book == book && places[i].cell == cell) {
                gpu[i] = saturating_add(gpu[i], g);
                disk[i] = saturating_add(disk[i], d);
                return;
            }
        }
        places.push_back(Posting{book, cell, Amounts{}});
        gpu.push_back(g);
        disk.push_back(d);
    }

    std::vector<std::int64_t> both() const {
        std::vector<std::int64_t> sums(gpu.size());
        for (std::size_t i = 0; i < sums.size(); ++i) {
            sums[i] = saturating_add(gpu[i], disk[i]);
        }
        return sums;
    }
};

bool has_any(const std::vector<std::int64_t>& weights) {
    return std::any_of(weights.begin(), weights.end(), [](auto weight) { return weight > 0; });
}

/// Equal weight to every second from `from` to `to`.
void weigh_time(const Cells& cells, Book* book, Instant from, Instant to, Weights& weights) {
    for (Instant at = from; at < to;) {
        const Instant end = std::min(cells.end(at), to);
        weights.add(book, cells.start(at), Usd::from_nanos((end - at).count()), Usd{});
        at = end;
    }
    if (from >= to) {
        weights.add(book, cells.start(from), Usd{}, Usd{});
    }
}

/// Where the accrual of the day is, as of the moment when the charge was read.
Weights accrual_weights(const Cells& cells, const ContractState& contract, const OpenDay& day) {
    Weights weights;
    for (const auto& part : day.parts) {
        weights.add(part.book, cells.start(part.start), part.gpu, part.disk);
    }
    if (const auto* meter = contract.meter_on(day.day)) {
        const Instant read = std::min(day.charge_changed, next_utc_day(day.day));
        const Duration span = std::max(read - meter->since, Duration{0});
        if (span > Duration{0} || weights.places.empty()) {
            weights.add(
                meter->book,
                cells.start(meter->since),
                accrue(meter->rates.gpu, span),
                accrue(meter->rates.disk, span));
        }
    }
    return weights;
}

/// A charge of nothing that accrued: over the time that it covers.
Weights time_weights(const Cells& cells, const OpenDay& day, bool settled) {
    Weights weights;
    const Instant end = next_utc_day(day.day);
    const Instant until = settled ? end : std::clamp(day.charge_changed, day.day, end);
    weigh_time(cells, day.charge_book, day.day, until, weights);
    return weights;
}

Weights
weights_of(const Cells& cells, const ContractState& contract, const OpenDay& day, bool settled) {
    auto weights = accrual_weights(cells, contract, day);
    if (weights.places.empty() && day.charge_book != nullptr) {
        return time_weights(cells, day, settled);
    }
    return weights;
}

/// When the ledger began in the middle of this day, for an instance that was there before: the time
/// until then, which only charges know of, and which was whose it was first. The same when a local
/// midnight lies between the day's beginning and the moment when it was first seen. Otherwise
/// empty.
Weights unseen_time(const Cells& cells, const ContractState& contract, const OpenDay& day) {
    Weights weights;
    const auto first = contract.account->first_day();
    if (!first || day.day > *first + std::chrono::days{1}) {
        return weights;
    }
    const auto* meter = contract.meter_on(day.day);
    Instant seen = next_utc_day(day.day);
    Book* book = nullptr;
    for (const auto& part : day.parts) {
        if (part.start < seen) {
            seen = part.start;
            book = part.book;
        }
    }
    if (day.parts.empty() && meter != nullptr) {
        seen = meter->since;
        book = meter->book;
    }
    const bool was_there = seen <= contract.account->days.at(*first).opened;
    if (book != nullptr && (was_there || cells.start(seen) != day.day)) {
        weigh_time(cells, book, day.day, seen, weights);
    }
    return weights;
}

/// A GPU charge goes where the GPU accrued, but no more than `multiple` of what did: who had it for
/// the last minutes of a day's work that no listing showed shall not pay for all of it. What is
/// beyond that goes by the accrual of the disk, which tells who had it for how long.
void divide_gpu(Usd gpu, const Weights& weights, int multiple, std::vector<Usd>& parts) {
    std::int64_t believed = 0;
    for (const auto weight : weights.gpu) {
        for (int i = 0; i < multiple; ++i) {
            believed = saturating_add(believed, weight);
        }
    }
    const Usd by_gpu = Usd::from_nanos(believed);
    if (by_gpu == Usd{} || gpu <= by_gpu || !has_any(weights.disk)) {
        divide(gpu, has_any(weights.gpu) ? weights.gpu : weights.both(), parts);
        return;
    }
    std::vector<Usd> rest;
    divide(by_gpu, weights.gpu, parts);
    divide(gpu - by_gpu, weights.disk, rest);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        parts[i] += rest[i];
    }
}

/// `multiple`: as for divide_gpu.
void distribute(
    const Amounts& amounts,
    const Weights& weights,
    int multiple,
    std::vector<Posting>& out) {
    if (weights.places.empty()) {
        return;
    }
    const auto first = out.size();
    out.insert(out.end(), weights.places.begin(), weights.places.end());
    if (weights.places.size() == 1) {
        out.back().amounts = amounts;
        return;
    }
    const auto both = weights.both();
    std::vector<Usd> parts;
    const auto put = [&](Usd Amounts::* item) {
        for (std::size_t i = 0; i < parts.size(); ++i) {
            out[first + i].amounts.*item = parts[i];
        }
    };
    divide_gpu(amounts.gpu, weights, multiple, parts);
    put(&Amounts::gpu);
    divide(amounts.disk, has_any(weights.disk) ? weights.disk : both, parts);
    put(&Amounts::disk);
    divide(amounts.bandwidth, both, parts);
    put(&Amounts::bandwidth);
    divide(amounts.other, both, parts);
    put(&Amounts::other);
}

/// A day's whole charge: up to as much again as accrued is where the accrual is.
constexpr int of_whole = 2;
/// The same of what a charge has beyond the accrual.
constexpr int of_excess = 1;

/// Bandwidth and the like, where the accrual of the day is.
void post_rest(
    const Cells& cells,
    const ContractState& contract,
    OpenDay& day,
    const Amounts& rest) {
    const auto* meter = day.parts.empty() ? contract.meter_on(day.day) : nullptr;
    if (meter != nullptr) {
        // There is one place only, as nearly always today: nothing has to be weighed.
        day.posted.push_back(Posting{meter->book, cells.start(meter->since), rest});
        return;
    }
    distribute(rest, weights_of(cells, contract, day, false), of_excess, day.posted);
}

void post_accrual(const Cells& cells, OpenDay& day) {
    for (const auto& part : day.parts) {
        day.posted.push_back(
            Posting{part.book, cells.start(part.start), Amounts{part.gpu, part.disk, {}, {}}});
    }
}

Amounts excess_over(const Amounts& charged, Usd accrued_gpu, Usd accrued_disk) {
    const Usd more = charged.gpu + charged.disk - accrued_gpu - accrued_disk;
    if (more <= Usd{}) {
        return Amounts{};
    }
    Amounts amounts;
    amounts.gpu = std::clamp(charged.gpu - accrued_gpu, Usd{}, more);
    amounts.disk = more - amounts.gpu;
    return amounts;
}

}  // namespace

void post_day(const Cells& cells, const ContractState& contract, OpenDay& day) {
    day.posted.clear();
    const bool settled = contract.account->settled(day.day);
    if (!day.charged) {
        post_accrual(cells, day);
        return;
    }
    const Usd gpu = day.accrued_gpu();
    const Usd disk = day.accrued_disk();
    const auto& charged = *day.charged;
    const Amounts rest{Usd{}, Usd{}, charged.bandwidth, charged.other};
    if (settled) {
        const auto weights = weights_of(cells, contract, day, settled);
        const bool more = charged.gpu >= gpu && charged.disk >= disk;
        const auto unseen = more ? unseen_time(cells, contract, day) : Weights{};
        if (unseen.places.empty()) {
            distribute(charged, weights, of_whole, day.posted);
            return;
        }
        post_accrual(cells, day);
        const Amounts more_than_accrued{charged.gpu - gpu, charged.disk - disk, {}, {}};
        distribute(more_than_accrued, unseen, of_excess, day.posted);
        distribute(rest, weights, of_excess, day.posted);
        return;
    }
    post_accrual(cells, day);
    post_rest(cells, contract, day, rest);
    if (contract.meter_on(day.day) == nullptr) {
        divide_excess(cells, contract, day, excess_over(charged, gpu, disk), day.posted);
    }
}

Amounts excess(const ContractState& contract, const OpenDay& day, Instant at) {
    if (!day.charged || contract.account->settled(day.day)) {
        return Amounts{};
    }
    Usd gpu = day.accrued_gpu();
    Usd disk = day.accrued_disk();
    if (const auto* meter = contract.meter_on(day.day)) {
        const Instant until = std::min(at, next_utc_day(day.day));
        const Duration span = std::max(until - meter->since, Duration{0});
        gpu += accrue(meter->rates.gpu, span);
        disk += accrue(meter->rates.disk, span);
    }
    return excess_over(*day.charged, gpu, disk);
}

Instant excess_end(const ContractState& contract, const OpenDay& day) {
    const auto* meter = contract.meter_on(day.day);
    if (meter == nullptr) {
        return Instant::max();
    }
    // GPU and disk are each rounded by less than a nano-dollar.
    constexpr Usd rounding = Usd::from_nanos(2);
    const Usd more = excess(contract, day, meter->since).total() + rounding;
    const auto wait = time_to_spend(more, meter->rates.total());
    const Instant midnight = next_utc_day(day.day);
    return wait && *wait < midnight - meter->since ? meter->since + *wait : Instant::max();
}

void divide_excess(
    const Cells& cells,
    const ContractState& contract,
    const OpenDay& day,
    const Amounts& amounts,
    std::vector<Posting>& out) {
    if (amounts == Amounts{}) {
        return;
    }
    const auto unseen = unseen_time(cells, contract, day);
    const auto weights = unseen.places.empty() ? weights_of(cells, contract, day, false) : unseen;
    distribute(amounts, weights, of_excess, out);
}

}  // namespace vastwatch::ledger
