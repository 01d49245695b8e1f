#include "core/run.hpp"

#include "core/open_cases.hpp"
#include "core/setting.hpp"
#include "core/tenant.hpp"
#include "world/fleet.hpp"
#include "world/load.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration inspect_every = hours{6};
constexpr Duration memory_of_the_gone = hours{24 * 14};

Duration draw_answer(vastsim::Random& random) {
    return draw_length(random, milliseconds{80}, seconds{4});
}

std::map<NotifierName, policy::Severity> severities(const config::Config& config) {
    std::map<NotifierName, policy::Severity> all;
    for (const auto& notifier : config.notifiers) {
        all.emplace(notifier.name, notifier.minimum_severity);
    }
    return all;
}

}  // namespace

CoreRun::CoreRun(const Options& options, bool keep_story)
    : options_(options),
      plan_(draw_plan(options)),
      now_(plan_.begin),
      mono_(MonoTime{} + hours{1}),
      daemon_random_(stream(options.seed, "daemon")),
      operator_random_(stream(options.seed, "operator")),
      next_operation_(plan_.begin + draw_wait(operator_random_, 2)),
      disk_full_(options, Trouble::disk_full, "", {0.1, minutes(1), hours(2)}, plan_.begin),
      clock_wrong_(options, Trouble::clock_step, "", {0.05, minutes(1), hours(3)}, plan_.begin),
      crash_in_step_(options, Trouble::crash, "steps", 0.00002),
      failed_read_(options, Trouble::failed_read, "", 0.03),
      renamed_before_read_(options, Trouble::relabelling, "before a read", 0.01),
      lost_answer_(options, Trouble::lost_answer, "", 0.03),
      failed_request_(options, Trouble::failed_request, "", 0.03),
      ignored_request_(options, Trouble::ignored_request, "", 0.02),
      slow_unload_(options, Trouble::slow_unload, "", 0.05),
      crash_random_(stream(options.seed, "crash")),
      sleep_random_(stream(options.seed, "suspend")),
      story_(keep_story) {
    const bool crashes = options.troubles.has(Trouble::crash);
    next_crash_ = crashes ? plan_.begin + draw_wait(crash_random_, 0.25) : Instant::max();
    const bool sleeps = options.troubles.has(Trouble::suspend);
    next_sleep_ = sleeps ? plan_.begin + draw_wait(sleep_random_, 0.05) : Instant::max();
    const bool reloads = options.troubles.has(Trouble::reloads);
    next_reload_ = reloads ? plan_.begin + draw_wait(operator_random_, 0.3) : Instant::max();
    if (!options.troubles.has(Trouble::operators)) {
        next_operation_ = Instant::max();
    }
    next_inspection_ = plan_.begin + inspect_every;
    for (const char* name : {"ops", "finance"}) {
        notifiers_down_.emplace_back(
            options, Trouble::notifier_down, name, Spell{0.2, minutes(2), hours(12)}, plan_.begin);
    }
    tenants_.reserve(plan_.accounts.size());
    accounts_.reserve(plan_.accounts.size());
    // The judge looks at the accounts through a span that is filled right after.
    accounts_.resize(plan_.accounts.size());
    judge_ = std::make_unique<Judge>(judge_setting(plan_), accounts_, verdicts_);
    for (std::size_t i = 0; i < plan_.accounts.size(); ++i) {
        tenants_.push_back(std::make_unique<Tenant>(plan_, plan_.accounts[i], i, *judge_));
        accounts_[i] = &tenants_.back()->model;
    }
    config_ = load_config(plan_, variant_);
}

CoreRun::~CoreRun() = default;

// --- Time.

void CoreRun::move_to(Instant at) {
    if (at > now_) {
        mono_ += at - now_;
        now_ = at;
    }
}

void CoreRun::after(Duration span, std::function<void()> happen, bool of_the_world) {
    Event event;
    event.at = now_ + span;
    event.sequence = ++sequence_;
    event.incarnation = of_the_world ? 0 : incarnation_;
    event.happen = std::move(happen);
    events_.push(std::move(event));
}

