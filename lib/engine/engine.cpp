#include "engine/engine.hpp"

#include "base/text.hpp"
#include "engine/enforce.hpp"
#include "engine/observe.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

constexpr Duration curve_step = std::chrono::minutes{15};
constexpr Duration curve_memory = std::chrono::hours{24 * 32};

/// Cheap and stable: tells whether the stored state was made under this policy.
std::string fingerprint(const policy::Policy& policy) {
    std::uint64_t hash = 1469598103934665603ULL;  // FNV-1a
    const auto add = [&](std::string_view text) {
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
        }
        hash = (hash ^ 0xFFU) * 1099511628211ULL;
    };
    const auto add_number = [&](std::int64_t number) { add(std::to_string(number)); };
    const auto add_money = [&](std::optional<Usd> amount) {
        add_number(amount ? amount->nanos() : -1);
    };
    add_number(policy.enforcement.enforce ? 1 : 0);
    for (const auto& account : policy.accounts) {
        add(account.name.str());
        add(account.team ? account.team->str() : "");
        add_money(account.caps.daily);
        add_money(account.caps.monthly);
    }
    for (const auto& team : policy.teams) {
        add(team.name.str());
        for (const auto& glob : team.labels) {
            add(glob);
        }
        for (const auto& glob : team.gpu_types) {
            add(glob);
        }
        add_number(team.max_instances.value_or(-1));
        add_number(team.max_dph ? team.max_dph->nanos() : -1);
        add_number(team.interruptible_only ? 1 : 0);
        add_money(team.caps.daily);
        add_money(team.caps.monthly);
        add_money(team.caps.lifetime);
        const auto& rules = team.rules;
        add(fmt::format("{} {} {}", rules.idle_below.value(), rules.idle_coverage.value(),
                        rules.idle_tolerance.value()));
        for (const auto span :
             {rules.idle_for, rules.idle_warning, rules.idle_max_gap, rules.startup_grace,
              rules.stopped_for, rules.loading_for}) {
            add_number(span.count());
        }
        for (const auto action : {rules.idle_action, rules.cap_action, rules.violation_action,
                                  rules.stopped_action, rules.loading_action}) {
            add(policy::to_string(action));
        }
        for (const auto& glob : rules.protect) {
            add(glob);
        }
    }
    return fmt::format("{:016x}", hash);
}

void restore_instances(State& state, Changes& stored) {
    for (auto& instance : stored.instances) {
        auto made = std::make_shared<fleet::Instance>(std::move(instance));
        made->fresh_samples = 0;
        state.instances.insert_or_assign(made->id, std::move(made));
    }
    for (auto& clock : stored.idle_clocks) {
        const auto it = state.instances.find(clock.id);
        if (it != state.instances.end() && it->second->last_seen <= clock.last_seen) {
            it->second->last_seen = clock.last_seen;
            it->second->still = clock.still;
            it->second->idle = clock.idle;
            it->second->samples = std::move(clock.samples);
        }
    }
}

void restore_cases(State& state, std::vector<enforcement::Case> cases) {
    std::sort(cases.begin(), cases.end(), [](const auto& a, const auto& b) {
        return a.number < b.number;
    });
    for (auto& item : cases) {
        state.next_case = std::max(state.next_case, item.number + 1);
        const bool over = enforcement::is_end(item.step) &&
                          (item.step != enforcement::Step::dry_run || item.closed_at);
        if (item.intended_at && !item.cap) {
            state.recent_actions.push_back(*item.intended_at);
        }
        const auto outcome = item.step == enforcement::Step::confirmed ? "done"
                             : item.step == enforcement::Step::dry_run ? "dry_run"
                             : item.step == enforcement::Step::dropped ? "dropped"
                                                                       : nullptr;
        if (outcome != nullptr) {
            ++state.counts[{item.team, item.rule, item.action, outcome}];
        }
        if (over) {
            state.ended_cases.push_front(std::move(item));
        } else {
            state.cases.insert_or_assign(item.instance, std::move(item));
        }
    }
    std::sort(state.recent_actions.begin(), state.recent_actions.end());
}

