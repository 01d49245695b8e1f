// What has to be stored, and what follows when it cannot be.
#include "engine/enforce.hpp"
#include "engine/engine.hpp"
#include "engine/tell.hpp"
#include "engine/unconfigured.hpp"

#include <utility>

namespace vastwatch::engine {

namespace {

/// All instances are stored again, as they are then: nothing of them is to be kept until then.
void owe_instances(State& state) {
    state.changes.idle_clocks.clear();
    state.changes.instances.clear();
    state.instances_owed = true;
}

void take_instances(State& state, Changes& taken) {
    taken.idle_clocks.clear();
    taken.instances.clear();
    for (const auto& [id, slot] : state.instances) {
        taken.instances.push_back(*slot);
    }
    for (const auto& [id, gone] : state.departed) {
        taken.instances.push_back(*gone.instance);
    }
    state.instances_owed = false;
}

Effects tell_unwritable(State& state, std::string problem, Now now) {
    state.store_writable = false;
    state.store_problem = std::move(problem);
    owe_instances(state);
    Effects effects;
    alerts::Alert draft;
    draft.kind = alerts::Kind::state_unwritable;
    draft.severity = policy::Severity::critical;
    draft.condition = "state_unwritable";
    draft.notify = state.policy->all_notifiers;
    draft.title = "The state cannot be written: nothing is destroyed";
    draft.text = state.store_problem +
                 "\n\nWithout a durable record of what is intended nothing destructive is done.";
    fire(state, effects, std::move(draft), std::nullopt, now);
    return effects;
}

void tell_set_aside(State& state, Effects& effects, Now now) {
    constexpr Duration remembered = std::chrono::hours{30 * 24};
    alerts::Alert draft;
    draft.kind = alerts::Kind::state_damaged;
    draft.severity = policy::Severity::critical;
    draft.condition = "state_damaged/" + state.found.database;
    draft.notify = state.policy->all_notifiers;
    draft.title = "The state database was damaged: a new one is begun";
    draft.text = "The damaged one is kept as " + state.found.database +
                 ".\n\nSpend is filled from charges. Forgotten are idle clocks, which begin anew, "
                 "what was told, open holds, protections by command, and a pause: pause again if "
                 "actions were paused.";
    fire(state, effects, std::move(draft), now.wall + remembered, now);
}

void tell_broken_log(State& state, Effects& effects, Now now) {
    alerts::Alert draft;
    draft.kind = alerts::Kind::state_damaged;
    draft.severity = policy::Severity::warning;
    draft.condition = "state_damaged/audit_log";
    draft.notify = state.policy->all_notifiers;
    draft.title = "The audit log is damaged or was altered";
    draft.text = state.found.audit_log +
                 "\n\nWhat is recorded from now on is appended. `vastwatchctl audit verify` lists "
                 "all that does not chain.";
    fire(state, effects, std::move(draft), std::nullopt, now);
}

}  // namespace

Effects Engine::on_start(FoundDamage found, Now now) {
    state_.found = std::move(found);
    Effects effects;
    leave_unconfigured(state_, effects, now);
    if (!state_.found.database.empty()) {
        tell_set_aside(state_, effects, now);
    }
    if (!state_.found.audit_log.empty()) {
        tell_broken_log(state_, effects, now);
    } else {
        forget(state_, "state_damaged/audit_log");
    }
    return effects;
}

Effects Engine::on_not_durable(
    Changes unwritten,
    const std::vector<RequestOrder>& orders,
    std::string problem,
    Now now) {
    // What could not be written is owed: it goes before whatever has changed since.
    state_.ledger.retry(std::move(unwritten.ledger));
    state_.changes.follow(std::move(unwritten));
    not_durable(state_, orders, now);
    return tell_unwritable(state_, std::move(problem), now);
}

Effects Engine::on_stalled(std::string problem, Now now) {
    return tell_unwritable(state_, std::move(problem), now);
}

void Engine::on_unsent(const std::vector<RequestOrder>& orders, Now now) {
    not_durable(state_, orders, now);
}

void Engine::on_durable(const AlertId& newest_alert) {
    state_.durable_until = std::max(state_.durable_until, newest_alert);
    state_.store_writable = true;
    state_.store_problem.clear();
    forget(state_, "state_unwritable");
}

AlertId Engine::newest_alert() const {
    return state_.alerts.empty() ? AlertId{} : state_.alerts.rbegin()->first;
}

Changes Engine::take_changes() {
    Changes taken = std::exchange(state_.changes, Changes{});
    taken.ledger = state_.ledger.take_changes();
    if (state_.instances_owed) {
        take_instances(state_, taken);
    }
    return taken;
}

}  // namespace vastwatch::engine
