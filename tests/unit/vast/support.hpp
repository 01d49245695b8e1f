// What the tests of vast share: the sample answers, pages made to measure, and an account whose
// service is a script and whose time is virtual.
#pragma once

#include "net/http_client.hpp"
#include "runtime/memory_log.hpp"
#include "runtime/seeded_random.hpp"
#include "runtime/virtual_clock.hpp"
#include "vast/client.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::vast {

/// The bytes of tests/data/vast-api/NAME.
std::string sample(std::string_view name);

/// The names of all samples.
std::vector<std::string> sample_names();

/// {"id": 7, …fields} with `fields` as JSON members, such as "\"label\": \"a\"".
std::string row_json(std::int64_t id, std::string_view fields = "");

/// A page of those rows; `token` empty = null.
std::string
page_json(const std::vector<std::string>& rows, std::int64_t total, std::string_view token = "");

net::Response response(int status, std::string body, std::string type = "application/json");
net::Result network_error(net::Failure failure, bool sent);

/// One request as it was sent, and when.
struct Sent {
    net::Request request;
    MonoTime at;

    /// Whether the decoded URL holds that text.
    bool asks_for(std::string_view text) const;
    std::string header(std::string_view name) const;
};

/// Answers each request with what `script` says, after `latency`.
class ScriptedHttp final : public net::HttpClient {
  public:
    using Script = std::function<net::Result(const Sent& sent, std::size_t number)>;

    explicit ScriptedHttp(runtime::Clock& clock) : clock_(clock) {}

    boost::asio::awaitable<net::Result> send(net::Request request) override;

    Script script;
    Duration latency = std::chrono::milliseconds{20};
    std::vector<Sent> sent;

  private:
    runtime::Clock& clock_;
};

/// A service that lists the instances 1 to `count`, 25 a page, and honours id filters.
ScriptedHttp::Script fleet_of(std::int64_t count);

/// Percent-decoded.
std::string decoded(std::string_view url);

class Account {
  public:
    explicit Account(Duration request_interval = std::chrono::seconds{1});

    /// A client under other settings takes the place of the one there is, which lives on.
    void renew(Duration request_interval);

    template <class T>
    T run(boost::asio::awaitable<T> task);

    /// Starts a task whose result is dropped; run() of another goes on with it.
    template <class T>
    void start(boost::asio::awaitable<T> task);

    /// The same answer to everything.
    void always(net::Result answer);

    /// These answers in turn, the last one for ever.
    void in_turn(std::vector<net::Result> answers);

    boost::asio::io_context loop;
    runtime::VirtualClock clock;
    runtime::SeededRandom random{7};
    runtime::MemoryLog log;
    ScriptedHttp http;
    std::vector<RequestReport> reports;
    std::unique_ptr<Client> before;
    std::unique_ptr<Client> client;
};

/// The failure of an outcome; the test ends when there is none.
template <class T>
Failure failure_in(const Outcome<T>& outcome);

/// The value of an outcome; the test ends when it is a failure.
template <class T>
const T& value_in(const Outcome<T>& outcome);

constexpr std::string_view test_key = "0123456789abcdef0123456789abcdef";

/// Of an action that may leave whatever happens.
inline const MayLeave anyhow = []() { return true; };

std::vector<InstanceId> ids_up_to(std::int64_t count);

}  // namespace vastwatch::vast

#include "support_impl.hpp"
