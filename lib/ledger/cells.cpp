#include "ledger/cells.hpp"

#include <algorithm>
#include <utility>

namespace vastwatch::ledger {

Cells::Cells(Calendar calendar) : calendar_(std::move(calendar)) {}

Instant Cells::start(Instant instant) const {
    const auto& cuts = day_of(instant).cuts;
    return *std::prev(std::upper_bound(cuts.begin(), cuts.end(), instant));
}

Instant Cells::end(Instant instant) const {
    const auto& day = day_of(instant);
    const auto next = std::upper_bound(day.cuts.begin(), day.cuts.end(), instant);
    return next == day.cuts.end() ? next_utc_day(day.day) : *next;
}

const Cells::UtcDay& Cells::day_of(Instant instant) const {
    const Instant day = utc_day_start(instant);
    for (const auto& known : known_) {
        if (known.day == day) {
            return known;
        }
    }
    auto& slot = known_[next_];
    next_ = (next_ + 1) % known_.size();
    slot.day = day;
    slot.cuts.assign(1, day);
    const Instant end = next_utc_day(day);
    for (Instant cut = calendar_.next_day_start(day); cut < end && cut > slot.cuts.back();
         cut = calendar_.next_day_start(cut)) {
        slot.cuts.push_back(cut);
    }
    return slot;
}

Instant next_utc_day(Instant instant) {
    return utc_day_start(instant) + std::chrono::days{1};
}

}  // namespace vastwatch::ledger
