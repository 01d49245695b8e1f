// Alerts about what keeps rules from acting: exemptions, pauses, holds.
#include "base/text.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

using alerts::Alert;
using alerts::Kind;
using policy::Severity;

void protection_ended(
    State& state,
    Effects& effects,
    const fleet::Instance& instance,
    const std::string& condition,
    const std::string& what,
    Now now) {
    Alert draft;
    draft.kind = Kind::exemption_ended;
    draft.severity = Severity::info;
    draft.team = instance.team;
    draft.account = instance.account;
    draft.condition = condition;
    draft.notify = notify_of(state, instance.team);
    draft.title = fmt::format("Instance {} is no longer exempt", instance.id.value());
    draft.text = fmt::format(
        "{} has ended; the rules of team {} apply to it again. `vastwatchctl explain {}` says what "
        "follows.",
        what,
        instance.team.str(),
        instance.id.value());
    list_instances(draft, {listed(state, instance, std::nullopt)});
    tell(state, effects, std::move(draft), now);
}

/// How many wait in other holds of that kind.
std::size_t waiting_besides(const State& state, const enforcement::Hold& hold) {
    std::size_t count = 0;
    for (const auto& [id, other] : state.holds) {
        const bool alike = other.kind == hold.kind && other.account == hold.account &&
                           other.decision == enforcement::Hold::Decision::open;
        count += alike && id != hold.id ? other.instances.size() : 0;
    }
    return count;
}

std::string why_held(const State& state, const enforcement::Hold& hold) {
    if (hold.kind == enforcement::Hold::Kind::reload) {
        return "The new configuration would at once act upon all of them, which is more than "
               "mass_idle_limit allows.";
    }
    const auto others = waiting_besides(state, hold);
    return fmt::format(
        "{}, which is more than mass_idle_limit allows: it may be true, or the telemetry may lie.",
        others == 0 ? "They are due for idle reaping all at once"
                    : fmt::format("They are due for idle reaping while {} wait already", others));
}

}  // namespace

void tell_hold(State& state, Effects& effects, const enforcement::Hold& hold, Now now) {
    std::vector<alerts::AlertInstance> instances;
    for (const auto id : hold.instances) {
        const auto it = state.cases.find(id);
        if (it != state.cases.end()) {
            instances.push_back(listed(it->second));
        }
    }
    Alert draft;
    draft.kind = Kind::action_held;
    draft.severity = Severity::critical;
    draft.account = hold.account;
    draft.condition = fmt::format("action_held/hold/{}", hold.id.value());
    draft.burn_rate = hold.cost;
    draft.notify = state.policy->all_notifiers;
    draft.title = fmt::format(
        "{} of account {} {} for your decision",
        named(instances),
        hold.account.str(),
        instances.size() == 1 ? "waits" : "wait");
    draft.text = fmt::format(
        "{} Together they cost {}. Nothing happens to them until somebody decides:\n\n"
        "`vastwatchctl approve {}` lets the actions go on; `vastwatchctl dismiss {}` drops them.",
        why_held(state, hold),
        format_rate(hold.cost),
        hold.id.value(),
        hold.id.value());
    list_instances(draft, std::move(instances));
    fire(state, effects, std::move(draft), std::nullopt, now);
}

void tell_hold_over(State& state, Effects& effects, const enforcement::Hold& hold, Now now) {
    Alert draft;
    draft.kind = Kind::action_held;
    draft.severity = Severity::info;
    draft.account = hold.account;
    draft.condition = fmt::format("action_held/hold/{}", hold.id.value());
    draft.notify = state.policy->all_notifiers;
    draft.title =
        fmt::format("Hold {} is {}", hold.id.value(), enforcement::to_string(hold.decision));
    draft.text = hold.decided_by.empty() ? "Nothing of it is due any more."
                                         : fmt::format("Decided by {}.", hold.decided_by);
    resolve(state, effects, std::move(draft), now);
}

void end_protections(State& state, Effects& effects, Now now) {
    std::vector<InstanceId> over;
    for (const auto& [id, protection] : state.protections) {
        if (protection.until <= now.wall) {
            over.push_back(id);
        }
    }
    for (const auto id : over) {
        state.protections.erase(id);
        state.changes.end_protection(id);
        touch(state, id);
        const auto instance = state.instances.find(id);
        if (instance != state.instances.end()) {
            protection_ended(
                state,
                effects,
                *instance->second,
                fmt::format("exemption_ended/instance/{}", id.value()),
                "Its protection by `vastwatchctl protect`",
                now);
        }
    }
}

void tell_exemptions(State& state, Effects& effects, Now now) {
    std::vector<InstanceId> over;
    for (const auto& [end, id] : state.exempt_ends) {
        if (end > now.wall) {
            break;
        }
        over.push_back(id);
    }
    std::sort(over.begin(), over.end());
    for (const auto id : over) {
        auto& slot = state.instances.at(id);
        const auto key = fmt::format("exemption_ended/label/{}", id.value());
        if (!is_firing(state, key)) {
            // Remembered for as long as an instance may reasonably live: told once.
            note_told(state, key, now.wall + std::chrono::hours{24 * 365}, now);
            protection_ended(
                state,
                effects,
                *slot,
                key,
                "Its exemption by label from the idle rule (protect_max)",
                now);
        }
        // There is nothing to look at before that is forgotten.
        state.exempt_ends.erase({*slot.exempt_end, id});
        slot.exempt_end = state.conditions.at(key).forget;
        if (slot.exempt_end) {
            state.exempt_ends.emplace(*slot.exempt_end, id);
        }
    }
}

void tell_pause(State& state, Effects& effects, Now now) {
    if (state.pause && state.pause->until && *state.pause->until <= now.wall) {
        state.pause.reset();
        state.changes.end_pause();
    }
    if (!state.pause && !is_firing(state, "enforcement_paused")) {
        return;
    }
    Alert draft;
    draft.kind = Kind::enforcement_paused;
    draft.severity = Severity::warning;
    draft.condition = "enforcement_paused";
    draft.notify = state.policy->all_notifiers;
    if (!state.pause) {
        draft.severity = Severity::info;
        draft.title = "Actions are no longer paused";
        draft.text = "Whatever became due meanwhile is looked at afresh.";
        resolve(state, effects, std::move(draft), now);
        return;
    }
    auto& pause = *state.pause;
    draft.title = "All actions are paused";
    draft.text = fmt::format(
        "Paused by {} since {}{}{}. Nothing is stopped or destroyed meanwhile, not even at a cap. "
        "`vastwatchctl resume` ends it.",
        pause.actor,
        state.policy->calendar.format(pause.since),
        pause.until ? ", until " + state.policy->calendar.format(*pause.until) : ", without an end",
        pause.reason.empty() ? "" : " (" + pause.reason + ")");
    if (fire(state, effects, draft, std::nullopt, now)) {
        pause.last_reminder = now.wall;
    } else if (now.wall - pause.last_reminder >= std::chrono::hours{24}) {
        pause.last_reminder = now.wall;
        state.changes.keep(pause);
        tell(state, effects, std::move(draft), now);
    }
}

}  // namespace vastwatch::engine
