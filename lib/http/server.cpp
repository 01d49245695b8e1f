#include "http/server.hpp"

#include "http/listening_socket.hpp"
#include "http/target.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <exception>
#include <list>
#include <string_view>
#include <tuple>
#include <utility>

namespace vastwatch::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;
using Socket = Protocol::socket;
using Parser = wire::request_parser<wire::string_body>;

constexpr auto token = asio::as_tuple(asio::use_awaitable);

/// How long answers under way may take once the server is to stop.
constexpr Duration stop_grace = std::chrono::seconds{2};
/// How long who has connected may take to ask for the first time once the server is to stop: a
/// client connects before it asks, and a server that stops between the two would refuse it.
constexpr Duration first_request_grace = std::chrono::seconds{1};
/// How long what ignores even a cancellation is waited for.
constexpr Duration cancel_grace = std::chrono::milliseconds{500};
/// How long a connection that was refused may still send before it is cut off.
constexpr Duration linger_time = std::chrono::seconds{1};
constexpr std::size_t linger_bytes = std::size_t{1024} * 1024;
/// Connections over the limit that are told so at one time; more are closed without a word.
constexpr std::size_t most_refusals = 32;
constexpr std::size_t read_step = 4096;
/// After a failed accept (out of descriptors, say) the next try waits this long.
constexpr Duration accept_pause = std::chrono::milliseconds{100};

class Connection;
using Connections = std::list<std::shared_ptr<Connection>>;

/// One accepted socket and the deadline of what it is doing. Beast's own streams close the socket
/// when time is over; this one only cancels, so that the other side can be told why.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(Socket accepted, std::string peer)
        : socket(std::move(accepted)), actor(std::move(peer)), timer_(socket.get_executor()) {}

    /// What follows is cancelled after `limit`, until the next arm() or disarm().
    void arm(Duration limit) {
        expired_ = false;
        wait(limit);
    }

    void disarm() {
        ++round_;
        timer_.cancel();
    }

    bool expired() const { return expired_; }

    Socket socket;
    const std::string actor;
    asio::cancellation_signal signal;
    bool busy = false;     // a request is being read or answered
    bool served = false;   // a request was answered
    bool refused = false;  // over the limit of connections

  private:
    void wait(Duration limit) {
        const auto round = ++round_;
        timer_.expires_after(limit);
        timer_.async_wait([weak = weak_from_this(), round](error_code error) {
            const auto self = weak.lock();
            if (error || !self || self->round_ != round) {
                return;
            }
            self->expired_ = true;
            error_code ignored;
            self->socket.cancel(ignored);
            // A read that had just ended goes on with the next one: that has to end as well.
            self->wait(std::chrono::milliseconds{50});
        });
    }

    asio::steady_timer timer_;
    std::uint64_t round_ = 0;
    bool expired_ = false;
};

/// What reading a request came to: a request, or the status to refuse it with (0 = just close).
struct Reading {
    bool ok = false;
    int refusal = 0;
    std::string why;
};

Reading refusal_of(error_code error, bool expired) {
    Reading out;
    if (expired) {
        out.refusal = 408;
        out.why = "the request took too long";
    } else if (error == wire::error::header_limit || error == wire::error::buffer_overflow) {
        out.refusal = 431;
        out.why = "the request header is too large";
    } else if (error == wire::error::body_limit) {
        out.refusal = 413;
        out.why = "the request body is too large";
    } else if (error == wire::error::end_of_stream) {
        out.refusal = 0;
    } else if (error.category() == make_error_code(wire::error::bad_method).category()) {
        out.refusal = 400;
        out.why = "the request is not valid HTTP: " + error.message();
    }
    return out;
}

Response plain_error(int status, std::string_view why) {
    Response out;
    out.status = status;
    out.content_type = "text/plain; charset=utf-8";
    out.body = fmt::format("{}\n", why);
    return out;
}

/// Fills what a handler is given; nothing when the request must be refused with 400.
std::optional<Request> to_request(Parser& parser, const Connection& connection, bool control) {
    auto& message = parser.get();
    const auto target = message.target();
    auto parsed = parse_target({target.data(), target.size()});
    const bool host_missing = message.version() >= 11 && message.count(wire::field::host) != 1;
    if (!parsed || (host_missing && !control)) {
        return std::nullopt;
    }
    Request out;
    out.method = std::string{message.method_string()};
    out.path = std::move(parsed->path);
    out.query = std::move(parsed->query);
    out.body = std::move(message.body());
    out.control = control;
    out.actor = connection.actor;
    out.accept = std::string{message[wire::field::accept]};
    out.if_none_match = std::string{message[wire::field::if_none_match]};
    return out;
}

