#include "engine/judge.hpp"

#include "base/assert.hpp"
#include "engine/enforce.hpp"
#include "engine/tell.hpp"

#include <algorithm>

namespace vastwatch::engine {
namespace {

/// Takes what was found of one instance out of the judgement.
void drop_findings(Judgement& judgement, InstanceId id) {
    // Judging everything anew goes by rising ids: nothing is there yet.
    if (judgement.instances.empty() || judgement.instances.rbegin()->first < id) {
        return;
    }
    const auto it = judgement.instances.find(id);
    if (it == judgement.instances.end()) {
        return;
    }
    judgement.at_once -= it->second.at_once ? 1U : 0U;
    judgement.momentary -= it->second.momentary ? 1U : 0U;
    judgement.instances.erase(it);
    judgement.instances_changed = true;
}

void keep_findings(Judgement& judgement, InstanceId id, rules::Judged judged) {
    drop_findings(judgement, id);
    if (judged.evaluation.findings.empty()) {
        VW_ASSERT(!judged.evaluation.next_change);
        return;
    }
    judgement.at_once += judged.at_once ? 1U : 0U;
    judgement.momentary += judged.momentary ? 1U : 0U;
    judgement.instances.emplace_hint(judgement.instances.end(), id, std::move(judged));
    judgement.instances_changed = true;
}

bool bills_at_unknown_price(const rules::Subject& subject) {
    const auto billing = fleet::billing_of(subject.instance->row);
    return (billing.gpu || billing.disk) && (!subject.rate_known || subject.rates.estimated);
}

/// When the end of an exemption by label is to be told.
std::optional<Instant> exemption_end(const rules::Subject& subject) {
    const auto since = subject.instance->label_protected_since;
    const auto longest = subject.team->rules.protect_max;
    return since && longest > Duration{0} ? std::optional{*since + longest} : std::nullopt;
}

/// What the sums have of it.
void take_back(State& state, Slot& slot) {
    if (slot.part) {
        state.tally->remove(*slot.part);
        slot.part.reset();
    }
    state.unpriced -= slot.unpriced ? 1U : 0U;
    slot.unpriced = false;
    if (slot.exempt_end) {
        state.exempt_ends.erase({*slot.exempt_end, slot->id});
        slot.exempt_end.reset();
    }
}

void judge_one(State& state, Slot& slot, Instant now) {
    take_back(state, slot);
    if (slot->missed_sweeps > 0) {
        drop_findings(state.judgement, slot->id);
        return;
    }
    const auto subject = subject_of(state, slot, now);
    slot.part = state.tally->part_of(subject);
    state.tally->add(*slot.part);
    slot.unpriced = bills_at_unknown_price(subject);
    state.unpriced += slot.unpriced ? 1U : 0U;
    slot.exempt_end = exemption_end(subject);
    if (slot.exempt_end) {
        state.exempt_ends.emplace(*slot.exempt_end, slot->id);
    }
    keep_findings(state.judgement, slot->id, rules::judge_instance(subject, now));
}

/// Touches what was judged for moments that are over by `now`.
void touch_outdated(State& state, Instant now) {
    auto& judgement = state.judgement;
    // Moments that were already over then may come again after the wall clock was set back.
    const bool backwards = !judgement.judged_at || now < *judgement.judged_at;
    if (backwards) {
        judgement.instances.clear();
        judgement.at_once = 0;
        judgement.momentary = 0;
        judgement.instances_changed = true;
        for (auto& [id, slot] : state.instances) {
            touch(state, slot);
        }
        return;
    }
    const bool any = judgement.momentary > 0 ||
                     (judgement.next_of_instances && *judgement.next_of_instances <= now);
    if (!any) {
        return;
    }
    for (const auto& [id, judged] : judgement.instances) {
        const auto next = judged.evaluation.next_change;
        if (judged.momentary || (next && *next <= now)) {
            touch(state, id);
        }
    }
}

void judge_touched(State& state, Instant now) {
    auto& judgement = state.judgement;
    const auto take = [&](Slot& slot) {
        if (slot.touched) {
            slot.touched = false;
            judge_one(state, slot, now);
        }
    };
    if (state.touched.size() > state.instances.size() / 4) {
        // Going through all of them in order is quicker than finding so many.
        for (auto& [id, slot] : state.instances) {
            take(slot);
        }
    } else {
        for (const auto id : state.touched) {
            const auto it = state.instances.find(id);
            if (it != state.instances.end()) {
                take(it->second);
            }
        }
    }
    state.touched.clear();
    if (judgement.instances_changed) {
        judgement.next_of_instances.reset();
        for (const auto& [id, judged] : judgement.instances) {
            const auto next = judged.evaluation.next_change;
            if (next && (!judgement.next_of_instances || *next < *judgement.next_of_instances)) {
                judgement.next_of_instances = next;
            }
        }
    }
    if (judgement.at_once > 0) {
        for (auto& [id, judged] : judgement.instances) {
            rules::bring_to(judged, now);
        }
    }
}

void judge_groups(State& state, Instant now) {
    state.budgets.bring_to(*state.policy, state.ledger, now);
    std::vector<rules::Subject> all;
    const rules::ListSubjects list = [&]() -> std::span<const rules::Subject> {
        all = subjects(state, now);
        return all;
    };
    state.judgement.whole =
        rules::judge_whole(rules::Whole{state.budgets, state.tally->totals(), list, now});
}

bool any_about_instances(const rules::Evaluation& evaluation) {
    return std::any_of(
        evaluation.findings.begin(), evaluation.findings.end(), [](const rules::Finding& finding) {
            return finding.instance.has_value();
        });
}

}  // namespace

void judge(State& state, Instant now) {
    auto& judgement = state.judgement;
    const bool caps_acted = any_about_instances(judgement.whole);
    judgement.instances_changed = !judgement.judged_at;
    touch_outdated(state, now);
    judge_touched(state, now);
    judge_groups(state, now);
    judgement.judged_at = now;
    judgement.next_change = judgement.next_of_instances;
    const auto next = judgement.whole.next_change;
    if (next && (!judgement.next_change || *next < *judgement.next_change)) {
        judgement.next_change = next;
    }
    // What acts follows from the findings and from the moments that next_change names: as long as
    // none of them came, it is the same.
    if (judgement.instances_changed || caps_acted || any_about_instances(judgement.whole)) {
        state.acting = acting_findings(state, now);
    }
}

void follow_policy(State& state) {
    state.tally.emplace(*state.policy);
    state.budgets.clear();
    state.watches = budget_watches(*state.policy);
    state.judgement = Judgement{};
    state.acting.clear();
    state.unpriced = 0;
    state.exempt_ends.clear();
    state.protected_ids.clear();
    // Whose team's table names one does not matter: a label that a user changes must not take the
    // protection away.
    for (const auto& team : state.policy->teams) {
        state.protected_ids.insert(
            state.protected_ids.end(), team.protected_ids.begin(), team.protected_ids.end());
    }
    std::sort(state.protected_ids.begin(), state.protected_ids.end());
    for (auto& [id, slot] : state.instances) {
        slot.team = &state.policy->team_or_unassigned(slot->team);
        slot.settled = false;
        slot.part.reset();
        slot.unpriced = false;
        slot.exempt_end.reset();
        touch(state, slot);
    }
}

void unjudge(State& state, Slot& slot) {
    take_back(state, slot);
    drop_findings(state.judgement, slot->id);
    // The pointers in it may be to what was just dropped.
    state.acting.erase(slot->id);
}

void each_finding(const State& state, const std::function<void(const rules::Finding&)>& visit) {
    for (const auto& [id, judged] : state.judgement.instances) {
        for (const auto& finding : judged.evaluation.findings) {
            visit(finding);
        }
    }
    for (const auto& finding : state.judgement.whole.findings) {
        visit(finding);
    }
}

std::vector<const rules::Finding*> findings_about(const State& state, InstanceId id) {
    std::vector<const rules::Finding*> all;
    const auto own = state.judgement.instances.find(id);
    if (own != state.judgement.instances.end()) {
        for (const auto& finding : own->second.evaluation.findings) {
            all.push_back(&finding);
        }
    }
    for (const auto& finding : state.judgement.whole.findings) {
        if (finding.instance == id) {
            all.push_back(&finding);
        }
    }
    return all;
}

const rules::Budget&
budget_of(const State& state, const policy::Team& team, policy::Window window, Instant now) {
    state.budgets.bring_to(*state.policy, state.ledger, now);
    return state.budgets.of(team, window);
}

const rules::Budget&
budget_of(const State& state, const policy::Account& account, policy::Window window, Instant now) {
    state.budgets.bring_to(*state.policy, state.ledger, now);
    return state.budgets.of(account, window);
}

}  // namespace vastwatch::engine
