// Time that stands still until it is moved: for tests and simulations. A whole day of timers runs
// as fast as the coroutines behind them. Timers fire in the order (deadline, order of waiting),
// each one only after all that was ready before it has run. One thread; the io_context must outlive
// the clock. Timers may outlive the clock; a wait on one of those never ends.
#pragma once

#include "runtime/clock.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace vastwatch::runtime {

class VirtualClock final : public Clock {
  public:
    /// Starts at `wall`, and at zero on the monotonic clock.
    VirtualClock(boost::asio::io_context& loop, Instant wall);
    /// Goes on from `now`, as a process does that starts on a machine which has run for a while.
    VirtualClock(boost::asio::io_context& loop, Now now);
    ~VirtualClock() override;
    VirtualClock(const VirtualClock&) = delete;
    VirtualClock& operator=(const VirtualClock&) = delete;

    Now now() const override;
    std::unique_ptr<Timer> make_timer() override;

    /// Runs the loop until nothing is left to do at or before `end`; the clock then shows `end`
    /// (never earlier than it did). Not from within a handler.
    void run_until(MonoTime end);

    /// run_until() that much later than now.
    void advance(Duration duration);

    /// Runs the loop until `done` holds, looked at between any two timers, or until `limit` has
    /// passed or no timer is left. True when it holds.
    bool run_until(const std::function<bool()>& done, Duration limit);

    /// Runs one handler: one that is ready, else that of the earliest wait that ends at or before
    /// `end`. False when there is none; the clock then shows `end`. Not from within a handler.
    bool step(MonoTime end);

    /// Moves both clocks at once, as a suspended machine finds them: what was due meanwhile is
    /// late. `duration` not negative.
    void suspend(Duration duration);

    /// Destroys the coroutines that wait, without running them; what waits later waits on.
    void abandon();

    /// Moves the wall clock alone, as an operator or NTP would.
    void step_wall(Duration step);

    /// When the earliest wait ends; nothing when there is none.
    std::optional<MonoTime> next_deadline() const;

    /// Shared with the timers, which may be destroyed after the clock.
    struct State;

  private:
    std::shared_ptr<State> state_;
};

}  // namespace vastwatch::runtime
