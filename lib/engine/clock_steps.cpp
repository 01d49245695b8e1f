#include "engine/clock_steps.hpp"

namespace vastwatch::engine {
namespace {

void move(std::optional<Instant>& at, Duration step) {
    if (at) {
        *at += step;
    }
}

void move_instances(State& state, Duration step) {
    std::vector<InstanceId> ids;
    ids.reserve(state.instances.size());
    for (const auto& [id, slot] : state.instances) {
        ids.push_back(id);
    }
    for (const auto id : ids) {
        auto& instance = change(state, id);
        move(instance.running_since, step);
        move(instance.stopped_since, step);
        move(instance.loading_since, step);
        move(instance.label_protected_since, step);
        instance.idle = fleet::IdlePeriod{};
        mark(state, instance);
    }
}

void move_case(State& state, enforcement::Case& item, Duration step) {
    item.next_attempt += step;
    move(item.warned_at, step);
    move(item.warning_delivered_at, step);
    move(item.verified_at, step);
    move(item.intended_at, step);
    move(item.requested_at, step);
    move(item.closed_at, step);
    mark(state, item);
}

void move_cases(State& state, Duration step) {
    for (auto& [id, item] : state.cases) {
        move_case(state, item, step);
    }
    // Limits count what was done in the last hour, or minutes, also after a restart.
    for (auto& item : state.ended_cases) {
        move_case(state, item, step);
    }
    for (auto& action : state.recent_actions) {
        action.at += step;
    }
}

void move_people(State& state, Duration step) {
    for (auto& [id, protection] : state.protections) {
        protection.from += step;
        protection.until += step;
        state.changes.keep(protection);
    }
    if (state.pause) {
        state.pause->since += step;
        move(state.pause->until, step);
        state.pause->last_reminder += step;
        state.changes.keep(*state.pause);
    }
}

void move_deliveries(State& state, Duration step) {
    std::vector<alerts::OutboxEntry> pending;
    for (const auto& [notifier, waiting] : state.waiting) {
        for (const auto& [at, alert] : waiting) {
            pending.push_back(state.outbox.at({alert, notifier}));
        }
    }
    for (auto& entry : pending) {
        entry.created += step;
        entry.next_attempt += step;
        put_outbox(state, entry);
        state.changes.outbox.push_back(entry);
    }
}

/// Keeps the stored offset close enough to the true one to see a step over a restart.
void mark_offset(State& state) {
    constexpr Duration close = std::chrono::seconds{1};
    const auto& mark = state.clock_mark;
    const bool marked = mark && mark->boot == state.boot &&
                        std::chrono::abs(state.clock_offset - mark->offset) <= close;
    if (!marked && !state.boot.empty()) {
        state.clock_mark = ClockMark{state.boot, state.clock_offset};
        state.changes.clock = state.clock_mark;
    }
}

}  // namespace

void follow_clock(State& state, Now now) {
    const Duration step = offset_of(now) - state.clock_offset;
    state.clock_offset = offset_of(now);
    mark_offset(state);
    if (std::chrono::abs(step) <= clock_step_limit) {
        return;
    }
    move_instances(state, step);
    move_cases(state, step);
    move_people(state, step);
    move_deliveries(state, step);
    state.next_point = Instant::min();
}

}  // namespace vastwatch::engine
