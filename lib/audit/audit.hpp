// The audit log of spec section 12.
#pragma once

#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/time.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vastwatch::audit {

/// One thing that was decided or done; `seq` and `prev` are added when it is appended.
struct Record {
    Instant time;
    std::string action;  // destroy, stop, warn, hold, approve, dismiss, protect, pause, drop …
    std::string actor = "vastwatchd";
    std::optional<AccountName> account;
    std::optional<TeamName> team;
    std::optional<InstanceId> instance;
    std::string label;
    std::string gpu;
    int num_gpus = 0;
    std::optional<UsdPerHour> dph;
    std::optional<double> duration_hours;
    std::optional<Usd> total_cost;
    std::vector<std::string> reasons;
    std::string outcome;  // due, warned, verified, intended, requested, confirmed, failed …
    std::string recipe;   // JSON of what would create an equal instance again; empty = none
    std::string detail;
};

struct AuditError {
    std::string message;
};

class Log {
  public:
    Log() = default;
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    virtual ~Log() = default;

    /// Appends and fsyncs them all, in order; nothing (success) once they are durable.
    virtual boost::asio::awaitable<std::optional<AuditError>> append(
        std::vector<Record> records) = 0;
};

/// What opening found.
struct Opened {
    std::unique_ptr<Log> log;
    bool repaired = false;  // a torn last line was cut off, and noted as a record
    std::string problem;    // the chain is broken elsewhere: what and where; appending goes on
};

std::variant<Opened, AuditError> open(const std::filesystem::path& directory);

/// The result of `vastwatchctl audit verify`.
struct Verdict {
    std::uint64_t records = 0;
    std::uint64_t files = 0;
    std::vector<std::string> problems;  // empty = whole and unaltered
};

/// Reads all of it. Blocks.
Verdict verify(const std::filesystem::path& directory);

/// Lines (as stored) that match, newest last, at most `limit` of the newest. Blocks.
std::vector<std::string> read(
    const std::filesystem::path& directory,
    const std::optional<TeamName>& team,
    std::optional<Instant> since,
    std::size_t limit);

}  // namespace vastwatch::audit
