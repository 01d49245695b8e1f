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

/// The hold of a changed policy that lists the instance and was decided so.
const Hold* reload_hold_of(const State& state, InstanceId id, Hold::Decision decision) {
    for (const auto& [number, hold] : state.holds) {
        if (hold.kind == Hold::Kind::reload && hold.decision == decision &&
            std::find(hold.instances.begin(), hold.instances.end(), id) != hold.instances.end()) {
            return &hold;
        }
    }
    return nullptr;
}

bool approved(const State& state, const Case& item) {
    if (!item.hold) {
        return false;
    }
    const auto it = state.holds.find(*item.hold);
    return it != state.holds.end() && it->second.decision == Hold::Decision::approved;
}

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

void record_hold(State& state, Effects& effects, const Case& item, Now now) {
    count(state, item, "held");
    auto record = record_of(state, item, now);
    record.action = "hold";
    record.outcome = "held";
    effects.audit.push_back(std::move(record));
    mark(state, item);
}

/// Always a hold of its own: whoever approves one takes what its alert listed, and nothing that
/// came later.
void hold(
    State& state,
    Effects& effects,
    Hold::Kind kind,
    const AccountName& account,
    const std::vector<InstanceId>& ids,
    Now now) {
    Hold made;
    made.id = HoldId{state.next_hold++};
    made.kind = kind;
    made.account = account;
    made.created = now.wall;
    made.instances = ids;
    made.cost = cost_of(state, ids);
    for (const auto id : ids) {
        auto& item = state.cases.at(id);
        item.step = Step::held;
        item.hold = made.id;
        record_hold(state, effects, item, now);
    }
    mark(state, made);
    tell_hold(state, effects, made, now);
    state.holds.emplace(made.id, std::move(made));
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

}  // namespace

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

bool kept_back(const State& state, const enforcement::Case& item) {
    return reload_hold_of(state, item.instance, Hold::Decision::dismissed) != nullptr;
}

void hold_again(State& state, Effects& effects, enforcement::Case& item, Now now) {
    const auto* hold = reload_hold_of(state, item.instance, Hold::Decision::open);
    if (hold == nullptr) {
        return;
    }
    item.step = Step::held;
    item.hold = hold->id;
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
            hold(state, effects, Hold::Kind::mass_idle, account, mass.ready, now);
        }
    }
}

void lapse_holds(State& state, Effects& effects, Now now) {
    for (auto& [number, item] : state.holds) {
        if (item.decision != Hold::Decision::open) {
            continue;
        }
        const bool alive =
            std::any_of(item.instances.begin(), item.instances.end(), [&](InstanceId id) {
                const auto it = state.cases.find(id);
                return it != state.cases.end() && it->second.hold == item.id;
            });
        if (!alive) {
            item.decision = Hold::Decision::lapsed;
            item.decided = now.wall;
            mark(state, item);
            tell_hold_over(state, effects, item, now);
        }
    }
}

void judge_new_policy(
    State& state,
    Effects& effects,
    const AccountName& account,
    bool was_dry_run,
    Now now) {
    const auto& grouped = state.acting;
    std::vector<InstanceId> fresh_ones;
    for (const auto& [id, findings] : grouped) {
        const auto instance = state.instances.find(id);
        if (instance == state.instances.end() || instance->second->account != account) {
            continue;
        }
        const auto wanted = choose(state, findings, now.wall);
        const auto known = state.cases.find(id);
        const bool was_due = known != state.cases.end() && known->second.due <= now.wall &&
                             !enforcement_begins(state, known->second, was_dry_run);
        if (wanted.first != nullptr && wanted.first->holds(now.wall) && !was_due) {
            fresh_ones.push_back(id);
        }
    }
    if (!exceeds_mass_limit(state, fresh_ones.size(), running_in(state, account))) {
        return;
    }
    for (const auto id : fresh_ones) {
        const auto known = state.cases.find(id);
        if (known == state.cases.end() || known->second.step == Step::dry_run) {
            open_case(state, effects, id, choose(state, grouped.at(id), now.wall), now);
        }
    }
    hold(state, effects, Hold::Kind::reload, account, fresh_ones, now);
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
        if (it == state.cases.end() || it->second.step != Step::held) {
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
