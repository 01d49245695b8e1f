#include "runtime/service_manager.hpp"

#include "runtime/virtual_clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace rt = vastwatch::runtime;
using namespace std::chrono_literals;
using vastwatch::Instant;
using vastwatch::MonoTime;

/// Stands in for systemd: a datagram socket under an abstract name of this process.
class Receiver {
  public:
    Receiver() : descriptor_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(&address.sun_path[1], name_.data() + 1, name_.size() - 1);
        const auto size = offsetof(sockaddr_un, sun_path) + name_.size();
        const auto* generic = reinterpret_cast<const sockaddr*>(&address);
        REQUIRE(bind(descriptor_, generic, static_cast<socklen_t>(size)) == 0);
    }

    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;

    ~Receiver() { close(descriptor_); }

    const std::string& name() const { return name_; }

    /// The next message; empty when none has come.
    std::string next() const {
        std::array<char, 1024> buffer{};
        const auto size = recv(descriptor_, buffer.data(), buffer.size(), 0);
        return size > 0 ? std::string{buffer.data(), static_cast<std::size_t>(size)} : "";
    }

    int count() const {
        int messages = 0;
        while (!next().empty()) {
            ++messages;
        }
        return messages;
    }

  private:
    std::string name_ = fmt::format("@vastwatch-test-{}", getpid());
    int descriptor_;
};

}  // namespace

TEST_CASE("service manager: ready carries the status") {
    const Receiver receiver;
    const rt::ServiceManager manager{receiver.name(), std::nullopt};
    manager.ready("watching 3 accounts");
    CHECK(receiver.next() == "READY=1\nSTATUS=watching 3 accounts");
}

TEST_CASE("service manager: a reload is told with the monotonic time in microseconds") {
    const Receiver receiver;
    const rt::ServiceManager manager{receiver.name(), std::nullopt};
    manager.reloading();
    const auto message = receiver.next();
    CHECK(message.starts_with("RELOADING=1\nMONOTONIC_USEC="));
    CHECK(message.back() >= '0');
    CHECK(message.back() <= '9');
}

TEST_CASE("service manager: a status with a line break cannot smuggle in another message") {
    const Receiver receiver;
    const rt::ServiceManager manager{receiver.name(), std::nullopt};
    manager.status("label\nSTOPPING=1");
    CHECK(receiver.next() == "STATUS=label?STOPPING=1");
}

TEST_CASE("service manager: stopping is told") {
    const Receiver receiver;
    const rt::ServiceManager manager{receiver.name(), std::nullopt};
    manager.stopping("");
    CHECK(receiver.next() == "STOPPING=1");
}

TEST_CASE("service manager: without systemd it is silent and harmless") {
    const rt::ServiceManager manager{"", std::nullopt};
    CHECK_FALSE(manager.active());
    manager.ready("nobody listens");
}

TEST_CASE("service manager: it takes systemd's variables out of the environment") {
    setenv("NOTIFY_SOCKET", "@somewhere", 1);
    setenv("WATCHDOG_USEC", "30000000", 1);
    setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
    const auto manager = rt::ServiceManager::from_environment();
    CHECK(manager.active());
    CHECK(manager.watchdog_interval() == vastwatch::Duration{30s});
    CHECK(std::getenv("NOTIFY_SOCKET") == nullptr);
    CHECK(std::getenv("WATCHDOG_USEC") == nullptr);
    CHECK(std::getenv("WATCHDOG_PID") == nullptr);
}

TEST_CASE("watchdog: it is fed only while the work goes on") {
    asio::io_context loop{1};
    rt::VirtualClock clock{loop, Instant{}};
    const Receiver receiver;
    const rt::ServiceManager manager{receiver.name(), 40s};
    std::uint64_t rounds = 0;
    asio::co_spawn(loop, rt::run_watchdog(clock, manager, [&] { return rounds; }), asio::detached);
    clock.run_until(MonoTime{1s});
    CHECK(receiver.next() == "WATCHDOG=1");
    ++rounds;
    clock.advance(10s);
    CHECK(receiver.next() == "WATCHDOG=1");
    clock.advance(1h);
    CHECK(receiver.count() == 0);
    ++rounds;
    clock.advance(10s);
    CHECK(receiver.count() == 1);
}
