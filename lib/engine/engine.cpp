#include "engine/engine.hpp"

#include "base/text.hpp"
#include "engine/clock_steps.hpp"
#include "engine/enforce.hpp"
#include "engine/fingerprint.hpp"
#include "engine/judge.hpp"
#include "engine/observe.hpp"
#include "engine/restore.hpp"
#include "engine/tell.hpp"
#include "engine/unconfigured.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace vastwatch::engine {
namespace {

constexpr Duration curve_step = std::chrono::minutes{15};
constexpr Duration curve_memory = std::chrono::hours{24 * 32};

void add_spend_points(State& state, Instant now) {
    if (now < state.next_point) {
        return;
    }
    const auto since_epoch = now.time_since_epoch();
    const Instant grid{since_epoch - since_epoch % curve_step};
    state.next_point = grid + curve_step;
    for (const auto& team : state.policy->teams) {
        SpendPoint point;
        point.at = now;
        point.team = team.name;
        point.today =
            state.ledger.team_spend(team.name, policy::Window::day, std::nullopt, now).spend;
        point.total =
            state.ledger.team_spend(team.name, policy::Window::lifetime, std::nullopt, now).spend;
        auto& curve = state.curves[team.name];
        curve.push_back(point);
        while (!curve.empty() && curve.front().at + curve_memory < now) {
            curve.pop_front();
        }
        state.changes.spend_points.push_back(std::move(point));
    }
}

/// Where windows begin that still need what was spent before the ledger, and every month between
/// these, so that a `since` which comes later finds its beginning.
std::set<Instant> backfill_starts(const State& state, Instant now) {
    const auto& policy = *state.policy;
    const auto& calendar = policy.calendar;
    const Instant present = calendar.month_start(now);
    std::set<Instant> starts{present};
    for (const auto& team : policy.teams) {
        if (team.since) {
            starts.insert(calendar.start_of(*team.since));
        }
    }
    constexpr Duration moment{1};
    const Instant oldest = *starts.begin();
    for (Instant month = present; month > oldest; month = calendar.month_start(month - moment)) {
        starts.insert(month);
    }
    // An account that was configured until then may have been the same one: see observe_backfill().
    for (const auto& [name, former] : state.former_accounts) {
        if (former.last_sweep && *former.last_sweep > oldest) {
            starts.insert(utc_day_start(*former.last_sweep) + std::chrono::days{1});
        }
    }
    return starts;
}

}  // namespace

Engine::Engine(
    std::shared_ptr<const policy::Policy> policy,
    std::map<NotifierName, policy::Severity> notifiers,
    Seams seams,
    Changes stored,
    Now now)
    : state_(std::move(policy), now) {
    state_.make_alert_id = std::move(seams.make_alert_id);
    state_.jitter = std::move(seams.jitter);
    state_.notifiers = std::move(notifiers);
    state_.boot = std::move(seams.boot);
    const auto stored_fingerprint = stored.policy_fingerprint;
    restore(state_, std::move(stored));
    follow_clock(state_, now);
    follow_policy(state_);
    const auto present = fingerprint(*state_.policy);
    take_configured(state_, now);
    for (const auto& account : state_.policy->accounts) {
        if (stored_fingerprint && *stored_fingerprint != present) {
            state_.to_judge[account.name].from_dry_run = is_of_dry_run(*stored_fingerprint);
        }
    }
    if (stored_fingerprint != present) {
        end_dismissals(state_);
        state_.changes.policy_fingerprint = present;
    }
    state_.durable_until = newest_alert();
    reassign_teams(state_, now);
    recover(state_, now);
}

Effects Engine::decide(Now now, Effects effects) {
    follow_clock(state_, now);
    state_.ledger.advance(now.wall);
    tell_pause(state_, effects, now);
    end_protections(state_, effects, now);
    judge(state_, now.wall);
    tell_exemptions(state_, effects, now);
    for (auto it = state_.to_judge.begin(); it != state_.to_judge.end();) {
        if (state_.accounts.at(it->first).swept_this_run) {
            judge_new_policy(state_, effects, it->first, it->second, now);
            it->second.judged = true;
        }
        // What the latest listing lacked, and may lack by mistake, is to be judged yet.
        const bool judged =
            state_.accounts.at(it->first).swept_this_run && all_listed(state_, it->first);
        it = judged ? state_.to_judge.erase(it) : std::next(it);
    }
    tell_budgets(state_, effects, now);
    tell_caps(state_, effects, now);
    tell_violations(state_, effects, now);
    tell_accounts(state_, effects, now);
    enforce(state_, effects, now);
    forget_old(state_, now);
    add_spend_points(state_, now.wall);
    return effects;
}

