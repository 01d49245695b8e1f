// A limit on the time anything may take, on the injected clock. The one place where two coroutines
// race.
#pragma once

#include "runtime/clock.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/result.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace vastwatch::runtime {

namespace detail {

template <class T>
struct Settled {
    std::optional<boost::system::result<T>> value;
    std::exception_ptr error;
};

/// Makes a value of what `operation` throws: the race would swallow an exception and wait on.
template <class T>
boost::asio::awaitable<Settled<T>> settle(
    boost::asio::awaitable<boost::system::result<T>> operation) {
    Settled<T> settled;
    try {
        auto value = co_await std::move(operation);
        settled.value.emplace(std::move(value));
    } catch (...) {
        settled.error = std::current_exception();
    }
    co_return settled;
}

}  // namespace detail

/// What `operation` gives, or timed_out once `limit` has passed: the operation has then been
/// cancelled and has ended. Throws what the operation throws, and operation_aborted when the
/// coroutine that awaits this is cancelled.
template <class T>
boost::asio::awaitable<boost::system::result<T>> with_deadline(
    Clock& clock,
    Duration limit,
    boost::asio::awaitable<boost::system::result<T>> operation) {
    using boost::asio::experimental::awaitable_operators::operator||;
    auto settled = detail::settle<T>(std::move(operation));
    auto timer = clock.sleep_for(limit);
    auto winner = co_await (std::move(settled) || std::move(timer));
    if (winner.index() == 1) {
        co_return boost::system::errc::make_error_code(boost::system::errc::timed_out);
    }
    auto outcome = std::get<0>(std::move(winner));
    if (outcome.error) {
        std::rethrow_exception(outcome.error);
    }
    co_return std::move(*outcome.value);
}

}  // namespace vastwatch::runtime
