#include "ledger/posting.hpp"

#include <algorithm>
#include <array>
#include <span>

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

/// Where the accrual of the day is: what was booked of it since the latest reading or, when that is
/// nothing, all of it.
Weights accrual_weights(const Cells& cells, const OpenDay& day) {
    Weights since_reading;
    Weights all;
    for (const auto& part : day.parts) {
        const Instant cell = cells.start(part.start);
        since_reading.add(part.book, cell, part.gpu - part.then.gpu, part.disk - part.then.disk);
        all.add(part.book, cell, part.gpu, part.disk);
    }
    return has_any(since_reading.both()) ? since_reading : all;
}

/// A charge of nothing that accrued: over the time that it covers.
Weights time_weights(const Cells& cells, const OpenDay& day, bool settled) {
    Weights weights;
    const Instant end = next_utc_day(day.day);
    const Instant until = settled ? end : std::clamp(day.charge_changed, day.day, end);
    weigh_time(cells, day.charge_book, day.day, until, weights);
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
        if (part.accrued() && part.start < seen) {
            seen = part.start;
            book = part.book;
        }
    }
    if (book == nullptr && meter != nullptr) {
        seen = meter->since;
        book = meter->book;
    }
    const bool was_there = seen <= contract.account->days.at(*first).opened;
    if (book != nullptr && (was_there || cells.start(seen) != day.day)) {
        weigh_time(cells, book, day.day, seen, weights);
    }
    return weights;
}

