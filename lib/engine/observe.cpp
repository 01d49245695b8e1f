#include "engine/observe.hpp"

#include "base/assert.hpp"
#include "base/glob.hpp"
#include "engine/clock_steps.hpp"
#include "engine/cross_check.hpp"
#include "engine/departed.hpp"
#include "engine/judge.hpp"
#include "fleet/take.hpp"

#include <algorithm>

namespace vastwatch::engine {
namespace {

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

bool label_protected(const Slot& slot) {
    const auto& globs = slot.team->rules.protect;
    return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
        return glob_match(glob, slot->row.label);
    });
}

/// Work that was tolerated by other rules may be too much by these.
bool tolerated_too_much(const policy::Team& team, const fleet::IdlePeriod& idle) {
    const auto too_much = [&](Duration busy, Duration length) {
        const auto allowed =
            team.rules.idle_tolerance.ratio() * static_cast<double>(length.count());
        return busy > Duration{0} && static_cast<double>(busy.count()) > allowed;
    };
    // Work that no idle sample has followed yet ends a period as well.
    return idle.began && (too_much(idle.busy, idle.length()) ||
                          too_much(idle.busy + idle.pending_busy, idle.last_sample - *idle.began));
}

/// What other rules took for idleness is not all that by these: the idle clock begins again.
bool counts_no_longer(const policy::Team& team, const fleet::IdlePeriod& idle) {
    const bool worked = idle.highest && *idle.highest >= team.rules.idle_below.value();
    const bool gap = idle.longest_gap > team.rules.idle_max_gap;
    return idle.began && (worked || gap || tolerated_too_much(team, idle));
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
    // Of a host that is silent nobody knows whether the instance ever ran. And it counts from when
    // it was first seen so: the date of its creation is by another clock.
    if (instance.ever_ran || fleet::is_running(row) || !fleet::waits_to_run(row)) {
        instance.loading_since.reset();
    } else {
        instance.loading_since = instance.loading_since.value_or(at);
    }
}

void remember_rates(fleet::Instance& instance) {
    const auto own = fleet::rates_of(instance.row);
    if (own && !own->gpu.is_zero()) {
        instance.known_rates = own;
    }
}

/// Accrual at the row's rate from `at` on. With an equal row, under an equal policy, it changes
/// nothing.
void meter(State& state, const Slot& slot, fleet::Instance& instance, Instant at) {
    remember_rates(instance);
    const auto rates =
        fleet::rates_or_estimate(instance.row, instance.known_rates, slot.team->max_dph);
    if (rates) {
        state.ledger.observe(instance.account, instance.id, instance.team, *rates, at);
    } else if (const auto before = state.ledger.instance_rates(instance.id)) {
        fleet::Rates guess = *before;
        guess.estimated = true;
        state.ledger.observe(instance.account, instance.id, instance.team, guess, at);
    }
}

/// One look at rows of an account, in the order of their ids.
struct Look {
    const LiveAccount& account;
    const AccountName* home;  // as in Slot
    Instant at;
    bool interrupted = false;         // the wall clock was set since the look before
    Duration gap{0};                  // known samples so far apart still continue a period
    std::uint64_t sweep = 0;          // as in Slot
    std::size_t listed = 0;           // instances seen so far
    State::Instances::iterator next;  // where the next row's instance is likely to be
};

Look look_at(State& state, const LiveAccount& account, Instant at, bool interrupted) {
    return Look{
        account,
        &state.homes.try_emplace(account.state.name, 0).first->first,
        at,
        interrupted,
        gap_of_sweeps(state, account),
        state.sweeps,
        0,
        state.instances.begin()};
}

/// The instance with that id, or the end. Rows come by id, as the instances lie: it is nearly
/// always the next one, or a few places on when other accounts have some in between.
State::Instances::iterator find_next(State& state, Look& look, InstanceId id) {
    constexpr int patience = 4;
    auto it = look.next;
    for (int i = 0; i < patience && it != state.instances.end() && it->first < id; ++i) {
        ++it;
    }
    if (it == state.instances.end() || it->first != id) {
        it = state.instances.find(id);
    }
    if (it != state.instances.end()) {
        look.next = std::next(it);
    }
    return it;
}

void sample(const Look& look, const Slot& slot, fleet::Instance& instance) {
    const auto& rules = slot.team->rules;
    fleet::take(instance.still, instance.row.telemetry);
    const auto taken = fleet::judge(instance.row, instance.still, rules.idle_below, look.at);
    fleet::append(instance.samples, taken);
    if (instance.running_since) {
        const fleet::IdleRules limits{
            std::max(rules.idle_max_gap, look.gap), rules.idle_tolerance, look.gap};
        fleet::take(instance.idle, taken, limits, look.interrupted);
    }
    ++instance.fresh_samples;
}

