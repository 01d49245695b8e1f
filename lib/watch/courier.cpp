#include "watch/courier.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::watch {
namespace {

namespace asio = boost::asio;
using runtime::field;

/// A mail sent out of the loop's turn must end within this, whatever the notifier does.
constexpr Duration rest = std::chrono::hours{1};

alerts::Alert test_alert(const NotifierName& name, Now now, runtime::Random& random) {
    alerts::Alert alert;
    const auto high = random.next();
    const auto low = random.next();
    alert.id = AlertId{fmt::format("TEST{:08X}{:014X}", high & 0xFFFFFFFFU, low >> 8U)};
    alert.kind = alerts::Kind::test;
    alert.severity = policy::Severity::critical;
    alert.time = now.wall;
    alert.title = "A test of notifier " + name.str();
    alert.text =
        "Somebody ran `vastwatchctl test-notifier`. If you can read this, alerts reach "
        "you; nothing else is meant.";
    alert.condition = "test/" + alert.id.str();
    alert.notify.push_back(name);
    return alert;
}

metrics::AlertOutcome counted(alerts::Delivery delivery) {
    switch (delivery) {
        case alerts::Delivery::delivered:
            return metrics::AlertOutcome::delivered;
        case alerts::Delivery::failed:
            return metrics::AlertOutcome::failed;
        case alerts::Delivery::pending:
            break;
    }
    return metrics::AlertOutcome::retried;
}

alerts::Delivery delivery_of(notify::Verdict verdict) {
    switch (verdict) {
        case notify::Verdict::delivered:
            return alerts::Delivery::delivered;
        case notify::Verdict::refused:
            return alerts::Delivery::failed;
        case notify::Verdict::try_again:
            break;
    }
    return alerts::Delivery::pending;
}

}  // namespace

Courier::Courier(Core& core, std::shared_ptr<const config::Config> config) : core_(core) {
    renew(std::move(config));
    core_.on_deliveries([this]() { wake(); });
}

std::vector<NotifierName> Courier::renew(std::shared_ptr<const config::Config> config) {
    config_ = std::move(config);
    std::vector<NotifierName> fresh;
    std::shared_ptr<notify::Mailer> mailer;
    if (config_->smtp) {
        mailer = core_.world().make_mailer(*config_->smtp);
    }
    for (auto& [name, slot] : slots_) {
        slot->notifier.reset();
    }
    const auto& calendar = config_->policy->calendar;
    for (const auto& settings : config_->notifiers) {
        auto& slot = slots_[settings.name];
        if (!slot) {
            slot = std::make_shared<Slot>();
            slot->alarm = std::make_unique<runtime::Alarm>(core_.world().clock);
            fresh.push_back(settings.name);
        }
        core_.world().metrics.add_notifier(settings.name);
        if (settings.type == config::NotifierType::webhook) {
            slot->notifier = notify::make_webhook_notifier(
                core_.world().http, core_.world().clock, settings, calendar);
        } else if (mailer) {
            slot->mailer = mailer;
            slot->notifier =
                notify::make_email_notifier(*mailer, settings, config_->smtp->from, calendar);
        }
    }
    wake();
    return fresh;
}

void Courier::wake() {
    for (auto& [name, slot] : slots_) {
        slot->alarm->notify();
    }
}

bool Courier::knows(const NotifierName& name) const {
    const auto it = slots_.find(name);
    return it != slots_.end() && it->second->notifier;
}

asio::awaitable<void> Courier::deliver_loop(NotifierName name) {
    auto slot = slots_.at(name);
    for (;;) {
        const auto now = core_.now();
        auto due = core_.engine().due_delivery(name, now);
        if (due && slot->notifier) {
            Slot held;
            held.mailer = slot->mailer;
            held.notifier = slot->notifier;
            co_await deliver_one(std::move(held), std::move(*due));
            continue;
        }
        const auto next = core_.engine().next_delivery(name);
        const Duration wait =
            next ? std::clamp<Duration>(*next - now.wall, std::chrono::milliseconds{10}, rest)
                 : rest;
        co_await slot->alarm->wait_until(now.mono + wait);
    }
}

asio::awaitable<void> Courier::deliver_one(Slot slot_copy, engine::DueDelivery due) {
    const auto id = due.alert.id;
    const auto kind = due.alert.kind;
    auto attempt = co_await slot_copy.notifier->deliver(std::move(due.alert));
    const auto delivery = delivery_of(attempt.verdict);
    engine::DeliveryTried tried;
    tried.alert = id;
    tried.notifier = due.notifier;
    tried.outcome = delivery;
    tried.reached_somebody = delivery == alerts::Delivery::delivered || !attempt.reached.empty();
    tried.retry_after = attempt.retry_after;
    tried.answer = attempt.answer;
    auto effects = core_.engine().on_delivery(tried, core_.now());
    const auto became = effects.delivery.value_or(delivery);
    core_.world().metrics.alert(due.notifier, kind, counted(became));
    if (became == alerts::Delivery::failed) {
        const bool refused = delivery == alerts::Delivery::failed;
        core_.world().log.warning(
            refused ? "alert_refused" : "alert_given_up",
            fmt::format(
                "notifier {} {} alert {} ({}): {}",
                due.notifier.str(),
                refused ? "refuses" : "did not take for a day, so that it is given up,",
                id.str(),
                alerts::to_string(kind),
                attempt.answer),
            {field("notifier", due.notifier.str()), field("kind", alerts::to_string(kind))});
    }
    co_await core_.settle(std::move(effects));
}

asio::awaitable<notify::Attempt> Courier::test(NotifierName name) {
    auto notifier = slots_.at(name)->notifier;
    auto mailer = slots_.at(name)->mailer;
    auto alert = test_alert(name, core_.now(), core_.world().random);
    auto attempt = co_await notifier->deliver(std::move(alert));
    co_return attempt;
}

asio::awaitable<void> heartbeat_loop(
    Core& core,
    std::function<std::shared_ptr<const config::Config>()> config) {
    for (;;) {
        auto present = config();
        Duration interval = std::chrono::minutes{1};
        if (present->heartbeat) {
            interval = present->heartbeat->interval;
            if (core.engine().sees_and_can_act(core.now())) {
                net::Request request;
                request.url = present->heartbeat->url.reveal();
                request.timeout = std::chrono::seconds{10};
                auto result = co_await core.world().http.send(std::move(request));
                const auto* response = std::get_if<net::Response>(&result);
                if (response == nullptr || response->status >= 300) {
                    core.world().log.debug("heartbeat_failed", "the heartbeat was not taken");
                }
            }
        }
        co_await core.world().clock.sleep_for(interval);
    }
}

}  // namespace vastwatch::watch
