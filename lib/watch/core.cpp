#include "watch/core.hpp"

#include "base/ulid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace vastwatch::watch {
namespace {

namespace asio = boost::asio;

/// ULIDs that rise even within a millisecond and when the clock steps back: the outbox relies on
/// their order.
class AlertIds {
  public:
    explicit AlertIds(runtime::Random& random) : random_(random) {}

    AlertId next(Instant now) {
        const Instant at = std::max(now, latest_);
        if (std::chrono::floor<std::chrono::milliseconds>(at) ==
            std::chrono::floor<std::chrono::milliseconds>(latest_)) {
            ++low_;
        } else {
            high_ = random_.next() & 0x7FFFU;  // room to count up
            low_ = random_.next() >> 1U;
        }
        latest_ = at;
        return AlertId{make_ulid(at, high_, low_)};
    }

  private:
    runtime::Random& random_;
    Instant latest_;
    std::uint64_t high_ = 0;
    std::uint64_t low_ = 0;
};

engine::Seams make_seams(runtime::Random& random, std::string boot) {
    auto ids = std::make_shared<AlertIds>(random);
    engine::Seams seams;
    seams.make_alert_id = [ids](Instant now) { return ids->next(now); };
    seams.jitter = [&random]() { return random.next_unit(); };
    seams.boot = std::move(boot);
    return seams;
}

/// What an earlier process could not append to the audit log.
std::vector<audit::Record> take_records(engine::Changes& stored) {
    return std::exchange(stored.audit, std::nullopt).value_or(std::vector<audit::Record>());
}

}  // namespace

std::map<NotifierName, policy::Severity> severities(const config::Config& config) {
    std::map<NotifierName, policy::Severity> all;
    for (const auto& notifier : config.notifiers) {
        all.insert_or_assign(notifier.name, notifier.minimum_severity);
    }
    return all;
}

Core::Core(
    World world,
    std::shared_ptr<const config::Config> config,
    engine::Changes stored,
    engine::FoundDamage found)
    : world_(std::move(world)),
      owed_records_(take_records(stored)),
      found_(std::move(found)),
      engine_(
          config->policy,
          severities(*config),
          make_seams(world_.random, world_.boot),
          std::move(stored),
          world_.clock.now()),
      wake_(world_.clock) {}

void Core::log_alerts(const engine::Changes& changes) {
    // What could not be written comes by again with every step; it is said once.
    const AlertId before = logged_;
    for (const auto& alert : changes.alerts) {
        if (alert.id <= before) {
            continue;
        }
        logged_ = std::max(logged_, alert.id);
        std::vector<runtime::Field> fields{
            runtime::field("kind", alerts::to_string(alert.kind)),
            runtime::field("status", alert.resolved ? "resolved" : "firing"),
            runtime::field("alert", alert.id.str())};
        if (alert.team) {
            fields.push_back(runtime::field("team", alert.team->str()));
        }
        if (alert.account) {
            fields.push_back(runtime::field("account", alert.account->str()));
        }
        if (alert.instances.size() == 1) {
            fields.push_back(runtime::field("instance", alert.instances.front().id.value()));
        }
        const bool urgent = alert.severity != policy::Severity::info && !alert.resolved;
        world_.log.write(
            urgent ? runtime::Level::warning : runtime::Level::notice,
            "alert",
            (alert.resolved ? "resolved: " : "") + alert.title,
            std::move(fields));
    }
}

void Core::log_disagreements(const engine::Effects& effects) {
    for (const auto& news : effects.disagreements) {
        const bool differs = news.differs;
        const auto words =
            differs ? fmt::format("differs by {:.1f}% from what is counted", news.difference * 100)
                    : std::string{"agrees with what is counted again"};
        world_.log.notice(
            differs ? "billing_disagrees" : "billing_agrees",
            fmt::format(
                "what account {} costs by the {} of Vast.ai {}",
                news.account.str(),
                news.figure,
                words),
            {runtime::field("account", news.account.str()), runtime::field("figure", news.figure)});
    }
}

void Core::carry_out(engine::Effects effects) {
    count(effects);
    log_disagreements(effects);
    for (auto& order : effects.requests) {
        const auto it = orders_.find(order.account);
        if (it != orders_.end()) {
            it->second->request(std::move(order));
        }
    }
    for (auto& order : effects.verify) {
        const auto it = orders_.find(order.account);
        if (it != orders_.end()) {
            it->second->verify(std::move(order));
        }
    }
    for (const auto& account : effects.poll_soon) {
        const auto it = orders_.find(account);
        if (it != orders_.end()) {
            it->second->poll_soon();
        }
    }
    if (notify_deliveries_) {
        notify_deliveries_();
    }
    wake_.notify();
}

void Core::count(const engine::Effects& effects) {
    for (std::size_t i = 0; i < effects.cap_overshoots.size(); ++i) {
        world_.metrics.cap_overshoot(effects.cap_overshoot_windows[i], effects.cap_overshoots[i]);
    }
}

asio::awaitable<void> Core::decide_loop() {
    constexpr Duration longest = std::chrono::seconds{10};  // a stepped clock is noticed by then
    // With it goes what an earlier process left to be written.
    auto first = engine_.on_start(std::exchange(found_, engine::FoundDamage()), now());
    co_await settle(std::move(first));
    for (;;) {
        const auto moment = now();
        const auto wake = engine_.next_wake(moment);
        Duration wait = longest;
        if (wake) {
            wait = std::clamp(*wake - moment.wall, Duration{0}, longest);
        }
        co_await wake_.wait_until(moment.mono + wait);
        if (write_fault_) {
            std::rethrow_exception(write_fault_);
        }
        progress_ += stalled_ ? 0U : 1U;
        const auto after = now();
        if (wake && *wake <= after.wall) {
            auto effects = engine_.on_time(after);
            co_await settle(std::move(effects));
        }
    }
}

void Core::add_orders(const AccountName& account, Orders* orders) {
    orders_.insert_or_assign(account, orders);
}

void Core::remove_orders(const AccountName& account) {
    orders_.erase(account);
}

}  // namespace vastwatch::watch