/// What the rules see of an idle period.
std::pair<std::optional<Instant>, bool> idleness(const Slot& slot) {
    const auto& idle = slot->idle;
    return {idle.began, idle.began && idle.coverage() >= slot.team->rules.idle_coverage};
}

/// An equal row of an instance that is settled: a sample, and nothing else.
void observe_sample(State& state, const Look& look, Slot& slot, fleet::Instance& instance) {
    const auto before = idleness(slot);
    const int repeats = instance.still.repeats;
    instance.last_seen = look.at;
    sample(look, slot, instance);
    // A queued start is found as of the latest row.
    if (idleness(slot) != before || fleet::is_queued(instance.row)) {
        touch(state, slot);
    }
    // Of one without a period it is kept that its row stands still, for when it next begins.
    const bool stands_still =
        instance.still.repeats != repeats && instance.still.repeats <= fleet::frozen_after_repeats;
    if ((instance.running_since && (before.first || instance.idle.began)) || stands_still) {
        mark_clock(state, instance);
    }
}

/// What a row says of an instance.
enum class News {
    none,     // an equal row is known; it may have to be taken in again all the same
    changed,  // it differs in more than telemetry
    first,    // no row is known
};

/// One that is back was there all along, since ids are not used again: it accrues from where its
/// meter was closed; after a restart that is taken to be when the latest listing began.
Instant resumes_at(const Look& look, const Slot& slot) {
    const auto& last_sweep = look.account.state.last_sweep;
    return std::min(slot.unmetered_since.value_or(last_sweep.value_or(look.at)), look.at);
}

/// A row that does not only bring a sample.
void observe_news(
    State& state,
    const Look& look,
    Slot& slot,
    const fleet::Observation& row,
    News news) {
    auto& instance = *slot.instance;
    touch(state, slot);
    const bool was_missed = instance.missed_sweeps > 0;
    const Instant at = look.at;
    const auto before = std::tuple{
        instance.team,
        instance.running_since,
        instance.stopped_since,
        instance.loading_since,
        instance.label_protected_since};
    const auto created = instance.row.start_date;
    instance.row = row;
    if (!row.start_date) {
        // A date that cannot be read now is still the one that was: nothing becomes new by that.
        instance.row.start_date = created;
    }
    instance.last_seen = at;
    instance.missed_sweeps = 0;
    instance.team = team_for(state, instance.account, row.label, &instance.team);
    slot.team = &state.policy->team_or_unassigned(instance.team);
    follow_state(instance, at);
    if (counts_no_longer(*slot.team, instance.idle)) {
        instance.idle = fleet::IdlePeriod{};
    }
    if (!instance.label_protected_since && label_protected(slot)) {
        instance.label_protected_since = at;
    }
    const Instant from = news == News::first ? accrual_start(look.account, row, at)
                         : was_missed        ? resumes_at(look, slot)
                                             : at;
    meter(state, slot, instance, from);
    slot.unmetered_since.reset();
    const bool had_period = instance.idle.began.has_value();
    sample(look, slot, instance);
    const auto after = std::tuple{
        instance.team,
        instance.running_since,
        instance.stopped_since,
        instance.loading_since,
        instance.label_protected_since};
    if (news != News::none || was_missed || before != after) {
        mark(state, instance);
    } else if (instance.running_since && (had_period || instance.idle.began)) {
        mark_clock(state, instance);
    }
    slot.settled = true;
}

std::shared_ptr<fleet::Instance>
make_instance(const State& state, const Look& look, const fleet::Observation& row) {
    auto instance = std::make_shared<fleet::Instance>();
    instance->id = row.id;
    instance->account = look.account.state.name;
    instance->first_seen = look.at;
    instance->found_at_start = !look.account.state.first_sweep.has_value();
    instance->team = team_for(state, instance->account, row.label, nullptr);
    return instance;
}

/// A place for an instance that has none: a new one, or one that listings did not show for a while.
Slot& make_place(State& state, const Look& look, const fleet::Observation& row) {
    if (auto* back = come_back(state, row.id, look.account.state.name)) {
        return *back;
    }
    return add_instance(state, make_instance(state, look, row));
}

void observe_row(State& state, Look& look, Slot& slot, const fleet::Observation& row) {
    const bool first = slot->row.id != slot->id;  // as it was made
    if (slot.home != look.home) {
        return;  // two keys see the same contract: the first one counts it
    }
    look.listed += slot.sweep == look.sweep ? 0U : 1U;
    slot.sweep = look.sweep;
    auto& instance = change_quietly(slot);
    // Telemetry aside, is this the row that is known?
    instance.row.telemetry = row.telemetry;
    const bool equal = instance.row == row;
    if (equal && slot.settled) {
        observe_sample(state, look, slot, instance);
    } else {
        observe_news(
            state,
            look,
            slot,
            row,
            first   ? News::first
            : equal ? News::none
                    : News::changed);
    }
}

