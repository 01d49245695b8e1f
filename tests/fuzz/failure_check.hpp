// What every failure that the API's client makes of an answer must be like.
#pragma once

#include "fuzz.hpp"
#include "vast/client.hpp"

#include <variant>

namespace vastwatch::fuzz {

inline void check_failure(const vast::Failure& failure) {
    require(!failure.message.empty(), "a failure says why");
    // 200 characters of the service's, of up to four bytes, and a sentence of ours.
    require_shown(failure.message, 1000, "a failure's message is one bounded printable line");
    require_shown(failure.error_code, 256, "an error code is bounded and printable");
}

/// The value of an outcome, or null after a look at the failure.
template <class T>
const T* value_of(const vast::Outcome<T>& outcome) {
    if (const auto* failure = std::get_if<vast::Failure>(&outcome)) {
        check_failure(*failure);
    }
    return std::get_if<T>(&outcome);
}

}  // namespace vastwatch::fuzz
