#include "engine/state.hpp"

#include "base/assert.hpp"
#include "engine/judge.hpp"

#include <algorithm>

namespace vastwatch::engine {
namespace {

constexpr std::size_t max_ended_cases = 1000;

bool destroyed_it(const enforcement::Case& item) {
    return item.action == policy::Action::destroy && item.requested_at &&
           item.step == enforcement::Step::confirmed;
}

bool is_under_way(enforcement::Step step) {
    return step == enforcement::Step::intended || step == enforcement::Step::requested;
}

}  // namespace

Slot& add_instance(State& state, std::shared_ptr<fleet::Instance> instance) {
    const auto id = instance->id;
    const auto home = state.homes.try_emplace(instance->account, 0).first;
    ++home->second;
    auto& slot = state.instances[id];
    VW_ASSERT(slot.instance == nullptr);
    slot.instance = std::move(instance);
    slot.home = &home->first;
    slot.team = &state.policy->team_or_unassigned(slot->team);
    touch(state, slot);
    return slot;
}

void remove_instance(State& state, InstanceId id) {
    const auto it = state.instances.find(id);
    VW_ASSERT(it != state.instances.end());
    unjudge(state, it->second);
    --state.homes.at(it->second->account);
    state.instances.erase(it);
}

fleet::Instance& change(State& state, InstanceId id) {
    auto& slot = state.instances.at(id);
    slot.settled = false;
    touch(state, slot);
    return change_quietly(slot);
}

fleet::Instance& change_quietly(Slot& slot) {
    VW_ASSERT(slot.instance != nullptr);
    if (slot.instance.use_count() > 1) {
        slot.instance = std::make_shared<fleet::Instance>(*slot.instance);
    }
    return *slot.instance;
}

void touch(State& state, Slot& slot) {
    if (!slot.touched) {
        slot.touched = true;
        state.touched.push_back(slot->id);
    }
}

void touch(State& state, InstanceId id) {
    const auto it = state.instances.find(id);
    if (it != state.instances.end()) {
        touch(state, it->second);
    }
}

void mark(State& state, const fleet::Instance& instance) {
    state.changes.instances.push_back(instance);
}

void mark_clock(State& state, const fleet::Instance& instance) {
    state.changes.idle_clocks.push_back(IdleClock{
        instance.id, instance.last_seen, instance.still, instance.idle, instance.samples});
}

void mark(State& state, const enforcement::Case& item) {
    state.changes.cases.push_back(item);
}

void mark(State& state, const enforcement::Hold& hold) {
    state.changes.holds.push_back(hold);
}

void mark(State& state, const AccountState& account) {
    state.changes.accounts.push_back(account);
}

rules::Subject subject_of(const State& state, const Slot& slot, Instant now) {
    const auto& instance = *slot;
    rules::Subject subject;
    subject.instance = &instance;
    subject.team = slot.team;
    const auto rates = state.ledger.instance_rates(instance.id);
    subject.rate_known = rates.has_value();
    subject.rates = rates.value_or(fleet::Rates{});
    subject.protected_id =
        std::binary_search(state.protected_ids.begin(), state.protected_ids.end(), instance.id);
    const auto protection = state.protections.find(instance.id);
    if (protection != state.protections.end() && protection->second.until > now) {
        subject.protected_until = protection->second.until;
    }
    const auto item = state.cases.find(instance.id);
    if (item != state.cases.end() && is_under_way(item->second.step)) {
        subject.asked = item->second.action;
    }
    return subject;
}

std::vector<rules::Subject> subjects(const State& state, Instant now) {
    std::vector<rules::Subject> all;
    all.reserve(state.instances.size());
    for (const auto& [id, slot] : state.instances) {
        if (slot->missed_sweeps == 0) {
            all.push_back(subject_of(state, slot, now));
        }
    }
    return all;
}

void end_case(State& state, enforcement::Case item) {
    state.ended_cases.push_front(std::move(item));
    const auto& newest = state.ended_cases.front();
    if (destroyed_it(newest)) {
        state.destroyed.insert_or_assign(newest.instance, &newest);
    }
    if (state.ended_cases.size() > max_ended_cases) {
        const auto& oldest = state.ended_cases.back();
        const auto known = state.destroyed.find(oldest.instance);
        if (known != state.destroyed.end() && known->second == &oldest) {
            state.destroyed.erase(known);
        }
        state.ended_cases.pop_back();
    }
}

void put_outbox(State& state, const alerts::OutboxEntry& entry) {
    auto& waiting = state.waiting[entry.notifier];
    const auto [known, is_new] = state.outbox.try_emplace({entry.alert, entry.notifier}, entry);
    if (!is_new) {
        waiting.erase({known->second.next_attempt, entry.alert});
        known->second = entry;
    }
    if (entry.state == alerts::Delivery::pending) {
        waiting.emplace(entry.next_attempt, entry.alert);
    }
}

Instant seen_at(const State& state, const LiveAccount& account) {
    const auto& last = account.state.last_sweep;
    if (account.swept_this_run && last && account.clock_offset) {
        return *last + (state.clock_offset - *account.clock_offset);
    }
    const Now start = account.added.value_or(state.started);
    const Instant began = start.wall + (state.clock_offset - offset_of(start));
    // A process that has just started has not looked in vain yet, however long it was down.
    const bool tried = !account.problem.empty();
    return tried ? std::min(last.value_or(began), began) : began;
}

bool fresh(const State& state, const AccountName& account, Instant now) {
    const auto it = state.accounts.find(account);
    return it != state.accounts.end() && it->second.swept_this_run &&
           now - seen_at(state, it->second) <= state.policy->enforcement.max_staleness;
}

bool fresh(const State& state, const AccountName& account, Now now) {
    return fresh(state, account, Instant{now.mono.time_since_epoch() + state.clock_offset});
}

Duration gap_of_sweeps(const State& state, const LiveAccount& account) {
    const auto* access = state.policy->find_account(account.state.name);
    const Duration poll = access == nullptr ? Duration{0} : access->poll_interval;
    return 3 * std::max(poll, account.sweeps_take);
}

}  // namespace vastwatch::engine