template <class Message>
void set_header(Message& message, const Response& response, Instant now, bool keep_alive) {
    message.version(11);
    message.result(static_cast<unsigned>(response.status));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    const auto date = fmt::gmtime(std::chrono::system_clock::to_time_t(seconds));
    message.set(wire::field::date, fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", date));
    message.set(wire::field::server, "vastwatch");
    message.set(wire::field::content_type, response.content_type);
    message.set(wire::field::cache_control, "no-store");
    message.set("X-Content-Type-Options", "nosniff");
    message.set("X-Frame-Options", "DENY");
    message.set("Referrer-Policy", "no-referrer");
    message.set("Cross-Origin-Resource-Policy", "same-origin");
    message.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    for (const auto& [name, value] : response.headers) {
        message.set(name, value);
    }
    message.keep_alive(keep_alive);
}

/// "uid:1000"; nothing when the kernel does not say, and then the connection is not to be served.
std::optional<std::string> peer_uid(Socket& socket) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return std::nullopt;
    }
    return fmt::format("uid:{}", peer.uid);
}

/// Everything the connections share; they keep it alive, whatever becomes of the server.
class Core : public std::enable_shared_from_this<Core> {
  public:
    Core(
        asio::io_context& loop,
        runtime::Clock& clock,
        runtime::Log& log,
        Handler& handler,
        Limits limits,
        ListeningSocket listening);

    asio::awaitable<void> accept();
    asio::awaitable<void> stop();

    std::uint16_t port() const { return port_; }

  private:
    void admit(Socket socket);
    void finished(Connections::iterator position, std::exception_ptr error);

    // Coroutines of one connection: `self` and `connection` keep alive what they use.
    static asio::awaitable<void> serve(
        std::shared_ptr<Core> self,
        std::shared_ptr<Connection> connection);
    static asio::awaitable<void> refuse(
        std::shared_ptr<Core> self,
        std::shared_ptr<Connection> connection);
    asio::awaitable<bool>
    wait_for_request(Connection& connection, beast::flat_buffer& buffer, Duration limit);
    asio::awaitable<Reading>
    read_request(Connection& connection, beast::flat_buffer& buffer, Parser& parser);
    asio::awaitable<bool> exchange(Connection& connection, beast::flat_buffer& buffer);
    asio::awaitable<Response> ask(Request request);
    asio::awaitable<bool>
    write(Connection& connection, Response response, bool head, bool keep_alive);
    asio::awaitable<void> linger(Connection& connection);

    asio::io_context& loop_;
    runtime::Clock& clock_;
    runtime::Log& log_;
    Handler& handler_;
    const Limits limits_;
    ListeningSocket listening_;  // owns the socket's file; the acceptor owns the descriptor
    const bool control_;
    const std::uint16_t port_;
    asio::basic_socket_acceptor<Protocol> acceptor_;
    Connections connections_;
    std::size_t refusals_ = 0;
    bool full_told_ = false;
    bool stopping_ = false;
    runtime::Alarm all_gone_;
};

Protocol protocol_of(ListeningSocket::Family family) {
    switch (family) {
        case ListeningSocket::Family::ipv4:
            return asio::ip::tcp::v4();
        case ListeningSocket::Family::ipv6:
            return asio::ip::tcp::v6();
        case ListeningSocket::Family::local:
            break;
    }
    return asio::local::stream_protocol();
}

Core::Core(
    asio::io_context& loop,
    runtime::Clock& clock,
    runtime::Log& log,
    Handler& handler,
    Limits limits,
    ListeningSocket listening)
    : loop_(loop),
      clock_(clock),
      log_(log),
      handler_(handler),
      limits_(limits),
      listening_(std::move(listening)),
      control_(listening_.family() == ListeningSocket::Family::local),
      port_(listening_.port()),
      acceptor_(loop, protocol_of(listening_.family()), listening_.descriptor()),
      all_gone_(clock) {
    listening_.release();
}

asio::awaitable<void> Core::accept() {
    bool failing = false;
    for (;;) {
        auto accepted = co_await acceptor_.async_accept(token);
        const auto error = std::get<0>(accepted);
        if (error == asio::error::operation_aborted) {
            co_return;
        }
        if (!error) {
            failing = false;
            admit(std::move(std::get<1>(accepted)));
            continue;
        }
        if (!failing) {
            const auto field = runtime::field("error", error.message());
            log_.warning("accept_failed", "A connection could not be accepted", {field});
        }
        failing = true;
        co_await clock_.sleep_for(accept_pause);
    }
}

