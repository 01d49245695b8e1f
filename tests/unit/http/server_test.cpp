// The server over real sockets: it runs on a thread of its own, the clients below block.
#include "http/server.hpp"

#include "runtime/memory_log.hpp"
#include "runtime/system_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <doctest/doctest.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace http = vastwatch::http;
namespace runtime = vastwatch::runtime;

namespace {

/// Answers with what it was asked, unless the path says otherwise.
class TestHandler final : public http::Handler {
  public:
    explicit TestHandler(runtime::Clock& clock) : clock_(clock) {}

    asio::awaitable<http::Response> handle(http::Request request) override {
        if (request.path == "/slow") {
            co_await clock_.sleep_for(slow);
        }
        if (request.path == "/hang") {
            co_await clock_.sleep_for(forever);
        }
        if (request.path == "/throw") {
            throw std::runtime_error{"the handler has a bug"};
        }
        http::Response response;
        response.content_type = "text/plain; charset=utf-8";
        response.body = request.method + " " + request.path + " " + request.actor +
                        (request.control ? " control " : " read-only ") + request.body;
        if (request.path == "/big") {
            response.body.assign(std::size_t{8} * 1024 * 1024, 'x');
        }
        co_return response;
    }

  private:
    static constexpr vastwatch::Duration slow = std::chrono::milliseconds{200};
    static constexpr vastwatch::Duration forever = std::chrono::hours{1};
    runtime::Clock& clock_;
};

/// A server and the thread it runs on.
class Running {
  public:
    explicit Running(http::Limits limits, const std::string& unix_path = {})
        : clock_(loop_), handler_(clock_) {
        auto listening =
            unix_path.empty()
                ? http::listen_tcp(loop_, clock_, log_, handler_, limits, {"127.0.0.1", 0})
                : http::listen_unix(loop_, clock_, log_, handler_, limits, unix_path);
        if (const auto* error = std::get_if<http::ServerError>(&listening)) {
            throw std::runtime_error{error->message};
        }
        server_ = std::move(std::get<std::unique_ptr<http::Server>>(listening));
        asio::co_spawn(
            loop_,
            server_->run(),
            asio::bind_cancellation_slot(signal_.slot(), [this](std::exception_ptr error) {
                ended_.set_value(error == nullptr);
            }));
        thread_ = std::thread{[this] { loop_.run(); }};
    }

    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    ~Running() {
        stop();
        loop_.stop();
        thread_.join();
    }

    /// Cancels the server.
    void begin_stop() {
        if (!stopping_) {
            stopping_ = true;
            asio::post(loop_, [this] { signal_.emit(asio::cancellation_type::terminal); });
        }
    }

    /// Cancels the server and waits for its end: true when it ended without an exception.
    bool stop() {
        if (stopped_) {
            return true;
        }
        begin_stop();
        stopped_ = true;
        return ended_.get_future().get();
    }

    std::uint16_t port() const { return server_->port(); }

  private:
    asio::io_context loop_{1};
    runtime::SystemClock clock_;
    runtime::MemoryLog log_;
    TestHandler handler_;
    asio::cancellation_signal signal_;
    std::promise<bool> ended_;
    std::unique_ptr<http::Server> server_;
    std::thread thread_;
    bool stopping_ = false;
    bool stopped_ = false;
};

/// A client that blocks, but for ten seconds at most.
class Client {
  public:
    explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connect(&address, sizeof(address));
    }

    explicit Client(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        connect(&address, sizeof(address));
    }

    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    ~Client() { ::close(socket_); }

