// The only file of vastsim that includes Beast and OpenSSL.
#include "server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <utility>

namespace vastwatch::vastsim {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

constexpr auto token = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::minutes idle_limit{10};
constexpr std::chrono::hours hang_limit{1};
constexpr std::chrono::seconds handshake_limit{10};
constexpr std::chrono::seconds write_limit{60};
constexpr std::chrono::milliseconds drip_pause{20};
constexpr std::size_t drip_bytes = 64;
constexpr std::size_t most_body = std::size_t{4} * 1024 * 1024;

// What all connections of one listener share; lives until the process ends.
struct Service {
    RequestHandler handler;
    std::optional<asio::ssl::context> tls;
};

using RequestParser = beast::http::request_parser<beast::http::string_body>;

HttpRequest to_request(const RequestParser& parser, const std::string& peer) {
    const auto& message = parser.get();
    HttpRequest request;
    request.method = message.method_string();
    request.target = message.target();
    request.authorization = message[beast::http::field::authorization];
    request.body = message.body();
    request.peer = peer;
    return request;
}

std::string to_bytes(const HttpReply& reply, bool keep_alive) {
    const auto reason = beast::http::obsolete_reason(
        beast::http::int_to_status(static_cast<unsigned>(reply.status)));
    std::string bytes = fmt::format(
        "HTTP/1.1 {} {}\r\nServer: vastsim\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
        "Connection: {}\r\n",
        reply.status,
        std::string_view{reason.data(), reason.size()},
        reply.content_type,
        reply.body.size(),
        keep_alive ? "keep-alive" : "close");
    if (!reply.location.empty()) {
        bytes += fmt::format("Location: {}\r\n", reply.location);
    }
    return bytes + "\r\n" + reply.body;
}

asio::awaitable<void> pause_for(std::chrono::nanoseconds time) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, time);
    auto waited = co_await timer.async_wait(token);
    static_cast<void>(waited);
}

// Closes without a goodbye: the peer sees a connection reset.
void reset(beast::tcp_stream& stream) {
    boost::system::error_code ignored;
    static_cast<void>(stream.socket().set_option(asio::socket_base::linger(true, 0), ignored));
    static_cast<void>(stream.socket().close(ignored));
}

// Writes bytes, or some of them, as the reply wants it. True when the connection stays usable.
template <class Stream>
asio::awaitable<bool> write_reply(Stream& stream, const HttpReply& reply, bool keep_alive) {
    const std::string bytes = to_bytes(reply, keep_alive);
    const bool truncated = reply.wire == HttpReply::Wire::truncate;
    const std::size_t size = truncated ? bytes.size() - (reply.body.size() + 1) / 2 : bytes.size();
    const std::size_t step = reply.wire == HttpReply::Wire::drip ? drip_bytes : size;
    for (std::size_t sent = 0; sent < size; sent += step) {
        const auto part = asio::buffer(bytes.data() + sent, std::min(step, size - sent));
        beast::get_lowest_layer(stream).expires_after(write_limit);
        auto written = co_await asio::async_write(stream, part, token);
        if (std::get<0>(written)) {
            co_return false;
        }
        if (step < size) {
            co_await pause_for(drip_pause);
        }
    }
    co_return keep_alive && !truncated;
}

// Holds the connection without an answer until the client gives up.
template <class Stream>
asio::awaitable<void> hang(Stream& stream) {
    char byte = 0;
    beast::get_lowest_layer(stream).expires_after(hang_limit);
    auto read = co_await stream.async_read_some(asio::buffer(&byte, 1), token);
    static_cast<void>(read);
}

