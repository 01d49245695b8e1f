#include "runtime/service_manager.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace vastwatch::runtime {

namespace {

std::string status_line(std::string_view text) {
    return text.empty() ? std::string{} : "\nSTATUS=" + printable(text, 500);
}

}  // namespace

ServiceManager::ServiceManager(std::string notify_socket, std::optional<Duration> watchdog_interval)
    : notify_socket_(std::move(notify_socket)), watchdog_interval_(watchdog_interval) {}

ServiceManager ServiceManager::from_environment() {
    // NOLINTBEGIN(concurrency-mt-unsafe): at the start, before there is a second thread
    const char* socket = std::getenv("NOTIFY_SOCKET");
    std::string path = socket == nullptr ? "" : socket;
    unsetenv("NOTIFY_SOCKET");
    // NOLINTEND(concurrency-mt-unsafe)
    std::uint64_t microseconds = 0;
    std::optional<Duration> interval;
    if (sd_watchdog_enabled(1, &microseconds) > 0) {
        interval = std::chrono::microseconds{microseconds};
    }
    return {std::move(path), interval};
}

void ServiceManager::ready(std::string_view status) const {
    send("READY=1" + status_line(status));
}

void ServiceManager::status(std::string_view text) const {
    send("STATUS=" + printable(text, 500));
}

void ServiceManager::reloading() const {
    std::timespec now{};
    static_cast<void>(clock_gettime(CLOCK_MONOTONIC, &now));  // a clock that there always is
    const auto microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", microseconds));
}

void ServiceManager::stopping(std::string_view status) const {
    send("STOPPING=1" + status_line(status));
}

void ServiceManager::alive() const {
    send("WATCHDOG=1");
}

// sd_notify() reads the environment at each call, which from_environment() has cleared; the
// protocol is one datagram.
void ServiceManager::send(const std::string& state) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!active() || notify_socket_.size() >= sizeof(address.sun_path)) {
        return;
    }
    std::memcpy(&address.sun_path, notify_socket_.data(), notify_socket_.size());
    if (notify_socket_.front() == '@') {
        address.sun_path[0] = '\0';
    }
    const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return;
    }
    const auto size = offsetof(sockaddr_un, sun_path) + notify_socket_.size();
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    // Nothing can be done when systemd does not take it: its timeouts then apply.
    (void)sendto(
        descriptor,
        state.data(),
        state.size(),
        MSG_NOSIGNAL,
        generic,
        static_cast<socklen_t>(size));
    close(descriptor);
}

boost::asio::awaitable<void>
run_watchdog(Clock& clock, const ServiceManager& manager, std::function<std::uint64_t()> progress) {
    const auto interval = manager.watchdog_interval();
    if (!interval || !manager.active()) {
        co_return;
    }
    const auto timer = clock.make_timer();
    auto last = progress();
    manager.alive();
    for (;;) {
        co_await timer->wait_until(clock.mono() + *interval / 4);
        const auto current = progress();
        if (current != last) {
            last = current;
            manager.alive();
        }
    }
}

}  // namespace vastwatch::runtime
