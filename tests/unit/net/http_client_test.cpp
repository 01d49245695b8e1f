#include "net/http_client.hpp"

#include "certificates.hpp"
#include "scripted_server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace vastwatch::net;
using vastwatch::net::test::Authority;
using vastwatch::net::test::Peer;
using vastwatch::net::test::ScriptedServer;
using vastwatch::net::test::TemporaryDirectory;

/// The client and its loop, run until each answer is there.
class Driver {
  public:
    explicit Driver(ProxySettings proxy = {})
        : client_(make_http_client(loop_, std::move(proxy))) {}

    Result send(Request request) {
        start(std::move(request));
        run();
        return std::move(result_);
    }

    void start(Request request) {
        auto done = [this](const std::exception_ptr& error, Result result) {
            REQUIRE(error == nullptr);
            result_ = std::move(result);
        };
        asio::co_spawn(
            loop_,
            client_->send(std::move(request)),
            asio::bind_cancellation_slot(signal_.slot(), std::move(done)));
    }

    void run() {
        loop_.restart();
        loop_.run();
    }

    const Result& result() const { return result_; }

    asio::io_context& loop() { return loop_; }

    /// Both from any thread.
    void cancel() {
        asio::post(loop_, [this] { signal_.emit(asio::cancellation_type::terminal); });
    }

    void destroy_client() {
        asio::post(loop_, [this] { client_.reset(); });
    }

  private:
    asio::io_context loop_{1};
    asio::cancellation_signal signal_;
    std::unique_ptr<HttpClient> client_;
    Result result_;
};

Request get(std::string url) {
    Request request;
    request.url = std::move(url);
    request.timeout = 10s;
    return request;
}

const Response& response_of(const Result& result) {
    if (const auto* error = std::get_if<Error>(&result)) {
        FAIL(to_string(error->failure), ": ", error->detail);
    }
    return std::get<Response>(result);
}

const Error& error_of(const Result& result) {
    REQUIRE(std::holds_alternative<Error>(result));
    return std::get<Error>(result);
}

void answer_ok(Peer& peer) {
    peer.read_request();
    peer.answer("ok");
}

/// A server over TLS whose every connection answers one request with "ok".
ScriptedServer::Script tls_ok(const vastwatch::net::test::ServerContext& context) {
    return [&context](Peer& peer) {
        if (peer.start_tls(context)) {
            answer_ok(peer);
        }
    };
}

}  // namespace

TEST_CASE("client: status, headers and body come back, an error status too") {
    ScriptedServer server{{[](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 4\r\n\r\nlate");
    }}};
    Driver driver;
    const auto result = driver.send(get(server.url()));
    const auto& response = response_of(result);
    CHECK(response.status == 503);
    CHECK(response.header("Retry-After") == "2");
    CHECK(response.body == "late");
}

