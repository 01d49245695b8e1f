#include "ledger/division.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <limits>

namespace vastwatch::ledger {
namespace {

constexpr std::int64_t nanoseconds_per_hour = 3'600'000'000'000;

struct Quotient {
    Int128 floor;
    Int128 remainder;  // not negative
};

Quotient floor_divide(Int128 numerator, Int128 denominator) {
    Quotient result{numerator / denominator, numerator % denominator};
    if (result.remainder < 0) {
        result.remainder += denominator;
        result.floor -= 1;
    }
    return result;
}

}  // namespace

void divide(Usd amount, std::span<const std::int64_t> weights, std::vector<Usd>& parts) {
    parts.assign(weights.size(), Usd{});
    if (parts.empty()) {
        return;
    }
    Int128 sum = 0;
    for (const auto weight : weights) {
        VW_ASSERT(weight >= 0);
        sum += weight;
    }
    if (sum == 0 || parts.size() == 1) {
        parts.front() = amount;
        return;
    }
    std::vector<Int128> remainders(weights.size());
    std::int64_t left = amount.nanos();
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const auto quotient = floor_divide(Int128{amount.nanos()} * weights[i], sum);
        parts[i] = Usd::from_nanos(static_cast<std::int64_t>(quotient.floor));
        remainders[i] = quotient.remainder;
        left -= static_cast<std::int64_t>(quotient.floor);
    }
    for (; left > 0; --left) {
        const auto largest = std::max_element(remainders.begin(), remainders.end());
        parts[static_cast<std::size_t>(largest - remainders.begin())] += Usd::from_nanos(1);
        *largest = -1;
    }
}

Usd from_rate_time(Int128 sum) {
    const auto quotient = floor_divide(sum, nanoseconds_per_hour);
    const Int128 twice = quotient.remainder * 2;
    Int128 nanos = quotient.floor;
    if (twice > nanoseconds_per_hour || (twice == nanoseconds_per_hour && nanos % 2 != 0)) {
        nanos += 1;
    }
    constexpr Int128 low = std::numeric_limits<std::int64_t>::min();
    constexpr Int128 high = std::numeric_limits<std::int64_t>::max();
    return Usd::from_nanos(static_cast<std::int64_t>(std::clamp(nanos, low, high)));
}

}  // namespace vastwatch::ledger
