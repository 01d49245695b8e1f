// A Core on a virtual clock whose disk answers when the test lets it.
#pragma once

#include "runtime/memory_log.hpp"
#include "runtime/seeded_random.hpp"
#include "runtime/virtual_clock.hpp"
#include "support/memory_store.hpp"
#include "watch/core.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::watch::testing {

using namespace std::chrono_literals;

inline const AccountName main_account{"main"};
inline const NotifierName ops{"ops"};

/// What an operation on the disk runs into.
class Gate {
  public:
    explicit Gate(runtime::Clock& clock) : opened_(clock) {}

    /// The operations from now on wait until open().
    void close() { closed_ = true; }

    /// Those that wait, and all after them, go on.
    void open();

    /// The next operation that goes on ends with that error.
    void fail_once(std::string why) { failure_ = std::move(why); }

    /// Waits while it is closed; then why the operation fails, or nothing.
    boost::asio::awaitable<std::optional<std::string>> pass();

  private:
    runtime::Alarm opened_;
    bool closed_ = false;
    std::optional<std::string> failure_;
};

class GatedStore final : public store::Store {
  public:
    explicit GatedStore(runtime::Clock& clock) : gate(clock) {}

    boost::asio::awaitable<std::optional<store::StoreError>> commit(
        engine::Changes changes) override;

    Gate gate;
    vastwatch::testing::MemoryStore kept;
};

class GatedAudit final : public audit::Log {
  public:
    explicit GatedAudit(runtime::Clock& clock) : gate(clock) {}

    boost::asio::awaitable<std::optional<audit::AuditError>> append(
        std::vector<audit::Record> records) override;

    /// The details of what was appended.
    std::vector<std::string> details() const;

    Gate gate;
    std::vector<audit::Record> kept;
};

class KeptOrders final : public Orders {
  public:
    void verify(engine::VerifyOrder order) override { reads.push_back(std::move(order)); }

    void request(engine::RequestOrder order) override { requests.push_back(std::move(order)); }

    void poll_soon() override { ++polls; }

    std::vector<engine::VerifyOrder> reads;
    std::vector<engine::RequestOrder> requests;
    int polls = 0;
};

/// Answers every request with `status`; without one nobody is to be asked anything.
class OneAnswer final : public net::HttpClient {
  public:
    boost::asio::awaitable<net::Result> send(net::Request request) override;

    std::optional<int> status;
};

/// What one decision about an instance gives: its record and its order.
engine::Effects decision(int id, const std::string& outcome = "intended");
/// A record alone.
engine::Effects remark(const std::string& detail);

class Bench {
  public:
    explicit Bench(engine::Changes stored = {});
    ~Bench();
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    /// Settles it; the result becomes true once it was waited for to the end.
    std::shared_ptr<const bool> settle(engine::Effects effects);
    /// Runs it on the loop; the result becomes true at its end.
    std::shared_ptr<const bool> run(boost::asio::awaitable<void> coroutine);
    /// The same, and it is cancelled when the result is called.
    std::function<void()> run_until_cancelled(boost::asio::awaitable<void> coroutine);
    /// Suspends all actions, for that reason, and settles that.
    std::shared_ptr<const bool> pause(const std::string& reason);

    std::string pause_reason() const;

    engine::HealthView health() { return core->engine().view(core->now())->health; }

    boost::asio::io_context loop;
    runtime::VirtualClock clock{loop, Instant{std::chrono::seconds{1'800'000'000}}};
    runtime::SeededRandom random{1};
    runtime::MemoryLog log;
    OneAnswer http;
    GatedStore store{clock};
    GatedAudit audit{clock};
    runtime::InlineWorker files;
    runtime::ServiceManager manager{"", std::nullopt};
    metrics::ProcessMetrics metrics;
    KeptOrders orders;
    std::unique_ptr<Core> core;
};

}  // namespace vastwatch::watch::testing
