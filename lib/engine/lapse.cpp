// When what waits for an operator is over by itself.
#include "engine/cases.hpp"
#include "engine/judge.hpp"
#include "engine/tell.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace vastwatch::engine {
namespace {

using enforcement::Hold;
using enforcement::Step;
using rules::Rule;

/// A reload's hold ends when the complete listings of so long, and no fewer than so many, found
/// nothing of it due: an empty one, or a column that is null, is no end.
constexpr Duration quiet_for = std::chrono::hours{1};
constexpr int quiet_listings = 3;

/// What is to be stopped or destroyed, though a protection may keep it from that for a while.
bool would_act(const rules::Finding& finding, Instant now) {
    return finding.instance && finding.action >= policy::Action::stop && finding.holds(now);
}

/// The holds of which something is due still.
std::set<HoldId> holds_in_use(const State& state, Instant now) {
    std::set<HoldId> all;
    for (const auto& [id, item] : state.cases) {
        if (item.step == Step::held && item.hold) {
            all.insert(*item.hold);
        }
    }
    each_finding(state, [&](const rules::Finding& finding) {
        const auto* item = would_act(finding, now) ? keeping_hold(state, finding) : nullptr;
        if (item != nullptr) {
            all.insert(item->id);
        }
    });
    return all;
}

bool is_listed(const State& state, InstanceId id) {
    const auto slot = state.instances.find(id);
    return slot != state.instances.end() && slot->second->missed_sweeps == 0;
}

bool can_tell(const State& state, InstanceId id, Rule rule, Instant now) {
    const auto& slot = state.instances.at(id);
    return rules::can_tell(rule, subject_of(state, slot, now));
}

/// What is listed of it says nothing, of some instance, about what it waits for.
bool is_doubtful(const State& state, const Hold& item, Instant now) {
    return std::ranges::any_of(item.wanted, [&](const auto& wanted) {
        const auto& [id, rule] = wanted;
        return is_listed(state, id) && !can_tell(state, id, rule, now);
    });
}

/// Takes one more look at a reload's hold of which nothing is due. True when that lasted long
/// enough.
bool is_over(State& state, const Hold& item, Now now) {
    const auto account = state.accounts.find(item.account);
    if (account == state.accounts.end()) {
        return true;  // it is not configured any more
    }
    const auto& listing = account->second.state.last_sweep;
    if (!account->second.swept_this_run || is_doubtful(state, item, now.wall)) {
        return false;
    }
    auto& quiet = state.quiet_holds.try_emplace(item.id, QuietHold{now.mono, {}, 0}).first->second;
    if (quiet.listing != listing) {
        quiet.listing = listing;
        ++quiet.listings;
    }
    return quiet.listings >= quiet_listings && now.mono - quiet.since >= quiet_for;
}

void lapse(State& state, Effects& effects, Hold& item, Now now) {
    item.decision = Hold::Decision::lapsed;
    item.decided = now.wall;
    mark(state, item);
    tell_hold_over(state, effects, item, now);
}

}  // namespace

void lapse_holds(State& state, Effects& effects, Now now) {
    const auto is_open = [](const auto& entry) {
        return entry.second.decision == Hold::Decision::open;
    };
    if (std::ranges::none_of(state.holds, is_open)) {
        state.quiet_holds.clear();
        return;
    }
    const auto in_use = holds_in_use(state, now.wall);
    for (auto& [number, item] : state.holds) {
        if (item.decision != Hold::Decision::open || in_use.contains(number)) {
            state.quiet_holds.erase(number);
        } else if (item.kind == Hold::Kind::mass_idle || is_over(state, item, now)) {
            lapse(state, effects, item, now);
        }
    }
}

bool all_listed(const State& state, const AccountName& account) {
    return std::ranges::all_of(state.instances, [&](const auto& entry) {
        return entry.second->account != account || entry.second->missed_sweeps == 0;
    });
}

void outdate_holds(State& state, Effects& effects, const AccountName& account, Now now) {
    if (!all_listed(state, account)) {
        return;  // what is found may depend on what is there
    }
    std::set<std::pair<InstanceId, Rule>> found;
    each_finding(state, [&](const rules::Finding& finding) {
        if (would_act(finding, now.wall)) {
            found.emplace(*finding.instance, finding.rule);
        }
    });
    for (auto& [number, item] : state.holds) {
        const bool concerned = item.decision == Hold::Decision::open && item.account == account &&
                               !item.wanted.empty();
        const auto outdated = std::erase_if(item.wanted, [&](const auto& wanted) {
            return concerned && !found.contains(wanted) &&
                   (!state.instances.contains(wanted.first) ||
                    can_tell(state, wanted.first, wanted.second, now.wall));
        });
        if (outdated == 0) {
            continue;
        }
        std::erase_if(item.instances, [&](InstanceId id) {
            const auto wanted = item.wanted.lower_bound({id, Rule{}});
            return wanted == item.wanted.end() || wanted->first != id;
        });
        item.cost = cost_of(state, item.instances);
        mark(state, item);
        if (item.instances.empty()) {
            lapse(state, effects, item, now);
        }
    }
}

}  // namespace vastwatch::engine
