// One connection: TCP or a Unix socket, with or without TLS. Every operation ends early, with an
// error, when close() is called; deadlines are the caller's. Asio's sockets and OpenSSL stay in the
// .cpp. Lives on the loop's thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>

namespace vastwatch::net {

/// Whom to trust: the system's certificates and, if named, those of a file.
class TlsContext;

/// Keeps one context for each ca_file, made again when the file changed or after a day, so that a
/// new certificate store counts without a restart.
class TlsContexts {
  public:
    /// An error when `ca_file` (empty = none) cannot be read or holds no certificate.
    boost::system::result<std::shared_ptr<TlsContext>> get(const std::string& ca_file);

  private:
    struct Entry {
        std::shared_ptr<TlsContext> context;
        std::chrono::steady_clock::time_point made;
        std::chrono::nanoseconds file_time{};
    };

    std::map<std::string, Entry> entries_;
};

/// How a handshake went; `reason` says it for people when `error` is set.
struct Handshake {
    boost::system::error_code error;
    std::string reason;
};

/// What one read gave; `size` is 0 when `error` is set.
struct Received {
    boost::system::error_code error;
    std::size_t size = 0;
};

class Connection {
  public:
    explicit Connection(boost::asio::io_context& loop);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    boost::asio::awaitable<boost::system::error_code> connect(
        boost::asio::ip::tcp::endpoint endpoint);
    boost::asio::awaitable<boost::system::error_code> connect_unix(std::string path);

    /// TLS from here on; the certificate must be trusted, valid and made for `host` (a name or an
    /// address).
    boost::asio::awaitable<Handshake> start_tls(
        std::shared_ptr<TlsContext> context,
        std::string host);

    /// All of `bytes`, which must live until this ends.
    boost::asio::awaitable<boost::system::error_code> write(std::span<const char> bytes);

    /// Some bytes, at least one; asio::error::eof at an orderly end. `buffer` must live until this
    /// ends.
    boost::asio::awaitable<Received> read(std::span<char> buffer);

    /// Ends whatever is under way.
    void close();

    /// True when the other side has neither closed nor sent anything: fit to be used again.
    bool is_quiet();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace vastwatch::net
