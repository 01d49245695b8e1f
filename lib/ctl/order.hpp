// What the operator asks for, and the HTTP request that asks the daemon for it.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::ctl {

enum class Verb : std::uint8_t {
    status,
    top,
    instances,
    explain,
    findings,
    alerts,
    actions,
    protect,
    unprotect,
    approve,
    dismiss,
    pause,
    resume,
    poll,
    test_notifier,
    config,
    reload,
    doctor,
    audit,
    audit_verify,
};

/// A command with its arguments, checked by whoever parsed them; what a verb does not take is
/// ignored.
struct Order {
    Verb verb = Verb::status;
    bool json = false;
    std::int64_t instance = 0;         // explain, protect, unprotect
    std::optional<std::int64_t> hold;  // approve, dismiss; absent = the only open one
    std::string team;                  // instances, audit; empty = all
    bool idle = false;                 // instances: only those
    std::string duration;              // protect, pause, as parse_duration reads it; empty = none
    std::string reason;                // protect, pause
    std::string notifier;              // test_notifier
    std::string since;                 // audit, as is_since allows; empty = the newest records
};

/// One exchange with the daemon.
struct Request {
    std::string method = "GET";
    std::string target;  // path and query, encoded
    std::string body;    // JSON, for POST
    Duration timeout{};  // over all of it
};

/// A duration above zero, as --for takes it.
bool is_duration(std::string_view text);

/// A date, an RFC 3339 time, or a duration that reaches back from now.
bool is_since(std::string_view text);

/// The request of that order; `now` is what durations in --since reach back from.
Request request_of(const Order& order, Instant now);

/// A GET of /api/v1/`name` that ought to be quick.
Request read_request(std::string_view name);

/// The most records that `audit` is given at once: with --since, and without.
inline constexpr std::size_t most_records_since = 100'000;
inline constexpr std::size_t newest_records = 1000;

}  // namespace vastwatch::ctl
