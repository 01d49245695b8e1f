// What systemd is told: ready, reloading, stopping, a status text, and that the work goes on.
// Silent when systemd did not start the process.
#pragma once

#include "base/time.hpp"
#include "runtime/clock.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::runtime {

class ServiceManager {
  public:
    /// `notify_socket`: a path, or '@' and an abstract name; empty = be silent.
    ServiceManager(std::string notify_socket, std::optional<Duration> watchdog_interval);

    /// From NOTIFY_SOCKET and WATCHDOG_USEC (if WATCHDOG_PID is this process); takes them out of
    /// the environment, so that no child can speak for the daemon. Before any second thread starts.
    static ServiceManager from_environment();

    /// Started, or done with a reload, be it a failed one. `status` as in status().
    void ready(std::string_view status) const;
    /// One line for `systemctl status`.
    void status(std::string_view text) const;
    /// A reload begins; ready() ends it.
    void reloading() const;
    void stopping(std::string_view status) const;
    /// The watchdog's sign of life.
    void alive() const;

    /// Within which time systemd wants a sign of life; nothing when it wants none.
    std::optional<Duration> watchdog_interval() const { return watchdog_interval_; }

    /// True when there is somebody to tell.
    bool active() const { return !notify_socket_.empty(); }

  private:
    void send(const std::string& state) const;

    std::string notify_socket_;
    std::optional<Duration> watchdog_interval_;
};

/// Gives systemd a sign of life four times in each watchdog interval, but only when `progress` has
/// changed since the last one: a timer that fires proves nothing. `progress` counts rounds of the
/// work and must change at least once in half the interval while all is well. Returns at once
/// when there is no watchdog; ends otherwise with operation_aborted when cancelled. The references
/// must outlive it.
boost::asio::awaitable<void>
run_watchdog(Clock& clock, const ServiceManager& manager, std::function<std::uint64_t()> progress);

}  // namespace vastwatch::runtime
