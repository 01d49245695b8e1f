// Shorthands of the vastsim model's tests.
#pragma once

#include "model/account.hpp"

#include <string>
#include <utility>
#include <vector>

namespace vastwatch::vastsim {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline const Instant t0 = *parse_rfc3339("2026-11-21T12:00:00Z");

inline Phase phase(State state, std::optional<Duration> length = std::nullopt) {
    Phase made;
    made.state = state;
    made.length = length;
    return made;
}

/// $3.60/h for the cards and, with 720 GB at $0.10, $0.10/h for the disk.
inline InstanceSpec spec(std::int64_t id, std::vector<Phase> behaviour) {
    InstanceSpec made;
    made.id = id;
    made.label = "team/job";
    made.dph_base = 3.6;
    made.storage_cost = 0.1;
    made.disk_space = 720;
    made.behaviour = std::move(behaviour);
    return made;
}

inline AccountSpec account(std::vector<InstanceSpec> instances) {
    AccountSpec made;
    made.keys.push_back(KeySpec{"key", {}, false});
    made.instances = std::move(instances);
    return made;
}

inline Usd gpu(const ExactItems& items) {
    return items[static_cast<std::size_t>(Item::gpu)].usd();
}

inline Usd disk(const ExactItems& items) {
    return items[static_cast<std::size_t>(Item::disk)].usd();
}

inline Usd cents(std::int64_t count) {
    return Usd::from_nanos(count * 10'000'000);
}

}  // namespace vastwatch::vastsim