/// Instances of the account that a complete sweep does not list.
void observe_missing(
    State& state,
    const Look& look,
    const fleet::Sweep& sweep,
    bool after_blindness) {
    std::vector<InstanceId> missing;
    for (const auto& [id, slot] : state.instances) {
        if (slot.home == look.home && slot.sweep != look.sweep) {
            missing.push_back(id);
        }
    }
    // Everything gone at once is more likely a lying answer than the truth (API 10 no. 1): one more
    // sweep has to say so before the meters stop.
    const bool suspicious = sweep.rows.empty() && state.homes.at(*look.home) >= 5;
    for (const auto id : missing) {
        auto& instance = change(state, id);
        ++instance.missed_sweeps;
        const bool doubtful = suspicious && instance.missed_sweeps == 1;
        if (!doubtful) {
            const auto& last_sweep = look.account.state.last_sweep;
            const Instant end = after_blindness && last_sweep ? *last_sweep : sweep.ended.wall;
            state.ledger.close(id, end);
            auto& since = state.instances.at(id).unmetered_since;
            since = since.value_or(end);
        }
        mark(state, instance);
    }
}

/// What two sweeps missed is gone, unless something is still to be found out about it.
void let_go(State& state, const Look& look) {
    std::vector<InstanceId> gone;
    for (const auto& [id, slot] : state.instances) {
        if (slot.home == look.home && is_gone(state, slot)) {
            gone.push_back(id);
        }
    }
    for (const auto id : gone) {
        depart(state, id);
    }
}

/// The wall clock was set since the latest sweep.
bool clock_stepped(const LiveAccount& account, Now at) {
    return account.clock_offset &&
           std::chrono::abs(offset_of(at) - *account.clock_offset) > clock_step_limit;
}

}  // namespace

void observe_sweep(State& state, const fleet::Sweep& sweep, Now now) {
    state.ledger.advance(sweep.ended.wall);
    auto& account = account_of(state, sweep.account);
    const bool interrupted = clock_stepped(account, now);
    account.clock_offset = offset_of(now);
    // What had to be asked again makes no sweep longer as far as gaps are measured by sweeps, nor
    // does what befell a single one: the machine may have slept in the midst of it.
    const Duration took = sweep.ended.mono - sweep.began.mono - sweep.repeated;
    account.sweeps_take = std::min(took, account.sweep_took.value_or(Duration{0}));
    account.sweep_took = took;
    const Instant at = sweep.ended.wall;
    const auto& last = account.state.last_sweep;
    const Duration usual = gap_of_sweeps(state, account);
    const bool after_blindness =
        last && (!account.swept_this_run || at - *last > usual) &&
        at - *last > std::min(usual, state.policy->enforcement.max_staleness);
    ++state.sweeps;
    auto look = look_at(state, account, at, interrupted);
    for (const auto& row : sweep.rows) {
        const auto known = find_next(state, look, row.id);
        auto& slot = known != state.instances.end() ? known->second : make_place(state, look, row);
        observe_row(state, look, slot, row);
    }
    if (look.listed < state.homes.at(sweep.account)) {
        // A row without an id may be any of them: then nothing counts as gone.
        if (sweep.skipped_rows == 0) {
            observe_missing(state, look, sweep, after_blindness);
        }
        let_go(state, look);
    }
    forget_departed(state, at);
    // By the clock that holds now: it may have been set in the midst of it.
    const Duration set = offset_of(sweep.ended) - offset_of(sweep.began);
    account.state.last_sweep = std::min(sweep.began.wall + set, at);
    account.state.first_sweep = account.state.first_sweep.value_or(at);
    if (!account.state.covered_from) {
        state.ledger.begin(sweep.account, at);
        account.state.covered_from = state.ledger.first_day(sweep.account, at);
    }
    account.state.failing_since.reset();
    account.state.key_rejected = false;
    account.problem.clear();
    account.swept_this_run = true;
    compare_prices(account, sweep);
    mark(state, account.state);
}

void observe_verification(State& state, const fleet::Verification& read, Now now) {
    auto& account = account_of(state, read.account);
    // The next sweep has to notice a step as well, for all the others: nothing is noted here.
    const bool interrupted = clock_stepped(account, now);
    auto look = look_at(state, account, now.wall, interrupted);
    for (const auto& row : read.rows) {
        const auto it = state.instances.find(row.id);
        if (it != state.instances.end()) {
            // A clock that was set back a little must not end the idle period.
            look.at = std::max(now.wall, it->second->last_seen);
            observe_row(state, look, it->second, row);
        }
    }
}

