#include "engine/enforce.hpp"

#include "base/text.hpp"
#include "enforcement/gate.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

using enforcement::Case;
using enforcement::Hold;
using enforcement::Step;
using enforcement::Wait;
using policy::Action;
using rules::Finding;
using rules::Rule;

constexpr std::size_t max_ended_cases = 1000;
constexpr std::size_t max_request = 64;  // ids in one bulk request (API 4.3, 4.5)
constexpr Duration recently = std::chrono::minutes{10};

/// What the rules want of one instance now.
struct Wanted {
    const Finding* first = nullptr;       // acts strongest among what is due, else is due first
    std::vector<const Finding*> all;
};

const policy::Rules& rules_of(const State& state, const TeamName& team) {
    return state.policy->team_or_unassigned(team).rules;
}

enforcement::Facts facts_of(const State& state, const Case& item, Instant now) {
    enforcement::Facts facts;
    const auto& rules = rules_of(state, item.team);
    facts.data_fresh = fresh(state, item.account, now);
    const auto instance = state.instances.find(item.instance);
    facts.sampled = item.rule != Rule::idle ||
                    (instance != state.instances.end() && instance->second->fresh_samples > 0);
    facts.paused = state.pause.has_value();
    facts.store_writable = state.store_writable;
    facts.idle_warning = rules.idle_warning;
    facts.warning_delivery = rules.warning_delivery;
    const auto limit = state.policy->enforcement.max_actions_per_hour;
    facts.within_limit = item.cap || limit == 0 ||
                         state.recent_actions.size() < static_cast<std::size_t>(limit);
    return facts;
}

/// When a finding becomes a case: early enough to warn.
Instant opens_at(const State& state, const Finding& finding) {
    return finding.rule == Rule::idle
               ? finding.due - rules_of(state, finding.team).idle_warning
               : finding.due;
}

Wanted choose(const State& state, const std::vector<const Finding*>& findings, Instant now) {
    Wanted wanted;
    for (const auto* finding : findings) {
        if (!rules::is_cap(finding->rule) && opens_at(state, *finding) > now) {
            continue;
        }
        wanted.all.push_back(finding);
        const auto* best = wanted.first;
        const bool better =
            best == nullptr ||
            (finding->holds(now) && !best->holds(now)) ||
            (finding->holds(now) == best->holds(now) &&
             (finding->holds(now)
                  ? std::pair{finding->action, best->due} > std::pair{best->action, finding->due}
                  : finding->due < best->due));
        if (better) {
            wanted.first = finding;
        }
    }
    return wanted;
}

