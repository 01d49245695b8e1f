#include "engine/restore.hpp"

#include "engine/departed.hpp"

#include <algorithm>

namespace vastwatch::engine {
namespace {

void restore_instances(State& state, Changes& stored) {
    for (auto& instance : stored.instances) {
        auto made = std::make_shared<fleet::Instance>(std::move(instance));
        made->fresh_samples = 0;
        if (state.instances.contains(made->id)) {
            remove_instance(state, made->id);  // the later record counts
        }
        add_instance(state, std::move(made));
    }
    for (auto& clock : stored.idle_clocks) {
        const auto it = state.instances.find(clock.id);
        if (it != state.instances.end() && it->second->last_seen <= clock.last_seen) {
            auto& instance = change_quietly(it->second);
            instance.last_seen = clock.last_seen;
            instance.still = clock.still;
            instance.idle = clock.idle;
            instance.samples = std::move(clock.samples);
        }
    }
}

/// Those that were gone when the process ended.
void restore_departed(State& state) {
    std::vector<InstanceId> gone;
    for (const auto& [id, slot] : state.instances) {
        if (is_gone(state, slot)) {
            gone.push_back(id);
        }
    }
    for (const auto id : gone) {
        depart(state, id);
    }
}

void restore_cases(State& state, std::vector<enforcement::Case> cases) {
    std::sort(cases.begin(), cases.end(), [](const auto& a, const auto& b) {
        return a.number < b.number;
    });
    for (auto& item : cases) {
        state.next_case = std::max(state.next_case, item.number + 1);
        const bool over = enforcement::is_end(item.step) &&
                          (item.step != enforcement::Step::dry_run || item.closed_at);
        if (item.intended_at && !item.cap) {
            // None is to come: a clock that was wrong said so.
            const Instant intended = std::min(*item.intended_at, state.started.wall);
            state.recent_actions.push_back(CountedAction{intended, std::nullopt});
        }
        const auto outcome = item.step == enforcement::Step::confirmed ? "done"
                             : item.step == enforcement::Step::dry_run ? "dry_run"
                             : item.step == enforcement::Step::dropped ? "dropped"
                                                                       : nullptr;
        if (outcome != nullptr) {
            ++state.counts[{item.team, item.rule, item.action, outcome}];
        }
        if (over) {
            end_case(state, std::move(item));
        } else {
            state.cases.insert_or_assign(item.instance, std::move(item));
        }
    }
    std::ranges::sort(state.recent_actions, {}, &CountedAction::at);
}

}  // namespace

void restore(State& state, Changes stored) {
    restore_instances(state, stored);
    restore_cases(state, std::move(stored.cases));
    restore_departed(state);
    for (auto& hold : stored.holds) {
        state.next_hold = std::max(state.next_hold, hold.id.value() + 1);
        state.holds.insert_or_assign(hold.id, std::move(hold));
    }
    for (auto& protection : stored.protections) {
        state.protections.insert_or_assign(protection.instance, std::move(protection));
    }
    state.pause = stored.pause;
    for (auto& condition : stored.conditions) {
        auto key = condition.key;
        state.conditions.insert_or_assign(std::move(key), std::move(condition));
    }
    for (auto& alert : stored.alerts) {
        auto id = alert.id;
        state.alerts.insert_or_assign(std::move(id), std::move(alert));
    }
    for (auto& entry : stored.outbox) {
        put_outbox(state, entry);
    }
    for (auto& account : stored.accounts) {
        auto name = account.name;
        state.accounts[name].state = std::move(account);
    }
    for (auto& point : stored.spend_points) {
        state.curves[point.team].push_back(point);
    }
    state.clock_mark = std::move(stored.clock);
    if (state.clock_mark && state.clock_mark->boot == state.boot && !state.boot.empty()) {
        state.clock_offset = state.clock_mark->offset;
    }
    state.ledger.restore(std::move(stored.ledger));
}

}  // namespace vastwatch::engine
