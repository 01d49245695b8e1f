// The real clock. Wall is CLOCK_REALTIME; mono is CLOCK_BOOTTIME, which goes on while the machine
// is suspended, so that an instance that ran meanwhile counts as having run. Lives on the loop's
// thread; the io_context must outlive it and its timers.
#pragma once

#include "runtime/clock.hpp"

#include <boost/asio/io_context.hpp>

#include <string>

namespace vastwatch::runtime {

class SystemClock final : public Clock {
  public:
    explicit SystemClock(boost::asio::io_context& loop) : loop_(loop) {}

    Now now() const override;

    /// The timers wake within half a minute after a suspension in which their deadline passed.
    std::unique_ptr<Timer> make_timer() override;

  private:
    boost::asio::io_context& loop_;
};

/// The kernel's name for the present boot, which CLOCK_BOOTTIME counts from (random(4), boot_id);
/// empty where it cannot be read.
std::string boot_id();

}  // namespace vastwatch::runtime
