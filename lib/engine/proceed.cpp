// Cases onward: warned, held, read once more, intended, ordered (spec section 7, steps 1 to 5).
#include "engine/cases.hpp"
#include "engine/recipe_json.hpp"
#include "engine/tell.hpp"

#include <algorithm>

namespace vastwatch::engine {
namespace {

using enforcement::Case;
using enforcement::Step;
using enforcement::Wait;
using policy::Action;
using rules::Rule;

constexpr std::size_t max_request = 64;  // ids in one bulk request (API 4.3, 4.5)

/// The latest usable sample lies so far back that the next one begins the idle period anew.
bool idleness_lapsed(const State& state, const Case& item, Instant now) {
    const auto& slot = state.instances.at(item.instance);
    const auto account = state.accounts.find(item.account);
    const Duration sweeps =
        account == state.accounts.end() ? Duration{0} : gap_of_sweeps(state, account->second);
    return slot->idle.began &&
           now - slot->idle.last_known > std::max(slot.team->rules.idle_max_gap, sweeps);
}

void warn(State& state, Effects& effects, Now now) {
    std::vector<InstanceId> warned;
    for (auto& [id, item] : state.cases) {
        // What waits for what a reload made due is announced once somebody has approved it.
        const bool open = item.step == Step::pending ||
                          (item.step == Step::held && !waits_for_reload(state, item));
        if (open && enforcement::owes_warning(item, facts_of(state, item, now.wall), now.wall) &&
            !idleness_lapsed(state, item, now.wall)) {
            item.warned_at = now.wall;
            refresh_reasons(state, item);
            warned.push_back(id);
        }
    }
    if (warned.empty()) {
        return;
    }
    tell_idle_warnings(state, effects, warned, now);
    for (const auto id : warned) {
        const auto& item = state.cases.at(id);
        auto record = record_of(state, item, now);
        record.action = "warn";
        record.outcome = "warned";
        effects.audit.push_back(std::move(record));
        mark(state, item);
    }
}

/// May this case be read ahead of its time, so that the request leaves at the crossing?
bool read_ahead(const Case& item, Wait wait, Instant now) {
    return item.cap && wait == Wait::deadline && item.due > now;
}

void would_have(State& state, Effects& effects, const std::vector<InstanceId>& ids, Now now) {
    std::vector<Case> done;
    for (const auto id : ids) {
        auto& item = state.cases.at(id);
        refresh_reasons(state, item);
        item.step = Step::dry_run;
        item.detail = "dry run: nothing was done";
        count(state, item, "dry_run");
        auto record = record_of(state, item, now);
        record.outcome = "dry_run";
        effects.audit.push_back(std::move(record));
        mark(state, item);
        done.push_back(item);
    }
    if (!done.empty()) {
        tell_done(state, effects, done, true, now);
    }
}

bool still_holds(const State& state, const Case& item, Instant now) {
    if (item.rule != Rule::idle) {
        return true;  // the finding is there, by the rows just read
    }
    const auto& slot = state.instances.at(item.instance);
    return unrest(state, item, now).empty() &&
           rules::idle_state(subject_of(state, slot, now), now).holds;
}

/// The most expensive first.
void sort_by_rate(const State& state, std::vector<InstanceId>& ids) {
    std::sort(ids.begin(), ids.end(), [&](InstanceId a, InstanceId b) {
        const auto& left = state.cases.at(a);
        const auto& right = state.cases.at(b);
        return left.rate != right.rate ? left.rate > right.rate : a < b;
    });
}

void intend(State& state, Effects& effects, std::vector<InstanceId> ids, Now now) {
    sort_by_rate(state, ids);
    std::map<std::pair<AccountName, Action>, RequestOrder> orders;
    const auto flush = [&](RequestOrder& order) {
        effects.requests.push_back(order);
        order.ids.clear();
    };
    for (const auto id : ids) {
        auto& item = state.cases.at(id);
        refresh_reasons(state, item);
        uncount(state, item);  // another attempt is no further action
        item.step = Step::intended;
        item.wait = Wait::none;
        item.intended_at = now.wall;
        ++item.attempts;
        if (!item.cap) {
            state.recent_actions.push_back(CountedAction{now.wall, item.number});
        }
        auto record = record_of(state, item, now);
        record.outcome = "intended";
        if (item.recipe) {
            record.recipe = recipe_json(*item.recipe);
        }
        effects.audit.push_back(std::move(record));
        mark(state, item);
        auto& order = orders[{item.account, item.action}];
        order.account = item.account;
        order.action = item.action;
        order.ids.push_back(id);
        if (order.ids.size() == max_request) {
            flush(order);
        }
    }
    for (auto& [key, order] : orders) {
        if (!order.ids.empty()) {
            flush(order);
        }
    }
}

void note_overshoots(const State& state, Effects& effects, const std::vector<InstanceId>& ids) {
    std::set<std::tuple<Rule, TeamName>> seen;
    for (const auto& finding : state.judgement.whole.findings) {
        const bool leaves =
            finding.instance && std::find(ids.begin(), ids.end(), *finding.instance) != ids.end() &&
            rules::is_cap(finding.rule) && finding.window && finding.cap && finding.spend;
        if (leaves && seen.insert({finding.rule, finding.team}).second) {
            effects.cap_overshoots.push_back(std::max(Usd{}, *finding.spend - *finding.cap));
            effects.cap_overshoot_windows.push_back(*finding.window);
        }
    }
}

void proceed(State& state, Effects& effects, Now now) {
    std::vector<InstanceId> dry;
    std::vector<InstanceId> ready;
    std::map<AccountName, VerifyOrder> reads;
    auto room = [&, used = std::size_t{0}](const Case& item) mutable {
        const auto limit = state.policy->enforcement.max_actions_per_hour;
        if (limit == 0 || is_counted(state, item)) {
            return true;
        }
        return state.recent_actions.size() + used++ < static_cast<std::size_t>(limit);
    };
    for (auto& [id, item] : state.cases) {
        if (item.step != Step::pending && item.step != Step::verifying) {
            continue;
        }
        const auto wait = enforcement::gate(item, facts_of(state, item, now.wall), now.wall);
        item.wait = wait;
        if (wait != Wait::none && !read_ahead(item, wait, now.wall)) {
            item.step = Step::pending;
            continue;
        }
        if (!state.policy->enforcement.enforce) {
            if (wait == Wait::none) {
                dry.push_back(id);
            }
            continue;
        }
        const bool verified =
            item.step == Step::verifying && enforcement::freshly_read(item, now.wall);
        if (verified && wait == Wait::none && still_holds(state, item, now.wall) && room(item)) {
            ready.push_back(id);
        } else if (!verified && !state.verifying.contains(id)) {
            item.step = Step::verifying;
            item.verified_at.reset();
            auto& order = reads[item.account];
            order.account = item.account;
            order.ids.push_back(id);
        }
    }
    for (auto& [account, order] : reads) {
        sort_by_rate(state, order.ids);  // they are read, and acted upon, in parts
        state.verifying.insert(order.ids.begin(), order.ids.end());
        effects.verify.push_back(std::move(order));
    }
    would_have(state, effects, dry, now);
    if (!ready.empty()) {
        note_overshoots(state, effects, ready);
        intend(state, effects, std::move(ready), now);
    }
}

}  // namespace

void enforce(State& state, Effects& effects, Now now) {
    constexpr Duration hour = std::chrono::hours{1};
    while (!state.recent_actions.empty() && state.recent_actions.front().at + hour <= now.wall) {
        state.recent_actions.pop_front();
    }
    open_and_update(state, effects, now);
    warn(state, effects, now);
    hold_masses(state, effects, now);
    lapse_holds(state, effects, now);
    proceed(state, effects, now);
}

std::optional<Instant> next_case_move(const State& state, Instant now) {
    std::optional<Instant> next;
    const auto consider = [&](Instant at) {
        if (at > now && (!next || at < *next)) {
            next = at;
        }
    };
    for (const auto& [id, item] : state.cases) {
        if (item.step != Step::pending && item.step != Step::verifying) {
            continue;
        }
        const auto facts = facts_of(state, item, now);
        const auto from = enforcement::earliest(item, facts);
        consider(from);
        consider(item.next_attempt);
        consider(item.due - facts.idle_warning);
        consider(from + facts.warning_delivery);
        if (item.verified_at) {
            consider(*item.verified_at + enforcement::verification_valid);
        }
    }
    if (!state.recent_actions.empty()) {
        consider(state.recent_actions.front().at + std::chrono::hours{1});
    }
    return next;
}

}  // namespace vastwatch::engine