Instant CoreRun::next_moment() {
    Instant next = plan_.end();
    const auto consider = [&](Instant at) { next = std::min(next, at); };
    for (const auto& tenant : tenants_) {
        consider(tenant->users.next());
        if (engine_) {
            consider(tenant->next_poll);
            consider(tenant->next_bill);
        }
    }
    if (!events_.empty()) {
        consider(events_.top().at);
    }
    consider(next_sleep_);
    consider(clock_wrong_.next_change());
    if (engine_) {
        consider(wake_.value_or(Instant::max()));
        consider(delivery_.value_or(Instant::max()));
        consider(next_operation_);
        consider(next_reload_);
        consider(next_crash_);
        consider(next_inspection_);
    }
    return next;
}

Report CoreRun::run() {
    start();
    while (now_ < plan_.end() && verdicts_.violations().empty()) {
        const Instant next = next_moment();
        happen_at(next);
    }
    if (engine_ && !verdicts_.violations().empty()) {
        tell_cases();
    }
    return report();
}

void CoreRun::tell_cases() {
    tell_open_cases(
        story_,
        *engine_->view(now()),
        verdicts_.violations().front().what,
        [this](InstanceId id) { return engine_->explain(id, now()); },
        now_);
}

void CoreRun::happen_at(Instant at) {
    move_to(at);
    for (auto& tenant : tenants_) {
        while (tenant->users.next() <= now_) {
            tenant->model.advance_to(tenant->users.next());
            const auto what = tenant->users.act(tenant->model);
            ++acts_;
            if (!what.empty()) {
                story("{}", what);
            }
        }
        tenant->model.advance_to(now_);
    }
    if (!events_.empty() && events_.top().at <= now_) {
        const auto event = events_.top();
        events_.pop();
        if (event.incarnation == 0 || event.incarnation == incarnation_) {
            event.happen();
        }
        return;
    }
    if (next_sleep_ <= now_) {
        sleep();
        return;
    }
    if (clock_wrong_.next_change() <= now_) {
        set_clock();
        return;
    }
    if (!engine_) {
        return;
    }
    if (pause_ends_ && *pause_ends_ <= now_ + skew_) {
        pause_ends_.reset();
        judge_->paused(false, now_);
    }
    if (next_crash_ <= now_) {
        next_crash_ += draw_wait(crash_random_, 0.25);
        die(draw_length(crash_random_, seconds{1}, hours{20}), "is killed");
        return;
    }
    for (auto& tenant : tenants_) {
        if (tenant->next_poll <= now_) {
            poll(*tenant);
            return;
        }
        if (tenant->next_bill <= now_) {
            bill(*tenant);
            return;
        }
    }
    if (next_operation_ <= now_) {
        next_operation_ += draw_wait(operator_random_, 2);
        operate();
    } else if (next_reload_ <= now_) {
        next_reload_ += draw_wait(operator_random_, 0.3);
        reload();
    } else if (next_inspection_ <= now_) {
        next_inspection_ += inspect_every;
        inspect();
    } else if (wake_ && *wake_ <= now_) {
        // Asking again and again for nothing would keep a processor busy.
        wake_burst_ = now_ - wake_burst_since_ < seconds{1} ? wake_burst_ + 1 : 0;
        wake_burst_since_ = wake_burst_ == 0 ? now_ : wake_burst_since_;
        verdicts_.require(wake_burst_ < 200, Invariant::nothing_grows, now_, [] {
            return std::string{"the engine asks to be woken again and again"};
        });
        settle(engine_->on_time(now()));
    } else {
        deliver();
    }
}

// --- The daemon's life.

