#include "engine/changes.hpp"

#include <functional>
#include <iterator>
#include <set>
#include <type_traits>
#include <utility>

namespace vastwatch::engine {
namespace {

template <class T>
void put_before(std::vector<T>& rest, std::vector<T>& earlier) {
    earlier.insert(
        earlier.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
    rest = std::move(earlier);
}

/// Leaves out of `earlier` what one of `later` is about as well.
template <class Earlier, class Later, class KeyOfEarlier, class KeyOfLater>
void leave_out(
    std::vector<Earlier>& earlier,
    const std::vector<Later>& later,
    KeyOfEarlier key_of_earlier,
    KeyOfLater key_of_later) {
    if (earlier.empty() || later.empty()) {
        return;
    }
    std::set<std::decay_t<std::invoke_result_t<KeyOfLater, const Later&>>> keys;
    for (const auto& one : later) {
        keys.insert(std::invoke(key_of_later, one));
    }
    std::erase_if(earlier, [&](const Earlier& one) {
        return keys.contains(std::invoke(key_of_earlier, one));
    });
}

}  // namespace

bool Changes::empty() const {
    return instances.empty() && idle_clocks.empty() && gone_instances.empty() && ledger.empty() &&
           cases.empty() && holds.empty() && protections.empty() && ended_protections.empty() &&
           !pause && !pause_ended && alerts.empty() && outbox.empty() && conditions.empty() &&
           forgotten_conditions.empty() && accounts.empty() && spend_points.empty() &&
           !policy_fingerprint && !clock && !audit;
}

void Changes::keep(enforcement::Protection protection) {
    std::erase(ended_protections, protection.instance);
    protections.push_back(std::move(protection));
}

void Changes::end_protection(InstanceId id) {
    std::erase_if(protections, [&](const auto& one) { return one.instance == id; });
    ended_protections.push_back(id);
}

void Changes::keep(enforcement::Pause kept) {
    pause_ended = false;
    pause = std::move(kept);
}

void Changes::end_pause() {
    pause.reset();
    pause_ended = true;
}

void Changes::keep(alerts::Condition condition) {
    std::erase(forgotten_conditions, condition.key);
    conditions.push_back(std::move(condition));
}

void Changes::forget_condition(const std::string& key) {
    std::erase_if(conditions, [&](const auto& one) { return one.key == key; });
    forgotten_conditions.push_back(key);
}

void Changes::follow(Changes unwritten) {
    constexpr std::identity itself;
    using enforcement::Protection;
    leave_out(unwritten.protections, ended_protections, &Protection::instance, itself);
    leave_out(unwritten.ended_protections, protections, itself, &Protection::instance);
    leave_out(unwritten.conditions, forgotten_conditions, &alerts::Condition::key, itself);
    leave_out(unwritten.forgotten_conditions, conditions, itself, &alerts::Condition::key);
    put_before(gone_instances, unwritten.gone_instances);
    put_before(cases, unwritten.cases);
    put_before(holds, unwritten.holds);
    put_before(protections, unwritten.protections);
    put_before(ended_protections, unwritten.ended_protections);
    put_before(alerts, unwritten.alerts);
    put_before(outbox, unwritten.outbox);
    put_before(conditions, unwritten.conditions);
    put_before(forgotten_conditions, unwritten.forgotten_conditions);
    put_before(accounts, unwritten.accounts);
    put_before(spend_points, unwritten.spend_points);
    if (!pause && !pause_ended) {
        pause = std::move(unwritten.pause);
        pause_ended = unwritten.pause_ended;
    }
    policy_fingerprint = policy_fingerprint ? policy_fingerprint : unwritten.policy_fingerprint;
    clock = clock ? clock : unwritten.clock;
}

}  // namespace vastwatch::engine
