#include "http/listening_socket.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <variant>

namespace http = vastwatch::http;
using Family = http::ListeningSocket::Family;

TEST_CASE("an inherited socket that listens is taken over, and its port is known") {
    auto opened = http::open_tcp("127.0.0.1", 0);
    auto* made = std::get_if<http::ListeningSocket>(&opened);
    REQUIRE(made != nullptr);
    const auto port = made->port();
    const auto inherited = http::adopt(made->release());
    const auto* socket = std::get_if<http::ListeningSocket>(&inherited);
    REQUIRE(socket != nullptr);
    CHECK(socket->family() == Family::ipv4);
    CHECK(socket->port() == port);
}

TEST_CASE("an inherited descriptor that is no socket is refused, by its number") {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    const auto inherited = http::adopt(ends[0]);
    const auto* error = std::get_if<http::ServerError>(&inherited);
    REQUIRE(error != nullptr);
    CHECK(
        error->message == "cannot listen on inherited descriptor " + std::to_string(ends[0]) +
                              ": it is not a socket that listens");
    close(ends[0]);
    close(ends[1]);
}

TEST_CASE("an inherited socket that does not listen is refused") {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(descriptor >= 0);
    const auto inherited = http::adopt(descriptor);
    CHECK(std::holds_alternative<http::ServerError>(inherited));
    close(descriptor);
}