void CoreRun::start() {
    ++incarnation_;
    engine::Seams seams;
    seams.make_alert_id = [this](Instant) {
        return AlertId{fmt::format("alert-{:010}", ++alert_number_)};
    };
    seams.jitter = [this]() { return daemon_random_.unit(); };
    seams.boot = "the only one";
    engine_ = std::make_unique<engine::Engine>(
        config_->policy, severities(*config_), seams, store_.load(), now());
    judge_->take_policy(config_->policy, now_);
    judge_->restarted(now_);
    for (auto& tenant : tenants_) {
        tenant->next_poll = now_;
        tenant->next_bill = now_ + seconds{1};
        tenant->failures = 0;
        tenant->reads.clear();
        tenant->requests.clear();
        tenant->reading = tenant->requesting = false;
        const bool slow = incarnation_ > 1 && tenant->slow_start.strikes();
        tenant->unlisted_until =
            slow ? now_ + draw_length(tenant->slow_start.random(), seconds{5}, minutes{20}) : now_;
    }
    wake_.reset();
    delivery_ = now_;
    story("the daemon starts (configuration {})", variant_);
    note("start");
}

void CoreRun::die(Duration down, std::string_view why) {
    ++crashes_;
    story("the daemon {} and is down for {}", why, humanize(down));
    note("die", down.count());
    engine_.reset();
    judge_->disturbed(now_ + down);
    judge_->died(stored_at_, now_);
    for (const auto& alert : unstored_) {
        judge_->lost(alert);
    }
    unstored_.clear();
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
        judge_->charges_missed(i, now_ + down);
    }
    Event event;
    event.at = now_ + down;
    event.sequence = ++sequence_;
    event.happen = [this]() { start(); };
    ++incarnation_;
    events_.push(std::move(event));
}

void CoreRun::tell_judge(const engine::Changes& changes, const engine::Effects& effects) {
    for (const auto& alert : changes.alerts) {
        story("alert {}{}: {}", alert.resolved ? "resolved " : "", alert.id.str(), alert.title);
        note(alert.condition);
        judge_->told(alert, now_);
    }
    for (const auto& record : effects.audit) {
        if (!record.instance) {
            continue;
        }
        const auto id = record.instance->value();
        story(
            "audit: {} {} {} {} [{}]",
            record.action,
            id,
            record.outcome,
            record.detail,
            fmt::join(record.reasons, "; "));
        if (record.outcome == "intended") {
            judge_->intended(id, record.reasons);
        }
        take_standing(record);
    }
}

/// What is held, or is none of its business any more, whether that could be stored or not.
void CoreRun::take_standing(const engine::AuditRecord& record) {
    const auto id = record.instance->value();
    const auto& outcome = record.outcome;
    if (record.action == "hold") {
        judge_->held(id, true, held_as_mass(*record.instance));
    } else if (outcome == "dropped" || outcome == "vanished" || outcome == "confirmed") {
        judge_->dropped(id);
    }
}

bool CoreRun::held_as_mass(InstanceId id) {
    const auto view = engine_->view(now());
    for (const auto& item : view->cases) {
        for (const auto& hold : view->holds) {
            if (item.instance == id && item.hold == hold.id) {
                return hold.kind == enforcement::Hold::Kind::mass_idle;
            }
        }
    }
    return false;
}

void CoreRun::not_stored(engine::Changes changes, engine::Effects& effects) {
    judge_->disturbed(now_);
    for (const auto& alert : changes.alerts) {
        if (judge_->told(alert, now_, false)) {
            unstored_.push_back(alert.id.str());
        }
    }
    changes.instances.clear();
    changes.idle_clocks.clear();
    auto told = engine_->on_not_durable(
        std::move(changes), effects.requests, "no space left on device", now());
    verdicts_.require(told.requests.empty(), Invariant::intent_first, now_, [] {
        return std::string{"something is requested although nothing can be stored"};
    });
    effects.requests.clear();
    for (const auto& record : effects.audit) {
        if (record.instance) {
            take_standing(record);
        }
    }
}

