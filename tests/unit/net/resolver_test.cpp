#include "net/resolver.hpp"

#include "base/time.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using vastwatch::Duration;
using vastwatch::net::Addresses;
using vastwatch::net::Lookup;
using vastwatch::net::Resolved;
using vastwatch::net::Resolver;

/// A name server that answers only when the test says so.
class Gatekeeper {
  public:
    ~Gatekeeper() { open(); }

    Resolver::Ask ask() const {
        return [state = state_](const std::string&, std::uint16_t port) -> Resolved {
            std::unique_lock lock{state->mutex};
            ++state->asked;
            state->changed.notify_all();
            state->changed.wait(lock, [&] { return state->is_open; });
            ++state->answered;
            state->changed.notify_all();
            return Addresses{{asio::ip::make_address("192.0.2.1"), port}};
        };
    }

    void open() {
        const std::lock_guard lock{state_->mutex};
        state_->is_open = true;
        state_->changed.notify_all();
    }

    void wait_until_asked() {
        std::unique_lock lock{state_->mutex};
        state_->changed.wait(lock, [&] { return state_->asked > 0; });
    }

    void wait_until_answered() {
        std::unique_lock lock{state_->mutex};
        state_->changed.wait(lock, [&] { return state_->answered > 0; });
    }

    int asked() {
        const std::lock_guard lock{state_->mutex};
        return state_->asked;
    }

  private:
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        int asked = 0;
        int answered = 0;
        bool is_open = false;
    };

    std::shared_ptr<State> state_ = std::make_shared<State>();
};

asio::awaitable<void>
record(std::shared_ptr<Lookup> lookup, Duration limit, std::vector<Resolved>& results) {
    auto resolved =
        co_await Lookup::wait(std::move(lookup), std::chrono::steady_clock::now() + limit);
    results.push_back(std::move(resolved));
}

}  // namespace

TEST_CASE("resolver: an address needs no name server") {
    asio::io_context loop{1};
    Resolver resolver{loop, [](const std::string&, std::uint16_t) -> Resolved {
                          return asio::error::make_error_code(asio::error::host_not_found);
                      }};
    std::vector<Resolved> results;
    asio::co_spawn(loop, record(resolver.start("::1", 80), 10s, results), asio::detached);
    loop.run();
    REQUIRE(results.size() == 1);
    REQUIRE(results.front().has_value());
    CHECK(results.front()->front().address().to_string() == "::1");
}

TEST_CASE("resolver: localhost is found by the system") {
    asio::io_context loop{1};
    Resolver resolver{loop};
    std::vector<Resolved> results;
    asio::co_spawn(loop, record(resolver.start("localhost", 80), 10s, results), asio::detached);
    loop.run();
    REQUIRE(results.size() == 1);
    REQUIRE(results.front().has_value());
    CHECK(results.front()->front().address().is_loopback());
}

TEST_CASE("resolver: a silent name server costs no more than the deadline") {
    asio::io_context loop{1};
    Gatekeeper names;
    Resolver resolver{loop, names.ask()};
    std::vector<Resolved> results;
    asio::co_spawn(loop, record(resolver.start("h", 80), 20ms, results), asio::detached);
    loop.run();
    REQUIRE(results.size() == 1);
    CHECK(results.front().error() == asio::error::timed_out);
}

TEST_CASE("resolver: cancel() ends the wait at once") {
    asio::io_context loop{1};
    Gatekeeper names;
    Resolver resolver{loop, names.ask()};
    std::vector<Resolved> results;
    const auto lookup = resolver.start("h", 80);
    asio::co_spawn(loop, record(lookup, 10min, results), asio::detached);
    loop.poll();
    lookup->cancel();
    loop.run();
    REQUIRE(results.size() == 1);
    CHECK(results.front().error() == asio::error::operation_aborted);
}

TEST_CASE("resolver: those who ask for the same name share one question") {
    asio::io_context loop{1};
    Gatekeeper names;
    Resolver resolver{loop, names.ask()};
    std::vector<Resolved> results;
    for (int round = 0; round < 20; ++round) {
        asio::co_spawn(loop, record(resolver.start("h", 80), 10s, results), asio::detached);
    }
    names.open();
    loop.run();
    CHECK(results.size() == 20);
    CHECK(names.asked() == 1);
}

TEST_CASE("resolver: a seventeenth name under way is refused instead of costing a thread") {
    asio::io_context loop{1};
    Gatekeeper names;
    Resolver resolver{loop, names.ask()};
    for (int round = 0; round < 16; ++round) {
        resolver.start("h" + std::to_string(round), 80);
    }
    std::vector<Resolved> results;
    asio::co_spawn(loop, record(resolver.start("one more", 80), 10s, results), asio::detached);
    loop.run();
    REQUIRE(results.size() == 1);
    CHECK(results.front().error() == asio::error::try_again);
}

TEST_CASE("resolver: it may be destroyed, and its loop too, while a thread still asks") {
    Gatekeeper names;
    {
        asio::io_context loop{1};
        Resolver resolver{loop, names.ask()};
        const auto lookup = resolver.start("h", 80);
        names.wait_until_asked();
    }
    names.open();
    names.wait_until_answered();
    CHECK(names.asked() == 1);
}
