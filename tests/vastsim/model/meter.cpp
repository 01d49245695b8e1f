#include "model/meter.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace vastwatch::vastsim {
namespace {

__extension__ using Int128 = __int128;

constexpr std::int64_t nanoseconds_per_hour = 3'600'000'000'000;
constexpr std::int64_t nanos_per_mill = 1'000'000;

std::int64_t divide_half_even(Int128 numerator, std::int64_t denominator) {
    Int128 quotient = numerator / denominator;
    Int128 remainder = numerator % denominator;
    if (remainder < 0) {
        remainder += denominator;
        quotient -= 1;
    }
    const Int128 twice = remainder * 2;
    if (twice > denominator || (twice == denominator && quotient % 2 != 0)) {
        quotient += 1;
    }
    return static_cast<std::int64_t>(quotient);
}

ExactItems accrued(const Rates& rates, Duration span) {
    ExactItems items;
    for (std::size_t i = 0; i < item_count; ++i) {
        items[i] = ExactUsd::accrued(rates[i], span);
    }
    return items;
}

}  // namespace

UsdPerHour total(const Rates& rates) {
    UsdPerHour sum;
    for (const UsdPerHour rate : rates) {
        sum += rate;
    }
    return sum;
}

ExactUsd ExactUsd::accrued(UsdPerHour rate, Duration span) {
    return ExactUsd{Wide{rate.nanos()} * Wide{span.count()}};
}

ExactUsd ExactUsd::of(Usd amount) {
    return ExactUsd{Wide{amount.nanos()} * nanoseconds_per_hour};
}

Usd ExactUsd::usd() const {
    return Usd::from_nanos(divide_half_even(value_, nanoseconds_per_hour));
}

std::int64_t ExactUsd::mills() const {
    return divide_half_even(value_, nanoseconds_per_hour * nanos_per_mill);
}

ExactItems operator+(const ExactItems& a, const ExactItems& b) {
    ExactItems sum = a;
    for (std::size_t i = 0; i < item_count; ++i) {
        sum[i] += b[i];
    }
    return sum;
}

ExactItems operator-(const ExactItems& a, const ExactItems& b) {
    ExactItems difference;
    for (std::size_t i = 0; i < item_count; ++i) {
        difference[i] = a[i] - b[i];
    }
    return difference;
}

ExactUsd total(const ExactItems& items) {
    ExactUsd sum;
    for (const ExactUsd item : items) {
        sum += item;
    }
    return sum;
}

void Meter::set(Instant at, const Rates& rates, const std::string& label) {
    const auto known = std::ranges::find(labels_, label);
    const auto index = static_cast<std::size_t>(known - labels_.begin());
    if (known == labels_.end()) {
        labels_.push_back(label);
    }
    if (segments_.empty()) {
        segments_.push_back(Segment{.from = at, .rates = rates, .label = index, .before = {}});
        return;
    }
    Segment& last = segments_.back();
    VW_ASSERT(at >= last.from);
    if (last.rates == rates && last.label == index) {
        return;
    }
    if (last.from == at) {
        last.rates = rates;
        last.label = index;
        return;
    }
    segments_.push_back(Segment{
        .from = at,
        .rates = rates,
        .label = index,
        .before = last.before + accrued(last.rates, at - last.from)});
}

const Meter::Segment* Meter::segment_at(Instant instant) const {
    const auto after = std::ranges::upper_bound(segments_, instant, {}, &Segment::from);
    return after == segments_.begin() ? nullptr : &*std::prev(after);
}

ExactItems Meter::until(Instant instant) const {
    const Segment* segment = segment_at(instant);
    if (segment == nullptr) {
        return {};
    }
    return segment->before + accrued(segment->rates, instant - segment->from);
}

Rates Meter::rates_at(Instant instant) const {
    const Segment* segment = segment_at(instant);
    return segment == nullptr ? Rates{} : segment->rates;
}

}  // namespace vastwatch::vastsim
