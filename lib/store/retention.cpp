#include "store/retention.hpp"

#include <algorithm>

namespace vastwatch::store {
namespace {

/// The latest of the moments it is given.
class Latest {
  public:
    void add(Instant at) { value_ = value_ ? std::max(*value_, at) : at; }

    void add(std::optional<Instant> at) {
        if (at) {
            add(*at);
        }
    }

    std::optional<Instant> value() const { return value_; }

  private:
    std::optional<Instant> value_;
};

}  // namespace

std::optional<Instant> newest(const engine::Changes& changes) {
    Latest latest;
    for (const auto& instance : changes.instances) {
        latest.add(instance.last_seen);
    }
    for (const auto& clock : changes.idle_clocks) {
        latest.add(clock.last_seen);
    }
    for (const auto& account : changes.accounts) {
        latest.add(account.last_sweep);
    }
    for (const auto& alert : changes.alerts) {
        latest.add(alert.time);
    }
    for (const auto& one : changes.cases) {
        latest.add(one.opened);
        latest.add(one.closed_at);
    }
    for (const auto& point : changes.spend_points) {
        latest.add(point.at);
    }
    return latest.value();
}

std::optional<Instant> PruneSchedule::step(Instant now) {
    if (!mark_ || now < *mark_ - prune_pause) {
        // The first commit ever, or the clock was set back.
        mark_ = now;
        unfinished_ = false;
        return std::nullopt;
    }
    if (unfinished_) {
        return as_of_;
    }
    if (now < *mark_ + prune_pause) {
        return std::nullopt;
    }
    as_of_ = *mark_;
    mark_ = now;
    return as_of_;
}

}  // namespace vastwatch::store
