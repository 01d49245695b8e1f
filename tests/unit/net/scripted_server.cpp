#include "scripted_server.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

namespace vastwatch::net::test {

Peer::Peer(int descriptor) : descriptor_(descriptor) {
    timeval limit{};
    limit.tv_sec = 10;
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

Peer::~Peer() {
    close();
}

bool Peer::start_tls(const ServerContext& context) {
    tls_.reset(SSL_new(context.get()));
    SSL_set_fd(tls_.get(), descriptor_);
    return SSL_accept(tls_.get()) == 1;
}

std::string Peer::server_name() const {
    const char* name = SSL_get_servername(tls_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
}

bool Peer::read_more() {
    std::array<char, 4096> buffer{};
    const auto size = tls_ ? SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()))
                           : static_cast<int>(recv(descriptor_, buffer.data(), buffer.size(), 0));
    if (size <= 0) {
        return false;
    }
    arrived_.append(buffer.data(), static_cast<std::size_t>(size));
    return true;
}

std::string Peer::read_request() {
    auto head = arrived_.find("\r\n\r\n");
    while (head == std::string::npos) {
        if (!read_more()) {
            return {};
        }
        head = arrived_.find("\r\n\r\n");
    }
    auto size = head + 4;
    const auto length = arrived_.find("Content-Length: ");
    if (length < head) {
        size += std::stoul(arrived_.substr(length + 16));
    }
    while (arrived_.size() < size) {
        if (!read_more()) {
            return {};
        }
    }
    auto request = arrived_.substr(0, size);
    arrived_.erase(0, size);
    return request;
}

void Peer::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto size =
            tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                 : static_cast<int>(send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
        if (size <= 0) {
            return;
        }
        bytes.remove_prefix(static_cast<std::size_t>(size));
    }
}

void Peer::answer(std::string_view body) {
    write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
}

void Peer::wait_for_close() {
    while (read_more()) {
    }
}

void Peer::reset() {
    const linger hard{1, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close();
}

void Peer::close() {
    if (descriptor_ >= 0) {
        ::close(std::exchange(descriptor_, -1));
    }
}

namespace {

template <class Address>
int listen_at(int family, const Address& address) {
    const int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(listener >= 0);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    REQUIRE(bind(listener, generic, sizeof(address)) == 0);
    REQUIRE(listen(listener, 16) == 0);
    return listener;
}

}  // namespace

ScriptedServer::ScriptedServer(std::vector<Script> scripts, const std::string& unix_path)
    : scripts_(std::move(scripts)) {
    if (unix_path.empty()) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        listener_ = listen_at(AF_INET, address);
        socklen_t size = sizeof(address);
        REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
    } else {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        REQUIRE(unix_path.size() < sizeof(address.sun_path));
        std::memcpy(&address.sun_path, unix_path.data(), unix_path.size());
        listener_ = listen_at(AF_UNIX, address);
    }
    thread_ = std::thread{[this] { serve(); }};
}

ScriptedServer::~ScriptedServer() {
    ending_ = true;
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
}

std::string ScriptedServer::url(
    const std::string& path,
    const std::string& host,
    const std::string& scheme) const {
    return fmt::format("{}://{}:{}{}", scheme, host, port_, path);
}

void ScriptedServer::serve() {
    while (!ending_) {
        const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0) {
            return;
        }
        Peer peer{descriptor};
        const auto index = static_cast<std::size_t>(connections_++);
        if (index < scripts_.size()) {
            scripts_[index](peer);
        }
    }
}

}  // namespace vastwatch::net::test
