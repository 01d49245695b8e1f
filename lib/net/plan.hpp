// A request checked and turned into what goes over the wire, and the proxy settings likewise.
// Nothing here talks to anybody.
#pragma once

#include "net/http_client.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vastwatch::net {

struct Plan {
    std::string method;
    bool tls = false;
    std::string host;  // lower case, an IPv6 address without brackets
    std::uint16_t port = 0;
    std::string authority;  // host:port as CONNECT wants it
    std::string origin;     // for messages
    std::string peer;       // which connections serve this request: equal texts, same peer
    std::string unix_socket;
    std::string ca_file;
    std::string bytes;  // the request, head and body
    std::size_t body_limit = 0;

    /// Asking again changes nothing on the other side.
    bool repeatable() const { return method == "GET" || method == "HEAD"; }
};

/// Refuses, as bad_url, what cannot be sent safely: a URL that is not http or https, line breaks or
/// other control characters anywhere outside the body, header fields that the client itself writes
/// (Host, Content-Length, Transfer-Encoding, Connection, Accept-Encoding, User-Agent).
std::variant<Plan, Error> make_plan(const Request& request);

/// An http proxy that opens tunnels.
struct Proxy {
    std::string host;  // an IPv6 address without brackets
    std::uint16_t port = 0;
    std::string origin;         // for messages
    std::string authorization;  // the value of Proxy-Authorization; empty = none
    std::vector<std::string> exceptions;
};

/// Nothing when no proxy is set; an Error (bad_url) when it is not
/// http://[user:password@]host[:port].
std::variant<std::optional<Proxy>, Error> make_proxy(const ProxySettings& settings);

/// True when NO_PROXY takes `host` out: an entry is "*", a host or domain (with or without a dot in
/// front, its sub-domains too), optionally with ":port". Addresses count literally.
bool goes_direct(const Proxy& proxy, std::string_view host, std::uint16_t port);

/// The head of a CONNECT request for `plan` through `proxy`.
std::string connect_request(const Plan& plan, const Proxy& proxy);

}  // namespace vastwatch::net
