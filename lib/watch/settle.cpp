// How steps become durable: written one at a time, waited for up to a limit, and carried out.
#include "watch/core.hpp"
#include "watch/journal.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace vastwatch::watch {
namespace {

namespace asio = boost::asio;

/// A step that takes longer does so because of the disk. SQLite waits five seconds for a lock.
constexpr Duration write_limit = std::chrono::seconds{10};
/// The same for the last step of all: after a stop everything is over within five seconds.
constexpr Duration last_write_limit = std::chrono::milliseconds{1500};

/// More than this is never owed to the audit log; the oldest are dropped first.
constexpr std::size_t most_owed_records = 10'000;

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
    kept.clock = changes.clock;
    return kept;
}

void drop_intents(std::vector<audit::Record>& records) {
    std::erase_if(records, [](const auto& record) { return record.outcome == "intended"; });
}

}  // namespace

struct Core::Step {
    engine::Effects effects;
    runtime::Alarm* waiter = nullptr;
    bool written = false;  // or not, and told so: there is nothing more to wait for
    bool late = false;     // nobody waits for it any more: its requests must not leave
};

/// Who waits for a step, in whatever way the waiting ends.
class Core::Waiting {
  public:
    Waiting(runtime::Clock& clock, std::shared_ptr<Step> step)
        : alarm_(clock), step_(std::move(step)) {
        step_->waiter = &alarm_;
    }

    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    ~Waiting() {
        step_->waiter = nullptr;
        step_->late = step_->late || !step_->written;
    }

    asio::awaitable<bool> until(MonoTime deadline) { return alarm_.wait_until(deadline); }

  private:
    runtime::Alarm alarm_;
    std::shared_ptr<Step> step_;
};

asio::awaitable<void> Core::settle(engine::Effects effects) {
    return settle_within(std::move(effects), write_limit);
}

asio::awaitable<void> Core::settle_within(engine::Effects effects, Duration limit) {
    if (stalled_) {
        put_off(std::move(effects));
        co_return;
    }
    auto step = std::make_shared<Step>();
    step->effects = std::move(effects);
    Waiting waiting(world_.clock, step);
    enqueue(step);
    const auto deadline = world_.clock.mono() + limit;
    while (!step->written && world_.clock.mono() < deadline) {
        co_await waiting.until(deadline);
    }
    if (!step->written) {
        stall(*step);
    }
}

void Core::enqueue(std::shared_ptr<Step> step) {
    steps_.push_back(std::move(step));
    if (writing_) {
        return;
    }
    writing_ = true;
    auto on_end = [this](const std::exception_ptr& error) {
        if (error) {
            write_fault_ = error;
            wake_.notify();
        }
    };
    asio::co_spawn(world_.loop, write_steps(), std::move(on_end));
}

asio::awaitable<void> Core::write_steps() {
    while (!steps_.empty()) {
        auto step = steps_.front();
        co_await write(std::move(step));
        steps_.pop_front();
        if (steps_.empty() && std::exchange(catch_up_, false)) {
            steps_.push_back(std::make_shared<Step>());
        }
    }
    writing_ = false;
}

asio::awaitable<void> Core::write(std::shared_ptr<Step> step) {
    const auto newest_alert = engine_.newest_alert();
    auto changes = engine_.take_changes();
    auto records = std::exchange(owed_records_, {});
    std::ranges::move(step->effects.audit, std::back_inserter(records));
    step->effects.audit.clear();
    if (step->late) {
        drop_intents(records);
    }
    if (!records.empty() || (records_noted_ && !changes.empty())) {
        changes.audit = records;
        records_noted_ = !records.empty();
    }
    const bool wrote = !changes.empty();
    log_alerts(changes);
    auto kept = without_instances(changes);
    auto store_error = co_await world_.store.commit(std::move(changes));
    std::string problem = store_error ? store_error->message : "";
    if (!store_error) {
        kept = engine::Changes();
        if (step->late) {
            drop_intents(records);
        }
        auto appended = records;
        auto audit_error = co_await world_.audit.append(std::move(appended));
        problem = audit_error ? audit_error->message : "";
    }
    ++progress_;
    stalled_ = false;
    if (problem.empty()) {
        log_actions(world_.log, records);
        conclude(newest_alert, wrote);
    } else {
        owe(std::exchange(owed_records_, std::move(records)));  // what was put off is younger
        fail(*step, std::move(kept), std::move(problem));
    }
    if (step->late) {
        engine_.on_unsent(step->effects.requests, now());
        step->effects.requests.clear();
    }
    step->written = true;
    if (step->waiter != nullptr) {
        step->waiter->notify();
    }
    carry_out(std::move(step->effects));
}

void Core::conclude(const AlertId& newest_alert, bool wrote) {
    if (!wrote && failing_) {
        return;  // a step that had nothing to write proves nothing about the disk
    }
    if (failing_) {
        world_.log.notice("state_writable", "the state can be written again");
    }
    failing_ = false;
    engine_.on_durable(newest_alert);
}

void Core::fail(Step& step, engine::Changes unwritten, std::string problem) {
    if (!failing_) {
        world_.log.error(
            "state_unwritable",
            "the state cannot be written, so nothing is stopped or destroyed: " + problem);
    }
    failing_ = true;
    auto& effects = step.effects;
    const auto told =
        engine_.on_not_durable(std::move(unwritten), effects.requests, std::move(problem), now());
    effects.requests.clear();
    effects.new_deliveries = effects.new_deliveries || told.new_deliveries;
}

void Core::stall(Step& step) {
    step.late = true;
    stalled_ = true;
    if (!failing_) {
        world_.log.error(
            "state_unwritable",
            "the disk does not answer, so nothing is stopped or destroyed until it does");
    }
    failing_ = true;
    put_off(std::exchange(step.effects, engine::Effects()));
}

void Core::put_off(engine::Effects effects) {
    catch_up_ = true;
    owe(std::exchange(effects.audit, {}));
    engine_.on_unsent(effects.requests, now());
    effects.requests.clear();
    engine_.on_stalled("the disk does not answer", now());
    carry_out(std::move(effects));
}

void Core::owe(std::vector<audit::Record> records) {
    std::ranges::move(records, std::back_inserter(owed_records_));
    drop_intents(owed_records_);
    if (owed_records_.size() > most_owed_records) {
        const auto excess = owed_records_.size() - most_owed_records;
        owed_records_.erase(
            owed_records_.begin(), owed_records_.begin() + static_cast<std::ptrdiff_t>(excess));
    }
}

asio::awaitable<void> Core::flush() {
    engine::Effects nothing_more;
    co_await settle_within(std::move(nothing_more), last_write_limit);
    if (failing_) {
        world_.log.error("state_unwritable", "the last changes are lost");
    }
}

}  // namespace vastwatch::watch
