// A server that does what a test wrote down, connection by connection, on a thread of its own: also
// what no decent server would do.
#pragma once

#include "certificates.hpp"

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace vastwatch::net::test {

/// One accepted connection. Reads give up after 10 s, so that no test hangs.
class Peer {
  public:
    explicit Peer(int descriptor);
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// The server's side of the handshake; false when the client breaks it off.
    bool start_tls(const ServerContext& context);
    /// The name that the client asked for in the handshake.
    std::string server_name() const;

    /// The next request with its body; empty when the client has closed.
    std::string read_request();
    void write(std::string_view bytes);
    /// write() of a 200 with that body.
    void answer(std::string_view body);
    /// Returns once the client has closed.
    void wait_for_close();
    /// Ends the connection with RST instead of FIN.
    void reset();
    /// Ends the connection.
    void close();

  private:
    /// Appends what comes; false at the end.
    bool read_more();

    int descriptor_;
    std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, &SSL_free};
    std::string arrived_;
};

class ScriptedServer {
  public:
    using Script = std::function<void(Peer&)>;

    /// The n-th connection is served by the n-th script; further ones are accepted and closed. On
    /// 127.0.0.1, or on `unix_path` when that is not empty.
    explicit ScriptedServer(std::vector<Script> scripts, const std::string& unix_path = {});
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    int port() const { return port_; }

    /// "http://127.0.0.1:port/path"; `host` and `scheme` as wanted.
    std::string url(
        const std::string& path = "/",
        const std::string& host = "127.0.0.1",
        const std::string& scheme = "http") const;

    /// How many connections came so far.
    int connections() const { return connections_; }

  private:
    void serve();

    std::vector<Script> scripts_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<int> connections_ = 0;
    std::atomic<bool> ending_ = false;
    std::thread thread_;
};

}  // namespace vastwatch::net::test