// What was asked before a reload took the account out is answered after it, to nobody.
bool Engine::knows(const AccountName& account) const {
    return state_.accounts.contains(account);
}

Effects Engine::on_sweep(const fleet::Sweep& sweep, Now now) {
    if (!knows(sweep.account)) {
        return decide(now, Effects{});
    }
    follow_clock(state_, now);
    observe_sweep(state_, sweep, now);
    Effects effects;
    confirm(state_, effects, sweep, now);
    return decide(now, std::move(effects));
}

Effects Engine::on_poll_failed(const PollFailed& failure, Now now) {
    if (!knows(failure.account)) {
        return decide(now, Effects{});
    }
    follow_clock(state_, now);
    auto& account = state_.accounts.at(failure.account);
    account.problem = printable(failure.message, 300);
    account.state.key_rejected = failure.key_rejected;
    account.state.failing_since = account.state.failing_since.value_or(now.wall);
    mark(state_, account.state);
    return decide(now, Effects{});
}

Effects Engine::on_verified(const fleet::Verification& read, Now now) {
    if (!knows(read.account)) {
        return decide(now, Effects{});
    }
    follow_clock(state_, now);
    observe_verification(state_, read, now);
    Effects effects;
    take_verification(state_, effects, read, now);
    return decide(now, std::move(effects));
}

Effects Engine::on_verify_failed(const VerifyOrder& order, std::string message, Now now) {
    follow_clock(state_, now);
    verification_failed(state_, order, message, now);
    return decide(now, Effects{});
}

Effects Engine::on_answered(const RequestAnswered& answer, Now now) {
    follow_clock(state_, now);
    Effects effects;
    take_answer(state_, effects, answer, now);
    return decide(now, std::move(effects));
}

Effects Engine::on_charges(const ChargesRead& charges, Now now) {
    if (!knows(charges.account)) {
        return decide(now, Effects{});
    }
    follow_clock(state_, now);
    const auto before = spend_of_destroyed(state_, charges, now);
    observe_charges(state_, charges, now);
    Effects effects;
    tell_billed_on(state_, effects, charges, before, now);
    return decide(now, std::move(effects));
}

Effects Engine::on_backfill(const BackfillRead& read, Now now) {
    if (!knows(read.account)) {
        return decide(now, Effects{});
    }
    follow_clock(state_, now);
    const auto wanted = backfills(read.account, now);
    const bool current = std::ranges::equal(
        wanted, read.parts, std::ranges::equal_to{}, {}, &BackfillRead::Part::range);
    if (current && !wanted.empty()) {
        observe_backfill(state_, read);
        auto& account = state_.accounts.at(read.account).state;
        account.covered_from = wanted.front().first_day;
        mark(state_, account);
    }
    return decide(now, Effects{});
}

Effects Engine::on_money(const MoneyRead& money, Now now) {
    if (!knows(money.account)) {
        return decide(now, Effects{});
    }
    follow_clock(state_, now);
    observe_money(state_, money, now);
    return decide(now, Effects{});
}

Effects Engine::on_price_increases(
    const AccountName& account,
    std::vector<PriceIncreaseFact> increases,
    Now now) {
    if (!knows(account)) {
        return decide(now, Effects{});
    }
    follow_clock(state_, now);
    std::erase_if(state_.price_increases, [&](const PriceIncreaseFact& fact) {
        return fact.account == account;
    });
    for (auto& increase : increases) {
        increase.account = account;
        state_.price_increases.push_back(std::move(increase));
    }
    return decide(now, Effects{});
}

Effects Engine::on_time(Now now) {
    return decide(now, Effects{});
}

