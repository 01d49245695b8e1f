// The production client: who talks to whom, in which order, and what each failure means. The bytes
// are plan.hpp's and response_reader.hpp's business, the sockets connection.hpp's.
#include "net/http_client.hpp"

#include "base/text.hpp"
#include "net/connection.hpp"
#include "net/idle_pool.hpp"
#include "net/plan.hpp"
#include "net/resolver.hpp"
#include "net/response_reader.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

namespace vastwatch::net {

namespace asio = boost::asio;

namespace {

using Steady = std::chrono::steady_clock;

/// What one send() has under way, so that its deadline and the client's end can stop it.
struct Exchange {
    enum class End : std::uint8_t { none, deadline, client_gone };

    explicit Exchange(asio::io_context& loop) : deadline_timer(loop), attempt_timer(loop) {}

    void stop(End why) {
        if (ended == End::none) {
            ended = why;
        }
        if (lookup) {
            lookup->cancel();
        }
        if (connection) {
            connection->close();
        }
    }

    Error error(Failure failure, std::string detail) const {
        if (ended == End::deadline) {
            return Error{
                .failure = Failure::timeout,
                .sent = sent,
                .detail = "no complete answer in time from " + origin};
        }
        if (ended == End::client_gone) {
            return Error{
                .failure = Failure::cancelled,
                .sent = sent,
                .detail = "stopped while waiting for " + origin};
        }
        return Error{.failure = failure, .sent = sent, .detail = std::move(detail)};
    }

    asio::steady_timer deadline_timer;
    asio::steady_timer attempt_timer;
    Steady::time_point deadline;
    std::string origin;
    std::function<bool()> may_leave;
    std::shared_ptr<Lookup> lookup;
    std::shared_ptr<Connection> connection;
    End ended = End::none;
    bool sent = false;
    // A kept connection turned out to be closed before any byte of an answer came.
    bool stale = false;
};

using ExchangePtr = std::shared_ptr<Exchange>;
using PlanPtr = std::shared_ptr<const Plan>;

/// What the client and its requests share; lives until the last of them has ended.
struct Core {
    Core(asio::io_context& the_loop, const ProxySettings& settings)
        : loop(the_loop),
          proxy(make_proxy(settings)),
          resolver(std::make_unique<Resolver>(the_loop)) {}

    /// Nothing new from here on; what is under way ends with `cancelled`.
    void close() {
        closed = true;
        resolver.reset();
        idle.clear();
        const auto exchanges = std::exchange(under_way, {});
        for (const auto& weak : exchanges) {
            if (const auto exchange = weak.lock()) {
                exchange->stop(Exchange::End::client_gone);
            }
        }
    }

    ExchangePtr begin(Duration timeout, const Plan& plan) {
        auto exchange = std::make_shared<Exchange>(loop);
        exchange->origin = plan.origin;
        exchange->deadline =
            Steady::now() + std::clamp<Duration>(timeout, Duration::zero(), std::chrono::hours{24});
        exchange->deadline_timer.expires_at(exchange->deadline);
        exchange->deadline_timer.async_wait(
            [weak = std::weak_ptr{exchange}](const boost::system::error_code& error) {
                const auto locked = weak.lock();
                if (!error && locked) {
                    locked->stop(Exchange::End::deadline);
                }
            });
        std::erase_if(under_way, [](const auto& weak) { return weak.expired(); });
        under_way.push_back(exchange);
        return exchange;
    }

    const Proxy* proxy_for(const Plan& plan) const {
        const auto* configured = std::get_if<std::optional<Proxy>>(&proxy);
        if (configured == nullptr || !configured->has_value() || !plan.tls ||
            !plan.unix_socket.empty() || goes_direct(**configured, plan.host, plan.port)) {
            return nullptr;
        }
        return &**configured;
    }

