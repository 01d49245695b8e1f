#include "ledger/accrual_history.hpp"

#include <algorithm>

namespace vastwatch::ledger {

void AccrualHistory::step(Instant at, UsdPerHour difference) {
    if (difference.is_zero()) {
        return;
    }
    const auto place =
        std::lower_bound(steps_.begin(), steps_.end(), at, [](const Step& step, Instant when) {
            return step.at < when;
        });
    if (place != steps_.end() && place->at == at) {
        place->difference += difference.nanos();
    } else {
        steps_.insert(place, Step{at, Int128{difference.nanos()}});
    }
}

Usd AccrualHistory::accrued(Instant from, Instant to) const {
    Int128 sum = 0;
    for (const auto& step : steps_) {
        const Instant begin = std::max(step.at, from);
        if (begin < to) {
            sum += step.difference * (to - begin).count();
        }
    }
    return from_rate_time(sum);
}

void AccrualHistory::forget_before(Instant horizon) {
    const auto kept = std::find_if(
        steps_.begin(), steps_.end(), [horizon](const Step& step) { return step.at >= horizon; });
    Int128 rate = 0;
    for (auto step = steps_.begin(); step != kept; ++step) {
        rate += step->difference;
    }
    const auto first = steps_.erase(steps_.begin(), kept);
    if (rate == 0) {
        return;
    }
    if (first != steps_.end() && first->at == horizon) {
        first->difference += rate;
    } else {
        steps_.insert(first, Step{horizon, rate});
    }
}

}  // namespace vastwatch::ledger
