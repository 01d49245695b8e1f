// Mass actions: what is too much at once waits for an operator (spec section 7).
#include "engine/cases.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

using enforcement::Case;
using enforcement::Hold;
using enforcement::Step;
using enforcement::Wait;
using rules::Rule;

constexpr Duration recently = std::chrono::minutes{10};

/// The finding is of the window in which the hold was made. A cap that is reached in a later one
/// is not what the reload made due.
bool is_of_its_window(const State& state, const Hold& hold, const rules::Finding& finding) {
    if (!finding.window || !finding.window_end) {
        return true;
    }
    const auto& calendar = state.policy->calendar;
    const Instant last = *finding.window_end - Duration{1};
    return hold.created >= (*finding.window == policy::Window::day ? calendar.day_start(last)
                                                                   : calendar.month_start(last));
}

bool keeps_back(const State& state, const Hold& hold, const rules::Finding& finding) {
    const bool in_force =
        hold.decision == Hold::Decision::open || hold.decision == Hold::Decision::dismissed;
    return hold.kind == Hold::Kind::reload && in_force &&
           enforcement::has(hold, *finding.instance, finding.rule) &&
           is_of_its_window(state, hold, finding);
}

bool approved(const State& state, const Case& item) {
    if (!item.hold) {
        return false;
    }
    const auto it = state.holds.find(*item.hold);
    return it != state.holds.end() && it->second.decision == Hold::Decision::approved;
}

void record_hold(State& state, Effects& effects, const Case& item, Now now) {
    count(state, item, "held");
    // Of all that is wanted it waits with what a reload made due.
    const auto& hold = state.holds.at(*item.hold);
    auto waiting = item;
    std::erase_if(waiting.reasons, [&](const enforcement::Reason& reason) {
        return hold.kind == Hold::Kind::reload &&
               !enforcement::has(hold, item.instance, reason.rule);
    });
    auto record = record_of(state, waiting, now);
    record.action = "hold";
    record.outcome = "held";
    effects.audit.push_back(std::move(record));
    mark(state, item);
}

/// Always a hold of its own: whoever approves one takes what its alert listed, and nothing that
/// came later.
void hold(State& state, Effects& effects, Hold& made, Now now) {
    made.id = HoldId{state.next_hold++};
    made.created = now.wall;
    made.cost = cost_of(state, made.instances);
    const auto& kept = state.holds.emplace(made.id, made).first->second;
    for (const auto id : kept.instances) {
        auto& item = state.cases.at(id);
        item.step = Step::held;
        item.hold = kept.id;
        record_hold(state, effects, item, now);
    }
    mark(state, kept);
    tell_hold(state, effects, kept, now);
}

bool exceeds_mass_limit(const State& state, std::size_t due, std::size_t running) {
    const auto& limits = state.policy->enforcement;
    return due >= static_cast<std::size_t>(std::max(limits.mass_idle_minimum, 1)) &&
           static_cast<double>(due) > static_cast<double>(running) * limits.mass_idle_limit.ratio();
}

std::size_t running_in(const State& state, const AccountName& account) {
    std::size_t running = 0;
    for (const auto& [id, instance] : state.instances) {
        if (instance->account == account && instance->missed_sweeps == 0 &&
            fleet::is_running(instance->row)) {
            ++running;
        }
    }
    return running;
}

/// In dry run it was due in words only: what enforces now makes it due.
bool enforcement_begins(const State& state, const Case& item, bool was_dry_run) {
    const bool waited = item.step == Step::pending || item.step == Step::verifying;
    return state.policy->enforcement.enforce &&
           (item.step == Step::dry_run || (was_dry_run && waited));
}

/// What a changed policy makes due of an instance: it was not before, nor does it wait already.
std::vector<Rule> made_due(
    const State& state,
    InstanceId id,
    const std::vector<const rules::Finding*>& findings,
    bool was_dry_run,
    Instant now) {
    const auto known = state.cases.find(id);
    if (known != state.cases.end()) {
        const auto& item = known->second;
        const bool under_way = item.step == Step::intended || item.step == Step::requested;
        const bool was_due = item.due <= now && !waits_for_reload(state, item) &&
                             !enforcement_begins(state, item, was_dry_run);
        if (under_way || was_due) {
            return {};
        }
    }
    std::vector<Rule> all;
    for (const auto* finding : findings) {
        if (finding->holds(now) && keeping_hold(state, *finding) == nullptr) {
            all.push_back(finding->rule);
        }
    }
    return all;
}

}  // namespace

UsdPerHour cost_of(const State& state, const std::vector<InstanceId>& ids) {
    UsdPerHour total;
    for (const auto id : ids) {
        const auto it = state.cases.find(id);
        if (it != state.cases.end()) {
            total += it->second.rate;
        }
    }
    return total;
}

const Hold* keeping_hold(const State& state, const rules::Finding& finding) {
    for (const auto& [number, item] : state.holds) {
        if (keeps_back(state, item, finding)) {
            return &item;
        }
    }
    return nullptr;
}

bool waits_for_reload(const State& state, const enforcement::Case& item) {
    const auto found = item.hold ? state.holds.find(*item.hold) : state.holds.end();
    return item.step == Step::held && found != state.holds.end() &&
           found->second.kind == Hold::Kind::reload;
}

std::map<InstanceId, const Hold*> dismissed_holds(const State& state) {
    std::map<InstanceId, const Hold*> all;
    for (const auto& [number, hold] : state.holds) {
        if (hold.kind == Hold::Kind::reload && hold.decision == Hold::Decision::dismissed) {
            for (const auto id : hold.instances) {
                all.emplace(id, &hold);
            }
        }
    }
    return all;
}

