// The HTTP server of spec section 10. The handler runs on the loop and may take its time in slices.
//
// What comes over TCP can only read, so the Host header is not compared with anything: a page that
// rebinds its name to this address could read what any local user can, and a check would break the
// reverse proxies that pass the browser's Host on. There is no CORS: pages of other origins get no
// answer they could read. Every answer carries headers that keep browsers from sniffing, framing,
// caching and embedding it.
#pragma once

#include "runtime/clock.hpp"
#include "runtime/log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vastwatch::http {

struct Request {
    std::string method;
    std::string path;                          // decoded, without query
    std::map<std::string, std::string> query;  // decoded; the last of equal names
    std::string body;
    bool control = false;  // came over the control socket: may change things
    std::string actor;     // "uid:1000" over a Unix socket, "tcp" otherwise
    std::string accept;    // the Accept header
    std::string if_none_match;
};

/// The server adds Content-Length, Date, Connection and the security headers; a header given here
/// wins over the server's own of that name. The body is left out where HTTP wants none (HEAD).
struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// Answers requests. Paths it does not know are its to refuse (404), as are methods (405 with
/// Allow); it treats HEAD as GET. What it throws becomes a 500 and a log line.
class Handler {
  public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() = default;

    virtual boost::asio::awaitable<Response> handle(Request request) = 0;
};

/// Bounds for what strangers may do. A request over a limit gets 431, 413 or 408, a connection over
/// the limit 503, and is then closed.
struct Limits {
    std::size_t header_bytes = std::size_t{16} * 1024;
    std::size_t body_bytes = std::size_t{64} * 1024;
    std::size_t connections = 256;
    Duration read_timeout = std::chrono::seconds{10};  // from a request's first byte to its last
    Duration idle_timeout = std::chrono::seconds{60};  // between two requests
    Duration write_timeout = std::chrono::seconds{30};
};

class Server {
  public:
    Server() = default;
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    virtual ~Server() = default;

    /// Serves until cancelled; then lets answers under way finish for at most two seconds.
    virtual boost::asio::awaitable<void> run() = 0;

    /// The port it listens on (for port 0), 0 for a Unix socket.
    virtual std::uint16_t port() const = 0;
};

struct ServerError {
    std::string message;  // "cannot listen on 127.0.0.1:9877: address already in use"
};

/// "127.0.0.1" or "::1", with or without brackets. Port 0 takes any.
struct TcpAddress {
    std::string host;
    std::uint16_t port = 0;
};

using Listening = std::variant<std::unique_ptr<Server>, ServerError>;

Listening listen_tcp(
    boost::asio::io_context& loop,
    runtime::Clock& clock,
    runtime::Log& log,
    Handler& handler,
    Limits limits,
    const TcpAddress& address);

/// Listens on a Unix socket: mode 0660, group `vastwatch` when there is one; a stale socket file is
/// replaced, a live one is an error. Requests carry control = true and the peer's uid as actor.
Listening listen_unix(
    boost::asio::io_context& loop,
    runtime::Clock& clock,
    runtime::Log& log,
    Handler& handler,
    Limits limits,
    const std::string& path);

/// Serves a socket that systemd made and that listens already; takes the descriptor over. A Unix
/// socket is a control socket, anything else is not.
Listening listen_inherited(
    boost::asio::io_context& loop,
    runtime::Clock& clock,
    runtime::Log& log,
    Handler& handler,
    Limits limits,
    int descriptor);

}  // namespace vastwatch::http