void CoreRun::settle(engine::Effects effects) {
    ++steps_;
    if (crash_in_step_.strikes()) {
        const bool stored = crash_random_.chance(0.5);
        if (stored) {
            auto changes = engine_->take_changes();
            tell_judge(changes, effects);
            store_.commit(std::move(changes));
            stored_at_ = now_;
        }
        die(draw_length(crash_random_, seconds{1}, minutes{20}),
            stored ? "dies after a commit" : "dies before a commit");
        return;
    }
    const auto newest = engine_->newest_alert();
    auto changes = engine_->take_changes();
    if (disk_full_.on(now_)) {
        stored_ = false;
        not_stored(std::move(changes), effects);
    } else {
        stored_ = true;
        tell_judge(changes, effects);
        store_.commit(std::move(changes));
        stored_at_ = now_;
        unstored_.clear();
        engine_->on_durable(newest);
    }
    carry_out(effects);
    if (engine_) {
        const auto wake = engine_->next_wake(now());
        wake_ = wake ? std::optional{std::max(true_time(*wake), now_)} : std::nullopt;
        deliver();
    }
}

void CoreRun::carry_out(engine::Effects& effects) {
    for (auto& order : effects.requests) {
        if (auto* tenant = tenant_of(order.account)) {
            tenant->requests.push_back(std::move(order));
            next_request(*tenant);
        }
    }
    for (auto& order : effects.verify) {
        if (auto* tenant = tenant_of(order.account)) {
            tenant->reads.push_back(std::move(order));
            next_read(*tenant);
        }
    }
    for (const auto& account : effects.poll_soon) {
        if (auto* tenant = tenant_of(account); tenant != nullptr && tenant->failures == 0) {
            tenant->next_poll = std::min(tenant->next_poll, now_ + seconds{2});
        }
    }
}

void CoreRun::deliver() {
    if (delivering_) {
        return;
    }
    delivering_ = true;
    delivery_.reset();
    constexpr std::array<const char*, 2> names{"ops", "finance"};
    for (std::size_t i = 0; i < names.size() && engine_; ++i) {
        const NotifierName name{names[i]};
        while (engine_) {
            auto due = engine_->due_delivery(name, now());
            if (!due) {
                break;
            }
            const bool down = notifiers_down_[i].on(now_);
            if (!stored_ && judge_->told(due->alert, now_, false)) {
                unstored_.push_back(due->alert.id.str());
            }
            engine::DeliveryTried tried;
            tried.alert = due->alert.id;
            tried.notifier = name;
            tried.answer = down ? "connection refused" : "200";
            if (down) {
                judge_->disturbed(now_);
            } else {
                tried.outcome = alerts::Delivery::delivered;
                tried.reached_somebody = true;
                judge_->delivered(tried.alert.str(), name.str(), now_);
            }
            story("{} {} {}", name.str(), down ? "cannot be told" : "is told", tried.alert.str());
            settle(engine_->on_delivery(tried, now()));
        }
        if (engine_) {
            if (const auto next = engine_->next_delivery(name)) {
                const Instant at = std::max(true_time(*next), now_ + milliseconds{10});
                delivery_ = delivery_ ? std::min(*delivery_, at) : at;
            }
        }
    }
    delivering_ = false;
}

void CoreRun::reload() {
    ++reloads_;
    ++variant_;
    config_ = load_config(plan_, variant_);
    story("the configuration is reloaded: variant {}", variant_);
    note("reload", variant_);
    auto effects = engine_->on_policy(config_->policy, severities(*config_), now());
    judge_->take_policy(config_->policy, now_);
    settle(std::move(effects));
}

// --- The account's side.

CoreRun::Tenant* CoreRun::tenant_of(const AccountName& account) {
    for (auto& tenant : tenants_) {
        if (tenant->name == account.str()) {
            return tenant.get();
        }
    }
    return nullptr;
}

Lies CoreRun::lies_of(Tenant& tenant) {
    Lies lies;
    lies.zeros = tenant.zeros.on(now_);
    lies.nulls = tenant.nulls.on(now_);
    if (tenant.frozen.on(now_)) {
        if (tenant.frozen_spell != tenant.frozen.count() && !tenant.model.instances().empty()) {
            tenant.frozen_spell = tenant.frozen.count();
            auto at = tenant.model.instances().begin();
            std::advance(
                at,
                static_cast<std::ptrdiff_t>(
                    tenant.frozen_spell * 7919 % tenant.model.instances().size()));
            tenant.frozen_id = at->first;
        }
        lies.frozen = tenant.frozen_id;
    }
    return lies;
}

