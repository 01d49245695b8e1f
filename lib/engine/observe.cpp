#include "engine/observe.hpp"

#include "base/glob.hpp"

#include <algorithm>
#include <cmath>

namespace vastwatch::engine {
namespace {

constexpr Duration clock_step_limit = std::chrono::seconds{5};

/// At the very first start a contract younger than this accrues from its creation; for older ones
/// the charges tell.
constexpr Duration young = std::chrono::hours{1};

LiveAccount& account_of(State& state, const AccountName& name) {
    auto& account = state.accounts[name];
    account.state.name = name;
    return account;
}

TeamName team_for(
    const State& state,
    const AccountName& account,
    const std::string& label,
    const TeamName* remembered) {
    const auto* access = state.policy->find_account(account);
    if (access != nullptr && access->team) {
        return *access->team;
    }
    if (const auto* team = state.policy->match_label(label)) {
        return team->name;
    }
    // A label that was taken off, or matches nothing, does not change whose instance it is.
    if (remembered != nullptr && state.policy->find_team(*remembered) != nullptr) {
        return *remembered;
    }
    return policy::unassigned();
}

/// When accrual of a new instance begins (spec section 4).
Instant accrual_start(const LiveAccount& account, const fleet::Observation& row, Instant now) {
    if (!row.start_date || *row.start_date >= now) {
        return now;
    }
    const auto& last = account.state.last_sweep;
    const bool since_last_sweep = last && *row.start_date > *last;
    const bool young_at_first = !last && now - *row.start_date < young;
    if (since_last_sweep || young_at_first) {
        return *row.start_date;
    }
    return last ? *last : now;
}

bool label_protected(const State& state, const fleet::Instance& instance) {
    const auto& globs = state.policy->team_or_unassigned(instance.team).rules.protect;
    return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
        return glob_match(glob, instance.row.label);
    });
}

/// Follows how long the instance has been running, stopped, loading. The scheduler's words decide
/// where a run ends: a host that is silent for a while does not end it (API 2.5).
void follow_state(fleet::Instance& instance, Instant at) {
    const auto& row = instance.row;
    const bool run_ended =
        row.current != fleet::State::running || row.intended != fleet::State::running;
    if (fleet::is_running(row)) {
        instance.ever_ran = true;
        instance.running_since = instance.running_since.value_or(at);
    } else if (run_ended) {
        instance.running_since.reset();
        instance.idle = fleet::IdlePeriod{};
    }
    switch (row.status) {
        case fleet::Status::frozen:
        case fleet::Status::rebooting:
        case fleet::Status::recycling:
        case fleet::Status::exited:
        case fleet::Status::stopped:
            instance.ever_ran = true;
            break;
        default:
            break;
    }
    if (fleet::is_stopped(row) && row.status != fleet::Status::created) {
        instance.stopped_since = instance.stopped_since.value_or(at);
    } else {
        instance.stopped_since.reset();
    }
    if (instance.ever_ran || fleet::is_running(row)) {
        instance.loading_since.reset();
    } else if (!instance.loading_since) {
        const auto born = instance.found_at_start ? at : row.start_date.value_or(at);
        instance.loading_since = std::min(born, at);
    }
}

void remember_rates(fleet::Instance& instance) {
    const auto own = fleet::rates_of(instance.row);
    if (own && !own->gpu.is_zero()) {
        instance.known_rates = own;
    }
}

/// Accrual at the row's rate from `at` on.
void meter(State& state, fleet::Instance& instance, Instant at) {
    const auto& team = state.policy->team_or_unassigned(instance.team);
    remember_rates(instance);
    const auto rates = fleet::rates_or_estimate(instance.row, instance.known_rates, team.max_dph);
    if (rates) {
        state.ledger.observe(instance.account, instance.id, instance.team, *rates, at);
    } else if (const auto before = state.ledger.instance_rates(instance.id)) {
        fleet::Rates guess = *before;
        guess.estimated = true;
        state.ledger.observe(instance.account, instance.id, instance.team, guess, at);
    }
}

fleet::IdleRules
idle_rules(const State& state, const LiveAccount& account, const fleet::Instance& instance) {
    const auto& rules = state.policy->team_or_unassigned(instance.team).rules;
    const auto* access = state.policy->find_account(instance.account);
    const Duration poll = access == nullptr ? Duration{0} : access->poll_interval;
    const Duration sweep = std::max(poll, account.sweep_took.value_or(Duration{0}));
    return fleet::IdleRules{std::max(rules.idle_max_gap, 3 * sweep), rules.idle_tolerance};
}

void sample(
    State& state,
    const LiveAccount& account,
    fleet::Instance& instance,
    Instant at,
    bool interrupted) {
    const auto& rules = state.policy->team_or_unassigned(instance.team).rules;
    instance.still = fleet::follow(instance.still, instance.row.telemetry);
    const auto taken = fleet::judge(instance.row, instance.still, rules.idle_below, at);
    fleet::append(instance.samples, taken);
    if (instance.running_since) {
        instance.idle =
            fleet::extend(instance.idle, taken, idle_rules(state, account, instance), interrupted);
    }
    ++instance.fresh_samples;
}

