// What has to be stored, and what follows when it cannot be.
#include "engine/enforce.hpp"
#include "engine/engine.hpp"
#include "engine/tell.hpp"

#include <iterator>
#include <utility>

namespace vastwatch::engine {

Effects Engine::on_not_durable(
    Changes unwritten,
    const std::vector<RequestOrder>& orders,
    std::string problem,
    Now now) {
    state_.store_writable = false;
    state_.store_problem = std::move(problem);
    // What could not be written is owed: it goes before whatever has changed since.
    auto& later = state_.changes;
    const auto prepend = [](auto& earlier, auto& rest) {
        earlier.insert(
            earlier.end(),
            std::make_move_iterator(rest.begin()),
            std::make_move_iterator(rest.end()));
        rest = std::move(earlier);
    };
    later.idle_clocks.clear();
    later.instances.clear();
    for (const auto& [id, instance] : state_.instances) {
        later.instances.push_back(*instance);
    }
    for (const auto& [id, gone] : state_.departed) {
        later.instances.push_back(*gone.instance);
    }
    prepend(unwritten.gone_instances, later.gone_instances);
    prepend(unwritten.cases, later.cases);
    prepend(unwritten.holds, later.holds);
    prepend(unwritten.protections, later.protections);
    prepend(unwritten.ended_protections, later.ended_protections);
    prepend(unwritten.alerts, later.alerts);
    prepend(unwritten.outbox, later.outbox);
    prepend(unwritten.conditions, later.conditions);
    prepend(unwritten.forgotten_conditions, later.forgotten_conditions);
    prepend(unwritten.accounts, later.accounts);
    prepend(unwritten.spend_points, later.spend_points);
    later.pause = later.pause ? later.pause : unwritten.pause;
    later.pause_ended = later.pause_ended || unwritten.pause_ended;
    later.policy_fingerprint =
        later.policy_fingerprint ? later.policy_fingerprint : unwritten.policy_fingerprint;
    state_.ledger.retry(std::move(unwritten.ledger));
    not_durable(state_, orders, now);
    Effects effects;
    alerts::Alert draft;
    draft.kind = alerts::Kind::state_unwritable;
    draft.severity = policy::Severity::critical;
    draft.condition = "state_unwritable";
    draft.notify = state_.policy->all_notifiers;
    draft.title = "The state cannot be written: nothing is destroyed";
    draft.text = state_.store_problem +
                 "\n\nWithout a durable record of what is intended nothing destructive is done.";
    fire(state_, effects, std::move(draft), std::nullopt, now);
    return effects;
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
    return taken;
}

}  // namespace vastwatch::engine
