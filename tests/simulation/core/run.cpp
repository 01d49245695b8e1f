#include "core/run.hpp"

#include "core/open_cases.hpp"
#include "core/setting.hpp"
#include "core/tenant.hpp"
#include "world/load.hpp"

#include <algorithm>

namespace vastwatch::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration inspect_every = hours{6};
constexpr Duration memory_of_the_gone = hours{24 * 14};

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