/// Volatile parts aside, is this the row that is stored?
bool same_lasting(const fleet::Observation& a, const fleet::Observation& b) {
    fleet::Observation copy = b;
    copy.telemetry = a.telemetry;
    return a == copy;
}

std::shared_ptr<fleet::Instance> make_instance(
    const State& state,
    const LiveAccount& account,
    const fleet::Observation& row,
    Instant at) {
    auto instance = std::make_shared<fleet::Instance>();
    instance->id = row.id;
    instance->account = account.state.name;
    instance->first_seen = at;
    instance->found_at_start = !account.state.first_sweep.has_value();
    instance->team = team_for(state, account.state.name, row.label, nullptr);
    return instance;
}

void observe_row(
    State& state,
    const LiveAccount& account,
    const fleet::Observation& row,
    Instant at,
    bool interrupted) {
    auto it = state.instances.find(row.id);
    const bool is_new = it == state.instances.end();
    if (is_new) {
        it = state.instances.emplace(row.id, make_instance(state, account, row, at)).first;
    }
    if (it->second->account != account.state.name) {
        return;  // two keys see the same contract: the first one counts it
    }
    auto& instance = change(state, row.id);
    const bool was_missed = instance.missed_sweeps > 0;
    const bool lasting = is_new || was_missed || !same_lasting(instance.row, row);
    const auto before = std::tuple{
        instance.team,
        instance.running_since,
        instance.stopped_since,
        instance.loading_since,
        instance.label_protected_since};
    instance.row = row;
    instance.last_seen = at;
    instance.missed_sweeps = 0;
    instance.team = team_for(state, instance.account, row.label, &instance.team);
    follow_state(instance, at);
    if (!instance.label_protected_since && label_protected(state, instance)) {
        instance.label_protected_since = at;
    }
    // One that is back was there all along, since ids are not used again: it accrues from where its
    // meter was closed, which is about when the listing that missed it began.
    const Instant from = is_new       ? accrual_start(account, row, at)
                         : was_missed ? std::min(account.state.last_sweep.value_or(at), at)
                                      : at;
    meter(state, instance, from);
    const bool had_period = instance.idle.began.has_value();
    sample(state, account, instance, at, interrupted);
    const auto after = std::tuple{
        instance.team,
        instance.running_since,
        instance.stopped_since,
        instance.loading_since,
        instance.label_protected_since};
    if (lasting || before != after) {
        mark(state, instance);
    } else if (instance.running_since && (had_period || instance.idle.began)) {
        mark_clock(state, instance);
    }
}

/// Instances of the account that a complete sweep does not list.
void observe_missing(
    State& state,
    const LiveAccount& account,
    const fleet::Sweep& sweep,
    bool after_blindness) {
    std::vector<InstanceId> missing;
    std::size_t listed_before = 0;
    for (const auto& [id, instance] : state.instances) {
        if (instance->account != sweep.account) {
            continue;
        }
        ++listed_before;
        const bool listed = std::binary_search(
            sweep.rows.begin(), sweep.rows.end(), id, [](const auto& a, const auto& b) {
                if constexpr (std::is_same_v<std::decay_t<decltype(a)>, InstanceId>) {
                    return a < b.id;
                } else {
                    return a.id < b;
                }
            });
        if (!listed) {
            missing.push_back(id);
        }
    }
    // Everything gone at once is more likely a lying answer than the truth (API 10 no. 1): one more
    // sweep has to say so before the meters stop.
    const bool suspicious = sweep.rows.empty() && listed_before >= 5;
    for (const auto id : missing) {
        auto& instance = change(state, id);
        ++instance.missed_sweeps;
        const bool first = instance.missed_sweeps == 1;
        if ((first && !suspicious) || (!first && sweep.rows.empty())) {
            const Instant end = after_blindness && account.state.last_sweep
                                    ? *account.state.last_sweep
                                    : sweep.ended.wall;
            state.ledger.close(id, end);
        }
        mark(state, instance);
    }
}

void forget_gone(State& state, const AccountName& account) {
    std::vector<InstanceId> gone;
    for (const auto& [id, instance] : state.instances) {
        const auto open = state.cases.find(id);
        const bool wanted = open != state.cases.end() && !enforcement::is_end(open->second.step);
        if (instance->account == account && instance->missed_sweeps >= 2 && !wanted) {
            gone.push_back(id);
        }
    }
    for (const auto id : gone) {
        state.instances.erase(id);
        state.changes.gone_instances.push_back(id);
    }
}

Duration clock_offset(Now at) {
    return at.wall.time_since_epoch() - at.mono.time_since_epoch();
}