/// GPU money goes where the GPU accrued, but no more than what did: who had it for the last minutes
/// of a day's work that no listing showed shall not pay for all of it. What is beyond that goes by
/// the accrual of the disk, which tells who had it for how long.
void divide_gpu(Usd gpu, const Weights& weights, std::vector<Usd>& parts) {
    std::int64_t believed = 0;
    for (const auto weight : weights.gpu) {
        believed = saturating_add(believed, weight);
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

void distribute(const Amounts& amounts, const Weights& weights, std::vector<Posting>& out) {
    if (weights.places.empty() || amounts == Amounts{}) {
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
    divide_gpu(amounts.gpu, weights, parts);
    put(&Amounts::gpu);
    divide(amounts.disk, has_any(weights.disk) ? weights.disk : both, parts);
    put(&Amounts::disk);
    divide(amounts.bandwidth, both, parts);
    put(&Amounts::bandwidth);
    divide(amounts.other, both, parts);
    put(&Amounts::other);
}

/// What the charge has beyond what is booked.
Amounts beyond_booked(const OpenDay& day) {
    const auto& charged = *day.charged;
    const Usd gpu = day.accrued_gpu();
    const Usd disk = day.accrued_disk();
    Amounts amounts{Usd{}, Usd{}, charged.bandwidth, charged.other};
    const Usd more = charged.gpu + charged.disk - gpu - disk;
    if (more > Usd{}) {
        amounts.gpu = std::clamp(charged.gpu - gpu, Usd{}, more);
        amounts.disk = more - amounts.gpu;
    }
    return amounts;
}

Part& part_at(const Cells& cells, OpenDay& day, Book* book, Instant start) {
    const Instant cell = cells.start(start);
    const auto known = std::ranges::find_if(day.parts, [&](const Part& part) {
        return part.book == book && cells.start(part.start) == cell;
    });
    if (known != day.parts.end()) {
        return *known;
    }
    day.parts.push_back(Part{start, book, Usd{}, Usd{}});
    return day.parts.back();
}

/// What of `gpu` and `disk` fits into the excess: GPU into GPU, disk into disk, and what is left of
/// either into what is left of it.
Amounts up_to(const Amounts& excess, Usd gpu, Usd disk) {
    const Usd taken = std::min(std::max(excess.gpu + excess.disk, Usd{}), gpu + disk);
    Amounts amounts;
    amounts.gpu = std::clamp(excess.gpu, Usd{}, std::min(gpu, taken));
    amounts.disk = std::clamp(excess.disk, Usd{}, std::min(disk, taken - amounts.gpu));
    const Usd left = taken - amounts.gpu - amounts.disk;
    const Usd more_gpu = std::min(left, gpu - amounts.gpu);
    amounts.gpu += more_gpu;
    amounts.disk += left - more_gpu;
    return amounts;
}

using Items = std::span<Usd Amounts::* const>;

constexpr std::array<Usd Amounts::*, 2> gpu_and_disk{&Amounts::gpu, &Amounts::disk};

/// What was divided, item by item, as weights; only what is above zero, or with `below` what is
/// below it.
std::vector<std::int64_t> divided(const OpenDay& day, Items items, bool below = false) {
    std::vector<std::int64_t> weights;
    for (const auto& part : day.parts) {
        for (const auto item : items) {
            const auto nanos = (part.beyond.*item).nanos();
            weights.push_back(std::max<std::int64_t>(below ? -nanos : nanos, 0));
        }
    }
    return weights;
}

/// Spreads `amount` over these items of all parts in proportion of `weights`.
void spread(OpenDay& day, Items items, Usd amount, const std::vector<std::int64_t>& weights) {
    std::vector<Usd> shares;
    divide(amount, weights, shares);
    auto share = shares.begin();
    for (auto& part : day.parts) {
        for (const auto item : items) {
            part.beyond.*item += *share++;
        }
    }
}

/// Accrual that was charged to others before it was seen counts as soon as a reading confirms it.
/// Gives what is left of `more`.
Usd confirm(OpenDay& day, Usd more) {
    const auto owed = divided(day, gpu_and_disk, true);
    std::int64_t sum = 0;
    for (const auto one : owed) {
        sum = saturating_add(sum, one);
    }
    const Usd confirmed = std::min(more, Usd::from_nanos(sum));
    if (confirmed > Usd{}) {
        spread(day, gpu_and_disk, confirmed, owed);
    }
    return more - confirmed;
}

/// What an item of the charge has more than is divided; what it has less is taken back at once, in
/// proportion of what was divided.
Usd more_of(OpenDay& day, Usd target, Usd Amounts::* item) {
    Usd known;
    for (const auto& part : day.parts) {
        known += part.beyond.*item;
    }
    if (target >= known) {
        return target - known;
    }
    const auto weights = divided(day, {&item, 1});
    if (!has_any(weights)) {
        return target - known;
    }
    spread(day, {&item, 1}, target - known, weights);
    return Usd{};
}

/// Divides what the charge has beyond what is booked and divided.
void divide_news(const Cells& cells, const ContractState& contract, OpenDay& day) {
    const auto target = beyond_booked(day);
    const Usd difference = target.gpu + target.disk - day.excess().total();
    Amounts rest;
    rest.bandwidth = more_of(day, target.bandwidth, &Amounts::bandwidth);
    rest.other = more_of(day, target.other, &Amounts::other);
    Amounts excess;
    if (difference < Usd{}) {
        spread(day, gpu_and_disk, difference, divided(day, gpu_and_disk));
    } else if (difference > Usd{}) {
        const Usd left = confirm(day, difference);
        excess.gpu = std::clamp(target.gpu - day.excess().gpu, Usd{}, left);
        excess.disk = left - excess.gpu;
    }
    std::vector<Posting> shares;
    if (excess != Amounts{} || rest != Amounts{}) {
        const auto weights = accrual_weights(cells, day);
        const auto unseen = unseen_time(cells, contract, day);
        distribute(excess, unseen.places.empty() ? weights : unseen, shares);
        distribute(rest, weights, shares);
    }
    for (const auto& share : shares) {
        part_at(cells, day, share.book, share.cell).beyond += share.amounts;
    }
}

/// The charge, as the spend was divided while the day was open.
void post_settled(const Cells& cells, OpenDay& day) {
    const auto first = day.posted.size();
    std::vector<std::int64_t> all;
    for (const auto& part : day.parts) {
        day.posted.push_back(Posting{part.book, cells.start(part.start), Amounts{}});
        const Usd spend = part.gpu + part.disk + part.beyond.total();
        all.push_back(std::max<std::int64_t>(spend.nanos(), 0));
    }
    std::vector<std::int64_t> weights;
    std::vector<Usd> shares;
    const auto post = [&](Usd Amounts::* item, Usd Part::* accrued) {
        weights.clear();
        for (const auto& part : day.parts) {
            const Usd spend = part.beyond.*item + (accrued != nullptr ? part.*accrued : Usd{});
            weights.push_back(std::max<std::int64_t>(spend.nanos(), 0));
        }
        divide(*day.charged.*item, has_any(weights) ? weights : all, shares);
        for (std::size_t i = 0; i < shares.size(); ++i) {
            day.posted[first + i].amounts.*item = shares[i];
        }
    };
    post(&Amounts::gpu, &Part::gpu);
    post(&Amounts::disk, &Part::disk);
    post(&Amounts::bandwidth, nullptr);
    post(&Amounts::other, nullptr);
}

}  // namespace

void add_accrual(const Cells& cells, OpenDay& day, const Part& more) {
    const auto known = up_to(day.excess(), more.gpu, more.disk);
    auto& part = part_at(cells, day, more.book, more.start);
    part.start = part.accrued() ? std::min(part.start, more.start) : more.start;
    part.gpu += more.gpu;
    part.disk += more.disk;
    part.beyond -= known;
}

void take_accrual(const Cells& cells, OpenDay& day, const Part& less) {
    auto& part = part_at(cells, day, less.book, less.start);
    part.gpu -= std::min(less.gpu, part.gpu);
    part.disk -= std::min(less.disk, part.disk);
}

void attribute_reading(const Cells& cells, const ContractState& contract, OpenDay& day) {
    const auto* meter = contract.meter_on(day.day);
    if (meter == nullptr || contract.account->settled(day.day)) {
        attribute(cells, contract, day);
    } else {
        // As if the meter was booked up to the reading, which it is not: later news may still say
        // that it ended before.
        const Instant read = std::min(day.charge_changed, next_utc_day(day.day));
        const Duration span = std::max(read - meter->since, Duration{0});
        const Part more{
            meter->since,
            meter->book,
            accrue(meter->rates.gpu, span),
            accrue(meter->rates.disk, span)};
        add_accrual(cells, day, more);
        divide_news(cells, contract, day);
        for (auto& part : day.parts) {
            part.then = Amounts{part.gpu, part.disk, Usd{}, Usd{}};
        }
        const auto excess = day.excess();
        auto& part = part_at(cells, day, meter->book, meter->since);
        part.gpu -= more.gpu;
        part.disk -= more.disk;
        auto unbooked = beyond_booked(day);
        unbooked -= excess;
        part.beyond += up_to(unbooked, more.gpu, more.disk);
        return;
    }
    for (auto& part : day.parts) {
        part.then = Amounts{part.gpu, part.disk, Usd{}, Usd{}};
    }
}

void attribute(const Cells& cells, const ContractState& contract, OpenDay& day) {
    if (!day.charged || contract.account->settled(day.day)) {
        return;
    }
    const auto* meter = contract.meter_on(day.day);
    if (day.parts.empty() && meter != nullptr) {
        day.parts.push_back(Part{meter->since, meter->book, Usd{}, Usd{}});
    }
    if (!day.parts.empty()) {
        divide_news(cells, contract, day);
    }
}

void post_day(const Cells& cells, const ContractState& contract, OpenDay& day) {
    day.posted.clear();
    const bool settled = contract.account->settled(day.day);
    if (day.charged && day.parts.empty()) {
        if (day.charge_book != nullptr) {
            distribute(*day.charged, time_weights(cells, day, settled), day.posted);
        }
    } else if (day.charged && settled) {
        post_settled(cells, day);
    } else {
        for (const auto& part : day.parts) {
            Amounts amounts = part.beyond;
            amounts.gpu += part.gpu;
            amounts.disk += part.disk;
            if (amounts == Amounts{}) {
                continue;
            }
            day.posted.push_back(Posting{part.book, cells.start(part.start), amounts});
        }
    }
}

Amounts charged_already(const ContractState& contract, const OpenDay& day, Instant at) {
    const auto* meter = contract.meter_on(day.day);
    if (meter == nullptr) {
        return Amounts{};
    }
    const Duration span = std::max(std::min(at, next_utc_day(day.day)) - meter->since, Duration{0});
    Amounts known;
    known -= up_to(day.excess(), accrue(meter->rates.gpu, span), accrue(meter->rates.disk, span));
    return known;
}

}  // namespace vastwatch::ledger
