// What operators command.
#include "base/text.hpp"
#include "engine/clock_steps.hpp"
#include "engine/enforce.hpp"
#include "engine/engine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

AuditRecord operator_record(Now now, std::string action, const std::string& actor) {
    AuditRecord record;
    record.time = now.wall;
    record.action = std::move(action);
    record.actor = actor;
    record.outcome = "done";
    return record;
}

}  // namespace

std::pair<Answer, Effects> Engine::protect(const Protect& wish, const std::string& actor, Now now) {
    follow_clock(state_, now);
    const auto it = state_.instances.find(wish.instance);
    if (it == state_.instances.end() || it->second->missed_sweeps > 0) {
        return {
            Answer{false, fmt::format("there is no instance {}", wish.instance.value())},
            Effects{}};
    }
    const auto& rules = state_.policy->team_or_unassigned(it->second->team).rules;
    constexpr Duration usual = std::chrono::hours{24};
    const bool limited = rules.protect_max > Duration{0};
    const Duration wanted =
        wish.duration.value_or(limited ? std::min(usual, rules.protect_max) : usual);
    if (limited && wanted > rules.protect_max) {
        return {
            Answer{
                false,
                fmt::format(
                    "protect_max of team {} is {}: ask for that at most",
                    it->second->team.str(),
                    format_duration(rules.protect_max))},
            Effects{}};
    }
    enforcement::Protection protection;
    protection.instance = wish.instance;
    protection.from = now.wall;
    protection.until = now.wall + wanted;
    protection.actor = actor;
    protection.reason = printable(wish.reason, 200);
    state_.protections.insert_or_assign(wish.instance, protection);
    touch(state_, wish.instance);
    state_.changes.keep(protection);
    Effects effects;
    auto record = operator_record(now, "protect", actor);
    record.instance = wish.instance;
    record.team = it->second->team;
    record.account = it->second->account;
    record.label = it->second->row.label;
    record.detail = fmt::format(
        "until {}{}{}",
        format_rfc3339(protection.until),
        protection.reason.empty() ? "" : ": ",
        protection.reason);
    effects.audit.push_back(std::move(record));
    return {
        Answer{
            true,
            fmt::format(
                "instance {} is exempt from every rule until {}",
                wish.instance.value(),
                state_.policy->calendar.format(protection.until))},
        decide(now, std::move(effects))};
}

std::pair<Answer, Effects> Engine::unprotect(InstanceId id, const std::string& actor, Now now) {
    follow_clock(state_, now);
    if (state_.protections.erase(id) == 0) {
        return {
            Answer{false, fmt::format("instance {} is not protected by a command", id.value())},
            Effects{}};
    }
    state_.changes.end_protection(id);
    touch(state_, id);
    Effects effects;
    auto record = operator_record(now, "unprotect", actor);
    record.instance = id;
    effects.audit.push_back(std::move(record));
    return {
        Answer{true, fmt::format("the rules apply to instance {} again", id.value())},
        decide(now, std::move(effects))};
}

std::pair<Answer, Effects>
Engine::decide_hold(std::optional<HoldId> hold, bool approve, const std::string& actor, Now now) {
    follow_clock(state_, now);
    std::vector<enforcement::Hold*> open;
    for (auto& [id, item] : state_.holds) {
        if (item.decision == enforcement::Hold::Decision::open && (!hold || *hold == id)) {
            open.push_back(&item);
        }
    }
    if (open.empty()) {
        const auto text = hold ? fmt::format("there is no open hold {}", hold->value())
                               : std::string{"nothing is held"};
        return {Answer{false, text}, Effects{}};
    }
    if (open.size() > 1) {
        std::string ids;
        for (const auto* item : open) {
            ids += fmt::format(" {}", item->id.value());
        }
        return {Answer{false, "several holds are open, say which:" + ids}, Effects{}};
    }
    Effects effects;
    engine::decide(state_, effects, *open.front(), approve, actor, now);
    const auto text = fmt::format(
        "hold {} is {}: {} instances, {}",
        open.front()->id.value(),
        approve ? "approved" : "dismissed",
        open.front()->instances.size(),
        format_rate(open.front()->cost));
    return {Answer{true, text}, decide(now, std::move(effects))};
}

std::pair<Answer, Effects> Engine::pause(
    std::optional<Duration> duration,
    std::string reason,
    const std::string& actor,
    Now now) {
    follow_clock(state_, now);
    enforcement::Pause pause;
    pause.since = state_.pause ? state_.pause->since : now.wall;
    pause.actor = actor;
    pause.reason = printable(reason, 200);
    pause.last_reminder = now.wall;
    if (duration) {
        pause.until = now.wall + *duration;
    }
    state_.pause = pause;
    state_.changes.keep(pause);
    Effects effects;
    auto record = operator_record(now, "pause", actor);
    record.detail = fmt::format(
        "{}{}{}",
        pause.until ? "until " + format_rfc3339(*pause.until) : "without an end",
        pause.reason.empty() ? "" : ": ",
        pause.reason);
    effects.audit.push_back(std::move(record));
    const auto text =
        pause.until ? "actions are paused until " + state_.policy->calendar.format(*pause.until)
                    : std::string{"actions are paused until somebody resumes them"};
    return {Answer{true, text}, decide(now, std::move(effects))};
}

std::pair<Answer, Effects> Engine::resume(const std::string& actor, Now now) {
    follow_clock(state_, now);
    if (!state_.pause) {
        return {Answer{false, "actions are not paused"}, Effects{}};
    }
    state_.pause.reset();
    state_.changes.end_pause();
    Effects effects;
    effects.audit.push_back(operator_record(now, "resume", actor));
    return {Answer{true, "actions are resumed"}, decide(now, std::move(effects))};
}

}  // namespace vastwatch::engine
