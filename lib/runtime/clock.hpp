// Time as the daemon sees it: two clocks read together and timers on the monotonic one. Production
// uses SystemClock; a simulation gives its own and runs days in seconds. Lives on the loop's
// thread.
#pragma once

#include "base/time.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace vastwatch::runtime {

/// One timer; at most one waiter at a time. Destroy it only while nobody waits on it.
class Timer {
  public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer() = default;

    /// Ends at `deadline` with true, or earlier with false when cancel() was called. When the
    /// coroutine itself is cancelled it throws boost::system::system_error (operation_aborted).
    virtual boost::asio::awaitable<bool> wait_until(MonoTime deadline) = 0;

    /// Ends a wait that is under way; does nothing when there is none.
    virtual void cancel() = 0;
};

class Clock {
  public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    virtual Now now() const = 0;
    virtual std::unique_ptr<Timer> make_timer() = 0;

    Instant wall() const { return now().wall; }

    MonoTime mono() const { return now().mono; }

    /// Waits that long; throws operation_aborted when cancelled.
    boost::asio::awaitable<void> sleep_for(Duration duration);
};

/// Lets one coroutine sleep until a deadline or until somebody calls notify(), whichever is first.
/// A notify() while nobody waits is remembered: no wake-up is lost.
class Alarm {
  public:
    explicit Alarm(Clock& clock) : timer_(clock.make_timer()) {}

    /// True when notified, false when the deadline came first.
    boost::asio::awaitable<bool> wait_until(MonoTime deadline);
    boost::asio::awaitable<bool> wait();

    void notify();

  private:
    std::unique_ptr<Timer> timer_;
    bool notified_ = false;
};

}  // namespace vastwatch::runtime