void restore(State& state, Changes stored) {
    restore_instances(state, stored);
    restore_cases(state, std::move(stored.cases));
    for (auto& hold : stored.holds) {
        state.next_hold = std::max(state.next_hold, hold.id.value() + 1);
        state.holds.insert_or_assign(hold.id, std::move(hold));
    }
    for (auto& protection : stored.protections) {
        state.protections.insert_or_assign(protection.instance, std::move(protection));
    }
    state.pause = stored.pause;
    for (auto& condition : stored.conditions) {
        auto key = condition.key;
        state.conditions.insert_or_assign(std::move(key), std::move(condition));
    }
    for (auto& alert : stored.alerts) {
        auto id = alert.id;
        state.alerts.insert_or_assign(std::move(id), std::move(alert));
    }
    for (auto& entry : stored.outbox) {
        state.outbox.insert_or_assign({entry.alert, entry.notifier}, entry);
    }
    for (auto& account : stored.accounts) {
        auto name = account.name;
        state.accounts[name].state = std::move(account);
    }
    for (auto& point : stored.spend_points) {
        state.curves[point.team].push_back(point);
    }
    state.ledger.restore(std::move(stored.ledger));
}

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

AuditRecord operator_record(Now now, std::string action, const std::string& actor) {
    AuditRecord record;
    record.time = now.wall;
    record.action = std::move(action);
    record.actor = actor;
    record.outcome = "done";
    return record;
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
    const auto stored_fingerprint = stored.policy_fingerprint;
    restore(state_, std::move(stored));
    const auto present = fingerprint(*state_.policy);
    for (const auto& account : state_.policy->accounts) {
        auto& live = state_.accounts[account.name];
        live.state.name = account.name;
        if (stored_fingerprint && *stored_fingerprint != present) {
            state_.to_judge.insert(account.name);
        }
    }
    if (stored_fingerprint != present) {
        state_.changes.policy_fingerprint = present;
    }
    state_.durable_until = newest_alert();
    reassign_teams(state_, now);
    recover(state_, now);
}

