#include "net/response_reader.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

namespace {

using vastwatch::net::Failure;
using vastwatch::net::ResponseReader;
using Progress = ResponseReader::Progress;

constexpr std::size_t limit = 1000;

}  // namespace

TEST_CASE("response: status, headers and body are read, whatever the bytes are cut into") {
    const std::string bytes =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 5\r\n\r\nhello";
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        ResponseReader reader{false, limit};
        REQUIRE(reader.feed(std::string_view{bytes}.substr(0, cut)) == Progress::more);
        REQUIRE(reader.feed(std::string_view{bytes}.substr(cut)) == Progress::done);
        REQUIRE(reader.keep_alive());
        const auto response = reader.take();
        CHECK(response.status == 429);
        CHECK(response.header("retry-after") == "3");
        CHECK(response.body == "hello");
    }
}

TEST_CASE("response: a chunked body is put together, byte by byte if need be") {
    ResponseReader reader{false, limit};
    auto progress = Progress::more;
    const std::string_view bytes =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: 1\r\n\r\n";
    for (const char byte : bytes) {
        REQUIRE(progress == Progress::more);
        progress = reader.feed(std::string_view{&byte, 1});
    }
    REQUIRE(progress == Progress::done);
    CHECK(reader.take().body == "abcdefg");
}

TEST_CASE("response: an empty chunked body is read, whatever its end is cut into") {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    ResponseReader reader{false, limit};
    REQUIRE(reader.feed(head + "0\r\n") == Progress::more);
    REQUIRE(reader.feed("\r") == Progress::more);
    REQUIRE(reader.feed("\n") == Progress::done);
    CHECK(reader.take().body == "");
}

TEST_CASE("response: a chunk's head or trailer without an end is refused, not kept for ever") {
    for (const std::string_view beginning : {"5;name=", "0\r\nTrailer: ", "0\r\nA: b\r\n"}) {
        CAPTURE(beginning);
        ResponseReader reader{false, limit};
        auto progress = reader.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        REQUIRE(progress == Progress::more);
        progress = reader.feed(beginning);
        const std::string field = "B: " + std::string(1019, 'x') + "\r\n";
        const std::string more = beginning.ends_with('\n') ? field : std::string(1024, 'x');
        std::size_t fed = 0;
        for (; progress == Progress::more && fed < 1024; ++fed) {
            progress = reader.feed(more);
        }
        CHECK(progress == Progress::failed);
        CHECK(fed < 100);
        CHECK(reader.failure() == Failure::bad_response);
    }
}

TEST_CASE("response: an interim answer is skipped") {
    ResponseReader reader{false, limit};
    CHECK(
        reader.feed("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n") ==
        Progress::done);
    CHECK(reader.take().status == 204);
}

TEST_CASE("response: endless interim answers are refused") {
    ResponseReader reader{false, limit};
    auto progress = Progress::more;
    for (int round = 0; round < 100 && progress == Progress::more; ++round) {
        progress = reader.feed("HTTP/1.1 100 Continue\r\n\r\n");
    }
    CHECK(progress == Progress::failed);
}

TEST_CASE("response: a switch of protocols is refused") {
    ResponseReader reader{false, limit};
    CHECK(reader.feed("HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n") == Progress::failed);
    CHECK(reader.failure() == Failure::bad_response);
}

TEST_CASE("response: the answer to HEAD has no body, whatever its length says") {
    ResponseReader reader{true, limit};
    CHECK(reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n") == Progress::done);
}

TEST_CASE("response: a body without length ends with the connection, which is not used again") {
    ResponseReader reader{false, limit};
    CHECK(reader.feed("HTTP/1.1 200 OK\r\n\r\nabc") == Progress::more);
    CHECK(reader.end() == Progress::done);
    CHECK_FALSE(reader.keep_alive());
    CHECK(reader.take().body == "abc");
}

TEST_CASE("response: an end in the middle of a body is a break, not an answer") {
    ResponseReader reader{false, limit};
    reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc");
    CHECK(reader.end() == Progress::failed);
    CHECK(reader.failure() == Failure::reset);
}

TEST_CASE("response: an end in the middle of a chunk is a break, too") {
    ResponseReader reader{false, limit};
    reader.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc");
    CHECK(reader.end() == Progress::failed);
    CHECK(reader.failure() == Failure::reset);
}

TEST_CASE("response: an end before the first byte is a break with nothing started") {
    ResponseReader reader{false, limit};
    CHECK(reader.end() == Progress::failed);
    CHECK(reader.failure() == Failure::reset);
    CHECK_FALSE(reader.started());
}

TEST_CASE("response: an end in the middle of the header is a break") {
    ResponseReader reader{false, limit};
    reader.feed("HTTP/1.1 200 OK\r\nConte");
    CHECK(reader.end() == Progress::failed);
    CHECK(reader.failure() == Failure::reset);
}

TEST_CASE("response: a length over the limit is refused before the body comes") {
    ResponseReader reader{false, limit};
    CHECK(reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n") == Progress::failed);
    CHECK(reader.failure() == Failure::too_large);
}

TEST_CASE("response: a chunked body is cut off at the limit") {
    ResponseReader reader{false, limit};
    auto progress = reader.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int round = 0; round < 11 && progress == Progress::more; ++round) {
        progress = reader.feed(fmt::format("64\r\n{}\r\n", std::string(100, 'x')));
    }
    CHECK(progress == Progress::failed);
    CHECK(reader.failure() == Failure::too_large);
}

TEST_CASE("response: a body up to its limit is accepted") {
    ResponseReader reader{false, limit};
    CHECK(
        reader.feed(fmt::format(
            "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}", std::string(1000, 'x'))) ==
        Progress::done);
}

TEST_CASE("response: a header section without end is refused") {
    ResponseReader reader{false, limit};
    auto progress = reader.feed("HTTP/1.1 200 OK\r\n");
    for (int round = 0; round < 1000 && progress == Progress::more; ++round) {
        progress = reader.feed(fmt::format("X-{}: {}\r\n", round, std::string(100, 'x')));
    }
    CHECK(progress == Progress::failed);
    CHECK(reader.failure() == Failure::bad_response);
}

TEST_CASE("response: what is not HTTP is refused") {
    for (const auto* bytes :
         {"SSH-2.0-OpenSSH_9.2\r\n\r\n",
          "<html>\r\n\r\n",
          "HTTP/9.9 200 OK\r\n\r\n",
          "HTTP/1.1 2x0 OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        ResponseReader reader{false, limit};
        CHECK_MESSAGE(reader.feed(bytes) == Progress::failed, std::string{bytes});
        CHECK_MESSAGE(reader.failure() == Failure::bad_response, std::string{bytes});
    }
}

TEST_CASE("response: bytes after the answer mean that the connection is not used again") {
    ResponseReader reader{false, limit};
    CHECK(
        reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n") ==
        Progress::done);
    CHECK(reader.has_surplus());
    CHECK_FALSE(reader.keep_alive());
}

TEST_CASE("response: Connection: close is obeyed") {
    ResponseReader reader{false, limit};
    CHECK(
        reader.feed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") ==
        Progress::done);
    CHECK_FALSE(reader.keep_alive());
}
