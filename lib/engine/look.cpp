#include "engine/look.hpp"

#include "base/text.hpp"
#include "engine/enforce.hpp"
#include "engine/engine.hpp"
#include "engine/judge.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

using policy::Window;

constexpr std::size_t max_shown_alerts = 200;
constexpr std::size_t max_shown_cases = 500;

std::string status_word(const fleet::Observation& row) {
    if (fleet::is_queued(row)) {
        return "queued";
    }
    return row.status == fleet::Status::other ? printable(row.status_text, 40)
                                              : std::string{fleet::to_string(row.status)};
}

WindowView view_window(Window window, const rules::Budget& budget) {
    WindowView view;
    view.window = window;
    view.start = budget.spend.start;
    view.end = budget.spend.end;
    view.spend = budget.spend.spend;
    view.cap = budget.cap;
    view.projected = budget.spend.projected;
    view.crossing = budget.crossing;
    return view;
}

TeamView view_team(const State& state, const policy::Team& team, Now now) {
    TeamView view;
    view.name = team.name;
    view.burn = state.ledger.team_burn(team.name);
    view.estimated = state.ledger.team_estimated(team.name);
    for (const Window window : {Window::day, Window::month, Window::lifetime}) {
        view.windows.push_back(view_window(
            window, rules::team_budget(state.ledger, team, window, UsdPerHour{}, now.wall)));
    }
    const auto curve = state.curves.find(team.name);
    if (curve != state.curves.end()) {
        const Instant day = state.policy->calendar.day_start(now.wall);
        std::copy_if(
            curve->second.begin(),
            curve->second.end(),
            std::back_inserter(view.curve),
            [&](const SpendPoint& point) { return point.at >= day; });
    }
    return view;
}

void count_instance(TeamView& team, const InstanceView& instance) {
    const auto& row = instance.instance->row;
    ++team.instances;
    ++team.by_status[status_word(row)];
    if (fleet::is_serverless_worker(row)) {
        ++team.serverless_workers;
    }
    if (instance.evidence == fleet::Evidence::idle) {
        ++team.idle_instances;
        team.idle_burn += instance.rate;
    }
}

AccountView view_account(const State& state, const policy::Account& rules, Now now) {
    AccountView view;
    view.name = rules.name;
    for (const Window window : {Window::day, Window::month}) {
        view.windows.push_back(
            view_window(window, rules::account_budget(state.ledger, rules, window, now.wall)));
    }
    view.burn = state.ledger.account_burn(rules.name);
    const auto it = state.accounts.find(rules.name);
    if (it == state.accounts.end()) {
        return view;
    }
    const auto& live = it->second;
    view.last_poll = live.state.last_sweep;
    view.last_billing = live.last_billing;
    view.sweep_took = live.sweep_took;
    view.stale = !fresh(state, rules.name, now);
    view.problem = live.problem;
    view.key_rejected = live.state.key_rejected;
    view.credit = live.state.credit;
    if (view.credit) {
        view.runway = time_to_spend(*view.credit, view.burn);
    }
    view.billing_difference = live.spend_rate.difference;
    view.listed_difference = live.listed_prices.difference;
    view.unexplained = live.unexplained;
    view.not_enforcing_because = !state.policy->enforcement.enforce ? "dry run"
                                 : state.pause                      ? "paused"
                                 : view.stale                       ? "no recent data"
                                 : !state.store_writable            ? "the state cannot be written"
                                                                    : "";
    view.enforcing = view.not_enforcing_because.empty();
    return view;
}

std::string protection_text(
    const State& state,
    const rules::Subject& subject,
    const rules::IdleState& idle,
    Now now) {
    const auto& calendar = state.policy->calendar;
    if (subject.protected_id) {
        return "listed in protected_ids";
    }
    const auto command = state.protections.find(subject.instance->id);
    if (command != state.protections.end() && command->second.until > now.wall) {
        return fmt::format(
            "protected by {} until {}{}{}",
            command->second.actor,
            calendar.format(command->second.until),
            command->second.reason.empty() ? "" : ": ",
            command->second.reason);
    }
    if (idle.exemption == rules::Exemption::protect_label) {
        return fmt::format(
            "its label exempts it from the idle rule{}",
            idle.exempt_until ? " until " + calendar.format(*idle.exempt_until) : "");
    }
    if (idle.exemption == rules::Exemption::serverless) {
        return "a worker of the serverless autoscaler is never reaped one by one";
    }
    return "";
}