TEST_CASE("client: method, headers and body arrive as they were given") {
    std::string seen;
    ScriptedServer server{{[&seen](Peer& peer) {
        seen = peer.read_request();
        peer.answer("");
    }}};
    Driver driver;
    auto request = get(server.url("/api/?q=1"));
    request.method = "PUT";
    request.headers = {{"Authorization", "Bearer key"}};
    request.body = R"({"a":1})";
    const auto result = driver.send(std::move(request));
    CHECK(response_of(result).status == 200);
    CHECK(seen.starts_with("PUT /api/?q=1 HTTP/1.1\r\n"));
    CHECK(seen.find("\r\nAuthorization: Bearer key\r\n") != std::string::npos);
    CHECK(seen.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST_CASE("client: a body of megabytes goes out whole") {
    std::size_t seen = 0;
    ScriptedServer server{{[&seen](Peer& peer) {
        seen = peer.read_request().size();
        peer.answer("");
    }}};
    Driver driver;
    auto request = get(server.url());
    request.method = "POST";
    request.body = std::string(std::size_t{3} << 20U, 'x');
    const auto result = driver.send(std::move(request));
    CHECK(response_of(result).status == 200);
    CHECK(seen > std::size_t{3} << 20U);
}

TEST_CASE("client: what may not leave once the connection stands is not sent at all") {
    std::string seen;
    ScriptedServer server{{[&seen](Peer& peer) {
        seen = peer.read_request();
        peer.answer("");
    }}};
    Driver driver;
    auto request = get(server.url("/withheld"));
    request.may_leave = []() { return false; };
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::withheld);
    CHECK_FALSE(error_of(result).sent);
    // The connection is as good as new.
    response_of(driver.send(get(server.url("/next"))));
    CHECK(seen.starts_with("GET /next HTTP/1.1\r\n"));
    CHECK(server.connections() == 1);
}

TEST_CASE("client: what may leave does") {
    ScriptedServer server{{answer_ok}};
    Driver driver;
    auto request = get(server.url());
    request.may_leave = []() { return true; };
    CHECK(response_of(driver.send(std::move(request))).body == "ok");
}

TEST_CASE("client: a connection is used again for the next request to the same origin") {
    ScriptedServer server{{[](Peer& peer) {
        answer_ok(peer);
        answer_ok(peer);
    }}};
    Driver driver;
    for (int round = 0; round < 2; ++round) {
        const auto result = driver.send(get(server.url()));
        CHECK(response_of(result).body == "ok");
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("client: a connection the server wants closed is not used again, though still open") {
    ScriptedServer server{
        {[](Peer& peer) {
             peer.read_request();
             peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
             peer.wait_for_close();
         },
         answer_ok}};
    Driver driver;
    const auto first = driver.send(get(server.url()));
    CHECK(response_of(first).status == 200);
    const auto second = driver.send(get(server.url()));
    CHECK(response_of(second).body == "ok");
    CHECK(server.connections() == 2);
}

TEST_CASE("client: a GET that meets a connection closed meanwhile is sent again once") {
    ScriptedServer server{
        {[](Peer& peer) {
             answer_ok(peer);
             peer.read_request();
             peer.close();
         },
         answer_ok}};
    Driver driver;
    const auto first = driver.send(get(server.url()));
    CHECK(response_of(first).status == 200);
    const auto second = driver.send(get(server.url()));
    CHECK(response_of(second).body == "ok");
    CHECK(server.connections() == 2);
}

TEST_CASE("client: a DELETE that meets a connection closed meanwhile is never sent again") {
    ScriptedServer server{
        {[](Peer& peer) {
             answer_ok(peer);
             peer.read_request();
             peer.close();
         },
         answer_ok}};
    Driver driver;
    const auto first = driver.send(get(server.url()));
    CHECK(response_of(first).status == 200);
    auto request = get(server.url());
    request.method = "DELETE";
    const auto second = driver.send(std::move(request));
    CHECK(error_of(second).failure == Failure::reset);
    CHECK(error_of(second).sent);
    CHECK(server.connections() == 1);
}

TEST_CASE("client: a GET on a new connection is not sent again") {
    ScriptedServer server{{[](Peer& peer) { peer.read_request(); }, answer_ok}};
    Driver driver;
    const auto result = driver.send(get(server.url()));
    CHECK(error_of(result).failure == Failure::reset);
    CHECK(server.connections() == 1);
}

TEST_CASE("client: nobody listens, and nothing was sent") {
    std::string url;
    {
        const ScriptedServer server{{}};
        url = server.url("/?key=hidden");
    }
    Driver driver;
    const auto result = driver.send(get(url));
    CHECK(error_of(result).failure == Failure::connect);
    CHECK_FALSE(error_of(result).sent);
    CHECK(error_of(result).detail.find("127.0.0.1") != std::string::npos);
    CHECK(error_of(result).detail.find("hidden") == std::string::npos);
}

TEST_CASE("client: a name that no server knows is a failure to resolve") {
    Driver driver;
    const auto result = driver.send(get("http://no-such-host.invalid/"));
    // Where there is no name server at all the system may wait for one instead.
    const auto failure = error_of(result).failure;
    CHECK((failure == Failure::resolve || failure == Failure::timeout));
    CHECK_FALSE(error_of(result).sent);
}

TEST_CASE("client: every address of a name is tried") {
    ScriptedServer server{{answer_ok}};
    Driver driver;
    const auto result = driver.send(get(server.url("/", "localhost")));
    CHECK(response_of(result).body == "ok");
}

TEST_CASE("client: a server that never answers costs no more than the deadline") {
    ScriptedServer server{{[](Peer& peer) { peer.wait_for_close(); }}};
    Driver driver;
    auto request = get(server.url());
    request.timeout = 100ms;
    const auto before = std::chrono::steady_clock::now();
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::timeout);
    CHECK(error_of(result).sent);
    CHECK(std::chrono::steady_clock::now() - before < 5s);
}

TEST_CASE("client: a server that drips bytes for ever costs no more than the deadline") {
    ScriptedServer server{{[](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        peer.wait_for_close();
    }}};
    Driver driver;
    auto request = get(server.url());
    request.timeout = 100ms;
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::timeout);
}

TEST_CASE("client: a connection reset in the middle of a body is no answer") {
    ScriptedServer server{{[](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        peer.reset();
    }}};
    Driver driver;
    const auto result = driver.send(get(server.url()));
    CHECK(error_of(result).failure == Failure::reset);
    CHECK(error_of(result).sent);
}

TEST_CASE("client: an answer that is not HTTP is told apart from a broken connection") {
    ScriptedServer server{{[](Peer& peer) { peer.write("220 mail.example ESMTP\r\n\r\n"); }}};
    Driver driver;
    const auto result = driver.send(get(server.url()));
    CHECK(error_of(result).failure == Failure::bad_response);
}

TEST_CASE("client: a body over the limit is not read") {
    ScriptedServer server{{[](Peer& peer) {
        peer.read_request();
        peer.answer(std::string(2000, 'x'));
    }}};
    Driver driver;
    auto request = get(server.url());
    request.body_limit = 1999;
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::too_large);
}

