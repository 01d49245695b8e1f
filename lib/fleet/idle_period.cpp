#include "fleet/idle_period.hpp"

#include "fleet/take.hpp"

#include <algorithm>

namespace vastwatch::fleet {
namespace {

IdlePeriod begin_at(const Sample& sample) {
    IdlePeriod period;
    period.began = sample.at;
    period.last_idle = sample.at;
    period.last_sample = sample.at;
    period.last_known = sample.at;
    period.highest = sample.gpu_util;
    return period;
}

double busy_share(const IdlePeriod& period, Duration busy) {
    const auto whole = period.last_sample - *period.began;
    return whole.count() == 0
               ? 0
               : static_cast<double>(busy.count()) / static_cast<double>(whole.count());
}

}  // namespace

Percent IdlePeriod::coverage() const {
    const auto whole = idle + busy + unknown;
    if (whole.count() == 0) {
        return Percent{100};
    }
    return Percent{
        100.0 * static_cast<double>((idle + busy).count()) / static_cast<double>(whole.count())};
}

void take(IdlePeriod& period, const Sample& sample, IdleRules rules, bool interrupted) {
    const bool backwards = period.began && sample.at < period.last_sample;
    const bool gap = period.began && sample.evidence != Evidence::unknown &&
                     sample.at - period.last_known > rules.max_gap;
    if (interrupted || backwards || gap) {
        period = IdlePeriod{};
    }
    if (!period.began) {
        if (sample.evidence == Evidence::idle) {
            period = begin_at(sample);
        }
        return;
    }
    const auto since_known = sample.at - period.last_known;
    if (sample.evidence != Evidence::unknown && since_known > rules.sweeps) {
        period.longest_gap = std::max(period.longest_gap, since_known);
    }
    const auto step = sample.at - period.last_sample;
    period.last_sample = sample.at;
    switch (sample.evidence) {
        case Evidence::unknown:
            period.pending_unknown += step;
            return;
        case Evidence::busy:
            period.pending_busy += step;
            period.last_known = sample.at;
            // Without tolerance one busy sample ends it, even one that took no time.
            if (rules.tolerance.value() <= 0 ||
                busy_share(period, period.busy + period.pending_busy) > rules.tolerance.ratio()) {
                period = IdlePeriod{};
            }
            return;
        case Evidence::idle:
            break;
    }
    period.idle += step;
    period.busy += period.pending_busy;
    period.unknown += period.pending_unknown;
    period.pending_busy = Duration{0};
    period.pending_unknown = Duration{0};
    period.last_idle = sample.at;
    period.last_known = sample.at;
    period.highest = std::max(period.highest, sample.gpu_util);
}

IdlePeriod extend(IdlePeriod period, const Sample& sample, IdleRules rules, bool interrupted) {
    take(period, sample, rules, interrupted);
    return period;
}

}  // namespace vastwatch::fleet
