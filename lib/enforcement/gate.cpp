#include "enforcement/gate.hpp"

#include <algorithm>

namespace vastwatch::enforcement {

Instant earliest(const Case& item, const Facts& facts) {
    if (item.rule != rules::Rule::idle || facts.idle_warning == Duration{0} || !item.warned_at) {
        return item.due;
    }
    return std::max(item.due, *item.warned_at + facts.idle_warning);
}

bool warning_is_over(const Case& item, const Facts& facts, Instant now) {
    if (facts.idle_warning == Duration{0}) {
        return true;
    }
    if (!item.warned_at || now < *item.warned_at + facts.idle_warning) {
        return false;
    }
    const Instant from = std::max(item.due, *item.warned_at + facts.idle_warning);
    return item.warning_delivered_at || now >= from + facts.warning_delivery;
}

Wait gate(const Case& item, const Facts& facts, Instant now) {
    const Instant from = earliest(item, facts);
    if (from > now) {
        return Wait::deadline;
    }
    if (item.next_attempt > now) {
        return Wait::retry;
    }
    if (!facts.data_fresh) {
        return Wait::stale_data;
    }
    if (!facts.budget_seen) {
        return Wait::unseen_spend;
    }
    if (!facts.sampled) {
        return Wait::fresh_samples;
    }
    if (facts.paused) {
        return Wait::paused;
    }
    if (!facts.store_writable) {
        return Wait::state_unwritable;
    }
    if (item.rule == rules::Rule::idle && !warning_is_over(item, facts, now)) {
        return Wait::warning;
    }
    return facts.within_limit ? Wait::none : Wait::rate_limit;
}

bool owes_warning(const Case& item, const Facts& facts, Instant now) {
    return item.rule == rules::Rule::idle && facts.idle_warning > Duration{0} && !item.warned_at &&
           !facts.paused && facts.data_fresh && facts.sampled &&
           now >= item.due - facts.idle_warning;
}

bool freshly_read(const Case& item, Instant now) {
    return item.verified_at && *item.verified_at <= now &&
           now - *item.verified_at <= verification_valid;
}

Duration retry_pause(int attempts) {
    constexpr Duration first = std::chrono::seconds{30};
    constexpr Duration longest = std::chrono::minutes{10};
    return std::min<Duration>(first * (1 << std::clamp(attempts - 1, 0, 10)), longest);
}

}  // namespace vastwatch::enforcement
