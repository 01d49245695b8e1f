#include "engine/cases.hpp"

#include "engine/judge.hpp"
#include "engine/tell.hpp"
#include "engine/unseen.hpp"

#include <algorithm>

namespace vastwatch::engine {
namespace {

using enforcement::Case;
using enforcement::Step;
using enforcement::Wait;
using policy::Action;
using rules::Finding;
using rules::Rule;

const policy::Rules& rules_of(const State& state, const TeamName& team) {
    return state.policy->team_or_unassigned(team).rules;
}

/// When a finding becomes a case: early enough to warn.
Instant opens_at(const State& state, const Finding& finding) {
    return finding.rule == Rule::idle ? finding.due - rules_of(state, finding.team).idle_warning
                                      : finding.due;
}

bool same_rules(const Case& item, const Wanted& wanted) {
    return item.reasons.size() == wanted.all.size() &&
           std::equal(
               item.reasons.begin(),
               item.reasons.end(),
               wanted.all.begin(),
               [](const enforcement::Reason& reason, const Finding* finding) {
                   return reason.rule == finding->rule;
               });
}

void write_reasons(const State& state, Case& item, const Wanted& wanted) {
    const auto& instance = *state.instances.at(item.instance);
    item.reasons.clear();
    for (const auto* finding : wanted.all) {
        item.reasons.push_back(enforcement::Reason{
            finding->rule,
            rules::reason(
                *finding,
                &instance,
                state.policy->team_or_unassigned(finding->team),
                state.policy->calendar)});
    }
}

/// What another rule kept open may have been warned of, or approved, for a time of idleness that is
/// over: the next one is announced and counted for itself. True when there was such a thing.
bool forget_past_idleness(const State& state, Case& item, const Wanted& wanted) {
    const auto& began = state.instances.at(item.instance)->idle.began;
    const bool idle = std::ranges::any_of(
        wanted.all, [](const Finding* finding) { return finding->rule == Rule::idle; });
    if (!item.warned_at || (idle && began && *began <= *item.warned_at)) {
        return false;
    }
    item.warned_at.reset();
    item.warning_delivered_at.reset();
    item.warning = AlertId{};
    const auto hold = item.hold ? state.holds.find(*item.hold) : state.holds.end();
    if (hold != state.holds.end() && hold->second.kind == enforcement::Hold::Kind::mass_idle &&
        hold->second.decision != enforcement::Hold::Decision::open) {
        item.hold.reset();
    }
    return true;
}

/// Brings a case up to what is wanted; true when something lasting changed.
bool update(const State& state, Case& item, const Wanted& wanted, Instant now) {
    const bool forgot = forget_past_idleness(state, item, wanted);
    const auto& finding = *wanted.first;
    const bool changed =
        item.rule != finding.rule || item.action != finding.action || !same_rules(item, wanted);
    const bool cap = rules::is_cap(finding.rule);
    item.rule = finding.rule;
    item.action = finding.action;
    item.cap = cap;
    // What is predicted anew moves, later as well; what is due has been since it first was.
    item.due = finding.due > now || changed ? finding.due : std::min(finding.due, item.due);
    item.rate = finding.rate.value_or(UsdPerHour{});
    item.idle = state.instances.at(item.instance)->idle.length();
    if (changed) {
        write_reasons(state, item, wanted);
    }
    return changed || forgot;
}

/// A case that stopped being wanted before anything was sent.
void drop_unwanted(State& state, Effects& effects, const Case& item, Now now) {
    const auto instance = state.instances.find(item.instance);
    const bool gone = instance == state.instances.end() || instance->second->missed_sweeps > 0;
    if ((gone || fleet::is_unloading(instance->second->row)) && wait_for_effect(state, item)) {
        return;
    }
    if (gone) {
        close(state, effects, item.instance, Step::vanished, "it is gone by itself", now);
        return;
    }
    const auto subject = subject_of(state, instance->second, now.wall);
    const std::string why = subject.protected_until ? "it was protected"
                            : item.step == Step::verifying && item.verified_at
                                ? "the fresh read no longer satisfies the rule"
                                : "the condition ended";
    close(state, effects, item.instance, Step::dropped, why, now);
}

/// What decides about an instance when several rules want it: what holds before what is in
/// prospect; of that the strongest action, then a cap (nothing keeps it back: no warning, no mass
/// limit), then what is due longest.
bool comes_first(const Finding& one, const Finding& other, Instant now) {
    if (one.holds(now) != other.holds(now)) {
        return one.holds(now);
    }
    if (one.holds(now) && one.action != other.action) {
        return one.action > other.action;
    }
    if (one.holds(now) && rules::is_cap(one.rule) != rules::is_cap(other.rule)) {
        return rules::is_cap(one.rule);
    }
    return one.due < other.due;
}

/// What is due by itself waits for no hold, nor does idleness that people are to be warned of.
bool leaves_hold(const Finding* free, Instant now) {
    return free != nullptr && (free->holds(now) || free->rule == Rule::idle);
}

bool hour_is_full(const State& state) {
    const auto limit = state.policy->enforcement.max_actions_per_hour;
    return limit > 0 && state.recent_actions.size() >= static_cast<std::size_t>(limit);
}

}  // namespace

enforcement::Facts facts_of(const State& state, const Case& item, Instant now) {
    enforcement::Facts facts;
    const auto& rules = rules_of(state, item.team);
    facts.data_fresh = fresh(state, item.account, now);
    facts.budget_seen = rests_on_what_was_seen(state, item, now);
    const auto instance = state.instances.find(item.instance);
    facts.sampled = item.rule != Rule::idle ||
                    (instance != state.instances.end() && instance->second->fresh_samples > 0);
    facts.paused = state.pause.has_value();
    facts.store_writable = state.store_writable;
    facts.idle_warning = rules.idle_warning;
    facts.warning_delivery = rules.warning_delivery;
    facts.within_limit = is_counted(state, item) || !hour_is_full(state);
    return facts;
}

bool wait_for_effect(State& state, const Case& known) {
    auto& item = state.cases.at(known.instance);
    if (!item.requested_at || item.action != Action::destroy || item.step == Step::held) {
        return false;
    }
    item.step = Step::requested;
    item.wait = Wait::none;
    item.confirmations = 0;
    mark(state, item);
    return true;
}

bool is_counted(const State& state, const Case& item) {
    return item.cap ||
           std::ranges::find(state.recent_actions, item.number, &CountedAction::number) !=
               state.recent_actions.end();
}

bool may_be_same(const Case& item, const fleet::Observation& row) {
    const bool other = row.start_date && item.start_date && row.start_date != item.start_date;
    return row.label == item.label && !other;
}

void uncount(State& state, const Case& item) {
    const auto counted =
        std::ranges::find(state.recent_actions, item.number, &CountedAction::number);
    if (!item.cap && counted != state.recent_actions.end()) {
        state.recent_actions.erase(counted);
    }
}

void take_back(State& state, Case& item) {
    uncount(state, item);
    item.step = Step::pending;
    item.verified_at.reset();
    item.intended_at.reset();
    --item.attempts;
}

Wanted choose(const State& state, const std::vector<const Finding*>& findings, Instant now) {
    Wanted wanted;
    const Finding* waits = nullptr;
    for (const auto* finding : findings) {
        if (!rules::is_cap(finding->rule) && opens_at(state, *finding) > now) {
            continue;
        }
        const auto* keeper = keeping_hold(state, *finding);
        if (keeper != nullptr && keeper->decision == enforcement::Hold::Decision::dismissed) {
            continue;
        }
        wanted.all.push_back(finding);
        auto& first = keeper == nullptr ? wanted.first : waits;
        if (first == nullptr || comes_first(*finding, *first, now)) {
            first = finding;
            wanted.hold = keeper == nullptr ? wanted.hold : std::optional{keeper->id};
        }
    }
    if (waits != nullptr && !leaves_hold(wanted.first, now)) {
        wanted.first = waits;
    } else {
        wanted.hold.reset();
    }
    return wanted;
}

FindingsByInstance acting_findings(const State& state, Instant now) {
    FindingsByInstance grouped;
    each_finding(state, [&](const Finding& finding) {
        const bool acts = finding.instance && finding.action >= Action::stop &&
                          finding.exemption == rules::Exemption::none;
        if (acts && (rules::is_cap(finding.rule) || opens_at(state, finding) <= now)) {
            grouped[*finding.instance].push_back(&finding);
        }
    });
    return grouped;
}

namespace {

bool is_open(const Case& item) {
    return item.step == Step::pending || item.step == Step::held || item.step == Step::verifying;
}

/// What was decided upon, and warned of, was an instance of that label: under another one, or when
/// it is not the same contract, it is decided upon anew. A fresh read says nothing about later.
void drop_renamed(State& state, Effects& effects, Now now) {
    std::vector<InstanceId> renamed;
    for (const auto& [id, item] : state.cases) {
        const auto found = state.instances.find(id);
        if (!is_open(item) || found == state.instances.end()) {
            continue;
        }
        if (!may_be_same(item, found->second->row)) {
            renamed.push_back(id);
        }
    }
    for (const auto id : renamed) {
        close(state, effects, id, Step::dropped, "its label or start date has changed", now);
    }
}

/// The latest row says something of the GPU, so that a fresh read can bear idleness out.
bool telemetry_is_usable(const State& state, const Case& item) {
    const auto& samples = state.instances.at(item.instance)->samples;
    return !samples.empty() && samples.back().evidence != fleet::Evidence::unknown;
}

/// Wanted as `first`, which is no cap, it has to wait: for the hourly limit or, being idle, for its
/// warning, a decision about a mass, or a host that measures.
bool has_to_wait(const State& state, const Case* item, const Finding& first, Instant now) {
    if (hour_is_full(state)) {
        return true;
    }
    if (item == nullptr || first.rule != Rule::idle) {
        return false;
    }
    // Once it acts as a cap it goes on so, or it would be held and let go in turns.
    const bool warned = enforcement::warning_is_over(*item, facts_of(state, *item, now), now);
    return !warned || item->step == Step::held || item->cap || !telemetry_is_usable(state, *item);
}

/// choose(), but for an instance that has to wait while a cap wants it as well: the cap does not,
/// though its action may be the weaker one.
Wanted choose_for(
    const State& state,
    const Case* item,
    const std::vector<const Finding*>& findings,
    Instant now) {
    auto wanted = choose(state, findings, now);
    if (wanted.first == nullptr || rules::is_cap(wanted.first->rule) ||
        !has_to_wait(state, item, *wanted.first, now)) {
        return wanted;
    }
    const Finding* cap = nullptr;
    for (const auto* finding : findings) {
        const bool acts = rules::is_cap(finding->rule) && finding->holds(now) &&
                          keeping_hold(state, *finding) == nullptr;
        if (acts && (cap == nullptr || comes_first(*finding, *cap, now))) {
            cap = finding;
        }
    }
    if (cap != nullptr) {
        wanted.first = cap;
        wanted.hold.reset();
    }
    return wanted;
}

}  // namespace

namespace {

/// A condition that was away for a moment does not shorten the pause before the next try.
void keep_pause(const State& state, Case& item, Instant now) {
    constexpr Duration longest_pause = std::chrono::minutes{10};
    for (const auto& ended : state.ended_cases) {
        if (!ended.closed_at || *ended.closed_at + longest_pause < now) {
            return;
        }
        if (ended.instance == item.instance) {
            if (ended.attempts > 0 && ended.next_attempt > now) {
                item.attempts = ended.attempts;
                // No longer than such a pause lasts: the clock may have been set back since.
                const Duration pause = enforcement::retry_pause(ended.attempts);
                item.next_attempt = std::min(ended.next_attempt, now + pause);
            }
            return;
        }
    }
}

}  // namespace

Case& open_case(State& state, Effects& effects, InstanceId id, const Wanted& wanted, Now now) {
    const auto& instance = *state.instances.at(id);
    Case item;
    item.number = state.next_case++;
    item.instance = id;
    item.account = instance.account;
    item.team = instance.team;
    item.label = instance.row.label;
    item.start_date = instance.row.start_date;
    item.gpu_name = instance.row.gpu_name;
    item.num_gpus = instance.row.num_gpus.value_or(0);
    item.opened = now.wall;
    item.due = wanted.first->due;
    item.rule = wanted.first->rule;
    item.action = wanted.first->action;
    keep_pause(state, item, now.wall);
    auto& stored = state.cases.insert_or_assign(id, std::move(item)).first->second;
    update(state, stored, wanted, now.wall);
    write_reasons(state, stored, wanted);
    auto record = record_of(state, stored, now);
    record.outcome = "due";
    effects.audit.push_back(std::move(record));
    mark(state, stored);
    return stored;
}

void count(State& state, const Case& item, const std::string& outcome) {
    ++state.counts[{item.team, item.rule, item.action, outcome}];
}

namespace {

/// Into the hold that has what is wanted, and out of the one that has not.
void follow_hold(State& state, Effects& effects, Case& item, const Wanted& wanted, Now now) {
    if (wanted.hold) {
        if (item.step != Step::held || item.hold != wanted.hold) {
            hold_again(state, effects, item, *wanted.hold, now);
        }
        return;
    }
    // A cap does not rest on telemetry: it does not wait for a decision about idleness.
    const bool leaves = waits_for_reload(state, item) ||
                        (item.step == Step::held && item.cap && leave_mass_hold(state, item));
    if (leaves) {
        item.step = Step::pending;
        item.hold.reset();
        mark(state, item);
    }
}

}  // namespace

void open_and_update(State& state, Effects& effects, Now now) {
    const auto& grouped = state.acting;
    std::vector<InstanceId> unwanted;
    for (const auto& [id, item] : state.cases) {
        const auto it = grouped.find(id);
        const bool wanted =
            it != grouped.end() && choose(state, it->second, now.wall).first != nullptr;
        const bool under_way = item.step == Step::intended || item.step == Step::requested;
        if (!wanted && !under_way) {
            unwanted.push_back(id);
        }
    }
    for (const auto id : unwanted) {
        const Case item = state.cases.at(id);
        drop_unwanted(state, effects, item, now);
    }
    drop_renamed(state, effects, now);
    for (const auto& [id, findings] : grouped) {
        const auto it = state.cases.find(id);
        const auto wanted =
            choose_for(state, it == state.cases.end() ? nullptr : &it->second, findings, now.wall);
        if (wanted.first == nullptr) {
            continue;
        }
        const bool reopen = it != state.cases.end() && it->second.step == Step::dry_run &&
                            state.policy->enforcement.enforce;
        if (it == state.cases.end() || reopen) {
            follow_hold(state, effects, open_case(state, effects, id, wanted, now), wanted, now);
            continue;
        }
        auto& item = it->second;
        if (is_open(item)) {
            if (update(state, item, wanted, now.wall)) {
                mark(state, item);
            }
            follow_hold(state, effects, item, wanted, now);
        }
    }
}

AuditRecord record_of(const State& state, const enforcement::Case& item, Now now) {
    AuditRecord record;
    record.time = now.wall;
    record.action = std::string{policy::to_string(item.action)};
    record.account = item.account;
    record.team = item.team;
    record.instance = item.instance;
    record.label = item.label;
    record.gpu = item.gpu_name;
    record.num_gpus = item.num_gpus;
    record.dph = item.rate;
    if (item.start_date) {
        const auto age =
            std::chrono::duration<double, std::ratio<3600>>(now.wall - *item.start_date);
        record.duration_hours = age.count();
    }
    record.total_cost = state.ledger.instance_spend(item.instance, now.wall).total();
    for (const auto& reason : item.reasons) {
        record.reasons.push_back(std::string{rules::to_string(reason.rule)} + ": " + reason.text);
    }
    record.detail = item.detail;
    return record;
}

void close(
    State& state,
    Effects& effects,
    InstanceId id,
    enforcement::Step step,
    std::string detail,
    Now now) {
    const auto it = state.cases.find(id);
    if (it == state.cases.end()) {
        return;
    }
    Case item = std::move(it->second);
    state.cases.erase(it);
    state.verifying.erase(id);
    leave_mass_hold(state, item);
    const bool was_dry = item.step == Step::dry_run;
    item.step = was_dry ? Step::dry_run : step;
    item.closed_at = now.wall;
    item.detail = std::move(detail);
    if (item.failure_told) {
        tell_failure_over(state, effects, item, now);
    }
    // A case that was only in prospect leaves no trace in the counters.
    const bool was_due = item.due <= now.wall || item.warned_at;
    if (!was_dry) {
        if (step == Step::confirmed) {
            count(state, item, "done");
        } else if (was_due) {
            count(state, item, "dropped");
        }
        auto record = record_of(state, item, now);
        record.outcome = std::string{enforcement::to_string(step)};
        effects.audit.push_back(std::move(record));
    }
    mark(state, item);
    end_case(state, std::move(item));
}

void refresh_reasons(const State& state, enforcement::Case& item) {
    const auto& grouped = state.acting;
    const auto it = grouped.find(item.instance);
    if (it != grouped.end()) {
        const auto wanted = choose(state, it->second, Instant::max());
        write_reasons(state, item, wanted);
        item.idle = state.instances.at(item.instance)->idle.length();
    }
}

}  // namespace vastwatch::engine
