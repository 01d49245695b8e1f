// The last look before a request: whether what was decided may still be done.
#include "engine/cases.hpp"
#include "engine/clock_steps.hpp"
#include "engine/engine.hpp"
#include "engine/judge.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace vastwatch::engine {
namespace {

using enforcement::Case;
using enforcement::Step;
using enforcement::Wait;

/// The rule still wants what it wanted, of the instance that it wanted it of.
bool still_wanted(const State& state, const Case& item, Instant now) {
    const auto instance = state.instances.find(item.instance);
    const auto findings = state.acting.find(item.instance);
    if (instance == state.instances.end() || findings == state.acting.end()) {
        return false;
    }
    return instance->second->missed_sweeps == 0 && may_be_same(item, instance->second->row) &&
           std::ranges::any_of(findings->second, [&](const rules::Finding* finding) {
               return finding->rule == item.rule && finding->action == item.action &&
                      finding->holds(now);
           });
}

/// Why its request must not leave; empty when it may.
std::string_view obstacle(const State& state, const Case& item, Instant now) {
    if (!state.policy->enforcement.enforce) {
        return "enforcement is in dry run";
    }
    if (kept_back(state, item, now)) {
        return "its hold was dismissed";
    }
    auto facts = facts_of(state, item, now);
    facts.within_limit = true;  // it is counted already
    const auto wait = enforcement::gate(item, facts, now);
    if (wait != Wait::none) {
        return enforcement::explain(wait);
    }
    if (!still_wanted(state, item, now)) {
        return "the rule no longer wants it";
    }
    if (const auto why = unrest(state, item, now); !why.empty()) {
        return why;
    }
    return enforcement::freshly_read(item, now) ? "" : "its fresh read has grown old";
}

/// Why the request for it must not leave, empty when nothing is to be sent for it any more; nothing
/// when it may leave.
std::optional<std::string_view> objection(const State& state, InstanceId id, Instant now) {
    const auto it = state.cases.find(id);
    if (it == state.cases.end() || it->second.step != Step::intended) {
        return "";
    }
    const auto why = obstacle(state, it->second, now);
    return why.empty() ? std::nullopt : std::optional{why};
}

/// Judges anew, by what is known and in force at `now`.
void look_again(State& state, Now now) {
    follow_clock(state, now);
    state.ledger.advance(now.wall);
    judge(state, now.wall);
}

void note_withdrawal(State& state, Effects& effects, Case& item, std::string_view why, Now now) {
    take_back(state, item);
    item.detail = why;
    auto record = record_of(state, item, now);
    record.outcome = "withdrawn";
    effects.audit.push_back(std::move(record));
    mark(state, item);
}

}  // namespace

bool Engine::may_leave(const RequestOrder& order, Now now) {
    look_again(state_, now);
    return std::ranges::none_of(
        order.ids, [&](InstanceId id) { return objection(state_, id, now.wall).has_value(); });
}

Effects Engine::withdraw(RequestOrder& order, Now now) {
    look_again(state_, now);
    Effects effects;
    std::erase_if(order.ids, [&](InstanceId id) {
        const auto why = objection(state_, id, now.wall);
        if (why && !why->empty()) {
            note_withdrawal(state_, effects, state_.cases.at(id), *why, now);
        }
        return why.has_value();
    });
    return effects.audit.empty() ? effects : decide(now, std::move(effects));
}

}  // namespace vastwatch::engine