void CoreRun::poll(Tenant& tenant) {
    ++polls_;
    const bool rejected = tenant.rejected.on(now_);
    const bool listed = now_ >= tenant.unlisted_until;
    if (!listed || tenant.blind.on(now_) || rejected || tenant.failed_poll.strikes()) {
        judge_->disturbed(now_);
        ++tenant.failures;
        const Duration pause = std::min<Duration>(
            {seconds{2} * (1 << std::min(tenant.failures - 1, 10)),
             minutes{5},
             std::max<Duration>(plan_.poll_interval, seconds{2})});
        tenant.next_poll = now_ + pause;
        engine::PollFailed failed;
        failed.account = AccountName{tenant.name};
        failed.key_rejected = rejected;
        failed.message = rejected ? "the key is rejected" : "timed out";
        note("blind");
        settle(engine_->on_poll_failed(failed, now()));
        return;
    }
    tenant.failures = 0;
    tenant.next_poll = now_ + plan_.poll_interval;
    const auto& rows = tenant.listing.take(lies_of(tenant));
    const Duration took = seconds{1} * static_cast<std::int64_t>(rows.size() / 25);
    auto& sweep = tenant.sweep;
    sweep.account = AccountName{tenant.name};
    sweep.ended = now();
    sweep.began = Now{sweep.ended.wall - took, sweep.ended.mono - took};
    if (tenant.missing_row.strikes() && !rows.empty()) {
        // A lie that cannot be told from the truth: a complete listing without a row.
        judge_->disturbed(now_);
        sweep.rows = rows;
        const auto which =
            static_cast<std::ptrdiff_t>(tenant.missing_row.random().below(sweep.rows.size()));
        const auto id = sweep.rows[static_cast<std::size_t>(which)].id.value();
        ++judge_->watch(tenant.index, id).changes;
        sweep.rows.erase(sweep.rows.begin() + which);
        tenant.listing.served(now_ - took, now_, id);
        note("missing");
        settle(engine_->on_sweep(sweep, now()));
        return;
    }
    rows_ += rows.size();
    tenant.listing.served(now_ - took, now_);
    note("poll", static_cast<std::int64_t>(rows.size()));
    tenant.listing.lend(sweep.rows);
    auto effects = engine_->on_sweep(sweep, now());
    tenant.listing.lend(sweep.rows);
    settle(std::move(effects));
}

void CoreRun::next_read(Tenant& tenant) {
    if (tenant.reading || tenant.reads.empty()) {
        return;
    }
    tenant.reading = true;
    auto order = std::move(tenant.reads.front());
    tenant.reads.pop_front();
    const Now began = now();
    after(draw_answer(daemon_random_), [this, &tenant, order, began]() {
        tenant.reading = false;
        if (renamed_before_read_.strikes() && !order.ids.empty()) {
            // Whoever was warned says at the last moment that it is something else.
            const auto id = order.ids.front().value();
            const auto label = draw_label(plan_, renamed_before_read_.random());
            story("a user labels {} \"{}\"", id, label);
            tenant.model.set_label(id, label);
        }
        read(tenant, order, began);
        if (engine_) {
            next_read(tenant);
        }
    });
}

void CoreRun::read(Tenant& tenant, const engine::VerifyOrder& order, Now began) {
    if (failed_read_.strikes() || tenant.blind.on(now_) || tenant.rejected.on(now_)) {
        judge_->disturbed(now_);
        settle(engine_->on_verify_failed(order, "timed out", now()));
        return;
    }
    fleet::Verification read;
    read.account = order.account;
    read.asked = order.ids;
    read.read_at = began;  // as the client has it: what is read is at least that fresh
    const auto lies = lies_of(tenant);
    for (const auto id : order.ids) {
        if (const auto* row = tenant.listing.take_one(id.value(), lies)) {
            read.rows.push_back(*row);
            fleet::Recipe recipe;
            recipe.image = row->image;
            recipe.label = row->label;
            recipe.gpu_name = row->gpu_name;
            read.recipes.push_back(std::move(recipe));
            tenant.listing.read(id.value(), now_);
        }
    }
    note("read", static_cast<std::int64_t>(read.rows.size()));
    settle(engine_->on_verified(read, now()));
}

