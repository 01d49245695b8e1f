// Everything that the daemon can reach, and the ways in which that fails: the account model behind
// its API, receivers of webhooks, a mail server, a dead-man service. It lives longer than any
// process. Requests take effect when they are sent; only answers take time.
#pragma once

#include "daemon/observer.hpp"
#include "daemon/trace.hpp"
#include "daemon/worker.hpp"
#include "model/world.hpp"
#include "net/http_client.hpp"
#include "notify/notifier.hpp"
#include "runtime/seeded_random.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace vastwatch::simulation {

/// How the way to a host is broken for a while.
enum class Break : std::uint8_t {
    resolve,    ///< no such host
    refused,    ///< nobody listens
    tls,        ///< a wrong certificate
    blackhole,  ///< nothing comes back, not even a connection
    lost,       ///< the request never arrives, which its sender cannot know
    cut,        ///< the request arrives, and the connection breaks before its answer
};

std::string_view to_string(Break kind);

struct Outage {
    std::string host;  // of the URL; "mail" for the mail server; empty = all
    Break kind = Break::refused;
    Instant from;
    Instant until;
    double share = 1;  // of the requests, drawn for each
};

/// What a receiver does with an alert.
enum class Manner : std::uint8_t {
    takes,
    refuses,      ///< 400, or an SMTP 550
    gone,         ///< 410
    fails,        ///< 503, or an SMTP 451
    limits,       ///< 429 with Retry-After
    hangs,        ///< no answer, not taken
    takes_hangs,  ///< no answer, but taken
    takes_cuts,   ///< taken, and the connection breaks before the answer
};

std::string_view to_string(Manner manner);

/// A receiver's behaviour for a while; it takes everything otherwise.
struct Mood {
    Manner manner = Manner::fails;
    Instant from;
    Instant until;
    Duration retry_after = std::chrono::seconds{60};
};

struct NetworkSettings {
    std::string api_host = "api.vast.test";
    std::string heartbeat_host = "alive.test";  // any other host receives webhooks
    Span latency{std::chrono::milliseconds{20}, std::chrono::milliseconds{180}};
};

class Network {
  public:
    Network(
        vastsim::World& world,
        NetworkSettings settings,
        std::uint64_t seed,
        Trace& trace,
        Observer& observer);

    void add(Outage outage) { outages_.push_back(std::move(outage)); }

    /// `receiver`: a URL's host, or "mail".
    void add(const std::string& receiver, Mood mood) { moods_[receiver].push_back(mood); }

    /// From now on everything works.
    void forget_troubles() {
        outages_.clear();
        moods_.clear();
    }

    /// What will come of a request that is sent now: after how long, and what.
    struct Fate {
        std::uint64_t number = 0;  // of an API request, else 0
        Duration after{0};
        net::Result result;
    };

    Fate send(const net::Request& request, Now truth);

    struct MailFate {
        Duration after{0};
        notify::Attempt attempt;
    };

    MailFate send(const notify::Mail& mail, Now truth);

    /// The daemon has got this.
    void answered(std::uint64_t number, Instant at, const net::Result& result);

    /// How often each kind of failure was met.
    const std::map<std::string, std::uint64_t>& failures() const { return failures_; }

    std::uint64_t api_requests() const { return api_requests_; }

    vastsim::World& world() { return world_; }

  private:
    const Outage* outage(std::string_view host, Instant at);
    Mood mood(const std::string& receiver, Instant at) const;
    Fate broken(const Outage& outage, const net::Request& request);
    Fate ask_api(const net::Request& request, std::string_view host, Now truth, bool cut);
    Fate tell(const net::Request& request, const std::string& host, Now truth, bool cut);

    void failed(std::string_view what) { ++failures_[std::string{what}]; }

    vastsim::World& world_;
    NetworkSettings settings_;
    runtime::SeededRandom random_;
    Trace& trace_;
    Observer& observer_;
    std::vector<Outage> outages_;
    std::map<std::string, std::vector<Mood>> moods_;
    std::map<std::string, std::uint64_t> failures_;
    std::uint64_t api_requests_ = 0;
};

}  // namespace vastwatch::simulation
