#include "net/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <optional>
#include <tuple>

namespace vastwatch::net {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

namespace {

constexpr auto as_value = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::hours longest_context_life{24};

// One socket type for TCP and Unix sockets, so that everything above it is compiled once.
using Socket = asio::generic::stream_protocol::socket;
using TlsStream = ssl::stream<Socket&>;

/// When the file changed last; -1 when it cannot be told.
std::chrono::nanoseconds file_time(const std::string& path) {
    struct stat status{};
    if (path.empty() || stat(path.c_str(), &status) != 0) {
        return std::chrono::nanoseconds{-1};
    }
    return std::chrono::seconds{status.st_mtim.tv_sec} +
           std::chrono::nanoseconds{status.st_mtim.tv_nsec};
}

/// Tells OpenSSL whose certificate it must be; false when it does not take that.
bool expect_host(SSL* handle, const std::string& host) {
    boost::system::error_code not_numeric;
    (void)asio::ip::make_address(host, not_numeric);
    if (!not_numeric) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle), host.c_str()) == 1;
    }
    SSL_set_hostflags(handle, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // SSL_set_tlsext_host_name(), without the macro's C-style cast.
    auto name = host;
    const auto named =
        SSL_ctrl(handle, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    return named == 1 && SSL_set1_host(handle, host.c_str()) == 1;
}

std::string handshake_reason(SSL* handle, const boost::system::error_code& error) {
    const auto verdict = SSL_get_verify_result(handle);
    if (verdict != X509_V_OK) {
        return std::string{"the certificate is not accepted: "} +
               X509_verify_cert_error_string(verdict);
    }
    return "the TLS handshake failed: " + error.message();
}

}  // namespace

class TlsContext {
  public:
    TlsContext() : context(ssl::context::tls_client) {}

    ssl::context context;
};

boost::system::result<std::shared_ptr<TlsContext>> TlsContexts::get(const std::string& ca_file) {
    const auto now = std::chrono::steady_clock::now();
    const auto changed = file_time(ca_file);
    const auto found = entries_.find(ca_file);
    if (found != entries_.end() && found->second.file_time == changed &&
        now - found->second.made < longest_context_life) {
        return found->second.context;
    }
    try {
        auto made = std::make_shared<TlsContext>();
        auto& context = made->context;
        context.set_options(ssl::context::default_workarounds | ssl::context::no_compression);
        if (SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION) != 1) {
            return asio::error::make_error_code(asio::error::operation_not_supported);
        }
        context.set_verify_mode(ssl::verify_peer);
        context.set_default_verify_paths();
        if (!ca_file.empty()) {
            context.load_verify_file(ca_file);
        }
        entries_.insert_or_assign(ca_file, Entry{made, now, changed});
        return made;
    } catch (const boost::system::system_error& error) {
        return error.code();
    }
}

struct Connection::Parts {
    explicit Parts(asio::io_context& loop) : socket(loop) {}

    Socket socket;
    std::shared_ptr<TlsContext> context;
    std::optional<TlsStream> tls;
};

Connection::Connection(asio::io_context& loop) : parts_(std::make_unique<Parts>(loop)) {}

Connection::~Connection() = default;

asio::awaitable<boost::system::error_code> Connection::connect(asio::ip::tcp::endpoint endpoint) {
    const asio::generic::stream_protocol::endpoint generic{endpoint};
    const auto [error] = co_await parts_->socket.async_connect(generic, as_value);
    if (!error) {
        boost::system::error_code ignored;
        parts_->socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
    }
    co_return error;
}

asio::awaitable<boost::system::error_code> Connection::connect_unix(std::string path) {
    const asio::local::stream_protocol::endpoint local{path};
    const asio::generic::stream_protocol::endpoint generic{local};
    const auto [error] = co_await parts_->socket.async_connect(generic, as_value);
    co_return error;
}

asio::awaitable<Handshake> Connection::start_tls(
    std::shared_ptr<TlsContext> context,
    std::string host) {
    Handshake handshake;
    parts_->context = std::move(context);
    auto& tls = parts_->tls.emplace(parts_->socket, parts_->context->context);
    if (!expect_host(tls.native_handle(), host)) {
        handshake.error = asio::error::invalid_argument;
        handshake.reason = "the host name cannot be checked";
        co_return handshake;
    }
    const auto [error] = co_await tls.async_handshake(ssl::stream_base::client, as_value);
    if (error) {
        handshake.error = error;
        handshake.reason = handshake_reason(tls.native_handle(), error);
    }
    co_return handshake;
}

asio::awaitable<boost::system::error_code> Connection::write(std::span<const char> bytes) {
    while (!bytes.empty()) {
        const auto buffer = asio::buffer(bytes.data(), bytes.size());
        std::tuple<boost::system::error_code, std::size_t> outcome;
        if (parts_->tls) {
            outcome = co_await parts_->tls->async_write_some(buffer, as_value);
        } else {
            outcome = co_await parts_->socket.async_write_some(buffer, as_value);
        }
        const auto [error, size] = outcome;
        if (error) {
            co_return error;
        }
        bytes = bytes.subspan(size);
    }
    co_return boost::system::error_code{};
}

asio::awaitable<Received> Connection::read(std::span<char> space) {
    const auto buffer = asio::buffer(space.data(), space.size());
    std::tuple<boost::system::error_code, std::size_t> outcome;
    if (parts_->tls) {
        outcome = co_await parts_->tls->async_read_some(buffer, as_value);
    } else {
        outcome = co_await parts_->socket.async_read_some(buffer, as_value);
    }
    Received received;
    received.error = std::get<0>(outcome);
    if (!received.error) {
        received.size = std::get<1>(outcome);
    }
    co_return received;
}

void Connection::close() {
    boost::system::error_code ignored;
    parts_->socket.close(ignored);
}

bool Connection::is_quiet() {
    std::array<char, 1> byte{};
    const auto got = recv(parts_->socket.native_handle(), byte.data(), 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && errno == EAGAIN;
}

}  // namespace vastwatch::net
