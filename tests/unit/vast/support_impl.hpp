// Templates of support.hpp.
#pragma once

#include "support.hpp"

#include <boost/asio/co_spawn.hpp>

#include <doctest/doctest.h>

#include <exception>
#include <utility>
#include <variant>

namespace vastwatch::vast {

template <class T>
T Account::run(boost::asio::awaitable<T> task) {
    std::optional<T> result;
    bool threw = false;
    boost::asio::co_spawn(
        loop, std::move(task), [&result, &threw](std::exception_ptr error, T value) {
            threw = error != nullptr;
            result.emplace(std::move(value));
        });
    const auto done = [&result] { return result.has_value(); };
    REQUIRE(clock.run_until(done, std::chrono::hours{48}));
    REQUIRE_FALSE(threw);
    return *std::move(result);
}

template <class T>
void Account::start(boost::asio::awaitable<T> task) {
    boost::asio::co_spawn(loop, std::move(task), [](std::exception_ptr, T) {});
}

template <class T>
Failure failure_in(const Outcome<T>& outcome) {
    REQUIRE(std::holds_alternative<Failure>(outcome));
    return std::get<Failure>(outcome);
}

template <class T>
const T& value_in(const Outcome<T>& outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) {
        FAIL(failure->message);
    }
    return std::get<T>(outcome);
}

}  // namespace vastwatch::vast
