// The client of one account (one API key). All calls are coroutines on the loop; calls to one
// endpoint queue by urgency and leave no closer together than the endpoint's interval. Nothing here
// throws for what the service does. Sources: API sections 1 to 5, 10.
#pragma once

#include "base/ids.hpp"
#include "base/secret.hpp"
#include "fleet/observation.hpp"
#include "net/http_client.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/random.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vastwatch::vast {

/// Where and as whom.
struct Access {
    AccountName account;
    std::string url = "https://console.vast.ai";
    Secret api_key;
    Duration request_timeout = std::chrono::seconds{30};
    Duration request_interval = std::chrono::seconds{1};  // the least; endpoints have their own
    std::string ca_file;
};

/// Why a call gave nothing.
enum class Problem {
    unreachable,   // no connection, TLS, timeout, reset
    server_error,  // 5xx, or a redirect where none belongs
    rate_limited,  // 429 in any form, retries used up
    key_rejected,  // 401, 403, or 404 with auth_error
    refused,       // another 4xx, or success:false with status 200
    bad_answer,    // not JSON, wrong shape, no `instances` array
    incomplete,    // pages do not add up, token repeats, too many pages
    withheld,      // not sent: who asked for it does not want it any more
};

std::string_view to_string(Problem problem);

struct Failure {
    Problem problem = Problem::unreachable;
    int status = 0;           // HTTP status, 0 when there was none
    std::string error_code;   // the answer's `error`, printable and bounded
    std::string message;      // one sentence for people, no secrets
    bool maybe_done = false;  // for destroy and stop: the request may have had its effect
};

template <class T>
using Outcome = std::variant<T, Failure>;

/// What the user object tells (API 5.1); absent = not a number there.
struct UserInfo {
    std::optional<Usd> credit;
    std::optional<Usd> total_spend;  // negative, falling
    std::optional<Usd> balance_threshold;
    std::vector<std::string> scopes;  // of `rights.api`, when shown
};

/// GET /users/spend-rate/ (API 5.3).
struct SpendRate {
    UsdPerHour gpu;
    UsdPerHour storage;
    UsdPerHour volumes;
};

/// What one contract was charged for one UTC day, or for the whole range asked for.
struct Charge {
    std::string source;                  // "instance-123", "volume-9", "endpoint-4": the contract
    std::optional<InstanceId> instance;  // when the source is an instance
    std::string type;                    // instance, volume, serverless
    std::string label;                   // metadata.label, may be empty
    std::string endpoint;                // metadata.endpoint_id, may be empty
    Instant first_day;                   // UTC midnight
    Usd gpu;
    Usd disk;
    Usd bandwidth;
    Usd other;  // what readable items do not explain of `amount`

    Usd total() const { return gpu + disk + bandwidth + other; }
};

/// All charges of [first_day, last_day], both UTC midnights, inclusive; rows of one source merged.
struct Charges {
    Instant first_day;
    Instant last_day;
    std::vector<Charge> rows;
    std::size_t skipped_rows = 0;  // whose amount cannot be read: the sums are too small
};

/// What a host asks for (API 4.8); absent = not a number there, or not changed.
struct PriceIncrease {
    std::int64_t id = 0;
    InstanceId instance;
    std::optional<UsdPerHour> old_gpu;  // of each GPU
    std::optional<UsdPerHour> new_gpu;
    std::optional<UsdPerHour> old_disk;  // of each gigabyte
    std::optional<UsdPerHour> new_disk;
};

/// One request, for metrics: told after every attempt.
struct RequestReport {
    AccountName account;
    std::string endpoint;  // "instances", "destroy", "charges" …: a fixed small set
    std::string code;      // "200", "429", "timeout", "tls" …
    Duration took{0};
};

/// What destroy and stop answered for all ids together. 404 `instances_not_found` is `gone`.
struct Accepted {
    bool gone = false;  // none of the ids exists any more
};

/// The list's `id in […]` filter takes so many in one request.
constexpr std::size_t most_ids_per_read = 25;
/// And so many are destroyed or stopped with one.
constexpr std::size_t most_ids_per_action = 64;

/// Asked before every attempt at what it belongs to, when the attempt has its turn and a connection
/// and nothing but its bytes is still to go: whether it may. Must not wait for anything.
using MayLeave = std::function<bool()>;

class Client {
  public:
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    Client() = default;
    virtual ~Client() = default;

    /// Lists all instances, page after page, only the needed columns; complete or a Failure.
    virtual boost::asio::awaitable<Outcome<fleet::Sweep>> sweep() = 0;

    /// Reads these instances anew, at most `most_ids_per_read` of them, ahead of a sweep that is
    /// under way, with what a Recipe needs.
    virtual boost::asio::awaitable<Outcome<fleet::Verification>> verify(
        std::vector<InstanceId> ids) = 0;

    /// One bulk request of at most `most_ids_per_action`; is sent once, and again only when it
    /// surely was not received, and each time only when it may leave. Withheld is the outcome when
    /// it never left; what was to be repeated and was withheld ends as the attempt before did.
    virtual boost::asio::awaitable<Outcome<Accepted>> destroy(
        std::vector<InstanceId> ids,
        MayLeave may_leave) = 0;
    virtual boost::asio::awaitable<Outcome<Accepted>> stop(
        std::vector<InstanceId> ids,
        MayLeave may_leave) = 0;

    /// Charges of the UTC days [first_day, last_day].
    virtual boost::asio::awaitable<Outcome<Charges>> charges(
        Instant first_day,
        Instant last_day) = 0;
    virtual boost::asio::awaitable<Outcome<UserInfo>> user() = 0;
    virtual boost::asio::awaitable<Outcome<SpendRate>> spend_rate() = 0;
    virtual boost::asio::awaitable<Outcome<std::vector<PriceIncrease>>> price_increases() = 0;

    /// Compares the columns that are asked for with the keys of one full row (API 10 no. 25): the
    /// names that the service no longer knows. Empty also when there is no instance to look at.
    virtual boost::asio::awaitable<Outcome<std::vector<std::string>>> unknown_columns() = 0;

    /// How long a sweep of that many instances takes at the present pace, for doctor and for
    /// reading ahead of a deadline.
    virtual Duration estimated_sweep(std::size_t instances) const = 0;
    /// The same for a verification of `ids` instances and the destroy or stop after it.
    virtual Duration estimated_verify(std::size_t ids) const = 0;
};

/// Everything a client needs of the world; references outlive it.
struct World {
    net::HttpClient& http;
    runtime::Clock& clock;
    runtime::Random& random;
    runtime::Log& log;
    std::function<void(const RequestReport&)> report;  // may be empty
};

/// `before`, where there is one, is the account's client under other settings: the new one keeps
/// the pace of the requests that are under way.
std::unique_ptr<Client> make_client(World world, Access access, const Client* before = nullptr);

}  // namespace vastwatch::vast
