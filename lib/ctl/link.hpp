// The way to the daemon: one request at a time over the control socket.
#pragma once

#include "ctl/order.hpp"
#include "net/http_client.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <variant>

namespace vastwatch::ctl {

struct Answer {
    int status = 0;
    std::string body;
};

/// Nobody answered; `message` says what to do about it.
struct Unreachable {
    std::string message;
};

using Reply = std::variant<Answer, Unreachable>;

class Link {
  public:
    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    virtual ~Link() = default;

    /// Waits for the answer, at most as long as the request says.
    virtual Reply ask(const Request& request) = 0;
};

/// Runs its own loop while it waits; whatever else is on that loop runs as well.
class SocketLink final : public Link {
  public:
    explicit SocketLink(std::string socket);

    Reply ask(const Request& request) override;

    /// For handlers on the loop: the request under way ends at once as unreachable, as do all that
    /// come after.
    void interrupt() { interrupted_ = true; }

    boost::asio::io_context& loop() { return loop_; }

  private:
    std::string socket_;
    boost::asio::io_context loop_{1};
    std::unique_ptr<net::HttpClient> client_;
    bool interrupted_ = false;
};

/// Why nobody can be reached at that path, from what is to be seen there: no socket, no
/// permission (and which group has it), nobody listening.
std::string diagnose(const std::string& socket);

}  // namespace vastwatch::ctl
