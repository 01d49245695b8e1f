// Host names to addresses. getaddrinfo() blocks and cannot be cancelled, for half a minute if the
// name server is silent; so each name under way has a thread that can be left behind, and those
// who ask for the same name share it. Lives on the loop's thread; the io_context must outlive it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::net {

using Addresses = std::vector<boost::asio::ip::tcp::endpoint>;
using Resolved = boost::system::result<Addresses>;

/// One question; shared by who asks and the resolver.
class Lookup {
  public:
    explicit Lookup(boost::asio::io_context& loop) : wake_(loop) {}

    /// The answer, or timed_out at `deadline`, or operation_aborted after cancel(). Once only.
    static boost::asio::awaitable<Resolved> wait(
        std::shared_ptr<Lookup> lookup,
        std::chrono::steady_clock::time_point deadline);

    /// Ends the wait; the thread behind it may go on.
    void cancel();

    void answer(Resolved resolved);

  private:
    boost::asio::steady_timer wake_;
    std::optional<Resolved> answer_;
};

class Resolver {
  public:
    /// Blocks until it knows; called on threads of the resolver's own, must not throw.
    using Ask = std::function<Resolved(const std::string& host, std::uint16_t port)>;

    explicit Resolver(boost::asio::io_context& loop, Ask ask = ask_system);
    /// Does not wait for threads that still ask; what they find is dropped.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// Asks for `host`; an address in text form is answered without a thread. More than 16 names
    /// under way are refused (resource_unavailable_try_again).
    std::shared_ptr<Lookup> start(const std::string& host, std::uint16_t port);

    /// getaddrinfo().
    static Resolved ask_system(const std::string& host, std::uint16_t port);

  private:
    using Name = std::pair<std::string, std::uint16_t>;
    struct Gate;

    void finish(const Name& name, const Resolved& resolved);

    boost::asio::io_context& loop_;
    Ask ask_;
    std::shared_ptr<Gate> gate_;
    std::map<Name, std::vector<std::weak_ptr<Lookup>>> under_way_;
};

}  // namespace vastwatch::net
