// One request, one answer, one deadline. The interface is free of Beast and OpenSSL, which stay in
// one .cpp; simulations implement it themselves. Lives on the loop's thread.
#pragma once

#include "base/time.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vastwatch::net {

struct Header {
    std::string name;
    std::string value;
};

struct Request {
    std::string method = "GET";
    std::string url;  // http:// or https://, host, optional port, path and query
    std::vector<Header> headers;
    std::string body;
    Duration timeout = std::chrono::seconds{30};  // over all of it: connect, TLS, send, receive
    std::size_t body_limit = std::size_t{8} * 1024 * 1024;
    std::string unix_socket;  // connect there instead of the URL's host; empty = no
    std::string ca_file;      // trusted besides the system's; empty = none
    /// Asked when the connection stands, right before the first byte of the request; false: it is
    /// withheld. Empty = it may leave.
    std::function<bool()> may_leave;
};

struct Response {
    int status = 0;
    std::vector<Header> headers;
    std::string body;

    /// The first header of that name (any case), nothing when absent.
    std::optional<std::string_view> header(std::string_view name) const;
    /// The media type without parameters, in lower case; empty when absent.
    std::string content_type() const;
};

/// Why there is no answer. `sent` tells whether the request may have reached the other side.
enum class Failure {
    bad_url,
    resolve,  // no such host
    connect,  // refused, unreachable
    proxy,    // the proxy refused the tunnel
    tls,      // handshake, certificate or host name
    timeout,
    reset,         // the other side broke off
    bad_response,  // not HTTP
    too_large,     // over body_limit
    cancelled,
    withheld,  // may_leave() said no
};

std::string_view to_string(Failure failure);

struct Error {
    Failure failure = Failure::reset;
    bool sent = false;   // the request left at least in part: its effect is unknown
    std::string detail;  // one sentence for people, no secrets (no query string, no credentials)
};

using Result = std::variant<Response, Error>;

class HttpClient {
  public:
    HttpClient() = default;
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    virtual ~HttpClient() = default;

    /// Never throws for what the network does; a 3xx, 4xx or 5xx is a Response.
    virtual boost::asio::awaitable<Result> send(Request request) = 0;
};

/// Production: Beast over TLS or plain TCP, connections kept alive per origin (a request that fails
/// on a kept connection before any byte of an answer came is sent again once on a new one only when
/// it is a GET or HEAD). Honours HTTPS_PROXY / https_proxy and NO_PROXY of `environment` for https.
struct ProxySettings {
    std::string https_proxy;  // http://[user:password@]host:port; empty = none
    std::string no_proxy;     // comma-separated host suffixes, "*" = all
};

std::unique_ptr<HttpClient> make_http_client(boost::asio::io_context& loop, ProxySettings proxy);

/// The path of a URL without query, for log lines and metrics.
std::string url_path(std::string_view url);
/// "https://host:port", for messages; nothing else of the URL may hold a secret.
std::string url_origin(std::string_view url);

}  // namespace vastwatch::net
