// The core's lives: how the daemon begins, stores, tells, reloads and dies.
#include "core/run.hpp"
#include "core/tenant.hpp"
#include "world/load.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::map<NotifierName, policy::Severity> severities(const config::Config& config) {
    std::map<NotifierName, policy::Severity> all;
    for (const auto& notifier : config.notifiers) {
        all.emplace(notifier.name, notifier.minimum_severity);
    }
    return all;
}

}  // namespace

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
        judge_->held(id, true, held_as_mass(*record.instance), record.reasons, now_);
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

}  // namespace vastwatch::simulation
