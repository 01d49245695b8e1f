// The sockets of vastsim: HTTP/1.1 with keep-alive, over TCP or TLS, answered by one function.
// Everything runs on the io_context it is given, which one thread runs.
#pragma once

#include "model/http.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace vastwatch::vastsim {

struct TlsFiles {
    std::string certificate;  ///< PEM, chain included
    std::string key;
};

using RequestHandler = std::function<HttpReply(const HttpRequest&)>;

/// Listens on "address:port" (port 0 = any free one; "[::1]:0" works) until the io_context stops,
/// and returns the port. Throws boost::system::system_error when it cannot.
std::uint16_t listen_on(
    boost::asio::io_context& context,
    const std::string& address,
    const std::optional<TlsFiles>& tls,
    RequestHandler handler);

}  // namespace vastwatch::vastsim
