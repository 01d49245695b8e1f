// The engine on the loop: every event goes through here, and what it gives is made durable and then
// carried out. Lives on the loop's thread.
#pragma once

#include "engine/engine.hpp"
#include "watch/world.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::watch {

/// Where the orders of a step go: the account's own loops.
class Orders {
  public:
    Orders() = default;
    Orders(const Orders&) = delete;
    Orders& operator=(const Orders&) = delete;
    virtual ~Orders() = default;

    virtual void verify(engine::VerifyOrder order) = 0;
    virtual void request(engine::RequestOrder order) = 0;
    virtual void poll_soon() = 0;
};

class Core {
  public:
    Core(
        World world,
        std::shared_ptr<const config::Config> config,
        engine::Changes stored,
        engine::FoundDamage found = {});

    engine::Engine& engine() { return engine_; }

    Now now() const { return world_.clock.now(); }

    const World& world() const { return world_; }

    /// Makes a step durable (state and audit log), then hands out its orders. On failure no request
    /// of it is sent, and the engine is told. Steps are written one at a time, in the order of the
    /// calls: what one could not write must not come after what a later one wrote. Returns after
    /// ten seconds at the latest: what is not durable by then is written all the same, as soon as
    /// the disk answers, but its requests are given up, and until then later steps are not waited
    /// for at all.
    boost::asio::awaitable<void> settle(engine::Effects effects);

    /// Wakes the engine at the moments that it names; never returns.
    boost::asio::awaitable<void> decide_loop();

    void add_orders(const AccountName& account, Orders* orders);
    void remove_orders(const AccountName& account);

    /// Called after a step that made something to deliver.
    void on_deliveries(std::function<void()> notify) { notify_deliveries_ = std::move(notify); }

    /// Rounds of the decide loop and steps written: the watchdog's proof that work goes on. It
    /// stands still while the disk does not answer.
    std::uint64_t progress() const { return progress_; }

    /// The disk does not answer: a write has been under way for too long.
    bool stalled() const { return stalled_; }

    /// The latest step could not be written; what it changed is in force, but not durable.
    bool failing() const { return failing_; }

    /// Writes what is still to be written; at the end. Takes a second and a half at most.
    boost::asio::awaitable<void> flush();

  private:
    struct Step;
    class Waiting;

    boost::asio::awaitable<void> settle_within(engine::Effects effects, Duration limit);
    void enqueue(std::shared_ptr<Step> step);
    boost::asio::awaitable<void> write_steps();
    boost::asio::awaitable<void> write(std::shared_ptr<Step> step);
    void conclude(const AlertId& newest_alert, bool wrote);
    void fail(Step& step, engine::Changes unwritten, std::string problem);
    void stall(Step& step);
    /// What a step gave while the disk does not answer: to be written later, and nothing of it sent
    /// that would have to be written first.
    void put_off(engine::Effects effects);
    /// Keeps the records of a step that could not be written, but for intents: they come to
    /// nothing.
    void owe(std::vector<audit::Record> records);
    void carry_out(engine::Effects effects);
    void count(const engine::Effects& effects);
    /// Every alert is a line of the log as well: who has no notifier at hand has the journal.
    void log_alerts(const engine::Changes& changes);
    void log_disagreements(const engine::Effects& effects);

    World world_;
    std::vector<audit::Record> owed_records_;
    engine::FoundDamage found_;
    engine::Engine engine_;
    runtime::Alarm wake_;
    std::map<AccountName, Orders*> orders_;
    std::function<void()> notify_deliveries_;
    std::uint64_t progress_ = 0;
    bool failing_ = false;
    bool stalled_ = false;
    bool catch_up_ = false;       // something was put off that no step in the queue writes
    bool writing_ = false;        // write_steps() is under way
    bool records_noted_ = false;  // the store has records that may have been appended since
    std::exception_ptr write_fault_;
    AlertId logged_;  // alerts up to this one are in the log
    // What is written and what waits for it, in order. Each is shared with who waits for it, whose
    // frame may be destroyed late.
    std::deque<std::shared_ptr<Step>> steps_;
};

/// The notifiers of a configuration and the least severity each wants.
std::map<NotifierName, policy::Severity> severities(const config::Config& config);

}  // namespace vastwatch::watch