void end_dismissals(State& state) {
    for (auto& [id, hold] : state.holds) {
        if (hold.kind == Hold::Kind::reload && hold.decision == Hold::Decision::dismissed) {
            hold.decision = Hold::Decision::lapsed;
            mark(state, hold);
        }
    }
}

bool kept_back(const State& state, const enforcement::Case& item, Instant now) {
    const auto findings = state.acting.find(item.instance);
    if (findings == state.acting.end()) {
        return false;
    }
    bool any_kept = false;
    for (const auto* finding : findings->second) {
        if (finding->rule != item.rule || finding->action != item.action || !finding->holds(now)) {
            continue;
        }
        if (keeping_hold(state, *finding) == nullptr) {
            return false;
        }
        any_kept = true;
    }
    return any_kept;
}

void hold_again(State& state, Effects& effects, enforcement::Case& item, HoldId hold, Now now) {
    leave_mass_hold(state, item);
    item.step = Step::held;
    item.hold = hold;
    record_hold(state, effects, item, now);
}

bool leave_mass_hold(State& state, const enforcement::Case& item) {
    const auto found = item.hold ? state.holds.find(*item.hold) : state.holds.end();
    if (found == state.holds.end() || found->second.kind != Hold::Kind::mass_idle ||
        found->second.decision != Hold::Decision::open) {
        return false;
    }
    std::erase(found->second.instances, item.instance);
    found->second.cost = cost_of(state, found->second.instances);
    mark(state, found->second);
    return true;
}

/// Idle cases about to act, by account, and holds them where they are too many.
void hold_masses(State& state, Effects& effects, Now now) {
    struct Mass {
        std::vector<InstanceId> ready;
        std::size_t under_way = 0;
        std::size_t removed = 0;
    };

    std::map<AccountName, Mass> masses;
    for (const auto& [id, item] : state.cases) {
        if (item.rule != Rule::idle || approved(state, item)) {
            continue;
        }
        auto& mass = masses[item.account];
        const bool movable = item.step == Step::pending || item.step == Step::verifying;
        if (movable &&
            enforcement::gate(item, facts_of(state, item, now.wall), now.wall) == Wait::none) {
            mass.ready.push_back(id);
        } else if (
            item.step == Step::held || item.step == Step::intended ||
            item.step == Step::requested) {
            ++mass.under_way;
        }
    }
    const bool any_ready = std::any_of(masses.begin(), masses.end(), [](const auto& entry) {
        return !entry.second.ready.empty();
    });
    if (!any_ready) {
        return;
    }
    for (const auto& item : state.ended_cases) {
        const bool counts = item.rule == Rule::idle && item.step == Step::confirmed &&
                            item.closed_at && *item.closed_at + recently > now.wall;
        if (counts) {
            ++masses[item.account].removed;
        }
    }
    for (const auto& [account, mass] : masses) {
        const auto due = mass.ready.size() + mass.under_way + mass.removed;
        const auto running = running_in(state, account) + mass.removed;
        if (!mass.ready.empty() && exceeds_mass_limit(state, due, running)) {
            Hold made;
            made.kind = Hold::Kind::mass_idle;
            made.account = account;
            made.instances = mass.ready;
            hold(state, effects, made, now);
        }
    }
}

void judge_new_policy(
    State& state,
    Effects& effects,
    const AccountName& account,
    const PolicyChange& policy_change,
    Now now) {
    if (!policy_change.judged) {
        outdate_holds(state, effects, account, now);
    }
    Hold made;
    made.kind = Hold::Kind::reload;
    made.account = account;
    for (const auto& [id, findings] : state.acting) {
        const auto instance = state.instances.find(id);
        if (instance == state.instances.end() || instance->second->account != account) {
            continue;
        }
        const auto wanted = made_due(state, id, findings, policy_change.from_dry_run, now.wall);
        for (const auto rule : wanted) {
            made.wanted.emplace(id, rule);
        }
        if (!wanted.empty()) {
            made.instances.push_back(id);
        }
    }
    if (!exceeds_mass_limit(state, made.instances.size(), running_in(state, account))) {
        return;
    }
    for (const auto id : made.instances) {
        const auto known = state.cases.find(id);
        if (known == state.cases.end() || known->second.step == Step::dry_run) {
            open_case(state, effects, id, choose(state, state.acting.at(id), now.wall), now);
        } else {
            refresh_reasons(state, known->second);
        }
    }
    hold(state, effects, made, now);
}

void decide(
    State& state,
    Effects& effects,
    enforcement::Hold& item,
    bool approve,
    const std::string& actor,
    Now now) {
    item.decision = approve ? Hold::Decision::approved : Hold::Decision::dismissed;
    item.decided = now.wall;
    item.decided_by = actor;
    mark(state, item);
    AuditRecord record;
    record.time = now.wall;
    record.action = approve ? "approve" : "dismiss";
    record.actor = actor;
    record.account = item.account;
    record.outcome = std::string{enforcement::to_string(item.decision)};
    record.detail = fmt::format(
        "hold {} of {} instances, {}",
        item.id.value(),
        item.instances.size(),
        format_rate(item.cost));
    effects.audit.push_back(std::move(record));
    for (const auto id : item.instances) {
        const auto it = state.cases.find(id);
        if (it == state.cases.end() || it->second.step != Step::held ||
            it->second.hold != item.id) {
            continue;
        }
        if (approve) {
            it->second.step = Step::pending;
            mark(state, it->second);
            continue;
        }
        if (it->second.rule == Rule::idle) {
            change(state, id).idle = fleet::IdlePeriod{};  // its idle clock starts again
            mark(state, *state.instances.at(id));
        }
        close(state, effects, id, Step::dropped, "dismissed by " + actor, now);
    }
    tell_hold_over(state, effects, item, now);
}

}  // namespace vastwatch::engine
