#include "watch/core.hpp"

#include "base/ulid.hpp"

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

engine::Seams make_seams(runtime::Random& random) {
    auto ids = std::make_shared<AlertIds>(random);
    engine::Seams seams;
    seams.make_alert_id = [ids](Instant now) { return ids->next(now); };
    seams.jitter = [&random]() { return random.next_unit(); };
    return seams;
}

/// What has to be kept of a step in case it cannot be written. Instances are left out: the engine
/// has them all and stores them again.
engine::Changes without_instances(const engine::Changes& changes) {
    engine::Changes kept;
    kept.gone_instances = changes.gone_instances;
    kept.ledger = changes.ledger;
    kept.cases = changes.cases;
    kept.holds = changes.holds;
    kept.protections = changes.protections;
    kept.ended_protections = changes.ended_protections;
    kept.pause = changes.pause;
    kept.pause_ended = changes.pause_ended;
    kept.alerts = changes.alerts;
    kept.outbox = changes.outbox;
    kept.conditions = changes.conditions;
    kept.forgotten_conditions = changes.forgotten_conditions;
    kept.accounts = changes.accounts;
    kept.spend_points = changes.spend_points;
    kept.policy_fingerprint = changes.policy_fingerprint;
    return kept;
}

/// More than this is never owed to the audit log; the oldest are dropped first.
constexpr std::size_t most_owed_records = 10'000;

}  // namespace

/// A place in the queue of those who write, given up in whatever way the step ends.
class Core::Turn {
  public:
    explicit Turn(std::shared_ptr<std::list<runtime::Alarm*>> queue)
        : queue_(std::move(queue)), place_(queue_->insert(queue_->end(), nullptr)) {}

    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    ~Turn() {
        queue_->erase(place_);
        if (!queue_->empty() && queue_->front() != nullptr) {
            queue_->front()->notify();
        }
    }

    bool come() const { return place_ == queue_->begin(); }

    /// `alarm` is notified when it has come.
    void wait_with(runtime::Alarm& alarm) { *place_ = &alarm; }

    void wait_no_more() { *place_ = nullptr; }

  private:
    std::shared_ptr<std::list<runtime::Alarm*>> queue_;
    std::list<runtime::Alarm*>::iterator place_;
};

std::map<NotifierName, policy::Severity> severities(const config::Config& config) {
    std::map<NotifierName, policy::Severity> all;
    for (const auto& notifier : config.notifiers) {
        all.insert_or_assign(notifier.name, notifier.minimum_severity);
    }
    return all;
}

Core::Core(World world, std::shared_ptr<const config::Config> config, engine::Changes stored)
    : world_(std::move(world)),
      engine_(
          config->policy,
          severities(*config),
          make_seams(world_.random),
          std::move(stored),
          world_.clock.now()),
      wake_(world_.clock),
      writers_(std::make_shared<std::list<runtime::Alarm*>>()) {}

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

void Core::owe(std::vector<audit::Record> records) {
    std::erase_if(records, [](const auto& record) { return record.outcome == "intended"; });
    std::ranges::move(records, std::back_inserter(owed_records_));
    if (owed_records_.size() > most_owed_records) {
        const auto excess = owed_records_.size() - most_owed_records;
        owed_records_.erase(
            owed_records_.begin(), owed_records_.begin() + static_cast<std::ptrdiff_t>(excess));
    }
}

asio::awaitable<void> Core::settle(engine::Effects effects) {
    Turn turn(writers_);
    if (!turn.come()) {
        runtime::Alarm alarm(world_.clock);
        turn.wait_with(alarm);
        while (!turn.come()) {
            co_await alarm.wait();
        }
        turn.wait_no_more();
    }
    const auto newest_alert = engine_.newest_alert();
    auto changes = engine_.take_changes();
    const bool writes = !changes.empty() || !effects.audit.empty() || !owed_records_.empty();
    log_alerts(changes);
    auto kept = without_instances(changes);
    auto store_error = co_await world_.store.commit(std::move(changes));
    std::string problem = store_error ? store_error->message : "";
    auto records = std::exchange(owed_records_, {});
    std::ranges::move(effects.audit, std::back_inserter(records));
    effects.audit.clear();
    if (!store_error && !records.empty()) {
        kept = engine::Changes();
        auto appended = records;
        auto audit_error = co_await world_.audit.append(std::move(appended));
        problem = audit_error ? audit_error->message : "";
    }
    if (!problem.empty()) {
        owe(std::move(records));
    }
    ++progress_;
    if (!problem.empty()) {
        if (!failing_) {
            world_.log.error(
                "state_unwritable",
                "the state cannot be written, so nothing is stopped or destroyed: " + problem);
        }
        failing_ = true;
        auto told =
            engine_.on_not_durable(std::move(kept), effects.requests, std::move(problem), now());
        effects.requests.clear();
        effects.new_deliveries = effects.new_deliveries || told.new_deliveries;
    } else if (writes || !failing_) {
        // A step that had nothing to write proves nothing about the disk.
        if (failing_) {
            world_.log.notice("state_writable", "the state can be written again");
        }
        failing_ = false;
        engine_.on_durable(newest_alert);
    }
    carry_out(std::move(effects));
}

void Core::carry_out(engine::Effects effects) {
    count(effects);
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
    for (;;) {
        const auto moment = now();
        const auto wake = engine_.next_wake(moment);
        Duration wait = longest;
        if (wake) {
            wait = std::clamp(*wake - moment.wall, Duration{0}, longest);
        }
        co_await wake_.wait_until(moment.mono + wait);
        ++progress_;
        const auto after = now();
        if (wake && *wake <= after.wall) {
            auto effects = engine_.on_time(after);
            co_await settle(std::move(effects));
        }
    }
}

asio::awaitable<void> Core::flush() {
    auto changes = engine_.take_changes();
    if (!changes.empty()) {
        auto error = co_await world_.store.commit(std::move(changes));
        if (error) {
            world_.log.error("state_unwritable", "the last changes are lost: " + error->message);
        }
    }
    if (!owed_records_.empty()) {
        auto records = std::exchange(owed_records_, {});
        auto error = co_await world_.audit.append(std::move(records));
        if (error) {
            world_.log.error("audit_incomplete", "records are lost: " + error->message);
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