TEST_CASE("client: after a failed answer the connection is not used again") {
    ScriptedServer server{
        {[](Peer& peer) {
             peer.read_request();
             peer.answer(std::string(2000, 'x'));
             peer.wait_for_close();
         },
         answer_ok}};
    Driver driver;
    auto request = get(server.url());
    request.body_limit = 10;
    const auto first = driver.send(std::move(request));
    CHECK(error_of(first).failure == Failure::too_large);
    const auto second = driver.send(get(server.url()));
    CHECK(response_of(second).body == "ok");
}

TEST_CASE("client: the answer to a request refused before its body was read still arrives") {
    ScriptedServer server{{[](Peer& peer) {
        peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
        peer.wait_for_close();
    }}};
    Driver driver;
    auto request = get(server.url());
    request.method = "POST";
    request.body = "small";
    const auto result = driver.send(std::move(request));
    CHECK(response_of(result).status == 413);
}

TEST_CASE("client: a cancelled request ends at once and says that it was sent") {
    Driver driver;
    ScriptedServer server{{[&driver](Peer& peer) {
        peer.read_request();
        driver.cancel();
        peer.wait_for_close();
    }}};
    driver.start(get(server.url()));
    driver.run();
    CHECK(error_of(driver.result()).failure == Failure::cancelled);
    CHECK(error_of(driver.result()).sent);
}

TEST_CASE("client: it may be destroyed while a request is under way") {
    Driver driver;
    ScriptedServer server{{[&driver](Peer& peer) {
        peer.read_request();
        driver.destroy_client();
        peer.wait_for_close();
    }}};
    driver.start(get(server.url()));
    driver.run();
    CHECK(error_of(driver.result()).failure == Failure::cancelled);
}

TEST_CASE("client: it and its loop may be destroyed while a request is under way") {
    std::atomic<bool> asked = false;
    ScriptedServer server{{[&asked](Peer& peer) {
        peer.read_request();
        asked = true;
        asked.notify_all();
        peer.wait_for_close();
    }}};
    {
        Driver driver;
        driver.start(get(server.url()));
        while (!asked) {
            driver.loop().run_one_for(10ms);
        }
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("client: a bad request is refused without a connection") {
    const ScriptedServer server{{}};
    Driver driver;
    auto request = get(server.url());
    request.headers = {{"X", "a\r\nb"}};
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::bad_url);
    CHECK(server.connections() == 0);
}

TEST_CASE("unix socket: the request goes there, with the URL's host in Host") {
    const TemporaryDirectory directory;
    std::string seen;
    const auto path = directory.file("control.sock");
    ScriptedServer server{
        {[&seen](Peer& peer) {
            seen = peer.read_request();
            peer.answer("ok");
        }},
        path};
    Driver driver;
    auto request = get("http://localhost/v1/status");
    request.unix_socket = path;
    const auto result = driver.send(std::move(request));
    CHECK(response_of(result).body == "ok");
    CHECK(seen.starts_with("GET /v1/status HTTP/1.1\r\nHost: localhost\r\n"));
}

TEST_CASE("unix socket: one that does not exist is named in the error") {
    Driver driver;
    auto request = get("http://localhost/");
    request.unix_socket = "/nonexistent/control.sock";
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::connect);
    CHECK(error_of(result).detail.find("/nonexistent/control.sock") != std::string::npos);
}