std::string case_text(const enforcement::Case& item, Now now) {
    using enforcement::Step;
    const std::string verb{policy::to_string(item.action)};
    switch (item.step) {
        case Step::pending:
            return item.wait == enforcement::Wait::deadline
                       ? fmt::format("{} in {}", verb, humanize(item.due - now.wall))
                       : fmt::format("{} is due, but {}", verb, enforcement::explain(item.wait));
        case Step::held:
            return fmt::format(
                "{} waits for `vastwatchctl approve {}`", verb, item.hold ? item.hold->value() : 0);
        case Step::verifying:
            return fmt::format("{}: being looked at once more", verb);
        case Step::intended:
            return fmt::format("{}: request on its way", verb);
        case Step::requested:
            return fmt::format(
                "{} requested {} ago, {} of 2 sweeps agree",
                verb,
                humanize(now.wall - item.requested_at.value_or(now.wall)),
                item.confirmations);
        case Step::dry_run:
            return fmt::format("{} would have been done (dry run)", verb);
        default:
            return "";
    }
}

bool is_dismissed(const State& state, const rules::Finding& finding) {
    const auto* hold = keeping_hold(state, finding);
    return hold != nullptr && hold->decision == enforcement::Hold::Decision::dismissed;
}

/// The first thing that will be done to an instance if nothing changes.
std::optional<Deadline> deadline_of(
    const State& state,
    const fleet::Instance& instance,
    const std::vector<const rules::Finding*>& findings) {
    std::optional<Deadline> best;
    const auto& team = state.policy->team_or_unassigned(instance.team);
    for (const auto* finding : findings) {
        const bool acts = finding->action >= policy::Action::stop &&
                          finding->exemption == rules::Exemption::none &&
                          !is_dismissed(state, *finding);
        if (!acts || (best && best->at <= finding->due)) {
            continue;
        }
        Deadline deadline;
        deadline.at = finding->due;
        deadline.action = finding->action;
        deadline.rule = finding->rule;
        deadline.reason = rules::reason(*finding, &instance, team, state.policy->calendar);
        best = std::move(deadline);
    }
    const auto item = state.cases.find(instance.id);
    if (best && item != state.cases.end() && item->second.warned_at &&
        best->rule == rules::Rule::idle) {
        best->at = std::max(best->at, *item->second.warned_at + team.rules.idle_warning);
    }
    return best;
}

using FindingsById = std::map<InstanceId, std::vector<const rules::Finding*>>;

std::string reason_of(const State& state, const rules::Finding& finding) {
    const fleet::Instance* instance = nullptr;
    if (finding.instance) {
        const auto it = state.instances.find(*finding.instance);
        instance = it == state.instances.end() ? nullptr : it->second.instance.get();
    }
    return rules::reason(
        finding, instance, state.policy->team_or_unassigned(finding.team), state.policy->calendar);
}

FindingsById index_findings(const State& state) {
    FindingsById index;
    each_finding(state, [&](const rules::Finding& finding) {
        if (finding.instance) {
            index[*finding.instance].push_back(&finding);
        }
    });
    return index;
}

using HoldsById = std::map<InstanceId, const enforcement::Hold*>;

/// What keeps an instance whose hold was dismissed.
std::string dismissal_text(const State& state, InstanceId id, const enforcement::Hold& hold) {
    std::string rules;
    for (const auto& [instance, rule] : hold.wanted) {
        if (instance == id) {
            rules += fmt::format(
                "{}{}{}",
                rules.empty() ? "for rule " : ", ",
                rules::to_string(rule),
                rules::is_cap(rule) ? " in that window" : "");
        }
    }
    return fmt::format(
        "hold {} was dismissed by {}{}, and nothing is done to it {} until the next reload",
        hold.id.value(),
        hold.decided_by,
        hold.decided ? " on " + state.policy->calendar.format(*hold.decided) : "",
        rules.empty() ? "for any rule" : rules);
}

