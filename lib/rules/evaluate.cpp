// The rules about whole teams and accounts, and all rules over everything.
#include "rules/collector.hpp"

#include <algorithm>

namespace vastwatch::rules {
namespace {

using policy::Action;
using policy::Window;

using Members = std::vector<const Subject*>;

/// The subjects by whom they belong to; sorted out only when a rule wants them one by one.
class Roster {
  public:
    explicit Roster(const ListSubjects& list) : list_(list) {}

    const Members& of(const policy::Team& team) {
        sort_out();
        return by_team_[&team];
    }

    const Members& of(const policy::Account& account) {
        sort_out();
        return by_account_[account.name];
    }

  private:
    void sort_out() {
        if (sorted_out_) {
            return;
        }
        sorted_out_ = true;
        for (const auto& subject : list_()) {
            by_team_[subject.team].push_back(&subject);
            by_account_[subject.instance->account].push_back(&subject);
        }
    }

    const ListSubjects& list_;
    bool sorted_out_ = false;
    std::map<const policy::Team*, Members> by_team_;
    std::map<AccountName, Members> by_account_;
};

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

/// A team or an account while it is judged.
template <class Owner>
struct Group {
    const Owner& owner;
    const Total& totals;
    Roster& roster;
};

template <class Owner>
void take_down(
    const Whole& situation,
    const Group<Owner>& group,
    const Finding& whole,
    Collector& out) {
    const Instant ahead = whole.due - cap_lead(group.totals.costly, group.totals.pace);
    if (situation.now < ahead) {
        out.changes_at(ahead);
        return;
    }
    for (const auto* subject : group.roster.of(group.owner)) {
        if (!costs_money(*subject)) {
            continue;
        }
        const Action action = subject->team->rules.cap_action;
        if (action != Action::off && !changes_nothing(action, *subject)) {
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

template <class Owner>
void judge_cap(
    const Whole& situation,
    const Group<Owner>& group,
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
    take_down(situation, group, whole, out);
    out.add(std::move(whole));
}

/// When it was created, as far as known. What was there before the daemon and does not say is not
/// taken for new.
Instant born(const fleet::Instance& instance) {
    const Instant unknown = instance.found_at_start ? Instant{} : instance.first_seen;
    return instance.row.start_date.value_or(unknown);
}

/// Least missed first: idle ones, then the newest, then the dearest (spec section 6).
void sort_by_loss(Members& members) {
    std::sort(members.begin(), members.end(), [](const Subject* a, const Subject* b) {
        const bool a_idle = a->instance->idle.began.has_value();
        const bool b_idle = b->instance->idle.began.has_value();
        if (a_idle != b_idle) {
            return a_idle;
        }
        const auto a_born = born(*a->instance);
        const auto b_born = born(*b->instance);
        if (a_born != b_born) {
            return a_born > b_born;
        }
        if (a->rates.total() != b->rates.total()) {
            return a->rates.total() > b->rates.total();
        }
        return a->instance->id > b->instance->id;
    });
}

/// What the action spares until the window ends. Stopped, it goes on costing its storage.
Usd spared(const Subject& subject, Action action, Duration rest) {
    return accrue(action == Action::stop ? subject.rates.gpu : subject.rates.total(), rest);
}

/// What the idle rule is relied upon for.
Usd idle_cost(const Subject& subject, Duration rest) {
    return subject.instance->idle.began ? accrue(subject.rates.total(), rest) : Usd{};
}

/// Chooses from a team's instances what is shed.
class Shedding {
  public:
    /// What is being unloaded, or missing from the latest listing, is as good as gone, though its
    /// meter still runs: `burn` has it in. The rest are chosen from.
    Shedding(Members members, Usd excess, UsdPerHour burn, Duration rest)
        : members_(std::move(members)), excess_(excess), rest_(rest) {
        UsdPerHour missing = burn;
        for (const auto* subject : members_) {
            missing -= subject->rates.total();
        }
        excess_ -= accrue(std::max(missing, UsdPerHour{}), rest_);
        std::erase_if(members_, [&](const Subject* subject) {
            excess_ -= exists(*subject) ? Usd{} : accrue(subject->rates.total(), rest_);
            return !exists(*subject);
        });
        for (const auto* subject : members_) {
            idle_ += idle_cost(*subject, rest_);
        }
    }

    /// What goes as well; nothing when what goes by other rules is enough.
    Members choose(Action action) {
        Members chosen;
        if (excess_ <= std::max(idle_, Usd{})) {
            return chosen;
        }
        sort_by_loss(members_);
        // What was asked to go comes first, so that it stays wanted and nothing goes in its place:
        // until listings bear out that it went, the projection has it in.
        for (const auto* subject : members_) {
            if (subject->asked) {
                excess_ -= spared(*subject, *subject->asked, rest_);
                idle_ -= idle_cost(*subject, rest_);
            }
            if (subject->asked && can_go(*subject, action)) {
                chosen.push_back(subject);
            }
        }
        if (excess_ <= idle_) {
            return chosen;  // what is idle goes by the idle rule, and that is enough
        }
        for (const auto* subject : members_) {
            if (excess_ <= Usd{}) {
                break;
            }
            if (subject->asked || !can_go(*subject, action)) {
                continue;
            }
            chosen.push_back(subject);
            if (!subject->protected_id && !subject->protected_until) {
                excess_ -= spared(*subject, action, rest_);
            }
        }
        return chosen;
    }

  private:
    static bool can_go(const Subject& subject, Action action) {
        return costs_money(subject) && !changes_nothing(action, subject);
    }

    Members members_;
    Usd excess_;  // of the projection over the cap
    Duration rest_;
    Usd idle_;  // of what is idle until the window ends
};

void judge_shed(
    const Whole& situation,
    const Group<policy::Team>& group,
    Window window,
    const Budget& budget,
    Collector& out) {
    const auto& team = group.owner;
    if (team.rules.cap_strategy != policy::CapStrategy::shed || !budget.cap || !budget.spend.end ||
        !budget.spend.projected || budget.spend.spend >= *budget.cap) {
        return;
    }
    const Usd excess = *budget.spend.projected - *budget.cap;
    if (excess <= Usd{}) {
        return;
    }
    const auto action = team.rules.cap_action;
    Shedding shedding{
        group.roster.of(team), excess, budget.burn, *budget.spend.end - situation.now};
    for (const auto* subject : shedding.choose(action)) {
        auto finding = about(*subject, Rule::shed, action, situation.now, situation.now);
        finding.window = window;
        finding.spend = budget.spend.spend;
        finding.cap = budget.cap;
        finding.window_end = budget.spend.end;
        out.add(std::move(finding));
    }
}

Finding whole_team(const policy::Team& team, Window window, const Budget& budget) {
    Finding whole;
    whole.rule = cap_rule(window, false);
    whole.team = team.name;
    whole.action = team.rules.cap_action;
    whole.window = window;
    whole.rate = budget.burn;
    return whole;
}

void judge_team(const Whole& situation, const Group<policy::Team>& group, Collector& out) {
    const auto& team = group.owner;
    for (const Window window : {Window::day, Window::month, Window::lifetime}) {
        if (!team.caps.of(window)) {
            continue;
        }
        // The timer follows what bills now; what is queued may never start.
        const auto& budget = situation.budgets.of(team, window);
        const auto queued = group.totals.queued;
        judge_shed(situation, group, window, budget, out);
        if (queued.is_zero()) {
            judge_cap(situation, group, whole_team(team, window, budget), budget, out);
        } else {
            const auto warned = with_queued(budget, queued, situation.now);
            auto whole = whole_team(team, window, budget);
            whole.predicted = warned.crossing;
            if (budget.crossing) {
                judge_cap(situation, group, std::move(whole), budget, out);
            } else if (warned.crossing) {
                out.add(at_crossing(std::move(whole), warned));  // nothing is taken down for it
            }
        }
        // What is queued does not bill yet, so its predicted crossing moves on as time passes: the
        // moment to tell is when no more is left than what cap_warning would cost with it.
        const Usd left = accrue(budget.burn + queued, team.rules.cap_warning);
        if (const auto at = crossing_of(
                budget.spend.spend,
                *budget.cap - left,
                budget.burn,
                situation.now,
                budget.spend.end)) {
            out.changes_at(*at);
        }
    }
}

void judge_account(const Whole& situation, const Group<policy::Account>& group, Collector& out) {
    const auto& account = group.owner;
    for (const Window window : {Window::day, Window::month}) {
        if (!account.caps.of(window)) {
            continue;
        }
        const auto& budget = situation.budgets.of(account, window);
        Finding whole;
        whole.rule = cap_rule(window, true);
        whole.account = account.name;
        whole.action = Action::alert;
        whole.window = window;
        whole.rate = budget.burn;
        judge_cap(situation, group, std::move(whole), budget, out);
    }
}

void judge_count(const Whole& situation, const Group<policy::Team>& group, Collector& out) {
    const auto& team = group.owner;
    if (!team.max_instances || team.rules.violation_action == Action::off) {
        return;
    }
    const auto allowed = static_cast<std::size_t>(*team.max_instances);
    if (group.totals.existing <= allowed) {
        return;
    }
    Members members = group.roster.of(team);
    std::erase_if(members, [](const Subject* subject) { return !exists(*subject); });
    const auto age = [](const Subject* subject) {
        return std::pair{born(*subject->instance), subject->instance->id};
    };
    std::sort(members.begin(), members.end(), [&](const Subject* a, const Subject* b) {
        return age(a) < age(b);
    });
    for (std::size_t i = allowed; i < members.size(); ++i) {
        if (changes_nothing(team.rules.violation_action, *members[i])) {
            continue;
        }
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

bool changes_nothing(policy::Action action, const Subject& subject) {
    return action == Action::stop && fleet::is_stopped(subject.instance->row);
}

bool exists(const Subject& subject) {
    return !fleet::is_unloading(subject.instance->row);
}

Evaluation judge_whole(const Whole& situation) {
    Collector out{situation.now};
    Roster roster{situation.list};
    const auto& policy = situation.budgets.policy();
    for (std::size_t i = 0; i < policy.teams.size(); ++i) {
        const Group<policy::Team> group{policy.teams[i], situation.totals.teams[i], roster};
        judge_count(situation, group, out);
        judge_team(situation, group, out);
    }
    for (std::size_t i = 0; i < policy.accounts.size(); ++i) {
        judge_account(
            situation,
            Group<policy::Account>{policy.accounts[i], situation.totals.accounts[i], roster},
            out);
    }
    return out.take();
}

Evaluation evaluate(const Situation& situation) {
    Evaluation result;
    const auto consider = [&](std::optional<Instant> at) {
        if (at && (!result.next_change || *at < *result.next_change)) {
            result.next_change = at;
        }
    };
    const auto take = [&](Evaluation part) {
        consider(part.next_change);
        result.findings.insert(
            result.findings.end(),
            std::make_move_iterator(part.findings.begin()),
            std::make_move_iterator(part.findings.end()));
    };
    Tally tally{situation.policy};
    for (const auto& subject : situation.subjects) {
        take(judge_instance(subject, situation.now).evaluation);
        tally.add(tally.part_of(subject));
    }
    Budgets budgets;
    budgets.bring_to(situation.policy, situation.ledger, situation.now);
    const ListSubjects list = [&]() { return situation.subjects; };
    take(judge_whole(Whole{budgets, tally.totals(), list, situation.now}));
    return result;
}

}  // namespace vastwatch::rules