TEST_CASE("tls: a certificate of the named authority for the right name is accepted") {
    const Authority authority;
    const auto context = authority.serve("DNS:localhost");
    std::string name;
    ScriptedServer server{{[&](Peer& peer) {
        if (peer.start_tls(context)) {
            name = peer.server_name();
            answer_ok(peer);
            answer_ok(peer);
        }
    }}};
    Driver driver;
    auto request = get(server.url("/", "localhost", "https"));
    request.ca_file = authority.file();
    const auto first = driver.send(request);
    CHECK(response_of(first).body == "ok");
    const auto second = driver.send(request);
    CHECK(response_of(second).body == "ok");
    CHECK(name == "localhost");
    CHECK(server.connections() == 1);
}

TEST_CASE("tls: a certificate of an unknown authority is refused, and nothing is sent") {
    const Authority authority;
    const auto context = authority.serve("DNS:localhost");
    ScriptedServer server{{tls_ok(context)}};
    Driver driver;
    const auto result = driver.send(get(server.url("/", "localhost", "https")));
    CHECK(error_of(result).failure == Failure::tls);
    CHECK_FALSE(error_of(result).sent);
    CHECK(error_of(result).detail.find("certificate is not accepted") != std::string::npos);
}

TEST_CASE("tls: a certificate for another name is refused") {
    const Authority authority;
    const auto context = authority.serve("DNS:other.example");
    ScriptedServer server{{tls_ok(context)}};
    Driver driver;
    auto request = get(server.url("/", "localhost", "https"));
    request.ca_file = authority.file();
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::tls);
    CHECK(error_of(result).detail.find("ostname mismatch") != std::string::npos);
}

TEST_CASE("tls: a certificate that has expired is refused") {
    const Authority authority;
    const auto context = authority.serve("DNS:localhost", -1);
    ScriptedServer server{{tls_ok(context)}};
    Driver driver;
    auto request = get(server.url("/", "localhost", "https"));
    request.ca_file = authority.file();
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::tls);
    CHECK(error_of(result).detail.find("expired") != std::string::npos);
}

TEST_CASE("tls: an address is checked against the certificate's addresses") {
    const Authority authority;
    const auto right = authority.serve("IP:127.0.0.1");
    const auto wrong = authority.serve("IP:127.0.0.2,DNS:127.0.0.1");
    ScriptedServer server{{tls_ok(right), tls_ok(wrong)}};
    Driver driver;
    auto request = get(server.url("/", "127.0.0.1", "https"));
    request.ca_file = authority.file();
    const auto accepted = driver.send(request);
    CHECK(response_of(accepted).body == "ok");
    const auto refused = driver.send(request);
    CHECK(error_of(refused).failure == Failure::tls);
}

TEST_CASE("tls: a server that never shakes hands costs no more than the deadline") {
    ScriptedServer server{{[](Peer& peer) { peer.wait_for_close(); }}};
    Driver driver;
    auto request = get(server.url("/", "127.0.0.1", "https"));
    request.timeout = 100ms;
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::timeout);
    CHECK_FALSE(error_of(result).sent);
}

TEST_CASE("tls: a server that does not speak TLS is a TLS failure") {
    ScriptedServer server{{[](Peer& peer) { peer.answer("plain"); }}};
    Driver driver;
    const auto result = driver.send(get(server.url("/", "127.0.0.1", "https")));
    CHECK(error_of(result).failure == Failure::tls);
}

