// What an onlooker outside the daemon sees: every request with its answer, every alert that reached
// somebody, every line of the log, and how the process begins and ends. A judge compares it with
// the model's truth. All instants are true ones, whatever the machine's clock says.
#pragma once

#include "base/time.hpp"
#include "daemon/disk.hpp"
#include "model/http.hpp"
#include "net/http_client.hpp"
#include "runtime/log.hpp"
#include "web/backend.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::simulation {

/// A request to the API, in the moment in which the service takes it.
struct ApiRequest {
    std::uint64_t number = 0;  // from one, over the whole run
    Instant at;
    const net::Request& request;
    std::string_view target;          // path and query
    const vastsim::HttpReply& reply;  // what the service answers, before the wire has its way
};

/// What the daemon got. A request whose process ended before has none.
struct ApiAnswer {
    std::uint64_t number = 0;
    Instant at;
    const net::Result& result;
};

/// An alert on its way to somebody.
struct Delivery {
    Instant at;
    std::string_view receiver;  // the URL's host, or "mail"
    std::string_view id;        // webhook-id, or the Message-ID
    std::string_view body;      // of the request, or the mail
    bool taken = false;         // it was received, whatever the daemon was told
    bool confirmed = false;     // and the daemon is told so, if it lives to hear it
    bool refused = false;       // for good: it need not come again
};

enum class Turn : std::uint8_t {
    started,
    start_failed,  // the state could not be opened, or the configuration is bad
    stopped,       // in order
    fault,         // a loop ended that should not have; systemd starts it again
    killed,
    power_cut,
    stop_slow,  // had to be killed, because it did not stop in the time systemd gives it
};

std::string_view to_string(Turn turn);

class Observer {
  public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    virtual void on_api_request(const ApiRequest& /*request*/) {}

    virtual void on_api_answer(const ApiAnswer& /*answer*/) {}

    virtual void on_delivery(const Delivery& /*delivery*/) {}

    virtual void on_heartbeat(Instant /*at*/) {}

    /// `text`: why, where there is something to say.
    virtual void on_turn(Instant /*at*/, Turn /*turn*/, std::string_view /*text*/) {}

    virtual void on_command(
        Instant /*at*/,
        const web::Command& /*command*/,
        const web::CommandResult& /*result*/) {}

    /// Only what the configured level lets through.
    virtual void on_log(
        Instant /*at*/,
        runtime::Level /*level*/,
        std::string_view /*event*/,
        std::string_view /*message*/) {}
};

}  // namespace vastwatch::simulation