/// The wall clock was set since the latest sweep.
bool clock_stepped(const LiveAccount& account, Now at) {
    return account.clock_offset &&
           std::chrono::abs(clock_offset(at) - *account.clock_offset) > clock_step_limit;
}

}  // namespace

void observe_sweep(State& state, const fleet::Sweep& sweep, Now now) {
    state.ledger.advance(sweep.ended.wall);
    auto& account = account_of(state, sweep.account);
    const bool interrupted = clock_stepped(account, now);
    account.clock_offset = clock_offset(now);
    account.sweep_took = sweep.ended.mono - sweep.began.mono;
    const Instant at = sweep.ended.wall;
    const auto& last = account.state.last_sweep;
    const auto* access = state.policy->find_account(sweep.account);
    const Duration usual =
        access == nullptr ? Duration{0} : 3 * std::max(access->poll_interval, *account.sweep_took);
    const bool after_blindness =
        last && (!account.swept_this_run || at - *last > usual) &&
        at - *last > std::min(usual, state.policy->enforcement.max_staleness);
    for (const auto& row : sweep.rows) {
        observe_row(state, account, row, at, interrupted);
    }
    // A row without an id may be any of them: then nothing counts as gone.
    if (sweep.skipped_rows == 0) {
        observe_missing(state, account, sweep, after_blindness);
    }
    forget_gone(state, sweep.account);
    account.state.last_sweep = std::min(sweep.began.wall, at);
    account.state.first_sweep = account.state.first_sweep.value_or(at);
    account.state.failing_since.reset();
    account.state.key_rejected = false;
    account.problem.clear();
    account.swept_this_run = true;
    mark(state, account.state);
}

void observe_verification(State& state, const fleet::Verification& read) {
    auto& account = account_of(state, read.account);
    // The next sweep has to notice a step as well, for all the others: nothing is noted here.
    const bool interrupted = clock_stepped(account, read.read_at);
    for (const auto& row : read.rows) {
        const auto it = state.instances.find(row.id);
        if (it != state.instances.end()) {
            // A sweep that was answered later may have been taken in first: that is no clock that
            // went backwards, which would end the idle period.
            const Instant at = std::max(read.read_at.wall, it->second->last_seen);
            observe_row(state, account, row, at, interrupted);
        }
    }
}

void observe_charges(State& state, const ChargesRead& charges, Now now) {
    std::vector<ledger::DayCharge> rows;
    rows.reserve(charges.rows.size());
    for (const auto& charge : charges.rows) {
        ledger::DayCharge row;
        row.contract = ledger::Contract{charges.account, charge.source};
        row.amounts = charge.amounts;
        const TeamName* remembered = nullptr;
        if (charge.instance) {
            const auto known = state.instances.find(*charge.instance);
            if (known != state.instances.end()) {
                remembered = &known->second->team;
            }
        }
        row.team = remembered != nullptr ? *remembered
                                         : team_for(state, charges.account, charge.label, nullptr);
        rows.push_back(std::move(row));
    }
    if (!charges.backfill) {
        state.ledger.charge(charges.account, charges.day, rows, now.wall);
        return;
    }
    state.ledger.backfill(charges.account, charges.day, rows);
}

void observe_money(State& state, const MoneyRead& money, Now now) {
    auto& account = account_of(state, money.account);
    if (money.credit) {
        account.state.credit = money.credit;
        account.state.credit_at = now.wall;
    }
    if (money.total_spend) {
        const Instant today = state.policy->calendar.day_start(now.wall);
        if (!account.state.total_spend_mark || *account.state.total_spend_mark_at < today) {
            account.state.total_spend_mark = money.total_spend;
            account.state.total_spend_mark_at = now.wall;
        }
        account.state.total_spend = money.total_spend;
        const Usd fall = *account.state.total_spend_mark - *money.total_spend;
        account.unexplained =
            fall -
            state.ledger.accrued(money.account, *account.state.total_spend_mark_at, now.wall);
    }
    if (money.reported_rate) {
        const auto ours = state.ledger.account_burn(money.account);
        const double mine = to_double(ours);
        const double theirs = to_double(*money.reported_rate);
        const double scale = std::max(std::abs(mine), std::abs(theirs));
        account.billing_difference = scale == 0 ? 0 : (theirs - mine) / scale;
        const bool disagrees = std::abs(*account.billing_difference) > 0.02;
        account.billing_disagreements = disagrees ? account.billing_disagreements + 1 : 0;
    }
    mark(state, account.state);
}

void reassign_teams(State& state, Now now) {
    for (auto& [id, slot] : state.instances) {
        const auto team = team_for(state, slot->account, slot->row.label, &slot->team);
        if (team != slot->team) {
            auto& instance = change(state, id);
            instance.team = team;
            meter(state, instance, now.wall);
            mark(state, instance);
        }
    }
}

}  // namespace vastwatch::engine