std::map<InstanceId, std::vector<const Finding*>> by_instance(const rules::Evaluation& evaluation) {
    std::map<InstanceId, std::vector<const Finding*>> grouped;
    for (const auto& finding : evaluation.findings) {
        if (finding.instance && finding.action >= Action::stop &&
            finding.exemption == rules::Exemption::none) {
            grouped[*finding.instance].push_back(&finding);
        }
    }
    return grouped;
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

/// Brings a case up to what is wanted; true when something lasting changed.
bool update(const State& state, Case& item, const Wanted& wanted, Instant now) {
    const auto& finding = *wanted.first;
    const bool changed = item.rule != finding.rule || item.action != finding.action ||
                         !same_rules(item, wanted);
    const bool cap = rules::is_cap(finding.rule);
    item.rule = finding.rule;
    item.action = finding.action;
    item.cap = cap;
    // A crossing that is predicted anew moves by nanoseconds; once due, it stays due.
    item.due = item.due <= now && changed ? finding.due : std::min(finding.due, item.due);
    if (!cap && finding.rule == Rule::idle) {
        item.due = finding.due;
    }
    item.rate = finding.rate.value_or(UsdPerHour{});
    item.idle = state.instances.at(item.instance)->idle.length();
    if (changed) {
        write_reasons(state, item, wanted);
    }
    return changed;
}

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

/// A case that stopped being wanted before anything was sent.
void drop_unwanted(State& state, Effects& effects, const Case& item, Now now) {
    const auto instance = state.instances.find(item.instance);
    const bool gone = instance == state.instances.end() || instance->second->missed_sweeps > 0;
    if (gone) {
        close(state, effects, item.instance, Step::vanished, "it is gone by itself", now);
        return;
    }
    const auto subject = subject_of(state, *instance->second, now.wall);
    const std::string why = subject.protected_until ? "it was protected"
                            : item.step == Step::verifying && item.verified_at
                                ? "the fresh read no longer satisfies the rule"
                                : "the condition ended";
    close(state, effects, item.instance, Step::dropped, why, now);
}

void open_and_update(State& state, Effects& effects, Now now) {
    const auto grouped = by_instance(state.evaluation);
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
    for (const auto& [id, findings] : grouped) {
        const auto wanted = choose(state, findings, now.wall);
        if (wanted.first == nullptr) {
            continue;
        }
        const auto it = state.cases.find(id);
        const bool reopen = it != state.cases.end() && it->second.step == Step::dry_run &&
                            state.policy->enforcement.enforce;
        if (it == state.cases.end() || reopen) {
            open_case(state, effects, id, wanted, now);
            continue;
        }
        auto& item = it->second;
        const bool open =
            item.step == Step::pending || item.step == Step::held || item.step == Step::verifying;
        if (open && update(state, item, wanted, now.wall)) {
            mark(state, item);
        }
    }
}

// --- Warnings.

void warn(State& state, Effects& effects, Now now) {
    std::vector<InstanceId> warned;
    for (auto& [id, item] : state.cases) {
        const bool open = item.step == Step::pending || item.step == Step::held;
        if (open && enforcement::owes_warning(item, facts_of(state, item, now.wall), now.wall)) {
            item.warned_at = now.wall;
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

// --- Holds.

const Hold* hold_of(const State& state, InstanceId id, bool open) {
    for (const auto& [number, hold] : state.holds) {
        const bool listed =
            std::find(hold.instances.begin(), hold.instances.end(), id) != hold.instances.end();
        const bool matches = open ? hold.decision == Hold::Decision::open
                                  : hold.kind == Hold::Kind::reload &&
                                        hold.decision == Hold::Decision::dismissed;
        if (listed && matches) {
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

void hold(
    State& state,
    Effects& effects,
    Hold::Kind kind,
    const AccountName& account,
    const std::vector<InstanceId>& ids,
    Now now) {
    Hold* target = nullptr;
    for (auto& [number, existing] : state.holds) {
        if (existing.decision == Hold::Decision::open && existing.kind == kind &&
            existing.account == account) {
            target = &existing;
        }
    }
    const bool is_new = target == nullptr;
    if (is_new) {
        Hold made;
        made.id = HoldId{state.next_hold++};
        made.kind = kind;
        made.account = account;
        made.created = now.wall;
        target = &state.holds.emplace(made.id, made).first->second;
    }
    for (const auto id : ids) {
        auto& item = state.cases.at(id);
        item.step = Step::held;
        item.hold = target->id;
        target->instances.push_back(id);
        count(state, item, "held");
        auto record = record_of(state, item, now);
        record.action = "hold";
        record.outcome = "held";
        effects.audit.push_back(std::move(record));
        mark(state, item);
    }
    target->cost = cost_of(state, target->instances);
    mark(state, *target);
    if (is_new) {
        tell_hold(state, effects, *target, now);
    }
}

bool exceeds_mass_limit(const State& state, std::size_t due, std::size_t running) {
    const auto& limits = state.policy->enforcement;
    return due >= static_cast<std::size_t>(std::max(limits.mass_idle_minimum, 1)) &&
           static_cast<double>(due) >
               static_cast<double>(running) * limits.mass_idle_limit.ratio();
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
        if (movable && enforcement::gate(item, facts_of(state, item, now.wall), now.wall) ==
                           Wait::none) {
            mass.ready.push_back(id);
        } else if (
            item.step == Step::held || item.step == Step::intended ||
            item.step == Step::requested) {
            ++mass.under_way;
        }
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

// --- Onward.

/// May this case be read ahead of its time, so that the request leaves at the crossing?
bool read_ahead(const Case& item, Wait wait, Instant now) {
    return item.cap && wait == Wait::deadline && item.due > now;
}

void would_have(State& state, Effects& effects, const std::vector<InstanceId>& ids, Now now) {
    std::vector<Case> done;
    for (const auto id : ids) {
        auto& item = state.cases.at(id);
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
    const auto& instance = *state.instances.at(item.instance);
    return rules::idle_state(subject_of(state, instance, now), now).holds;
}

std::string recipe_json(const fleet::Recipe& recipe);

void intend(State& state, Effects& effects, std::vector<InstanceId> ids, Now now) {
    std::sort(ids.begin(), ids.end(), [&](InstanceId a, InstanceId b) {
        const auto& left = state.cases.at(a);
        const auto& right = state.cases.at(b);
        return left.rate != right.rate ? left.rate > right.rate : a < b;
    });
    std::map<std::pair<AccountName, Action>, RequestOrder> orders;
    const auto flush = [&](RequestOrder& order) {
        effects.requests.push_back(order);
        order.ids.clear();
    };
    for (const auto id : ids) {
        auto& item = state.cases.at(id);
        item.step = Step::intended;
        item.wait = Wait::none;
        item.intended_at = now.wall;
        ++item.attempts;
        if (!item.cap) {
            state.recent_actions.push_back(now.wall);
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
    for (const auto& finding : state.evaluation.findings) {
        const bool leaves =
            finding.instance &&
            std::find(ids.begin(), ids.end(), *finding.instance) != ids.end() &&
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
        if (item.cap || limit == 0) {
            return true;
        }
        return state.recent_actions.size() + used++ < static_cast<std::size_t>(limit);
    };
    for (auto& [id, item] : state.cases) {
        if (item.step != Step::pending && item.step != Step::verifying) {
            continue;
        }
        const auto* held = hold_of(state, id, true);
        const bool kept = hold_of(state, id, false) != nullptr;
        if (kept || (held != nullptr && !approved(state, item))) {
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
        const bool verified = item.step == Step::verifying && item.verified_at &&
                              now.wall - *item.verified_at <= enforcement::verification_valid;
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
        state.verifying.insert(order.ids.begin(), order.ids.end());
        effects.verify.push_back(std::move(order));
    }
    would_have(state, effects, dry, now);
    if (!ready.empty()) {
        note_overshoots(state, effects, ready);
        intend(state, effects, std::move(ready), now);
    }
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : valid_utf8(text)) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20U) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
    out += out.size() > 1 ? "," : "";
    append_json_string(out, key);
    out += ':';
    append_json_string(out, value);
}

std::string recipe_json(const fleet::Recipe& recipe) {
    std::string out = "{";
    append_member(out, "image", recipe.image);
    append_member(out, "template_hash_id", recipe.template_hash);
    append_member(out, "runtype", recipe.runtype);
    append_member(out, "label", recipe.label);
    append_member(out, "gpu_name", recipe.gpu_name);
    append_member(out, "onstart", recipe.onstart);
    out += fmt::format(",\"num_gpus\":{}", recipe.num_gpus.value_or(0));
    out += recipe.disk_gb ? fmt::format(",\"disk\":{}", *recipe.disk_gb) : "";
    out += recipe.interruptible ? fmt::format(",\"interruptible\":{}", *recipe.interruptible) : "";
    out += ",\"env\":[";
    for (std::size_t i = 0; i < recipe.environment_names.size(); ++i) {
        out += i > 0 ? "," : "";
        append_json_string(out, recipe.environment_names[i]);
    }
    return out + "]}";
}

/// One requested case in the light of a complete sweep.
enum class Evidence { done, unloading, still_there };

Evidence look(const Case& item, const fleet::Sweep& sweep) {
    const auto it = std::lower_bound(
        sweep.rows.begin(),
        sweep.rows.end(),
        item.instance,
        [](const fleet::Observation& row, InstanceId id) { return row.id < id; });
    if (it == sweep.rows.end() || it->id != item.instance) {
        return Evidence::done;
    }
    if (item.action == Action::stop && fleet::is_stopped(*it)) {
        return Evidence::done;
    }
    return fleet::is_unloading(*it) ? Evidence::unloading : Evidence::still_there;
}

void try_again(State& state, Effects& effects, Case& item, const std::string& why, Now now) {
    item.step = Step::pending;
    item.wait = Wait::retry;
    item.verified_at.reset();
    item.next_attempt = now.wall + enforcement::retry_pause(item.attempts);
    item.detail = why;
    auto record = record_of(state, item, now);
    record.outcome = "failed";
    effects.audit.push_back(std::move(record));
    if (item.attempts >= enforcement::attempts_before_alarm && !item.failure_told) {
        item.failure_told = true;
        count(state, item, "failed");
        tell_failed(state, effects, item, now);
    }
    mark(state, item);
}

}  // namespace

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
        const auto age = std::chrono::duration<double, std::ratio<3600>>(
            now.wall - *item.start_date);
        record.duration_hours = age.count();
    }
    record.total_cost = state.ledger.instance_spend(item.instance, now.wall).total();
    for (const auto& reason : item.reasons) {
        record.reasons.push_back(
            std::string{rules::to_string(reason.rule)} + ": " + reason.text);
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
    state.ended_cases.push_front(std::move(item));
    if (state.ended_cases.size() > max_ended_cases) {
        state.ended_cases.pop_back();
    }
}

void enforce(State& state, Effects& effects, Now now) {
    constexpr Duration hour = std::chrono::hours{1};
    while (!state.recent_actions.empty() && state.recent_actions.front() + hour <= now.wall) {
        state.recent_actions.pop_front();
    }
    open_and_update(state, effects, now);
    warn(state, effects, now);
    hold_masses(state, effects, now);
    lapse_holds(state, effects, now);
    proceed(state, effects, now);
}

void take_verification(
    State& state,
    Effects& effects,
    const fleet::Verification& read,
    Now now) {
    for (const auto id : read.asked) {
        state.verifying.erase(id);
        const auto it = state.cases.find(id);
        if (it == state.cases.end() || it->second.step != Step::verifying) {
            continue;
        }
        auto& item = it->second;
        const auto row = std::find_if(
            read.rows.begin(), read.rows.end(), [&](const auto& r) { return r.id == id; });
        if (row == read.rows.end()) {
            close(state, effects, id, Step::vanished, "the fresh read no longer lists it", now);
            continue;
        }
        if (row->label != item.label || row->start_date != item.start_date) {
            close(
                state, effects, id, Step::dropped, "its label or start date has changed", now);
            continue;
        }
        const auto at = static_cast<std::size_t>(row - read.rows.begin());
        if (at < read.recipes.size()) {
            item.recipe = read.recipes[at];
        }
        const auto& samples = state.instances.at(id)->samples;
        const bool doubtful = item.rule == Rule::idle && !samples.empty() &&
                              samples.back().evidence == fleet::Evidence::unknown;
        if (doubtful) {
            // No evidence either way: it is looked at again, and nothing is done meanwhile.
            item.step = Step::pending;
            item.next_attempt = now.wall + std::chrono::seconds{15};
            item.detail = "the fresh read gave no usable utilisation";
            continue;
        }
        item.verified_at = read.read_at.wall;
        auto record = record_of(state, item, now);
        record.outcome = "verified";
        effects.audit.push_back(std::move(record));
    }
}

void verification_failed(
    State& state,
    const VerifyOrder& order,
    const std::string& why,
    Now now) {
    for (const auto id : order.ids) {
        state.verifying.erase(id);
        const auto it = state.cases.find(id);
        if (it != state.cases.end() && it->second.step == Step::verifying) {
            it->second.step = Step::pending;
            it->second.wait = Wait::retry;
            it->second.next_attempt = now.wall + std::chrono::seconds{5};
            it->second.detail = "the fresh read failed: " + why;
        }
    }
}

void take_answer(State& state, Effects& effects, const RequestAnswered& answer, Now now) {
    for (const auto id : answer.ids) {
        const auto it = state.cases.find(id);
        if (it == state.cases.end() || it->second.step != Step::intended) {
            continue;
        }
        auto& item = it->second;
        if (answer.outcome == RequestOutcome::failed) {
            try_again(state, effects, item, answer.message, now);
            continue;
        }
        item.step = Step::requested;
        item.requested_at = now.wall;
        item.confirmations = 0;
        item.detail = answer.outcome == RequestOutcome::accepted ? "accepted"
                      : answer.outcome == RequestOutcome::gone
                          ? "already gone"
                          : "the answer was unclear: " + answer.message;
        auto record = record_of(state, item, now);
        record.outcome = "requested";
        effects.audit.push_back(std::move(record));
        mark(state, item);
    }
    effects.poll_soon.push_back(answer.account);
}

void confirm(State& state, Effects& effects, const fleet::Sweep& sweep, Now now) {
    std::vector<InstanceId> done;
    bool waiting = false;
    for (auto& [id, item] : state.cases) {
        const bool ours = item.account == sweep.account && item.step == Step::requested &&
                          item.requested_at && sweep.began.wall >= *item.requested_at;
        if (!ours) {
            continue;
        }
        switch (look(item, sweep)) {
            case Evidence::done:
                if (++item.confirmations >= enforcement::sweeps_to_confirm) {
                    done.push_back(id);
                } else {
                    waiting = true;
                    mark(state, item);
                }
                break;
            case Evidence::unloading:
                item.confirmations = 0;
                waiting = true;
                break;
            case Evidence::still_there:
                item.confirmations = 0;
                waiting = true;
                if (now.wall - *item.requested_at >= enforcement::retry_pause(item.attempts)) {
                    try_again(state, effects, item, "it is still there after the request", now);
                    item.next_attempt = now.wall;
                }
                break;
        }
    }
    std::vector<Case> ended;
    for (const auto id : done) {
        ended.push_back(state.cases.at(id));
        close(state, effects, id, Step::confirmed, "two complete sweeps agree", now);
    }
    if (!ended.empty()) {
        tell_done(state, effects, ended, false, now);
    }
    if (waiting) {
        effects.poll_soon.push_back(sweep.account);
    }
}

void not_durable(State& state, const std::vector<RequestOrder>& orders, Now now) {
    for (const auto& order : orders) {
        for (const auto id : order.ids) {
            const auto it = state.cases.find(id);
            if (it != state.cases.end() && it->second.step == Step::intended) {
                it->second.step = Step::pending;
                it->second.wait = Wait::state_unwritable;
                it->second.verified_at.reset();
                --it->second.attempts;
                it->second.next_attempt = now.wall + std::chrono::seconds{1};
                mark(state, it->second);
            }
        }
    }
}

void recover(State& state, Now now) {
    for (auto& [id, item] : state.cases) {
        if (item.step == Step::intended) {
            item.step = Step::requested;
            item.requested_at = now.wall;
            item.confirmations = 0;
            item.detail = "restarted in between: whether the request was sent is unknown";
            mark(state, item);
        } else if (item.step == Step::verifying) {
            item.step = Step::pending;
            item.verified_at.reset();
        }
    }
}

void judge_new_policy(State& state, Effects& effects, const AccountName& account, Now now) {
    const auto grouped = by_instance(state.evaluation);
    std::vector<InstanceId> fresh_ones;
    for (const auto& [id, findings] : grouped) {
        const auto instance = state.instances.find(id);
        if (instance == state.instances.end() || instance->second->account != account) {
            continue;
        }
        const auto wanted = choose(state, findings, now.wall);
        const auto known = state.cases.find(id);
        const bool was_due = known != state.cases.end() && known->second.due <= now.wall;
        if (wanted.first != nullptr && wanted.first->holds(now.wall) && !was_due) {
            fresh_ones.push_back(id);
        }
    }
    if (!exceeds_mass_limit(state, fresh_ones.size(), running_in(state, account))) {
        return;
    }
    for (const auto id : fresh_ones) {
        if (!state.cases.contains(id)) {
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
        consider(state.recent_actions.front() + std::chrono::hours{1});
    }
    return next;
}

}  // namespace vastwatch::engine