InstanceView view_one(
    const State& state,
    const Slot& slot,
    const std::vector<const rules::Finding*>& findings,
    const HoldsById& dismissed,
    Now now) {
    const auto& instance = slot.instance;
    InstanceView view;
    view.instance = instance;
    const auto subject = subject_of(state, slot, now.wall);
    view.rate = subject.rates.total();
    view.rate_known = subject.rate_known;
    view.estimated = subject.rates.estimated;
    view.spend = state.ledger.instance_spend(instance->id, now.wall).total();
    view.spend_today = state.ledger.instance_spend_today(instance->id, now.wall);
    if (!instance->samples.empty()) {
        const auto& latest = instance->samples.back();
        view.evidence = latest.evidence;
        view.doubt = latest.doubt;
        if (latest.evidence != fleet::Evidence::unknown) {
            view.gpu_util = instance->row.telemetry.gpu_util;
        }
    }
    view.idle = instance->idle.length();
    view.coverage = instance->idle.coverage();
    view.deadline = deadline_of(state, *instance, findings);
    view.protection = protection_text(state, subject, rules::idle_state(subject, now.wall), now);
    const auto item = state.cases.find(instance->id);
    if (item != state.cases.end()) {
        view.case_text = case_text(item->second, now);
    }
    const auto hold = dismissed.find(instance->id);
    if (hold != dismissed.end() && view.protection.empty()) {
        view.protection = dismissal_text(state, instance->id, *hold->second);
    }
    return view;
}

HealthView view_health(const State& state, Now now) {
    HealthView health;
    health.enforce = state.policy->enforcement.enforce;
    health.pause = state.pause;
    health.store_writable = state.store_writable;
    health.store_problem = state.store_problem;
    health.database_set_aside = state.found.database;
    health.audit_problem = state.found.audit_log;
    health.config_reload_successful = state.config_problem.empty();
    health.config_problem = state.config_problem;
    health.started = state.started.wall;
    health.version = "0.1.0";
    for (const auto& account : state.policy->accounts) {
        if (fresh(state, account.name, now)) {
            continue;
        }
        const auto it = state.accounts.find(account.name);
        const bool never = it == state.accounts.end() || !it->second.swept_this_run;
        const std::string problem = it == state.accounts.end() || it->second.problem.empty()
                                        ? ""
                                        : ": " + it->second.problem;
        health.not_ready_because.push_back(fmt::format(
            "account {}: {}{}",
            account.name.str(),
            never ? "no complete listing yet" : "the latest listing is too old",
            problem));
    }
    if (!state.store_writable) {
        health.not_ready_because.push_back("the state cannot be written: " + state.store_problem);
    }
    health.ready = health.not_ready_because.empty();
    return health;
}

void view_alerts(const State& state, View& view) {
    for (auto it = state.alerts.rbegin();
         it != state.alerts.rend() && view.alerts.size() < max_shown_alerts;
         ++it) {
        AlertView shown;
        shown.alert = it->second;
        for (const auto& name : it->second.notify) {
            const auto entry = state.outbox.find({it->first, name});
            if (entry != state.outbox.end()) {
                shown.deliveries.push_back(entry->second);
            }
        }
        view.alerts.push_back(std::move(shown));
    }
    for (const auto& [name, severity] : state.notifiers) {
        NotifierView notifier;
        notifier.name = name;
        const auto waiting = state.waiting.find(name);
        if (waiting != state.waiting.end()) {
            for (const auto& [at, alert] : waiting->second) {
                const auto& entry = state.outbox.at({alert, name});
                ++notifier.pending;
                if (!notifier.oldest_pending || entry.created < *notifier.oldest_pending) {
                    notifier.oldest_pending = entry.created;
                    notifier.last_answer = entry.answer;
                }
            }
        }
        view.notifiers.push_back(std::move(notifier));
    }
}

