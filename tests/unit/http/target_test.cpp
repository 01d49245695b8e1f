#include "http/target.hpp"

#include <doctest/doctest.h>

#include <string>

using vastwatch::http::parse_target;
using vastwatch::http::percent_encode;

TEST_CASE("a target without a query is its path") {
    const auto target = parse_target("/api/v1/instances/312");
    REQUIRE(target);
    CHECK(target->path == "/api/v1/instances/312");
    CHECK(target->query.empty());
}

TEST_CASE("names and values of a query are decoded, plus signs as spaces") {
    const auto target = parse_target("/spend?team=ml%2Dresearch&note=a+b%2B&flag&empty=");
    REQUIRE(target);
    CHECK(target->query.at("team") == "ml-research");
    CHECK(target->query.at("note") == "a b+");
    CHECK(target->query.at("flag").empty());
    CHECK(target->query.at("empty").empty());
    CHECK(target->query.size() == 4);
}

TEST_CASE("a plus sign in a path is a plus sign") {
    CHECK(parse_target("/a+b").value().path == "/a+b");
}

TEST_CASE("of equal names in a query the last counts") {
    CHECK(parse_target("/?a=1&a=2").value().query.at("a") == "2");
}

TEST_CASE("the absolute form is read like the path in it") {
    CHECK(parse_target("http://localhost:9877/metrics?x=1").value().path == "/metrics");
    CHECK(parse_target("http://localhost:9877").value().path == "/");
}

TEST_CASE("dot segments are not resolved: nothing is reached by way of them") {
    CHECK(parse_target("/metrics/../api").value().path == "/metrics/../api");
    CHECK(parse_target("/%2e%2e/etc").value().path == "/../etc");
}

TEST_CASE("a fragment is no part of the target") {
    CHECK(parse_target("/metrics#top").value().path == "/metrics");
}

TEST_CASE("a target that does not decode is refused") {
    for (const auto* bad :
         {"",
          "metrics",
          "*",
          "/%",
          "/%2",
          "/%zz",
          "/%00",
          "/a%0d%0ab",
          "/%7f",
          "/?a=%0a",
          "/?%1=2",
          "localhost:443"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_target(bad));
    }
}

TEST_CASE("text put into a URL comes back as it was") {
    const std::string text = "a b/c?d&e=f%+\"<>\xc3\xb6\xff-._~";
    CHECK(parse_target("/" + percent_encode(text)).value().path == "/" + text);
    CHECK(parse_target("/?q=" + percent_encode(text)).value().query.at("q") == text);
    CHECK(percent_encode("a b-._~") == "a%20b-._~");
}
