// The outbox: what is due to be told, and what became of it.
#include "base/text.hpp"
#include "engine/engine.hpp"

namespace vastwatch::engine {

bool Engine::deliverable(const AlertId& alert) const {
    const bool durable = alert <= state_.durable_until || !state_.store_writable;
    return durable && state_.alerts.contains(alert);
}

std::optional<DueDelivery> Engine::due_delivery(const NotifierName& notifier, Now now) const {
    const alerts::OutboxEntry* best = nullptr;
    for (const auto& [key, entry] : state_.outbox) {
        if (!deliverable(key.first)) {
            continue;
        }
        const bool due = key.second == notifier && entry.state == alerts::Delivery::pending &&
                         entry.next_attempt <= now.wall;
        if (due && (best == nullptr || entry.next_attempt < best->next_attempt)) {
            best = &entry;
        }
    }
    if (best == nullptr) {
        return std::nullopt;
    }
    return DueDelivery{state_.alerts.at(best->alert), notifier};
}

std::optional<Instant> Engine::next_delivery(const NotifierName& notifier) const {
    std::optional<Instant> next;
    for (const auto& [key, entry] : state_.outbox) {
        const bool ours = key.second == notifier && entry.state == alerts::Delivery::pending &&
                          deliverable(key.first);
        if (ours && (!next || entry.next_attempt < *next)) {
            next = entry.next_attempt;
        }
    }
    return next;
}

Effects Engine::on_delivery(const DeliveryTried& tried, Now now) {
    Effects effects;
    const auto it = state_.outbox.find({tried.alert, tried.notifier});
    if (it == state_.outbox.end()) {
        return effects;
    }
    auto& entry = it->second;
    ++entry.attempts;
    entry.answer = printable(tried.answer, 300);
    entry.state = tried.outcome;
    if (entry.state == alerts::Delivery::pending &&
        now.wall - entry.created >= alerts::delivery_limit) {
        entry.state = alerts::Delivery::failed;
    }
    if (entry.state == alerts::Delivery::pending) {
        entry.next_attempt =
            now.wall + alerts::backoff(entry.attempts, tried.retry_after, state_.jitter());
    } else {
        entry.ended = now.wall;
    }
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