TEST_CASE("tls: an answer that ends without TLS's own end mark may have been cut, so is refused") {
    const Authority authority;
    const auto context = authority.serve("DNS:localhost");
    ScriptedServer server{{[&](Peer& peer) {
        if (peer.start_tls(context)) {
            peer.read_request();
            peer.write("HTTP/1.1 200 OK\r\n\r\nhalf of the truth");
            peer.close();
        }
    }}};
    Driver driver;
    auto request = get(server.url("/", "localhost", "https"));
    request.ca_file = authority.file();
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::reset);
}

TEST_CASE("tls: a ca_file that cannot be read is named") {
    ScriptedServer server{{[](Peer& peer) { peer.wait_for_close(); }}};
    Driver driver;
    auto request = get(server.url("/", "127.0.0.1", "https"));
    request.ca_file = "/nonexistent/ca.pem";
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::tls);
    CHECK(error_of(result).detail.find("/nonexistent/ca.pem") != std::string::npos);
}

TEST_CASE("proxy: https goes through its tunnel, with the target's certificate checked") {
    const Authority authority;
    const auto context = authority.serve("DNS:console.vast.example");
    std::string asked;
    ScriptedServer proxy{{[&](Peer& peer) {
        asked = peer.read_request();
        peer.write("HTTP/1.1 200 Connection established\r\n\r\n");
        if (peer.start_tls(context)) {
            answer_ok(peer);
        }
    }}};
    Driver driver{ProxySettings{proxy.url("", "me:hidden@127.0.0.1"), ""}};
    auto request = get("https://console.vast.example/x");
    request.ca_file = authority.file();
    const auto result = driver.send(std::move(request));
    CHECK(response_of(result).body == "ok");
    CHECK(asked.starts_with("CONNECT console.vast.example:443 HTTP/1.1\r\n"));
    CHECK(asked.find("\r\nProxy-Authorization: Basic bWU6aGlkZGVu\r\n") != std::string::npos);
}

TEST_CASE("proxy: its refusal is told with the status and without the password") {
    ScriptedServer proxy{{[](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nwhat");
    }}};
    Driver driver{ProxySettings{proxy.url("", "me:hidden@127.0.0.1"), ""}};
    const auto result = driver.send(get("https://console.vast.example/"));
    CHECK(error_of(result).failure == Failure::proxy);
    CHECK_FALSE(error_of(result).sent);
    CHECK(error_of(result).detail.find("407") != std::string::npos);
    CHECK(error_of(result).detail.find("hidden") == std::string::npos);
}

TEST_CASE("proxy: one that talks nonsense is a proxy failure") {
    ScriptedServer proxy{{[](Peer& peer) { peer.write("nonsense\r\n\r\n"); }}};
    Driver driver{ProxySettings{proxy.url("", "127.0.0.1"), ""}};
    const auto result = driver.send(get("https://console.vast.example/"));
    CHECK(error_of(result).failure == Failure::proxy);
}

TEST_CASE("proxy: a silent one costs no more than the deadline") {
    ScriptedServer proxy{{[](Peer& peer) { peer.wait_for_close(); }}};
    Driver driver{ProxySettings{proxy.url("", "127.0.0.1"), ""}};
    auto request = get("https://console.vast.example/");
    request.timeout = 100ms;
    const auto result = driver.send(std::move(request));
    CHECK(error_of(result).failure == Failure::timeout);
    CHECK_FALSE(error_of(result).sent);
}

TEST_CASE("proxy: plain http and the hosts of NO_PROXY do not use it") {
    const ScriptedServer proxy{{}};
    const Authority authority;
    const auto context = authority.serve("DNS:localhost");
    ScriptedServer server{{answer_ok, tls_ok(context)}};
    Driver driver{ProxySettings{proxy.url("", "127.0.0.1"), "localhost"}};
    const auto plain = driver.send(get(server.url()));
    CHECK(response_of(plain).body == "ok");
    auto request = get(server.url("/", "localhost", "https"));
    request.ca_file = authority.file();
    const auto excepted = driver.send(std::move(request));
    CHECK(response_of(excepted).body == "ok");
    CHECK(proxy.connections() == 0);
}