void Core::admit(Socket socket) {
    auto peer = control_ ? peer_uid(socket) : std::optional<std::string>{"tcp"};
    if (!peer) {
        return;
    }
    const bool full = connections_.size() - refusals_ >= limits_.connections;
    if (full && !full_told_) {
        const auto most = static_cast<std::int64_t>(limits_.connections);
        const auto field = runtime::field("limit", most);
        log_.warning("too_many_connections", "HTTP connections are being refused", {field});
    }
    full_told_ = full;
    if (full && refusals_ >= most_refusals) {
        return;
    }
    auto connection = std::make_shared<Connection>(std::move(socket), std::move(*peer));
    connection->refused = full;
    refusals_ += full ? 1U : 0U;
    const auto position = connections_.insert(connections_.end(), connection);
    auto self = shared_from_this();
    auto task = full ? refuse(self, connection) : serve(self, connection);
    asio::co_spawn(
        loop_,
        std::move(task),
        asio::bind_cancellation_slot(
            connection->signal.slot(),
            [self, position](std::exception_ptr error) { self->finished(position, error); }));
}

void Core::finished(Connections::iterator position, std::exception_ptr error) {
    // Out of the list, and yet alive to the end of this function.
    const auto connection = std::move(*position);
    connections_.erase(position);
    connection->disarm();
    error_code ignored;
    connection->socket.close(ignored);
    refusals_ -= connection->refused ? 1U : 0U;
    if (connections_.empty()) {
        all_gone_.notify();
    }
    if (!error || stopping_) {
        return;
    }
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& problem) {
        const auto field = runtime::field("error", problem.what());
        log_.error("http_connection_failed", "A connection ended with an exception", {field});
    }
}

asio::awaitable<void> Core::stop() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (const auto& connection : connections_) {
        if (connection->busy) {
            continue;
        }
        if (connection->served) {
            connection->socket.cancel(ignored);
        } else {
            connection->arm(first_request_grace);
        }
    }
    const auto deadline = clock_.mono() + stop_grace;
    bool in_time = true;
    while (in_time && !connections_.empty()) {
        in_time = co_await all_gone_.wait_until(deadline);
    }
    // A copy: a connection that ends takes itself off the list.
    const auto late = connections_;
    for (const auto& connection : late) {
        connection->socket.close(ignored);
        connection->signal.emit(asio::cancellation_type::terminal);
    }
    const auto last = clock_.mono() + cancel_grace;
    in_time = true;
    while (in_time && !connections_.empty()) {
        in_time = co_await all_gone_.wait_until(last);
    }
}

asio::awaitable<void> Core::serve(
    std::shared_ptr<Core> self,
    std::shared_ptr<Connection> connection) {
    // A little more than the limit: the parser is to notice that it was passed, not the buffer.
    beast::flat_buffer buffer{self->limits_.header_bytes + 2 * read_step};
    // The first request must come promptly: idle strangers are not to use up the connections.
    auto limit = self->limits_.read_timeout;
    if (self->stopping_) {
        limit = std::min(limit, first_request_grace);
    }
    bool open = true;
    while (open && !(self->stopping_ && connection->served)) {
        open = co_await self->wait_for_request(*connection, buffer, limit);
        if (open) {
            connection->busy = true;
            open = co_await self->exchange(*connection, buffer);
            connection->busy = false;
            connection->served = true;
        }
        limit = self->limits_.idle_timeout;
    }
}

asio::awaitable<bool>
Core::wait_for_request(Connection& connection, beast::flat_buffer& buffer, Duration limit) {
    if (buffer.size() > 0) {
        co_return true;
    }
    connection.arm(limit);
    auto space = buffer.prepare(read_step);
    const auto [error, count] = co_await connection.socket.async_read_some(space, token);
    connection.disarm();
    if (error) {
        co_return false;
    }
    buffer.commit(count);
    co_return true;
}

asio::awaitable<Reading>
Core::read_request(Connection& connection, beast::flat_buffer& buffer, Parser& parser) {
    parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
    parser.body_limit(limits_.body_bytes);
    connection.arm(limits_.read_timeout);
    auto header = co_await wire::async_read_header(connection.socket, buffer, parser, token);
    auto error = std::get<0>(header);
    if (!error && !parser.is_done() &&
        beast::iequals(parser.get()[wire::field::expect], "100-continue")) {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        const auto text = asio::buffer(go_on.data(), go_on.size());
        auto written = co_await asio::async_write(connection.socket, text, token);
        error = std::get<0>(written);
    }
    if (!error && !parser.is_done()) {
        auto body = co_await wire::async_read(connection.socket, buffer, parser, token);
        error = std::get<0>(body);
    }
    connection.disarm();
    if (error) {
        co_return refusal_of(error, connection.expired());
    }
    Reading done;
    done.ok = true;
    co_return done;
}

