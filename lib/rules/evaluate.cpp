#include "rules/evaluate.hpp"

#include "base/glob.hpp"

#include <algorithm>
#include <array>

namespace vastwatch::rules {
namespace {

using policy::Action;
using policy::Window;

/// Collects findings and the earliest moment at which there would be others.
class Collector {
  public:
    explicit Collector(Instant now) : now_(now) {}

    void add(Finding finding) {
        changes_at(finding.due);
        if (finding.exempt_until) {
            changes_at(*finding.exempt_until);
        }
        result_.findings.push_back(std::move(finding));
    }

    void changes_at(Instant at) {
        if (at > now_ && (!result_.next_change || at < *result_.next_change)) {
            result_.next_change = at;
        }
    }

    Evaluation take() { return std::move(result_); }

  private:
    Instant now_;
    Evaluation result_;
};

Finding about(const Subject& subject, Rule rule, Action action, Instant since, Instant due) {
    Finding finding;
    finding.rule = rule;
    finding.account = subject.instance->account;
    finding.team = subject.team->name;
    finding.instance = subject.instance->id;
    finding.action = action;
    finding.since = since;
    finding.due = due;
    finding.rate = subject.rates.total();
    if (subject.protected_id) {
        finding.exemption = Exemption::protected_id;
    } else if (subject.protected_until) {
        finding.exemption = Exemption::protected_by_operator;
        finding.exempt_until = subject.protected_until;
    } else if (fleet::is_serverless_worker(subject.instance->row) && !is_cap(rule)) {
        finding.exemption = Exemption::serverless;
    }
    return finding;
}

// --- Rules about one instance by itself.

void judge_idle(const Subject& subject, Instant now, Collector& out) {
    const auto state = idle_state(subject, now);
    if (!state.applies || !state.covered || !state.due) {
        return;
    }
    out.changes_at(*state.due - subject.team->rules.idle_warning);
    const bool serverless = state.exemption == Exemption::serverless;
    auto finding = about(
        subject,
        serverless ? Rule::serverless : Rule::idle,
        serverless ? Action::alert : subject.team->rules.idle_action,
        *subject.instance->idle.began,
        *state.due);
    if (finding.exemption == Exemption::none && state.exemption != Exemption::none) {
        finding.exemption = state.exemption;
        finding.exempt_until = state.exempt_until;
    }
    out.add(std::move(finding));
}

void judge_policy(const Subject& subject, Instant now, Collector& out) {
    const auto& team = *subject.team;
    const auto& row = subject.instance->row;
    const Action action = team.rules.violation_action;
    if (action == Action::off || (action == Action::stop && fleet::is_stopped(row))) {
        return;
    }
    const auto violates = [&](Rule rule) {
        out.add(about(subject, rule, action, subject.instance->first_seen, now));
    };
    const bool listed =
        std::any_of(team.gpu_types.begin(), team.gpu_types.end(), [&](const std::string& glob) {
            return gpu_name_match(glob, row.gpu_name);
        });
    if (!team.gpu_types.empty() && !row.gpu_name.empty() && !listed) {
        violates(Rule::gpu_types);
    }
    if (team.max_dph && subject.rate_known && !subject.rates.estimated &&
        subject.rates.total() > *team.max_dph) {
        violates(Rule::max_dph);
    }
    if (team.interruptible_only && row.interruptible == false) {
        violates(Rule::interruptible_only);
    }
}

void judge_state(const Subject& subject, Instant now, Collector& out) {
    const auto& instance = *subject.instance;
    const auto& rules = subject.team->rules;
    if (instance.stopped_since && rules.stopped_action != Action::off) {
        const auto since = *instance.stopped_since;
        out.add(
            about(subject, Rule::stopped, rules.stopped_action, since, since + rules.stopped_for));
    }
    if (instance.loading_since && !instance.ever_ran && rules.loading_action != Action::off) {
        const auto since = *instance.loading_since;
        // Parked: the scheduler has given up on it, so there is less to wait for.
        constexpr Duration parked_patience = std::chrono::minutes{15};
        const auto patience = fleet::is_parked(instance.row)
                                  ? std::min<Duration>(rules.loading_for, parked_patience)
                                  : rules.loading_for;
        out.add(about(subject, Rule::loading, rules.loading_action, since, since + patience));
    }
    if (fleet::is_queued(instance.row)) {
        auto finding = about(subject, Rule::queued_start, Action::alert, instance.last_seen, now);
        finding.rate = fleet::running_rate(instance.row);
        out.add(std::move(finding));
    }
}

// --- Rules about teams and accounts.

using Members = std::vector<const Subject*>;

Rule cap_rule(Window window, bool account) {
    switch (window) {
        case Window::day:
            return account ? Rule::account_daily_cap : Rule::daily_cap;
        case Window::month:
            return account ? Rule::account_monthly_cap : Rule::monthly_cap;
        case Window::lifetime:
            break;
    }
    return Rule::spending_limit;
}

Duration pace(const policy::Policy& policy, const Members& members) {
    Duration slowest{0};
    for (const auto& account : policy.accounts) {
        const bool used = std::any_of(members.begin(), members.end(), [&](const Subject* subject) {
            return subject->instance->account == account.name;
        });
        if (used) {
            slowest = std::max(slowest, account.request_interval);
        }
    }
    return slowest;
}

void take_down(
    const Situation& situation,
    const Members& members,
    const Finding& whole,
    Collector& out) {
    Members affected;
    std::copy_if(
        members.begin(), members.end(), std::back_inserter(affected), [](const Subject* subject) {
            return costs_money(*subject);
        });
    const Instant ahead = whole.due - cap_lead(affected.size(), pace(situation.policy, affected));
    if (situation.now < ahead) {
        out.changes_at(ahead);
        return;
    }
    for (const auto* subject : affected) {
        const Action action = subject->team->rules.cap_action;
        // Stopping what is stopped would change nothing; a queued start is stopped (API 4.4).
        const bool idle_stop = action == Action::stop && fleet::is_stopped(subject->instance->row);
        if (action != Action::off && !idle_stop) {
            auto finding = about(*subject, whole.rule, action, whole.since, whole.due);
            finding.window = whole.window;
            finding.spend = whole.spend;
            finding.cap = whole.cap;
            finding.window_end = whole.window_end;
            out.add(std::move(finding));
        }
    }
}

Finding at_crossing(Finding whole, const Budget& budget) {
    whole.since = *budget.crossing;
    whole.due = *budget.crossing;
    whole.spend = budget.spend.spend;
    whole.cap = budget.cap;
    whole.window_end = budget.spend.end;
    return whole;
}

void judge_cap(
    const Situation& situation,
    const Members& members,
    Finding whole,
    const Budget& budget,
    Collector& out) {
    if (!budget.cap || !budget.crossing) {
        return;
    }
    whole = at_crossing(std::move(whole), budget);
    if (whole.window_end) {
        out.changes_at(*whole.window_end);
    }
    take_down(situation, members, whole, out);
    out.add(std::move(whole));
}

/// Least missed first: idle ones, then the newest, then the dearest (spec section 6).
void sort_by_loss(Members& members) {
    std::sort(members.begin(), members.end(), [](const Subject* a, const Subject* b) {
        const bool a_idle = a->instance->idle.began.has_value();
        const bool b_idle = b->instance->idle.began.has_value();
        if (a_idle != b_idle) {
            return a_idle;
        }
        const auto a_born = a->instance->row.start_date.value_or(a->instance->first_seen);
        const auto b_born = b->instance->row.start_date.value_or(b->instance->first_seen);
        if (a_born != b_born) {
            return a_born > b_born;
        }
        if (a->rates.total() != b->rates.total()) {
            return a->rates.total() > b->rates.total();
        }
        return a->instance->id > b->instance->id;
    });
}

void judge_shed(
    const Situation& situation,
    const policy::Team& team,
    Members members,
    Window window,
    const Budget& budget,
    Collector& out) {
    if (team.rules.cap_strategy != policy::CapStrategy::shed || !budget.cap || !budget.spend.end ||
        !budget.spend.projected || budget.spend.spend >= *budget.cap) {
        return;
    }
    const Duration rest = *budget.spend.end - situation.now;
    Usd excess = *budget.spend.projected - *budget.cap;
    Usd idle_cost;
    for (const auto* subject : members) {
        if (subject->instance->idle.began) {
            idle_cost += accrue(subject->rates.total(), rest);
        }
    }
    if (excess <= idle_cost) {
        return;  // what is idle goes by the idle rule, and that is enough
    }
    sort_by_loss(members);
    for (const auto* subject : members) {
        if (excess <= Usd{}) {
            break;
        }
        if (!costs_money(*subject)) {
            continue;
        }
        auto finding =
            about(*subject, Rule::shed, team.rules.cap_action, situation.now, situation.now);
        finding.window = window;
        finding.spend = budget.spend.spend;
        finding.cap = budget.cap;
        finding.window_end = budget.spend.end;
        if (finding.exemption == Exemption::none) {
            excess -= accrue(subject->rates.total(), rest);
        }
        out.add(std::move(finding));
    }
}

UsdPerHour queued_rate(const Members& members) {
    UsdPerHour total;
    for (const auto* subject : members) {
        if (fleet::is_queued(subject->instance->row)) {
            total += fleet::running_rate(subject->instance->row).value_or(UsdPerHour{});
        }
    }
    return total;
}

void judge_team(
    const Situation& situation,
    const policy::Team& team,
    const Members& members,
    Collector& out) {
    for (const Window window : {Window::day, Window::month, Window::lifetime}) {
        if (!team.caps.of(window)) {
            continue;
        }
        // The timer follows what bills now; what is queued may never start.
        const auto budget =
            team_budget(situation.ledger, team, window, UsdPerHour{}, situation.now);
        Finding whole;
        whole.rule = cap_rule(window, false);
        whole.team = team.name;
        whole.action = team.rules.cap_action;
        whole.window = window;
        whole.rate = situation.ledger.team_burn(team.name);
        const auto queued = queued_rate(members);
        const auto warned = team_budget(situation.ledger, team, window, queued, situation.now);
        if (!queued.is_zero()) {
            whole.predicted = warned.crossing;
        }
        judge_shed(situation, team, members, window, budget, out);
        if (budget.crossing) {
            judge_cap(situation, members, std::move(whole), budget, out);
        } else if (warned.crossing) {
            out.add(at_crossing(std::move(whole), warned));  // nothing is taken down for it
        }
        // What is queued does not bill yet, so its predicted crossing moves on as time passes: the
        // moment to tell is when no more is left than what cap_warning would cost with it.
        const auto burn = situation.ledger.team_burn(team.name);
        const Usd left = accrue(burn + queued, team.rules.cap_warning);
        if (const auto at = crossing_of(
                budget.spend.spend, *budget.cap - left, burn, situation.now, budget.spend.end)) {
            out.changes_at(*at);
        }
    }
}

void judge_account(
    const Situation& situation,
    const policy::Account& account,
    const Members& members,
    Collector& out) {
    for (const Window window : {Window::day, Window::month}) {
        if (!account.caps.of(window)) {
            continue;
        }
        const auto budget = account_budget(situation.ledger, account, window, situation.now);
        Finding whole;
        whole.rule = cap_rule(window, true);
        whole.account = account.name;
        whole.action = Action::alert;
        whole.window = window;
        whole.rate = situation.ledger.account_burn(account.name);
        judge_cap(situation, members, std::move(whole), budget, out);
    }
}

void judge_count(
    const Situation& situation,
    const policy::Team& team,
    Members members,
    Collector& out) {
    if (!team.max_instances || team.rules.violation_action == Action::off) {
        return;
    }
    std::erase_if(members, [](const Subject* subject) {
        return fleet::is_unloading(subject->instance->row);
    });
    const auto allowed = static_cast<std::size_t>(*team.max_instances);
    if (members.size() <= allowed) {
        return;
    }
    const auto born = [](const Subject* subject) {
        return std::pair{
            subject->instance->row.start_date.value_or(subject->instance->first_seen),
            subject->instance->id};
    };
    std::sort(members.begin(), members.end(), [&](const Subject* a, const Subject* b) {
        return born(a) < born(b);
    });
    for (std::size_t i = allowed; i < members.size(); ++i) {
        out.add(about(
            *members[i],
            Rule::max_instances,
            team.rules.violation_action,
            members[i]->instance->first_seen,
            situation.now));
    }
}

}  // namespace

bool costs_money(const Subject& subject) {
    return !fleet::is_unloading(subject.instance->row) &&
           (!subject.rates.total().is_zero() || !subject.rate_known ||
            fleet::is_queued(subject.instance->row));
}

Duration cap_lead(std::size_t instances, Duration request_interval) {
    const auto pages = static_cast<std::int64_t>((instances + 24) / 25);
    return (pages + 2) * request_interval + std::chrono::seconds{2};
}

Evaluation evaluate(const Situation& situation) {
    Collector out{situation.now};
    std::map<const policy::Team*, Members> by_team;
    std::map<AccountName, Members> by_account;
    for (const auto& subject : situation.subjects) {
        judge_idle(subject, situation.now, out);
        judge_policy(subject, situation.now, out);
        judge_state(subject, situation.now, out);
        by_team[subject.team].push_back(&subject);
        by_account[subject.instance->account].push_back(&subject);
    }
    for (const auto& team : situation.policy.teams) {
        const auto& members = by_team[&team];
        judge_count(situation, team, members, out);
        judge_team(situation, team, members, out);
    }
    for (const auto& account : situation.policy.accounts) {
        judge_account(situation, account, by_account[account.name], out);
    }
    return out.take();
}

}  // namespace vastwatch::rules