template <class Stream>
asio::awaitable<void> converse(Stream& stream, const Service& service, std::string peer) {
    beast::flat_buffer buffer;
    bool open = true;
    while (open) {
        RequestParser parser;
        parser.body_limit(most_body);
        beast::get_lowest_layer(stream).expires_after(idle_limit);
        auto read = co_await beast::http::async_read(stream, buffer, parser, token);
        if (std::get<0>(read)) {
            co_return;
        }
        const HttpRequest request = to_request(parser, peer);
        const HttpReply reply = service.handler(request);
        beast::get_lowest_layer(stream).expires_never();
        if (reply.delay > Duration{0}) {
            co_await pause_for(reply.delay);
        }
        if (reply.wire == HttpReply::Wire::reset) {
            reset(beast::get_lowest_layer(stream));
            co_return;
        }
        if (reply.wire == HttpReply::Wire::hang) {
            co_await hang(stream);
            co_return;
        }
        const bool keep_alive = parser.keep_alive();
        open = co_await write_reply(stream, reply, keep_alive);
    }
}

asio::awaitable<void>
plain_session(beast::tcp_stream stream, const Service& service, std::string peer) {
    co_await converse(stream, service, std::move(peer));
    boost::system::error_code ignored;
    static_cast<void>(stream.socket().shutdown(tcp::socket::shutdown_both, ignored));
}

asio::awaitable<void> tls_session(beast::tcp_stream stream, Service& service, std::string peer) {
    TlsStream secure(std::move(stream), *service.tls);
    beast::get_lowest_layer(secure).expires_after(handshake_limit);
    auto shaken = co_await secure.async_handshake(asio::ssl::stream_base::server, token);
    if (std::get<0>(shaken)) {
        co_return;
    }
    co_await converse(secure, service, std::move(peer));
    beast::get_lowest_layer(secure).expires_after(handshake_limit);
    auto closed = co_await secure.async_shutdown(token);
    static_cast<void>(closed);
}

asio::awaitable<void> accept_loop(tcp::acceptor acceptor, std::shared_ptr<Service> service) {
    for (;;) {
        auto accepted = co_await acceptor.async_accept(token);
        if (std::get<0>(accepted)) {
            co_await pause_for(drip_pause);  // out of descriptors, most likely
            continue;
        }
        tcp::socket& socket = std::get<1>(accepted);
        boost::system::error_code error;
        const tcp::endpoint remote = socket.remote_endpoint(error);
        if (error) {
            continue;
        }
        static_cast<void>(socket.set_option(tcp::no_delay(true), error));
        beast::tcp_stream stream(std::move(socket));
        std::string peer = remote.address().to_string();
        auto executor = acceptor.get_executor();
        // A session ends with its connection; nobody waits for it.
        if (service->tls) {
            auto session = tls_session(std::move(stream), *service, std::move(peer));
            asio::co_spawn(executor, std::move(session), asio::detached);
        } else {
            auto session = plain_session(std::move(stream), *service, std::move(peer));
            asio::co_spawn(executor, std::move(session), asio::detached);
        }
    }
}

tcp::endpoint parse_endpoint(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    std::uint16_t port = 0;
    boost::system::error_code error = asio::error::invalid_argument;
    if (colon == std::string::npos) {
        throw boost::system::system_error(error, text);
    }
    std::string host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data() + colon + 1, end, port);
    if (result.ec != std::errc{} || result.ptr != end) {
        throw boost::system::system_error(error, text);
    }
    const auto address = asio::ip::make_address(host, error);
    if (error) {
        throw boost::system::system_error(error, text);
    }
    return {address, port};
}

}  // namespace

std::uint16_t listen_on(
    asio::io_context& context,
    const std::string& address,
    const std::optional<TlsFiles>& tls,
    RequestHandler handler) {
    auto service = std::make_shared<Service>();
    service->handler = std::move(handler);
    if (tls) {
        service->tls.emplace(asio::ssl::context::tls_server);
        service->tls->use_certificate_chain_file(tls->certificate);
        service->tls->use_private_key_file(tls->key, asio::ssl::context::pem);
    }
    tcp::acceptor acceptor(context, parse_endpoint(address));
    const std::uint16_t port = acceptor.local_endpoint().port();
    auto loop = accept_loop(std::move(acceptor), std::move(service));
    asio::co_spawn(context, std::move(loop), asio::detached);
    return port;
}

}  // namespace vastwatch::vastsim