/// Reads one request and answers it; false when the connection is to be closed.
asio::awaitable<bool> Core::exchange(Connection& connection, beast::flat_buffer& buffer) {
    Parser parser;
    const auto reading = co_await read_request(connection, buffer, parser);
    if (!reading.ok && reading.refusal == 0) {
        co_return false;
    }
    Response response;
    bool keep_alive = false;
    bool head = false;
    if (!reading.ok) {
        response = plain_error(reading.refusal, reading.why);
    } else {
        head = parser.get().method() == wire::verb::head;
        auto request = to_request(parser, connection, control_);
        if (request) {
            keep_alive = parser.get().keep_alive();
            response = co_await ask(std::move(*request));
        } else {
            response = plain_error(400, "the request target or its Host header is not valid");
        }
    }
    keep_alive = keep_alive && !stopping_;
    const bool written = co_await write(connection, std::move(response), head, keep_alive);
    if (written && !keep_alive) {
        co_await linger(connection);
    }
    co_return written&& keep_alive;
}

asio::awaitable<Response> Core::ask(Request request) {
    const auto path = request.path;
    std::string problem;
    try {
        auto response = co_await handler_.handle(std::move(request));
        co_return response;
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) {
            throw;
        }
        problem = error.what();
    } catch (const std::exception& error) {
        problem = error.what();
    }
    const auto where = runtime::field("path", path);
    const auto what = runtime::field("error", problem);
    log_.error("http_handler_failed", "A request could not be answered", {where, what});
    co_return plain_error(500, "internal error; the log says more");
}

asio::awaitable<bool>
Core::write(Connection& connection, Response response, bool head, bool keep_alive) {
    connection.arm(limits_.write_timeout);
    error_code error;
    if (head) {
        wire::response<wire::empty_body> message;
        set_header(message, response, clock_.wall(), keep_alive);
        message.content_length(response.body.size());
        auto written = co_await wire::async_write(connection.socket, message, token);
        error = std::get<0>(written);
    } else {
        wire::response<wire::string_body> message;
        set_header(message, response, clock_.wall(), keep_alive);
        message.body() = std::move(response.body);
        message.prepare_payload();
        auto written = co_await wire::async_write(connection.socket, message, token);
        error = std::get<0>(written);
    }
    connection.disarm();
    co_return !error;
}

/// Closes our side and reads the rest: closing with data unread would reset the connection, and the
/// other side might lose the answer.
asio::awaitable<void> Core::linger(Connection& connection) {
    error_code error;
    connection.socket.shutdown(Socket::shutdown_send, error);
    connection.arm(linger_time);
    std::array<char, read_step> scrap{};
    std::size_t total = 0;
    while (!error && total < linger_bytes && !connection.expired()) {
        auto space = asio::buffer(scrap);
        auto read = co_await connection.socket.async_read_some(space, token);
        error = std::get<0>(read);
        total += std::get<1>(read);
    }
    connection.disarm();
}

asio::awaitable<void> Core::refuse(
    std::shared_ptr<Core> self,
    std::shared_ptr<Connection> connection) {
    auto response = plain_error(503, "too many connections");
    response.headers.emplace_back("Retry-After", "5");
    const bool written = co_await self->write(*connection, std::move(response), false, false);
    if (written) {
        co_await self->linger(*connection);
    }
}

class BeastServer final : public Server {
  public:
    explicit BeastServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

    asio::awaitable<void> run() override {
        const auto core = core_;
        try {
            co_await core->accept();
        } catch (const boost::system::system_error& error) {
            if (error.code() != asio::error::operation_aborted) {
                throw;
            }
        }
        co_await asio::this_coro::reset_cancellation_state();
        co_await core->stop();
    }

    std::uint16_t port() const override { return core_->port(); }

  private:
    std::shared_ptr<Core> core_;
};

Listening serve_on(
    OpenedSocket opened,
    boost::asio::io_context& loop,
    runtime::Clock& clock,
    runtime::Log& log,
    Handler& handler,
    Limits limits) {
    if (auto* error = std::get_if<ServerError>(&opened)) {
        return std::move(*error);
    }
    auto core = std::make_shared<Core>(
        loop, clock, log, handler, limits, std::move(std::get<ListeningSocket>(opened)));
    return std::make_unique<BeastServer>(std::move(core));
}

}  // namespace

Listening listen_tcp(
    boost::asio::io_context& loop,
    runtime::Clock& clock,
    runtime::Log& log,
    Handler& handler,
    Limits limits,
    const TcpAddress& address) {
    return serve_on(open_tcp(address.host, address.port), loop, clock, log, handler, limits);
}

Listening listen_unix(
    boost::asio::io_context& loop,
    runtime::Clock& clock,
    runtime::Log& log,
    Handler& handler,
    Limits limits,
    const std::string& path) {
    return serve_on(open_unix(path), loop, clock, log, handler, limits);
}

Listening listen_inherited(
    boost::asio::io_context& loop,
    runtime::Clock& clock,
    runtime::Log& log,
    Handler& handler,
    Limits limits,
    int descriptor) {
    return serve_on(adopt(descriptor), loop, clock, log, handler, limits);
}

}  // namespace vastwatch::http
