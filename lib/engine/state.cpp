#include "engine/state.hpp"

#include "base/assert.hpp"

namespace vastwatch::engine {

fleet::Instance& change(State& state, InstanceId id) {
    auto& slot = state.instances.at(id);
    VW_ASSERT(slot != nullptr);
    if (slot.use_count() > 1) {
        slot = std::make_shared<fleet::Instance>(*slot);
    }
    return *slot;
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

namespace {

/// All ids that the operator's file protects. Whose team's table names one does not matter: a label
/// that a user changes must not take the protection away.
std::vector<InstanceId> protected_ids(const policy::Policy& policy) {
    std::vector<InstanceId> all;
    for (const auto& team : policy.teams) {
        all.insert(all.end(), team.protected_ids.begin(), team.protected_ids.end());
    }
    std::sort(all.begin(), all.end());
    return all;
}

rules::Subject make_subject(
    const State& state,
    const fleet::Instance& instance,
    const std::vector<InstanceId>& protected_by_file,
    Instant now) {
    rules::Subject subject;
    subject.instance = &instance;
    subject.team = &state.policy->team_or_unassigned(instance.team);
    const auto rates = state.ledger.instance_rates(instance.id);
    subject.rate_known = rates.has_value();
    subject.rates = rates.value_or(fleet::Rates{});
    subject.protected_id =
        std::binary_search(protected_by_file.begin(), protected_by_file.end(), instance.id);
    const auto protection = state.protections.find(instance.id);
    if (protection != state.protections.end() && protection->second.until > now) {
        subject.protected_until = protection->second.until;
    }
    return subject;
}

}  // namespace

rules::Subject subject_of(const State& state, const fleet::Instance& instance, Instant now) {
    return make_subject(state, instance, protected_ids(*state.policy), now);
}

std::vector<rules::Subject> subjects(const State& state, Instant now) {
    std::vector<rules::Subject> all;
    all.reserve(state.instances.size());
    const auto protected_by_file = protected_ids(*state.policy);
    for (const auto& [id, instance] : state.instances) {
        if (instance->missed_sweeps == 0) {
            all.push_back(make_subject(state, *instance, protected_by_file, now));
        }
    }
    return all;
}

bool fresh(const State& state, const AccountName& account, Instant now) {
    const auto it = state.accounts.find(account);
    if (it == state.accounts.end() || !it->second.state.last_sweep) {
        return false;
    }
    const auto age = now - *it->second.state.last_sweep;
    return age <= state.policy->enforcement.max_staleness && it->second.swept_this_run;
}

}  // namespace vastwatch::engine