Effects Engine::decide(Now now, Effects effects) {
    state_.ledger.advance(now.wall);
    tell_pause(state_, effects, now);
    tell_exemptions(state_, effects, now);
    const auto all = subjects(state_, now.wall);
    state_.evaluation = rules::evaluate(
        rules::Situation{*state_.policy, all, state_.ledger, now.wall});
    for (auto it = state_.to_judge.begin(); it != state_.to_judge.end();) {
        if (state_.accounts[*it].swept_this_run) {
            judge_new_policy(state_, effects, *it, now);
            it = state_.to_judge.erase(it);
        } else {
            ++it;
        }
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

Effects Engine::on_sweep(const fleet::Sweep& sweep, Now now) {
    observe_sweep(state_, sweep, now);
    Effects effects;
    confirm(state_, effects, sweep, now);
    return decide(now, std::move(effects));
}

Effects Engine::on_poll_failed(const PollFailed& failure, Now now) {
    auto& account = state_.accounts[failure.account];
    account.state.name = failure.account;
    account.problem = printable(failure.message, 300);
    account.state.key_rejected = failure.key_rejected;
    account.state.failing_since = account.state.failing_since.value_or(now.wall);
    mark(state_, account.state);
    return decide(now, Effects{});
}

Effects Engine::on_verified(const fleet::Verification& read, Now now) {
    observe_verification(state_, read, now);
    Effects effects;
    take_verification(state_, effects, read, now);
    return decide(now, std::move(effects));
}

Effects Engine::on_verify_failed(const VerifyOrder& order, std::string message, Now now) {
    verification_failed(state_, order, message, now);
    return decide(now, Effects{});
}

Effects Engine::on_answered(const RequestAnswered& answer, Now now) {
    Effects effects;
    take_answer(state_, effects, answer, now);
    return decide(now, std::move(effects));
}

Effects Engine::on_charges(const ChargesRead& charges, Now now) {
    observe_charges(state_, charges, now);
    return decide(now, Effects{});
}

Effects Engine::on_money(const MoneyRead& money, Now now) {
    observe_money(state_, money, now);
    return decide(now, Effects{});
}

Effects Engine::on_price_increases(
    const AccountName& account,
    std::vector<PriceIncreaseFact> increases,
    Now now) {
    std::erase_if(state_.price_increases, [&](const PriceIncreaseFact& fact) {
        return fact.account == account;
    });
    for (auto& increase : increases) {
        increase.account = account;
        state_.price_increases.push_back(std::move(increase));
    }
    return decide(now, Effects{});
}

Effects Engine::on_time(Now now) { return decide(now, Effects{}); }

Effects Engine::on_policy(
    std::shared_ptr<const policy::Policy> policy,
    std::map<NotifierName, policy::Severity> notifiers,
    Now now) {
    const bool zone_changed =
        policy->calendar.zone_name() != state_.policy->calendar.zone_name();
    state_.policy = std::move(policy);
    state_.notifiers = std::move(notifiers);
    state_.config_problem.clear();
    state_.changes.policy_fingerprint = fingerprint(*state_.policy);
    if (zone_changed) {
        state_.ledger.set_calendar(state_.policy->calendar, now.wall);
    }
    for (auto& [id, hold] : state_.holds) {
        // What was dismissed under the old configuration is judged anew under this one.
        if (hold.kind == enforcement::Hold::Kind::reload &&
            hold.decision == enforcement::Hold::Decision::dismissed) {
            hold.decision = enforcement::Hold::Decision::lapsed;
            mark(state_, hold);
        }
    }
    for (const auto& account : state_.policy->accounts) {
        state_.accounts[account.name].state.name = account.name;
        state_.to_judge.insert(account.name);
    }
    std::erase_if(state_.accounts, [&](const auto& entry) {
        return state_.policy->find_account(entry.first) == nullptr;
    });
    reassign_teams(state_, now);
    Effects effects;
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

Effects Engine::on_not_durable(
    Changes unwritten,
    const std::vector<RequestOrder>& orders,
    std::string problem,
    Now now) {
    state_.store_writable = false;
    state_.store_problem = std::move(problem);
    // What could not be written is owed: it goes before whatever has changed since.
    auto& later = state_.changes;
    const auto prepend = [](auto& earlier, auto& rest) {
        earlier.insert(
            earlier.end(),
            std::make_move_iterator(rest.begin()),
            std::make_move_iterator(rest.end()));
        rest = std::move(earlier);
    };
    later.idle_clocks.clear();
    later.instances.clear();
    for (const auto& [id, instance] : state_.instances) {
        later.instances.push_back(*instance);
    }
    prepend(unwritten.gone_instances, later.gone_instances);
    prepend(unwritten.cases, later.cases);
    prepend(unwritten.holds, later.holds);
    prepend(unwritten.protections, later.protections);
    prepend(unwritten.ended_protections, later.ended_protections);
    prepend(unwritten.alerts, later.alerts);
    prepend(unwritten.outbox, later.outbox);
    prepend(unwritten.conditions, later.conditions);
    prepend(unwritten.forgotten_conditions, later.forgotten_conditions);
    prepend(unwritten.accounts, later.accounts);
    prepend(unwritten.spend_points, later.spend_points);
    later.pause = later.pause ? later.pause : unwritten.pause;
    later.pause_ended = later.pause_ended || unwritten.pause_ended;
    later.policy_fingerprint =
        later.policy_fingerprint ? later.policy_fingerprint : unwritten.policy_fingerprint;
    state_.ledger.retry(std::move(unwritten.ledger));
    not_durable(state_, orders, now);
    Effects effects;
    alerts::Alert draft;
    draft.kind = alerts::Kind::state_unwritable;
    draft.severity = policy::Severity::critical;
    draft.condition = "state_unwritable";
    draft.notify = state_.policy->all_notifiers;
    draft.title = "The state cannot be written: nothing is destroyed";
    draft.text = state_.store_problem +
                 "\n\nWithout a durable record of what is intended nothing destructive is done.";
    fire(state_, effects, std::move(draft), std::nullopt, now);
    return effects;
}

void Engine::on_durable(const AlertId& newest_alert) {
    state_.durable_until = std::max(state_.durable_until, newest_alert);
    state_.store_writable = true;
    state_.store_problem.clear();
    forget(state_, "state_unwritable");
}

AlertId Engine::newest_alert() const {
    return state_.alerts.empty() ? AlertId{} : state_.alerts.rbegin()->first;
}

Changes Engine::take_changes() {
    Changes taken = std::exchange(state_.changes, Changes{});
    taken.ledger = state_.ledger.take_changes();
    return taken;
}

// --- Deliveries.

bool Engine::deliverable(const AlertId& alert) const {
    const bool durable = alert <= state_.durable_until || !state_.store_writable;
    return durable && state_.alerts.contains(alert);
}

std::optional<DueDelivery> Engine::due_delivery(const NotifierName& notifier, Now now) const {
    const alerts::OutboxEntry* best = nullptr;
    for (const auto& [key, entry] : state_.outbox) {
        if (!deliverable(key.first)) {
            continue;
        }
        const bool due = key.second == notifier && entry.state == alerts::Delivery::pending &&
                         entry.next_attempt <= now.wall;
        if (due && (best == nullptr || entry.next_attempt < best->next_attempt)) {
            best = &entry;
        }
    }
    if (best == nullptr) {
        return std::nullopt;
    }
    return DueDelivery{state_.alerts.at(best->alert), notifier};
}

std::optional<Instant> Engine::next_delivery(const NotifierName& notifier) const {
    std::optional<Instant> next;
    for (const auto& [key, entry] : state_.outbox) {
        const bool ours = key.second == notifier && entry.state == alerts::Delivery::pending &&
                          deliverable(key.first);
        if (ours && (!next || entry.next_attempt < *next)) {
            next = entry.next_attempt;
        }
    }
    return next;
}

Effects Engine::on_delivery(const DeliveryTried& tried, Now now) {
    Effects effects;
    const auto it = state_.outbox.find({tried.alert, tried.notifier});
    if (it == state_.outbox.end()) {
        return effects;
    }
    auto& entry = it->second;
    ++entry.attempts;
    entry.answer = printable(tried.answer, 300);
    entry.state = tried.outcome;
    if (entry.state == alerts::Delivery::pending &&
        now.wall - entry.created >= alerts::delivery_limit) {
        entry.state = alerts::Delivery::failed;
    }
    if (entry.state == alerts::Delivery::pending) {
        entry.next_attempt =
            now.wall + alerts::backoff(entry.attempts, tried.retry_after, state_.jitter());
    } else {
        entry.ended = now.wall;
    }
    state_.changes.outbox.push_back(entry);
    if (!tried.reached_somebody) {
        return effects;
    }
    bool confirmed = false;
    for (auto& [id, item] : state_.cases) {
        if (item.warning == tried.alert && !item.warning_delivered_at) {
            item.warning_delivered_at = now.wall;
            mark(state_, item);
            confirmed = true;
        }
    }
    return confirmed ? decide(now, std::move(effects)) : effects;
}

// --- Commands.

std::pair<Answer, Effects> Engine::protect(
    const Protect& wish,
    const std::string& actor,
    Now now) {
    const auto it = state_.instances.find(wish.instance);
    if (it == state_.instances.end() || it->second->missed_sweeps > 0) {
        return {
            Answer{false, fmt::format("there is no instance {}", wish.instance.value())},
            Effects{}};
    }
    const auto& rules = state_.policy->team_or_unassigned(it->second->team).rules;
    constexpr Duration usual = std::chrono::hours{24};
    const bool limited = rules.protect_max > Duration{0};
    const Duration wanted = wish.duration.value_or(
        limited ? std::min(usual, rules.protect_max) : usual);
    if (limited && wanted > rules.protect_max) {
        return {
            Answer{
                false,
                fmt::format(
                    "protect_max of team {} is {}: ask for that at most",
                    it->second->team.str(),
                    format_duration(rules.protect_max))},
            Effects{}};
    }
    enforcement::Protection protection;
    protection.instance = wish.instance;
    protection.from = now.wall;
    protection.until = now.wall + wanted;
    protection.actor = actor;
    protection.reason = printable(wish.reason, 200);
    state_.protections.insert_or_assign(wish.instance, protection);
    state_.changes.protections.push_back(protection);
    Effects effects;
    auto record = operator_record(now, "protect", actor);
    record.instance = wish.instance;
    record.team = it->second->team;
    record.account = it->second->account;
    record.label = it->second->row.label;
    record.detail = fmt::format(
        "until {}{}{}",
        format_rfc3339(protection.until),
        protection.reason.empty() ? "" : ": ",
        protection.reason);
    effects.audit.push_back(std::move(record));
    return {
        Answer{
            true,
            fmt::format(
                "instance {} is exempt from every rule until {}",
                wish.instance.value(),
                state_.policy->calendar.format(protection.until))},
        decide(now, std::move(effects))};
}

std::pair<Answer, Effects> Engine::unprotect(InstanceId id, const std::string& actor, Now now) {
    if (state_.protections.erase(id) == 0) {
        return {
            Answer{false, fmt::format("instance {} is not protected by a command", id.value())},
            Effects{}};
    }
    state_.changes.ended_protections.push_back(id);
    Effects effects;
    auto record = operator_record(now, "unprotect", actor);
    record.instance = id;
    effects.audit.push_back(std::move(record));
    return {
        Answer{true, fmt::format("the rules apply to instance {} again", id.value())},
        decide(now, std::move(effects))};
}

std::pair<Answer, Effects> Engine::decide_hold(
    std::optional<HoldId> hold,
    bool approve,
    const std::string& actor,
    Now now) {
    std::vector<enforcement::Hold*> open;
    for (auto& [id, item] : state_.holds) {
        if (item.decision == enforcement::Hold::Decision::open && (!hold || *hold == id)) {
            open.push_back(&item);
        }
    }
    if (open.empty()) {
        const auto text = hold ? fmt::format("there is no open hold {}", hold->value())
                               : std::string{"nothing is held"};
        return {Answer{false, text}, Effects{}};
    }
    if (open.size() > 1) {
        std::string ids;
        for (const auto* item : open) {
            ids += fmt::format(" {}", item->id.value());
        }
        return {Answer{false, "several holds are open, say which:" + ids}, Effects{}};
    }
    Effects effects;
    engine::decide(state_, effects, *open.front(), approve, actor, now);
    const auto text = fmt::format(
        "hold {} is {}: {} instances, {}",
        open.front()->id.value(),
        approve ? "approved" : "dismissed",
        open.front()->instances.size(),
        format_rate(open.front()->cost));
    return {Answer{true, text}, decide(now, std::move(effects))};
}

std::pair<Answer, Effects> Engine::pause(
    std::optional<Duration> duration,
    std::string reason,
    const std::string& actor,
    Now now) {
    enforcement::Pause pause;
    pause.since = state_.pause ? state_.pause->since : now.wall;
    pause.actor = actor;
    pause.reason = printable(reason, 200);
    pause.last_reminder = now.wall;
    if (duration) {
        pause.until = now.wall + *duration;
    }
    state_.pause = pause;
    state_.changes.pause = pause;
    Effects effects;
    auto record = operator_record(now, "pause", actor);
    record.detail = fmt::format(
        "{}{}{}",
        pause.until ? "until " + format_rfc3339(*pause.until) : "without an end",
        pause.reason.empty() ? "" : ": ",
        pause.reason);
    effects.audit.push_back(std::move(record));
    const auto text = pause.until
                          ? "actions are paused until " +
                                state_.policy->calendar.format(*pause.until)
                          : std::string{"actions are paused until somebody resumes them"};
    return {Answer{true, text}, decide(now, std::move(effects))};
}

std::pair<Answer, Effects> Engine::resume(const std::string& actor, Now now) {
    if (!state_.pause) {
        return {Answer{false, "actions are not paused"}, Effects{}};
    }
    state_.pause.reset();
    state_.changes.pause_ended = true;
    state_.changes.pause.reset();
    Effects effects;
    effects.audit.push_back(operator_record(now, "resume", actor));
    return {Answer{true, "actions are resumed"}, decide(now, std::move(effects))};
}

// --- What follows.

std::optional<Instant> Engine::next_wake(Now now) const {
    std::optional<Instant> next = state_.ledger.next_change(now.wall);
    const auto consider = [&](std::optional<Instant> at) {
        if (at && (!next || *at < *next)) {
            next = at;
        }
    };
    consider(state_.evaluation.next_change);
    consider(next_case_move(state_, now.wall));
    consider(next_telling(state_, now.wall));
    consider(state_.next_point);
    if (next && *next <= now.wall) {
        next = now.wall + std::chrono::milliseconds{1};
    }
    return next;
}

std::vector<Instant> Engine::charge_days(const AccountName& account, Now now) const {
    return state_.ledger.days_to_read(account, now.wall);
}

std::vector<Backfill> Engine::backfills(const AccountName& account, Now now) const {
    std::vector<Backfill> ranges;
    if (!wants_backfill(account)) {
        return ranges;
    }
    constexpr Duration day = std::chrono::hours{24};
    const auto& calendar = state_.policy->calendar;
    const Instant own = state_.ledger.first_day(account, now.wall);
    const Instant month = calendar.month_start(now.wall);
    Instant since = month;
    for (const auto& team : state_.policy->teams) {
        if (team.caps.lifetime && team.since) {
            since = std::min(since, calendar.start_of(*team.since));
        }
    }
    const Instant month_day = utc_day_start(month);
    if (since < month) {
        ranges.push_back(Backfill{since, utc_day_start(since), std::min(month_day, own) - day});
    }
    if (month_day < own) {
        ranges.push_back(Backfill{month, month_day, own - day});
    }
    return ranges;
}

bool Engine::wants_backfill(const AccountName& account) const {
    const auto it = state_.accounts.find(account);
    return it != state_.accounts.end() && !it->second.state.backfilled &&
           it->second.state.first_sweep;
}

Effects Engine::on_charges_complete(const AccountName& account, Now now) {
    if (wants_backfill(account)) {
        auto& live = state_.accounts.at(account);
        live.state.backfilled = true;
        mark(state_, live.state);
    }
    return decide(now, Effects{});
}

std::size_t Engine::instance_count(const AccountName& account) const {
    return static_cast<std::size_t>(std::count_if(
        state_.instances.begin(), state_.instances.end(), [&](const auto& entry) {
            return entry.second->account == account;
        }));
}

}  // namespace vastwatch::engine