void CoreRun::next_request(Tenant& tenant) {
    if (tenant.requesting || tenant.requests.empty()) {
        return;
    }
    tenant.requesting = true;
    const Duration wait = std::max(tenant.request_allowed - now_, Duration{0});
    auto order = std::move(tenant.requests.front());
    tenant.requests.pop_front();
    after(wait, [this, &tenant, order]() { leave(tenant, order); });
}

void CoreRun::leave(Tenant& tenant, engine::RequestOrder order) {
    const auto wanted = order.ids.size();
    auto withdrawn = engine_->withdraw(order, now());
    if (order.ids.size() < wanted) {
        settle(std::move(withdrawn));
        leave(tenant, std::move(order));
    } else if (!order.ids.empty()) {
        send(tenant, order);
    } else {
        tenant.requesting = false;
        next_request(tenant);
    }
}

void CoreRun::send(Tenant& tenant, const engine::RequestOrder& order) {
    std::vector<std::int64_t> ids;
    for (const auto id : order.ids) {
        ids.push_back(id.value());
        note("order", id.value());
    }
    const bool destroy = order.action == policy::Action::destroy;
    story("request: {} {}", destroy ? "destroy" : "stop", fmt::join(ids, " "));
    judge_->ordered(destroy, ids, now_);
    tenant.request_allowed = now_ + request_pace;
    const bool refused = failed_request_.strikes();
    const bool ignored = ignored_request_.strikes();
    const bool lost = lost_answer_.strikes();
    if (refused || ignored || lost) {
        judge_->disturbed(now_);
    }
    bool any = false;
    for (const auto id : ids) {
        if (refused || ignored || (lost && lost_answer_.random().chance(0.3))) {
            any = true;
            continue;
        }
        const bool slow = slow_unload_.strikes();
        const Duration linger = draw_length(slow_unload_.random(), minutes{1}, hours{2});
        const bool there =
            destroy ? tenant.model.destroy(id, slow ? std::optional{linger} : std::nullopt)
                    : tenant.model.stop(id);
        any = any || there;
    }
    engine::RequestAnswered answer;
    answer.account = order.account;
    answer.action = order.action;
    answer.ids = order.ids;
    answer.outcome = refused ? engine::RequestOutcome::failed
                     : lost  ? engine::RequestOutcome::unclear
                     : any   ? engine::RequestOutcome::accepted
                             : engine::RequestOutcome::gone;
    answer.message = refused ? "refused" : lost ? "the answer was lost" : "";
    after(draw_answer(daemon_random_), [this, &tenant, answer]() {
        tenant.requesting = false;
        settle(engine_->on_answered(answer, now()));
        if (engine_) {
            next_request(tenant);
        }
    });
}

void CoreRun::bill(Tenant& tenant) {
    tenant.next_bill = now_ + plan_.billing_interval;
    if (tenant.no_charges.on(now_) || tenant.blind.on(now_) || tenant.rejected.on(now_)) {
        judge_->charges_missed(tenant.index, now_);
        return;
    }
    engine::MoneyRead money;
    money.account = AccountName{tenant.name};
    money.credit = tenant.model.credit(now_);
    money.total_spend = -tenant.model.lifetime_spend(now_);
    settle(engine_->on_money(money, now()));
    if (!engine_) {
        return;
    }
    std::vector<engine::PriceIncreaseFact> increases;
    for (const auto& [id, instance] : tenant.model.instances()) {
        if (instance.pending) {
            engine::PriceIncreaseFact fact;
            fact.id = instance.pending->id;
            fact.instance = InstanceId{id};
            fact.old_rate = rate_from_double(instance.spec.dph_base);
            fact.new_rate = rate_from_double(instance.pending->dph_base);
            increases.push_back(fact);
        }
    }
    settle(engine_->on_price_increases(money.account, std::move(increases), now()));
    if (engine_) {
        read_charges(tenant);
    }
    if (engine_) {
        judge_->charges_read(tenant.index, now_);
        settle(engine_->on_charges_complete(money.account, now()));
    }
}

