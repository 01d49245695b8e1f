// Reads what an HTTP answer means: the status first, then the content type, then the shape, then
// `success`, then `error` (API sections 1.5 to 1.7, 14 no. 15). Pure.
#pragma once

#include "base/time.hpp"
#include "net/http_client.hpp"
#include "vast/client.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::vast {

/// The fields that say how it went, of whatever shape the error has; printable and bounded.
struct ErrorFields {
    std::optional<bool> success;
    std::string code;     // `error`
    std::string message;  // `msg`, `message` or `detail`
};

ErrorFields error_fields(const boost::json::object& object);

/// Printable, and short enough for a log line.
std::string printable_code(std::string_view code);
std::string printable_message(std::string_view message);

/// Why the answer cannot be read as data: any status but 2xx, or a page for people. Nothing when
/// its body is worth decoding. `maybe_done` is set where a request may have had its effect.
std::optional<Failure> failure_of(const net::Response& response);

/// The failure that a transport error is. `maybe_done` when the request may have been received.
Failure failure_of(const net::Error& error);

/// What a 429 says of the time to wait; absent where it says nothing that can be read.
struct RateLimit {
    std::optional<Duration> threshold;    // the endpoint's least interval
    std::optional<Duration> retry_after;  // seconds form only
};

RateLimit rate_limit_of(const net::Response& response);

/// `success: false`, or an error where data belong, with status 200.
Failure refused(const ErrorFields& fields);

/// Status 200 and nothing that can be used; `what` ends the sentence.
Failure bad_answer(std::string_view what);

Failure incomplete(std::string_view what);

/// Whether a failed bulk action means that none of its ids exists any more.
bool means_gone(const Failure& failure);

}  // namespace vastwatch::vast