    void send(std::string_view text) const {
        while (!text.empty()) {
            const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return;
            }
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    /// More of what the server sends: empty at the end, or when nothing came in time.
    std::string receive() const {
        std::vector<char> buffer(65536);
        const auto count = ::recv(socket_, buffer.data(), buffer.size(), 0);
        return count > 0 ? std::string(buffer.data(), static_cast<std::size_t>(count)) : "";
    }

    /// Everything until the server closes.
    std::string rest() const {
        std::string all;
        for (auto more = receive(); !more.empty(); more = receive()) {
            all += more;
        }
        return all;
    }

    /// Up to and with `end`, or less when the server closes before.
    std::string until(std::string_view end) const {
        std::string all;
        while (all.find(end) == std::string::npos) {
            const auto more = receive();
            if (more.empty()) {
                break;
            }
            all += more;
        }
        return all;
    }

    /// Waits until the server has read everything that was sent; over a Unix socket only.
    void wait_until_read() const {
        int unread = 1;
        while (unread > 0 && ::ioctl(socket_, SIOCOUTQ, &unread) == 0) {
            std::this_thread::yield();
        }
    }

  private:
    void connect(const void* address, socklen_t size) const {
        timeval limit{};
        limit.tv_sec = 10;
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        if (::connect(socket_, static_cast<const sockaddr*>(address), size) != 0) {
            throw std::runtime_error{"the client cannot connect"};
        }
    }

    int socket_;
};

/// Nobody listens on the port, or ten seconds are over.
bool becomes_deaf(std::uint16_t port) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    try {
        while (std::chrono::steady_clock::now() < limit) {
            const Client stranger{port};
        }
        return false;
    } catch (const std::runtime_error&) {
        return true;
    }
}

std::string ask(std::uint16_t port, std::string_view request) {
    const Client client{port};
    client.send(request);
    return client.rest();
}

/// A directory of its own for socket files.
class Directory {
  public:
    Directory() {
        std::string name = "/tmp/vastwatch-http-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error{"no directory for sockets"};
        }
        path_ = name;
    }

    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    ~Directory() { std::filesystem::remove_all(path_); }

    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

/// Leaves a socket file that nobody listens on, as a killed daemon does.
void leave_stale_socket(const std::string& path) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const void* generic = &address;
    REQUIRE(::bind(socket, static_cast<const sockaddr*>(generic), sizeof(address)) == 0);
    ::close(socket);
}

constexpr std::string_view get_and_close =
    "GET /hello?x=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

std::string status_line(const std::string& answer) {
    return answer.substr(0, answer.find("\r\n"));
}

bool has_header(const std::string& answer, std::string_view header) {
    return answer.find("\r\n" + std::string{header} + "\r\n") != std::string::npos;
}

std::string body_of(const std::string& answer) {
    const auto end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
}

/// Asks again while the server has no room; what it says last.
std::string ask_until_served(std::uint16_t port) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    std::string answer;
    while (!answer.starts_with("HTTP/1.1 200") && std::chrono::steady_clock::now() < limit) {
        answer = ask(port, get_and_close);
    }
    return answer;
}

http::Limits quick() {
    http::Limits limits;
    limits.read_timeout = std::chrono::milliseconds{150};
    limits.idle_timeout = std::chrono::milliseconds{150};
    return limits;
}

}  // namespace

TEST_CASE("a request over TCP reaches the handler as read-only") {
    const Running server{{}};
    const auto answer = ask(server.port(), get_and_close);
    CHECK(status_line(answer) == "HTTP/1.1 200 OK");
    CHECK(body_of(answer) == "GET /hello tcp read-only ");
}

TEST_CASE("every answer forbids sniffing, framing, caching and referrers") {
    const Running server{{}};
    const auto answer = ask(server.port(), get_and_close);
    CHECK(has_header(answer, "X-Content-Type-Options: nosniff"));
    CHECK(has_header(answer, "X-Frame-Options: DENY"));
    CHECK(has_header(answer, "Referrer-Policy: no-referrer"));
    CHECK(has_header(answer, "Cache-Control: no-store"));
    CHECK(
        has_header(answer, "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'"));
    CHECK(answer.find("Access-Control") == std::string::npos);
}

