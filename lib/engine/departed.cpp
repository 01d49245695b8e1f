#include "engine/departed.hpp"

#include <algorithm>
#include <utility>

namespace vastwatch::engine {
namespace {

/// Charges of what went unseen come hours late, and have to find whose it was.
constexpr Duration remembered_for = std::chrono::hours{48};

}  // namespace

bool is_gone(const State& state, const Slot& slot) {
    if (slot->missed_sweeps < 2) {
        return false;
    }
    const auto open = state.cases.find(slot->id);
    return open == state.cases.end() || enforcement::is_end(open->second.step);
}

void depart(State& state, InstanceId id) {
    auto& slot = state.instances.at(id);
    auto& instance = change_quietly(slot);
    instance.idle = fleet::IdlePeriod{};
    mark(state, instance);
    state.departed.insert_or_assign(id, Departed{slot.instance, slot.unmetered_since});
    state.next_farewell = std::min(state.next_farewell, instance.last_seen + remembered_for);
    remove_instance(state, id);
}

Slot* come_back(State& state, InstanceId id, const AccountName& account) {
    auto known = state.departed.extract(id);
    if (known.empty()) {
        return nullptr;
    }
    auto& [instance, unmetered_since] = known.mapped();
    instance->account = account;
    auto& slot = add_instance(state, std::move(instance));
    slot.unmetered_since = unmetered_since;
    return &slot;
}

void forget_departed(State& state, Instant now) {
    if (now < state.next_farewell) {
        return;
    }
    state.next_farewell = Instant::max();
    std::erase_if(state.departed, [&](const auto& entry) {
        const Instant end = entry.second.instance->last_seen + remembered_for;
        if (end <= now) {
            state.changes.gone_instances.push_back(entry.first);
            return true;
        }
        state.next_farewell = std::min(state.next_farewell, end);
        return false;
    });
}

}  // namespace vastwatch::engine