namespace {

engine::ChargeRow
charge_row(std::string source, std::string label, const vastsim::ExactItems& items) {
    const auto mills = [&](vastsim::Item item) {
        return Usd::from_nanos(items[static_cast<std::size_t>(item)].mills() * 1'000'000);
    };
    engine::ChargeRow row;
    row.source = std::move(source);
    row.label = std::move(label);
    row.amounts.gpu = mills(vastsim::Item::gpu);
    row.amounts.disk = mills(vastsim::Item::disk);
    row.amounts.bandwidth = mills(vastsim::Item::down) + mills(vastsim::Item::up);
    return row;
}

/// The charges of one UTC day, as far as they have settled.
void add_charges(
    const vastsim::Account& account,
    Instant day,
    std::vector<engine::ChargeRow>& rows) {
    const Instant to = std::min(day + hours{24}, account.settled_until());
    if (to <= day) {
        return;
    }
    for (const auto* some : {&account.instances(), &account.gone()}) {
        for (const auto& [id, instance] : *some) {
            if (instance.start_date >= to || (instance.gone_at && *instance.gone_at <= day)) {
                continue;
            }
            const auto items = instance.meter.between(day, to);
            if (!total(items).is_zero()) {
                rows.push_back(charge_row(
                    fmt::format("instance-{}", id), instance.spec.label.value_or(""), items));
                rows.back().instance = InstanceId{id};
            }
        }
    }
    for (const auto& [id, volume] : account.volumes()) {
        const auto items = volume.meter.between(day, to);
        if (!total(items).is_zero()) {
            rows.push_back(charge_row(fmt::format("volume-{}", id), "", items));
        }
    }
}

}  // namespace

void CoreRun::read_charges(Tenant& tenant) {
    const AccountName name{tenant.name};
    engine::BackfillRead backfill;
    backfill.account = name;
    for (const auto& range : engine_->backfills(name, now())) {
        auto& part = backfill.parts.emplace_back();
        part.range = range;
        for (Instant day = range.first_day; day <= range.last_day; day += hours{24}) {
            add_charges(tenant.model, day, part.rows);
        }
    }
    if (!backfill.parts.empty()) {
        settle(engine_->on_backfill(backfill, now()));
        if (!engine_) {
            return;
        }
    }
    for (const auto day : engine_->charge_days(name, now())) {
        engine::ChargesRead read;
        read.account = name;
        read.day = day;
        add_charges(tenant.model, day, read.rows);
        note("charges", static_cast<std::int64_t>(read.rows.size()));
        settle(engine_->on_charges(read, now()));
        if (!engine_) {
            return;
        }
    }
}

// --- Trouble with time.

void CoreRun::set_clock() {
    const bool wrong = clock_wrong_.on(now_);
    const auto before = skew_;
    if (wrong) {
        const Duration by = draw_length(crash_random_, seconds{10}, hours{3});
        skew_ = crash_random_.chance(0.5) ? by : -by;
    } else {
        skew_ = Duration{0};
    }
    if (skew_ == before) {
        return;
    }
    story(
        "the wall clock is {} by {}",
        skew_ < before ? "set back" : "set forward",
        humanize(std::chrono::abs(skew_ - before)));
    note("clock", skew_.count());
    judge_->clock_moved(skew_ - before, skew_ != Duration{0}, now_);
    if (pause_ends_) {
        *pause_ends_ += skew_ - before;
    }
    wake_ = engine_ ? std::optional{now_ + milliseconds{1}} : std::nullopt;
    if (engine_) {
        delivery_ = now_;
    }
}

