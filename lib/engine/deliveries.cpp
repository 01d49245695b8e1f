// The outbox: what is due to be told, and what became of it.
#include "base/text.hpp"
#include "engine/clock_steps.hpp"
#include "engine/engine.hpp"
#include "engine/tell.hpp"

#include <algorithm>

namespace vastwatch::engine {

bool Engine::deliverable(const AlertId& alert) const {
    const bool durable = alert <= state_.durable_until || !state_.store_writable;
    return durable && state_.alerts.contains(alert);
}

std::optional<std::pair<Instant, AlertId>> Engine::first_waiting(
    const NotifierName& notifier) const {
    const auto waiting = state_.waiting.find(notifier);
    if (waiting == state_.waiting.end()) {
        return std::nullopt;
    }
    for (const auto& entry : waiting->second) {
        if (deliverable(entry.second)) {
            return entry;
        }
    }
    return std::nullopt;
}

std::optional<DueDelivery> Engine::due_delivery(const NotifierName& notifier, Now now) const {
    const auto first = first_waiting(notifier);
    if (!first || first->first > now.wall) {
        return std::nullopt;
    }
    return DueDelivery{state_.alerts.at(first->second), notifier};
}

std::optional<Instant> Engine::next_delivery(const NotifierName& notifier) const {
    const auto first = first_waiting(notifier);
    return first ? std::optional{first->first} : std::nullopt;
}

Effects Engine::on_delivery(const DeliveryTried& tried, Now now) {
    follow_clock(state_, now);
    Effects effects;
    const auto it = state_.outbox.find({tried.alert, tried.notifier});
    if (it == state_.outbox.end()) {
        return effects;
    }
    auto entry = it->second;
    ++entry.attempts;
    entry.answer = printable(tried.answer, 300);
    entry.state = tried.outcome;
    if (entry.state == alerts::Delivery::pending &&
        now.wall - entry.created >= alerts::delivery_limit) {
        entry.state = alerts::Delivery::failed;
    }
    effects.delivery = entry.state;
    if (entry.state == alerts::Delivery::pending) {
        entry.next_attempt =
            now.wall + alerts::backoff(entry.attempts, tried.retry_after, state_.jitter());
    } else {
        entry.ended = now.wall;
        state_.next_forget = std::min(state_.next_forget, now.wall + keep_delivered);
    }
    put_outbox(state_, entry);
    state_.changes.outbox.push_back(entry);
    if (!tried.reached_somebody) {
        return effects;
    }
    bool confirmed = false;
    for (auto& [id, item] : state_.cases) {
        if (item.warning == tried.alert && !item.warning_delivered_at) {
            item.warning_delivered_at = now.wall;
            mark(state_, item);
            confirmed = true;
        }
    }
    return confirmed ? decide(now, std::move(effects)) : effects;
}

}  // namespace vastwatch::engine