namespace {

/// Whose it is: what charges tell of may be gone, and its label with it.
TeamName team_charged(const State& state, const AccountName& account, const ChargeRow& charge) {
    const TeamName* remembered = nullptr;
    if (charge.instance) {
        const auto known = state.instances.find(*charge.instance);
        if (known != state.instances.end()) {
            return known->second->team;
        }
        const auto gone = state.departed.find(*charge.instance);
        remembered = gone == state.departed.end() ? nullptr : &gone->second.instance->team;
    }
    return team_for(state, account, charge.label, remembered);
}

/// The account that counts what the instance costs; nothing when that is not known, or is none of
/// those that there are now.
const AccountName* home_of(const State& state, InstanceId id) {
    const fleet::Instance* instance = nullptr;
    const auto known = state.instances.find(id);
    if (known != state.instances.end()) {
        instance = known->second.instance.get();
    } else if (const auto gone = state.departed.find(id); gone != state.departed.end()) {
        instance = gone->second.instance.get();
    }
    const bool counts =
        instance != nullptr && state.policy->find_account(instance->account) != nullptr;
    return counts ? &instance->account : nullptr;
}

/// Two keys of one Vast.ai account are charged for the same contracts.
bool counted_elsewhere(const State& state, const AccountName& account, const ChargeRow& charge) {
    const auto* home = charge.instance ? home_of(state, *charge.instance) : nullptr;
    return home != nullptr && *home != account;
}

std::vector<ledger::DayCharge>
day_charges(const State& state, const AccountName& account, const std::vector<ChargeRow>& charges) {
    std::vector<ledger::DayCharge> rows;
    rows.reserve(charges.size());
    for (const auto& charge : charges) {
        ledger::DayCharge row;
        row.contract = ledger::Contract{account, charge.source};
        row.amounts = charge.amounts;
        if (counted_elsewhere(state, account, charge)) {
            // What was read before any listing said whose it is has to be taken back.
            row.amounts = ledger::Amounts{};
        }
        row.team = team_charged(state, account, charge);
        rows.push_back(std::move(row));
    }
    return rows;
}

/// The other account was charged for contracts of this one.
bool is_same(const State& state, const BackfillRead& read, const AccountName& other) {
    const auto known = [&](const ChargeRow& row) {
        return state.ledger.knows(ledger::Contract{other, row.source});
    };
    return state.ledger.shares_contracts(read.account, other) ||
           std::ranges::any_of(read.parts, [&](const BackfillRead::Part& part) {
               return std::ranges::any_of(part.rows, known);
           });
}

/// All charges of these days were counted for that account; up to `end`, if it has one.
bool covers(const AccountState& account, std::optional<Instant> end, const Backfill& range) {
    return account.covered_from && utc_day_start(*account.covered_from) <= range.first_day &&
           (!end || range.last_day <= *end);
}

/// Another account has counted the range: one that there is, or one that there was.
bool was_counted(const State& state, const BackfillRead& read, const Backfill& range) {
    const auto live = [&](const auto& entry) {
        return entry.first != read.account && covers(entry.second.state, std::nullopt, range) &&
               is_same(state, read, entry.first);
    };
    const auto former = [&](const auto& entry) {
        return entry.second.last_sweep && covers(entry.second, entry.second.last_sweep, range) &&
               is_same(state, read, entry.first);
    };
    return std::ranges::any_of(state.accounts, live) ||
           std::ranges::any_of(state.former_accounts, former);
}

}  // namespace

void observe_charges(State& state, const ChargesRead& charges, Now now) {
    const auto rows = day_charges(state, charges.account, charges.rows);
    state.ledger.charge(charges.account, charges.day, rows, now.wall);
}

void observe_backfill(State& state, const BackfillRead& read) {
    std::vector<const BackfillRead::Part*> fresh;
    for (const auto& part : read.parts) {
        if (!was_counted(state, read, part.range)) {
            fresh.push_back(&part);
        }
    }
    for (const auto* part : fresh) {
        const auto rows = day_charges(state, read.account, part->rows);
        state.ledger.backfill(read.account, part->range.start, rows);
    }
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
        take(account.spend_rate, state.ledger.account_burn(money.account), *money.reported_rate);
    }
    mark(state, account.state);
}

void reassign_teams(State& state, Now now) {
    for (auto& [id, slot] : state.instances) {
        const auto team = team_for(state, slot->account, slot->row.label, &slot->team);
        if (team != slot->team) {
            auto& instance = change(state, id);
            instance.team = team;
            slot.team = &state.policy->team_or_unassigned(team);
            meter(state, slot, instance, now.wall);
            mark(state, instance);
        }
        if (counts_no_longer(*slot.team, slot->idle)) {
            auto& instance = change(state, id);
            instance.idle = fleet::IdlePeriod{};
            mark(state, instance);
        }
    }
}

}  // namespace vastwatch::engine
