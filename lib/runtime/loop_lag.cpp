#include "runtime/loop_lag.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace vastwatch::runtime {

boost::asio::awaitable<void>
measure_lag(Clock& clock, Duration interval, std::function<void(Duration)> report) {
    VW_ASSERT(interval > Duration::zero());
    const auto timer = clock.make_timer();
    for (;;) {
        const auto due = clock.mono() + interval;
        co_await timer->wait_until(due);
        report(std::max(clock.mono() - due, Duration::zero()));
    }
}

}  // namespace vastwatch::runtime
