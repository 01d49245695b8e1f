#include "runtime/inherited_sockets.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

namespace {

namespace rt = vastwatch::runtime;

void give(const std::string& process, const std::string& count) {
    setenv("LISTEN_PID", process.c_str(), 1);
    setenv("LISTEN_FDS", count.c_str(), 1);
}

}  // namespace

TEST_CASE("inherited sockets: none without the variables") {
    CHECK(rt::inherited_sockets().empty());
}

TEST_CASE("inherited sockets: those of another process are not taken") {
    give(fmt::format("{}", getpid() + 1), "1");
    CHECK(rt::inherited_sockets().empty());
}

TEST_CASE("inherited sockets: a second look finds nothing, and neither would a child") {
    give(fmt::format("{}", getpid()), "0");
    CHECK(rt::inherited_sockets().empty());
    CHECK(std::getenv("LISTEN_FDS") == nullptr);
    CHECK(std::getenv("LISTEN_PID") == nullptr);
}