Effects Engine::on_policy(
    std::shared_ptr<const policy::Policy> policy,
    std::map<NotifierName, policy::Severity> notifiers,
    Now now) {
    follow_clock(state_, now);
    const bool zone_changed = policy->calendar.zone_name() != state_.policy->calendar.zone_name();
    const bool was_dry_run = !state_.policy->enforcement.enforce;
    state_.policy = std::move(policy);
    follow_policy(state_);
    state_.notifiers = std::move(notifiers);
    state_.config_problem.clear();
    state_.changes.policy_fingerprint = fingerprint(*state_.policy);
    if (zone_changed) {
        state_.ledger.set_calendar(state_.policy->calendar, now.wall);
    }
    end_dismissals(state_);
    Effects effects;
    leave_unconfigured(state_, effects, now);
    take_configured(state_, now);
    for (const auto& account : state_.policy->accounts) {
        auto& change = state_.to_judge[account.name];
        change.from_dry_run = change.from_dry_run || was_dry_run;
        change.judged = false;
    }
    reassign_teams(state_, now);
    alerts::Alert over;
    over.kind = alerts::Kind::config_rejected;
    over.condition = "config_rejected";
    over.notify = state_.policy->all_notifiers;
    over.title = "The configuration is accepted again";
    over.text = "The latest reload was successful.";
    resolve(state_, effects, std::move(over), now);
    return decide(now, std::move(effects));
}

Effects Engine::on_config_rejected(std::string mistakes, Now now) {
    follow_clock(state_, now);
    state_.config_problem = std::move(mistakes);
    Effects effects;
    alerts::Alert draft;
    draft.kind = alerts::Kind::config_rejected;
    draft.severity = policy::Severity::warning;
    draft.condition = "config_rejected";
    draft.notify = state_.policy->all_notifiers;
    draft.title = "The changed configuration was rejected";
    draft.text = "The old configuration stays in force. What is wrong:\n\n" + state_.config_problem;
    fire(state_, effects, std::move(draft), std::nullopt, now);
    return effects;
}

std::optional<Instant> Engine::next_wake(Now now) const {
    std::optional<Instant> next = state_.ledger.next_change(now.wall);
    const auto consider = [&](std::optional<Instant> at) {
        if (at && (!next || *at < *next)) {
            next = at;
        }
    };
    consider(state_.judgement.next_change);
    consider(next_case_move(state_, now.wall));
    consider(next_telling(state_, now.wall));
    consider(state_.next_point);
    // A predicted moment may move on as it comes nearer, when spend grows more slowly than rates
    // say: without a least step that would be run after with ever shorter ones.
    constexpr Duration least = std::chrono::milliseconds{20};
    return next ? std::optional{std::max(*next, now.wall + least)} : std::nullopt;
}

std::vector<Instant> Engine::charge_days(const AccountName& account, Now now) const {
    return state_.ledger.days_to_read(account, now.wall);
}

std::vector<Backfill> Engine::backfills(const AccountName& account, Now now) const {
    std::vector<Backfill> ranges;
    const auto known = state_.accounts.find(account);
    if (known == state_.accounts.end() || !known->second.state.covered_from) {
        return ranges;
    }
    const Instant covered = utc_day_start(*known->second.state.covered_from);
    const auto starts = backfill_starts(state_, now.wall);
    for (auto at = starts.begin(); at != starts.end(); ++at) {
        const auto next = std::next(at);
        const Instant first = utc_day_start(*at);
        const Instant end =
            next == starts.end() ? covered : std::min(covered, utc_day_start(*next));
        if (first < end) {
            ranges.push_back(Backfill{*at, first, end - std::chrono::days{1}});
        }
    }
    return ranges;
}

Effects Engine::on_charges_complete(const AccountName& account, Now now) {
    if (!knows(account)) {
        return decide(now, Effects{});
    }
    follow_clock(state_, now);
    state_.accounts.at(account).last_billing = now.wall;
    return decide(now, Effects{});
}

std::size_t Engine::instance_count(const AccountName& account) const {
    const auto it = state_.homes.find(account);
    return it == state_.homes.end() ? 0 : it->second;
}

}  // namespace vastwatch::engine