void CoreRun::sleep() {
    const Duration span = draw_length(sleep_random_, minutes{1}, hours{12});
    next_sleep_ = now_ + span + draw_wait(sleep_random_, 0.05);
    ++sleeps_;
    story("the machine sleeps for {}", humanize(span));
    note("sleep", span.count());
    move_to(now_ + span);  // the daemon's monotonic clock counts what is slept through
    judge_->disturbed(now_);
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
        judge_->charges_missed(i, now_);
    }
}

// --- What is noted.

void CoreRun::note(std::string_view what, std::int64_t number) {
    std::uint64_t value = 0;
    for (const char letter : what) {
        value = value * 131 + static_cast<unsigned char>(letter);
    }
    const auto at = static_cast<std::uint64_t>(now_.time_since_epoch().count());
    hash_ = vastsim::hash(hash_, value ^ at, static_cast<std::uint64_t>(number));
}

void CoreRun::inspect() {
    const auto view = engine_->view(now());
    judge_->shown(*view, now_);
    for (const auto& team : view->teams) {
        for (const auto& window : team.windows) {
            note(team.name.str(), window.spend.nanos());
        }
    }
    for (auto& tenant : tenants_) {
        tenant->model.forget_journal();
    }
    if (now_ >= next_pruning_) {
        next_pruning_ = now_ + hours{24};
        store_.prune(now_);
        for (auto& tenant : tenants_) {
            tenant->model.forget_gone(now_ - memory_of_the_gone);
        }
        judge_->forget_gone(now_ - memory_of_the_gone);
    }
}

Report CoreRun::report() {
    Report report;
    report.options = options_;
    report.lived = now_ - plan_.begin;
    report.accounts = tenants_.size();
    report.polls = polls_;
    report.rows = rows_;
    report.steps = steps_;
    report.people_acts = acts_;
    report.hash = hash_;
    report.kills = judge_->kills();
    report.alerts = judge_->alerts_told();
    report.reasons = judge_->reasons();
    report.alert_kinds = judge_->alert_kinds();
    report.lateness = judge_->lateness();
    report.poll_interval = plan_.poll_interval;
    for (std::size_t i = 0; i < invariant_count; ++i) {
        report.checks[i] = verdicts_.checks(static_cast<Invariant>(i));
    }
    const auto count = [&](Trouble trouble, std::uint64_t times) {
        report.troubles[static_cast<std::size_t>(trouble)] += times;
    };
    for (const auto& tenant : tenants_) {
        count(Trouble::blind, tenant->blind.count());
        count(Trouble::key_rejected, tenant->rejected.count());
        count(Trouble::zero_rows, tenant->zeros.count());
        count(Trouble::null_rows, tenant->nulls.count());
        count(Trouble::frozen_host, tenant->frozen.count());
        count(Trouble::late_charges, tenant->no_charges.count());
        count(Trouble::failed_poll, tenant->failed_poll.count());
        count(Trouble::missing_row, tenant->missing_row.count());
    }
    for (const auto& down : notifiers_down_) {
        count(Trouble::notifier_down, down.count());
    }
    count(Trouble::disk_full, disk_full_.count());
    count(Trouble::clock_step, clock_wrong_.count());
    count(Trouble::suspend, sleeps_);
    count(Trouble::crash, crashes_);
    count(Trouble::failed_read, failed_read_.count());
    count(Trouble::relabelling, renamed_before_read_.count());
    count(Trouble::lost_answer, lost_answer_.count());
    count(Trouble::failed_request, failed_request_.count());
    count(Trouble::ignored_request, ignored_request_.count());
    count(Trouble::slow_unload, slow_unload_.count());
    count(Trouble::operators, operations_);
    count(Trouble::reloads, reloads_);
    report.violations = verdicts_.violations();
    report.story.assign(story_.lines().begin(), story_.lines().end());
    return report;
}

}  // namespace vastwatch::simulation
