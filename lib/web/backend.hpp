// What the routes need of the daemon.
#pragma once

#include "engine/view.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>

#include <memory>
#include <optional>
#include <string>

namespace vastwatch::web {

/// A command that changes something, as it came over the control socket.
struct Command {
    std::string name;  // protect, unprotect, approve, dismiss, pause, resume, poll, reload,
                       // test-notifier
    std::optional<InstanceId> instance;
    std::optional<HoldId> hold;
    std::optional<Duration> duration;
    std::string reason;
    std::string notifier;
    std::string actor;  // "uid:1000"
};

/// What came of it.
struct CommandResult {
    bool ok = false;
    std::string message;                   // a sentence or a few for people
    bool kept = true;                      // false: in force, but lost if the daemon ends now
    boost::json::value details = nullptr;  // for --json
};

/// Points of a spend curve, for /api/v1/spend.
struct SpendSeries {
    TeamName team;
    std::vector<std::pair<Instant, Usd>> steps;  // beginning of each step, and spend within it
};

class Backend {
  public:
    Backend() = default;
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    virtual ~Backend() = default;

    /// Everything as of now; may be a second old.
    virtual std::shared_ptr<const engine::View> view() = 0;
    virtual std::optional<engine::Explanation> explain(InstanceId id) = 0;
    virtual std::vector<SpendSeries>
    spend(const std::optional<TeamName>& team, Instant from, Instant to, Duration step) = 0;

    virtual boost::asio::awaitable<CommandResult> execute(Command command) = 0;
    /// A validation report: findings as {"ok":bool,"checks":[{"name","status","text"}…]}, where
    /// status is ok, note, warning or error.
    virtual boost::asio::awaitable<boost::json::value> doctor() = 0;
    /// The configuration in force as TOML, secrets hidden.
    virtual std::string config_text() = 0;
    /// Audit lines as stored; reads the file on a worker.
    virtual boost::asio::awaitable<std::vector<std::string>>
    audit(std::optional<TeamName> team, std::optional<Instant> since, std::size_t limit) = 0;
    virtual boost::asio::awaitable<boost::json::value> verify_audit() = 0;
    /// The daemon's own counters and histograms in Prometheus text format.
    virtual std::string process_metrics() = 0;
};

}  // namespace vastwatch::web
