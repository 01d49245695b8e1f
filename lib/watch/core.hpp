// The engine on the loop: every event goes through here, and what it gives is made durable and then
// carried out. Lives on the loop's thread.
#pragma once

#include "engine/engine.hpp"
#include "watch/world.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <list>
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
    Core(World world, std::shared_ptr<const config::Config> config, engine::Changes stored);

    engine::Engine& engine() { return engine_; }

    Now now() const { return world_.clock.now(); }

    const World& world() const { return world_; }

    /// Makes a step durable (state and audit log), then hands out its orders. On failure nothing of
    /// it is sent, and the engine is told. Steps are written one at a time, in the order of the
    /// calls: what one could not write must not come after what a later one wrote.
    boost::asio::awaitable<void> settle(engine::Effects effects);

    /// Wakes the engine at the moments that it names; never returns.
    boost::asio::awaitable<void> decide_loop();

    void add_orders(const AccountName& account, Orders* orders);
    void remove_orders(const AccountName& account);

    /// Called after a step that made something to deliver.
    void on_deliveries(std::function<void()> notify) { notify_deliveries_ = std::move(notify); }

    /// Rounds of the decide loop and steps settled: the watchdog's proof that work goes on.
    std::uint64_t progress() const { return progress_; }

    /// Writes what is still to be written; at the end.
    boost::asio::awaitable<void> flush();

  private:
    class Turn;

    /// Keeps the records of a step that could not be written, but for intents: they come to
    /// nothing.
    void owe(std::vector<audit::Record> records);
    void carry_out(engine::Effects effects);
    void count(const engine::Effects& effects);
    /// Every alert is a line of the log as well: who has no notifier at hand has the journal.
    void log_alerts(const engine::Changes& changes);

    World world_;
    engine::Engine engine_;
    runtime::Alarm wake_;
    std::map<AccountName, Orders*> orders_;
    std::function<void()> notify_deliveries_;
    std::uint64_t progress_ = 0;
    bool failing_ = false;
    AlertId logged_;  // alerts up to this one are in the log
    std::vector<audit::Record> owed_records_;
    // Who writes and who waits for it, in order. Shared with them, so that a coroutine frame that
    // is destroyed late may leave its queue.
    std::shared_ptr<std::list<runtime::Alarm*>> writers_;
};

/// The notifiers of a configuration and the least severity each wants.
std::map<NotifierName, policy::Severity> severities(const config::Config& config);

}  // namespace vastwatch::watch
