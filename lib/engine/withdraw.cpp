// The last look before a request: whether what was decided may still be done.
#include "engine/cases.hpp"
#include "engine/clock_steps.hpp"
#include "engine/engine.hpp"
#include "engine/judge.hpp"

#include <algorithm>
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
    if (kept_back(state, item)) {
        return "its hold was dismissed";
    }
    auto facts = facts_of(state, item, now);
    facts.within_limit = true;  // it is counted already
    const auto wait = enforcement::gate(item, facts, now);
    if (wait != Wait::none) {
        return enforcement::explain(wait);
    }
    return still_wanted(state, item, now) ? unrest(state, item, now)
                                          : "the rule no longer wants it";
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

Effects Engine::withdraw(RequestOrder& order, Now now) {
    follow_clock(state_, now);
    state_.ledger.advance(now.wall);
    judge(state_, now.wall);
    Effects effects;
    const auto leaves = [&](InstanceId id) {
        const auto it = state_.cases.find(id);
        if (it == state_.cases.end() || it->second.step != Step::intended) {
            return false;
        }
        const auto why = obstacle(state_, it->second, now.wall);
        if (!why.empty()) {
            note_withdrawal(state_, effects, it->second, why, now);
        }
        return why.empty();
    };
    std::erase_if(order.ids, [&](InstanceId id) { return !leaves(id); });
    return effects.audit.empty() ? effects : decide(now, std::move(effects));
}

}  // namespace vastwatch::engine