void view_cases(const State& state, View& view) {
    for (const auto& [id, item] : state.cases) {
        view.cases.push_back(item);
    }
    for (const auto& item : state.ended_cases) {
        if (view.cases.size() >= max_shown_cases) {
            break;
        }
        view.cases.push_back(item);
    }
    for (const auto& [id, hold] : state.holds) {
        if (hold.decision == enforcement::Hold::Decision::open) {
            view.holds.push_back(hold);
        }
    }
    for (const auto& [id, protection] : state.protections) {
        view.protections.push_back(protection);
    }
    for (const auto& [key, count] : state.counts) {
        const auto& [team, rule, action, outcome] = key;
        view.action_counts.push_back(ActionCount{team, rule, action, outcome, count});
    }
}

}  // namespace

InstanceView view_instance(const State& state, const Slot& slot, Now now) {
    return view_one(state, slot, findings_about(state, slot->id), dismissed_holds(state), now);
}

std::shared_ptr<const View> make_view(State& state, Now now) {
    auto view = std::make_shared<View>();
    view->at = now.wall;
    view->calendar = state.policy->calendar;
    view->health = view_health(state, now);
    std::map<TeamName, std::size_t> team_index;
    for (const auto& team : state.policy->teams) {
        team_index[team.name] = view->teams.size();
        view->teams.push_back(view_team(state, team, now));
    }
    std::map<AccountName, std::size_t> account_index;
    for (const auto& account : state.policy->accounts) {
        account_index[account.name] = view->accounts.size();
        view->accounts.push_back(view_account(state, account, now));
    }
    const auto findings = index_findings(state);
    static const std::vector<const rules::Finding*> none;
    const auto dismissed = dismissed_holds(state);
    for (const auto& [id, instance] : state.instances) {
        if (instance->missed_sweeps > 0) {
            continue;
        }
        const auto own = findings.find(id);
        view->instances.push_back(
            view_one(state, instance, own == findings.end() ? none : own->second, dismissed, now));
        const auto team = team_index.find(instance->team);
        count_instance(
            view->teams[team == team_index.end() ? view->teams.size() - 1 : team->second],
            view->instances.back());
        const auto account = account_index.find(instance->account);
        if (account != account_index.end()) {
            ++view->accounts[account->second].instances;
        }
    }
    each_finding(state, [&](const rules::Finding& finding) {
        view->findings.push_back(finding);
        view->finding_reasons.push_back(reason_of(state, finding));
    });
    view_cases(state, *view);
    view_alerts(state, *view);
    view->counters = state.ledger.counters(now.wall);
    return view;
}

std::shared_ptr<const View> Engine::view(Now now) {
    return make_view(state_, now);
}

std::vector<std::pair<TeamName, std::vector<std::pair<Instant, Usd>>>> Engine::spend_series(
    const std::optional<TeamName>& team,
    Instant from,
    Instant to,
    Duration step) const {
    constexpr std::int64_t max_steps = 1000;
    std::vector<std::pair<TeamName, std::vector<std::pair<Instant, Usd>>>> all;
    if (to <= from || step <= Duration{0} || (to - from) / step > max_steps) {
        return all;
    }
    for (const auto& [name, curve] : state_.curves) {
        if ((team && *team != name) || curve.empty()) {
            continue;
        }
        const auto total_at = [&](Instant at) {
            const auto after = std::upper_bound(
                curve.begin(), curve.end(), at, [](Instant moment, const SpendPoint& point) {
                    return moment < point.at;
                });
            return after == curve.begin() ? curve.front().total : std::prev(after)->total;
        };
        std::vector<std::pair<Instant, Usd>> steps;
        for (Instant at = from; at < to; at += step) {
            steps.emplace_back(at, total_at(std::min(at + step, to)) - total_at(at));
        }
        all.emplace_back(name, std::move(steps));
    }
    return all;
}

}  // namespace vastwatch::engine