    asio::io_context& loop;
    std::variant<std::optional<Proxy>, Error> proxy;
    std::unique_ptr<Resolver> resolver;
    TlsContexts contexts;
    IdlePool idle;
    std::vector<std::weak_ptr<Exchange>> under_way;
    bool closed = false;
};

using CorePtr = std::shared_ptr<Core>;
using Problem = std::optional<Error>;

/// The answer into `reader`, from a connection to which the request has gone.
asio::awaitable<Problem> receive(ExchangePtr exchange, ResponseReader& reader) {
    std::vector<char> buffer(std::size_t{16} * 1024);
    auto progress = ResponseReader::Progress::more;
    while (progress == ResponseReader::Progress::more) {
        const auto received = co_await exchange->connection->read(buffer);
        if (!received.error) {
            progress = reader.feed(std::string_view{buffer.data(), received.size});
        } else if (received.error == asio::error::eof) {
            progress = reader.end();
        } else if (received.error == asio::error::operation_aborted) {
            co_return exchange->error(Failure::cancelled, "cancelled");
        } else {
            // Without the TLS end-of-stream mark an answer may have been cut by anybody.
            co_return exchange->error(
                Failure::reset,
                fmt::format("{} broke off: {}", exchange->origin, received.error.message()));
        }
    }
    if (progress == ResponseReader::Progress::failed) {
        co_return exchange->error(
            reader.failure(), exchange->origin + ": " + printable(reader.reason()));
    }
    co_return std::nullopt;
}

/// A new connection to one of `addresses`, each with an equal share of the time that is left.
asio::awaitable<Problem>
connect_any(CorePtr core, ExchangePtr exchange, Addresses addresses, std::string whom) {
    boost::system::error_code error = asio::error::host_not_found;
    bool too_slow = false;
    auto left = static_cast<int>(addresses.size());
    for (const auto& address : addresses) {
        exchange->connection = std::make_shared<Connection>(core->loop);
        const auto expired = std::make_shared<bool>(false);
        const auto now = Steady::now();
        exchange->attempt_timer.expires_at(now + (exchange->deadline - now) / left--);
        exchange->attempt_timer.async_wait([weak = std::weak_ptr{exchange->connection},
                                            expired](const boost::system::error_code& cancelled) {
            const auto connection = weak.lock();
            if (!cancelled && connection) {
                *expired = true;
                connection->close();
            }
        });
        error = co_await exchange->connection->connect(address);
        exchange->attempt_timer.cancel();
        too_slow = *expired;
        if (exchange->ended != Exchange::End::none) {
            break;
        }
        if (!error && !too_slow) {
            co_return std::nullopt;
        }
    }
    if (too_slow) {
        co_return exchange->error(Failure::timeout, whom + " did not answer in time");
    }
    co_return exchange->error(
        Failure::connect, fmt::format("cannot connect to {}: {}", whom, error.message()));
}

/// Looks `host` up and connects.
asio::awaitable<Problem> connect_tcp(
    CorePtr core,
    ExchangePtr exchange,
    std::string host,
    std::uint16_t port,
    std::string whom) {
    exchange->lookup = core->resolver->start(host, port);
    auto resolved = co_await Lookup::wait(exchange->lookup, exchange->deadline);
    exchange->lookup.reset();
    if (exchange->ended != Exchange::End::none || core->closed) {
        co_return exchange->error(Failure::cancelled, "cancelled");
    }
    if (!resolved) {
        auto failure = Failure::resolve;
        if (resolved.error() == asio::error::timed_out) {
            failure = Failure::timeout;
        } else if (resolved.error() == asio::error::operation_aborted) {
            failure = Failure::cancelled;
        }
        co_return exchange->error(
            failure, fmt::format("cannot look up {}: {}", whom, resolved.error().message()));
    }
    auto addresses = std::move(*resolved);
    auto task = connect_any(std::move(core), exchange, std::move(addresses), std::move(whom));
    co_return co_await std::move(task);
}

/// Has the proxy at the other end of the connection open a tunnel to the plan's host.
asio::awaitable<Problem> open_tunnel(ExchangePtr exchange, PlanPtr plan, const Proxy& proxy) {
    const auto bytes = connect_request(*plan, proxy);
    const auto error = co_await exchange->connection->write(bytes);
    if (error) {
        co_return exchange->error(
            Failure::proxy, fmt::format("{} broke off: {}", proxy.origin, error.message()));
    }
    ResponseReader reader{true, 0};
    auto problem = co_await receive(exchange, reader);
    if (problem) {
        if (exchange->ended == Exchange::End::none && problem->failure != Failure::cancelled) {
            problem->failure = Failure::proxy;
            problem->detail = proxy.origin + " did not answer CONNECT properly";
        }
        co_return problem;
    }
    const bool surplus = reader.has_surplus();
    const auto response = reader.take();
    if (response.status / 100 != 2 || surplus) {
        co_return exchange->error(
            Failure::proxy,
            fmt::format(
                "{} refused a tunnel to {} with status {}",
                proxy.origin,
                plan->authority,
                response.status));
    }
    co_return std::nullopt;
}

/// TLS over the connection, with every check.
asio::awaitable<Problem> secure(CorePtr core, ExchangePtr exchange, PlanPtr plan) {
    auto context = core->contexts.get(plan->ca_file);
    if (!context) {
        const auto what = plan->ca_file.empty() ? std::string{"the system's certificates"}
                                                : printable(plan->ca_file);
        co_return exchange->error(
            Failure::tls, fmt::format("cannot read {}: {}", what, context.error().message()));
    }
    const auto handshake = co_await exchange->connection->start_tls(*context, plan->host);
    if (handshake.error == asio::error::operation_aborted) {
        co_return exchange->error(Failure::cancelled, "cancelled");
    }
    if (handshake.error) {
        co_return exchange->error(Failure::tls, plan->origin + ": " + handshake.reason);
    }
    co_return std::nullopt;
}

/// Makes exchange->connection one over which the plan's request can go.
asio::awaitable<Problem> open(CorePtr core, ExchangePtr exchange, PlanPtr plan) {
    const auto* proxy = core->proxy_for(*plan);
    Problem problem;
    if (!plan->unix_socket.empty()) {
        exchange->connection = std::make_shared<Connection>(core->loop);
        const auto error = co_await exchange->connection->connect_unix(plan->unix_socket);
        if (error) {
            problem = exchange->error(
                Failure::connect,
                fmt::format("cannot connect to {}: {}", plan->origin, error.message()));
        }
    } else if (proxy != nullptr) {
        problem = co_await connect_tcp(core, exchange, proxy->host, proxy->port, proxy->origin);
        if (!problem) {
            problem = co_await open_tunnel(exchange, plan, *proxy);
        }
    } else {
        problem = co_await connect_tcp(core, exchange, plan->host, plan->port, plan->origin);
    }
    if (!problem && plan->tls) {
        problem = co_await secure(core, exchange, plan);
    }
    co_return problem;
}

/// One request over a kept connection (if `may_reuse`, and there is one) or a new one.
asio::awaitable<Result> attempt(CorePtr core, ExchangePtr exchange, PlanPtr plan, bool may_reuse) {
    exchange->connection = may_reuse ? core->idle.take(plan->peer) : nullptr;
    const bool reused = exchange->connection != nullptr;
    if (!reused) {
        auto problem = co_await open(core, exchange, plan);
        if (problem) {
            co_return Result{std::move(*problem)};
        }
    }
    if (exchange->may_leave && !exchange->may_leave()) {
        core->idle.put(plan->peer, exchange->connection);
        co_return Result{exchange->error(Failure::withheld, "withdrawn before it was sent")};
    }
    exchange->sent = true;
    const auto write_error = co_await exchange->connection->write(plan->bytes);
    // A server that refuses a large body answers before it has read all of it: so even after a
    // failed write there may be something to read.
    ResponseReader reader{plan->method == "HEAD", plan->body_limit};
    auto problem = co_await receive(exchange, reader);
    if (problem) {
        exchange->stale = reused && problem->failure == Failure::reset && !reader.started();
        co_return Result{std::move(*problem)};
    }
    const bool keep = !write_error && reader.keep_alive() && !core->closed;
    if (keep) {
        core->idle.put(plan->peer, exchange->connection);
    }
    co_return Result{reader.take()};
}

/// The attempt, and a second one where the first met a connection that had been closed meanwhile.
asio::awaitable<Result> attempts(CorePtr core, ExchangePtr exchange, PlanPtr plan) {
    auto result = co_await attempt(core, exchange, plan, true);
    if (exchange->stale && plan->repeatable()) {
        result = co_await attempt(core, exchange, plan, false);
    }
    co_return result;
}

asio::awaitable<Result> run(CorePtr core, Request request) {
    if (const auto* refused = std::get_if<Error>(&core->proxy)) {
        co_return Result{*refused};
    }
    auto made = make_plan(request);
    if (auto* refused = std::get_if<Error>(&made)) {
        co_return Result{std::move(*refused)};
    }
    const auto plan = std::make_shared<const Plan>(std::get<Plan>(std::move(made)));
    if (core->closed) {
        co_return Result{Error{
            .failure = Failure::cancelled, .sent = false, .detail = "the client has been closed"}};
    }
    const auto exchange = core->begin(request.timeout, *plan);
    exchange->may_leave = std::move(request.may_leave);
    Result result = Error{};
    try {
        result = co_await attempts(core, exchange, plan);
    } catch (const boost::system::system_error& error) {
        // Asio refuses to await anything more in a cancelled coroutine.
        auto failure = Failure::cancelled;
        if (error.code() != asio::error::operation_aborted) {
            failure = Failure::reset;
        }
        result = exchange->error(failure, plan->origin + ": " + error.code().message());
    }
    exchange->deadline_timer.cancel();
    co_return result;
}

class BeastClient final : public HttpClient {
  public:
    BeastClient(asio::io_context& loop, const ProxySettings& proxy)
        : core_(std::make_shared<Core>(loop, proxy)) {}

    BeastClient(const BeastClient&) = delete;
    BeastClient& operator=(const BeastClient&) = delete;

    ~BeastClient() override { core_->close(); }

    // Not a coroutine: the awaitable owns the core from here on, so the client may go before it
    // starts.
    asio::awaitable<Result> send(Request request) override {
        return run(core_, std::move(request));
    }

  private:
    CorePtr core_;
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client(asio::io_context& loop, ProxySettings proxy) {
    return std::make_unique<BeastClient>(loop, proxy);
}

}  // namespace vastwatch::net
