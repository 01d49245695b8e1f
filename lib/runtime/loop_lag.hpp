// How late the loop is: the time between when a timer was due and when its coroutine ran. What
// holds the loop up holds up everything.
#pragma once

#include "runtime/clock.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>

namespace vastwatch::runtime {

/// Reports the lag once in each `interval` (above zero), for ever; ends with operation_aborted when
/// cancelled. `clock` must outlive it.
boost::asio::awaitable<void>
measure_lag(Clock& clock, Duration interval, std::function<void(Duration)> report);

}  // namespace vastwatch::runtime