TEST_CASE("HEAD gets the length but not the body") {
    const Running server{{}};
    const auto answer =
        ask(server.port(), "HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(status_line(answer) == "HTTP/1.1 200 OK");
    CHECK(has_header(answer, "Content-Length: 26"));
    CHECK(body_of(answer).empty());
}

TEST_CASE("a connection is kept for the next request") {
    const Running server{{}};
    const Client client{server.port()};
    client.send("GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.until("GET /one tcp read-only ").find("200 OK") != std::string::npos);
    client.send("GET /two HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.until("GET /two tcp read-only ").find("200 OK") != std::string::npos);
}

TEST_CASE("an HTTP/1.0 client is answered and its connection closed") {
    const Running server{{}};
    CHECK(body_of(ask(server.port(), "GET /old HTTP/1.0\r\n\r\n")) == "GET /old tcp read-only ");
}

TEST_CASE("requests sent at once are answered in order") {
    const Running server{{}};
    std::string requests;
    for (const auto* path : {"/slow", "/b", "/c"}) {
        requests += std::string{"GET "} + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }
    requests += get_and_close;
    const auto answers = ask(server.port(), requests);
    const auto slow = answers.find("GET /slow");
    const auto b = answers.find("GET /b");
    const auto c = answers.find("GET /c");
    const auto last = answers.find("GET /hello");
    REQUIRE(last != std::string::npos);
    CHECK(slow < b);
    CHECK(b < c);
    CHECK(c < last);
}

TEST_CASE("a body with its length, and one in chunks, reach the handler") {
    const Running server{{}};
    const auto plain =
        ask(server.port(),
            "POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(body_of(plain) == "POST /p tcp read-only hello");
    const auto chunked =
        ask(server.port(),
            "POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
    CHECK(body_of(chunked) == "POST /p tcp read-only hello");
}

TEST_CASE("an empty body in chunks may end in several pieces") {
    const Directory directory;
    const auto path = directory / "control.sock";
    const Running server{{}, path};
    const Client client{path};
    client.send("POST /p HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
    client.wait_until_read();
    client.send("\r");
    client.wait_until_read();
    client.send("\n");
    CHECK(status_line(client.rest()) == "HTTP/1.1 200 OK");
}

TEST_CASE("a client that expects to be asked for its body is asked") {
    const Running server{{}};
    const Client client{server.port()};
    client.send(
        "POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n"
        "Expect: 100-continue\r\n\r\n");
    CHECK(client.until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    CHECK(body_of(client.rest()) == "POST /p tcp read-only hello");
}

TEST_CASE("what is not HTTP gets 400 and is closed") {
    const Running server{{}};
    for (const std::string_view bad :
         {"garbage\r\n\r\n",
          "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
          "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
          "GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n",
          "GET / HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
        CAPTURE(bad);
        CHECK(status_line(ask(server.port(), bad)) == "HTTP/1.1 400 Bad Request");
    }
}

TEST_CASE("a request with two opinions about its length is not believed") {
    const Running server{{}};
    const auto answer =
        ask(server.port(),
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(status_line(answer) == "HTTP/1.1 400 Bad Request");
    CHECK(answer.find("/smuggled") == std::string::npos);
}

TEST_CASE("an oversized header gets 431") {
    const Running server{{}};
    const auto answer =
        ask(server.port(),
            "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(20 * 1024, 'a') + "\r\n\r\n");
    CHECK(status_line(answer).starts_with("HTTP/1.1 431 "));
}

TEST_CASE("an endless header is cut off with 431") {
    const Running server{{}};
    const auto answer = ask(server.port(), "GET /" + std::string(100 * 1024, 'a'));
    CHECK(status_line(answer).starts_with("HTTP/1.1 431 "));
}

TEST_CASE("an oversized body gets 413 before it is read") {
    const Running server{{}};
    const auto answer =
        ask(server.port(), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nabc");
    CHECK(status_line(answer).starts_with("HTTP/1.1 413 "));
}

TEST_CASE("a body in chunks that grows over the limit gets 413") {
    const Running server{{}};
    std::string request = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 40; ++i) {
        request += "800\r\n" + std::string(0x800, 'b') + "\r\n";
    }
    CHECK(status_line(ask(server.port(), request)).starts_with("HTTP/1.1 413 "));
}

TEST_CASE("a request that never ends gets 408 and is closed") {
    const Running server{quick()};
    CHECK(status_line(ask(server.port(), "GET / HTTP/1.1\r\nHo")).starts_with("HTTP/1.1 408 "));
    CHECK(status_line(
              ask(server.port(), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"))
              .starts_with("HTTP/1.1 408 "));
}

TEST_CASE("a request that trickles in is cut off at the limit for the whole of it") {
    auto limits = quick();
    limits.read_timeout = std::chrono::milliseconds{300};
    const Running server{limits};
    const Client client{server.port()};
    const auto begin = std::chrono::steady_clock::now();
    std::atomic<bool> done{false};
    std::thread trickle{[&] {
        client.send("GET / HTTP/1.1\r\n");
        while (!done) {
            client.send("X-A: b\r\n");
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    }};
    const auto answer = client.until("\r\n\r\n");
    const auto took = std::chrono::steady_clock::now() - begin;
    done = true;
    trickle.join();
    CHECK(status_line(answer).starts_with("HTTP/1.1 408 "));
    CHECK(took < std::chrono::seconds{5});
}

TEST_CASE("a connection that says nothing is closed without a word") {
    const Running server{quick()};
    CHECK(Client{server.port()}.rest().empty());
}

TEST_CASE("a kept connection is closed when it stays idle") {
    const Running server{quick()};
    const auto answer = ask(server.port(), "GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(body_of(answer) == "GET /one tcp read-only ");
}

TEST_CASE("a handler that throws gives 500 and not the reason") {
    const Running server{{}};
    const auto answer =
        ask(server.port(), "GET /throw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(status_line(answer) == "HTTP/1.1 500 Internal Server Error");
    CHECK(answer.find("bug") == std::string::npos);
}

TEST_CASE("a large answer arrives whole") {
    const Running server{{}};
    const auto answer =
        ask(server.port(), "GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(body_of(answer).size() == std::size_t{8} * 1024 * 1024);
}

TEST_CASE("a client that does not read its answer is cut off") {
    http::Limits limits;
    limits.write_timeout = std::chrono::milliseconds{150};
    limits.connections = 1;
    const Running server{limits};
    const Client client{server.port()};
    client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    // There is room for another connection only once this one was given up.
    const auto answer = ask_until_served(server.port());
    CHECK(status_line(answer) == "HTTP/1.1 200 OK");
    CHECK(client.rest().size() < std::size_t{8} * 1024 * 1024);
}

TEST_CASE("connections over the limit are told 503, and served again once there is room") {
    http::Limits limits;
    limits.connections = 2;
    const Running server{limits};
    {
        const Client first{server.port()};
        const Client second{server.port()};
        // An answer shows that both were accepted.
        for (const auto* client : {&first, &second}) {
            client->send("GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n");
            CHECK(client->until("GET /one tcp").find("200 OK") != std::string::npos);
        }
        const auto answer = ask(server.port(), get_and_close);
        CHECK(status_line(answer) == "HTTP/1.1 503 Service Unavailable");
        CHECK(has_header(answer, "Connection: close"));
    }
    CHECK(status_line(ask_until_served(server.port())) == "HTTP/1.1 200 OK");
}

TEST_CASE("two hundred connections at once are all served") {
    const Running server{{}};
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 200; ++i) {
        clients.push_back(std::make_unique<Client>(server.port()));
    }
    for (const auto& client : clients) {
        client->send(get_and_close);
    }
    std::size_t served = 0;
    for (const auto& client : clients) {
        served += client->rest().starts_with("HTTP/1.1 200") ? 1U : 0U;
    }
    CHECK(served == 200);
}

TEST_CASE("a server that stops lets an answer under way finish and closes idle connections") {
    Running server{{}};
    const Client idle{server.port()};
    const Client busy{server.port()};
    idle.send("GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(idle.until("GET /one tcp read-only ").find("200 OK") != std::string::npos);
    // The first answer shows that the second request, in the same bytes, has been read.
    busy.send(
        "GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(busy.until("GET /first tcp read-only ").find("200 OK") != std::string::npos);
    CHECK(server.stop());
    CHECK(idle.rest().empty());
    const auto answer = busy.rest();
    CHECK(has_header(answer, "Connection: close"));
    CHECK(body_of(answer) == "GET /slow tcp read-only ");
}

TEST_CASE("a server that stops still answers who had connected and not asked yet") {
    Running server{{}};
    const Client newcomer{server.port()};
    // Served in the order they came: the newcomer was let in when this one is answered.
    CHECK(status_line(ask(server.port(), get_and_close)) == "HTTP/1.1 200 OK");
    server.begin_stop();
    REQUIRE(becomes_deaf(server.port()));
    newcomer.send(get_and_close);
    CHECK(status_line(newcomer.rest()) == "HTTP/1.1 200 OK");
    CHECK(server.stop());
}

TEST_CASE("a server that stops waits a second for who connects and asks nothing") {
    Running server{{}};
    const Client silent{server.port()};
    CHECK(status_line(ask(server.port(), get_and_close)) == "HTTP/1.1 200 OK");
    const auto begin = std::chrono::steady_clock::now();
    CHECK(server.stop());
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{2});
    CHECK(silent.rest().empty());
}

TEST_CASE("a server that stops waits two seconds for what hangs, not longer") {
    Running server{{}};
    const Client client{server.port()};
    client.send(
        "GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.until("GET /first tcp read-only ").find("200 OK") != std::string::npos);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(server.stop());
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK(took < std::chrono::seconds{4});
    CHECK(client.rest().empty());
}

TEST_CASE("an address in use is an error that names it") {
    const Running server{{}};
    asio::io_context loop{1};
    runtime::SystemClock clock{loop};
    runtime::MemoryLog log;
    TestHandler handler{clock};
    const auto listening =
        http::listen_tcp(loop, clock, log, handler, {}, {"127.0.0.1", server.port()});
    const auto* error = std::get_if<http::ServerError>(&listening);
    REQUIRE(error != nullptr);
    CHECK(
        error->message ==
        "cannot listen on 127.0.0.1:" + std::to_string(server.port()) + ": Address already in use");
}

TEST_CASE("a host name is no address to listen on") {
    asio::io_context loop{1};
    runtime::SystemClock clock{loop};
    runtime::MemoryLog log;
    TestHandler handler{clock};
    const auto listening = http::listen_tcp(loop, clock, log, handler, {}, {"example.com", 0});
    CHECK(std::holds_alternative<http::ServerError>(listening));
}

TEST_CASE("a request over the Unix socket is control and carries the peer's uid") {
    const Directory directory;
    const auto path = directory / "control.sock";
    const Running server{{}, path};
    const Client client{path};
    client.send("POST /poll HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    CHECK(body_of(client.rest()) == "POST /poll uid:" + std::to_string(::getuid()) + " control ");
}

TEST_CASE("the Unix socket is for its owner and group only") {
    const Directory directory;
    const auto path = directory / "control.sock";
    const Running server{{}, path};
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0660U);
}

TEST_CASE("a stale socket file is replaced, and ours is removed at the end") {
    const Directory directory;
    const auto path = directory / "control.sock";
    leave_stale_socket(path);
    {
        const Running server{{}, path};
        const Client client{path};
        client.send(get_and_close);
        CHECK(status_line(client.rest()) == "HTTP/1.1 200 OK");
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a socket that somebody listens on is left alone") {
    const Directory directory;
    const auto path = directory / "control.sock";
    const Running server{{}, path};
    CHECK_THROWS_WITH_AS(
        (Running{{}, path}),
        ("cannot listen on " + path + ": another process is listening there").c_str(),
        std::runtime_error);
    const Client client{path};
    client.send(get_and_close);
    CHECK(status_line(client.rest()) == "HTTP/1.1 200 OK");
}

TEST_CASE("a file that is not a socket is left alone") {
    const Directory directory;
    const auto path = directory / "control.sock";
    std::ofstream{path} << "precious";
    CHECK_THROWS_AS((Running{{}, path}), std::runtime_error);
    std::ifstream file{path};
    std::string text;
    file >> text;
    CHECK(text == "precious");
}

TEST_CASE("a socket path that is too long is an error") {
    const Directory directory;
    CHECK_THROWS_AS((Running{{}, directory / std::string(100, 'x')}), std::runtime_error);
}
