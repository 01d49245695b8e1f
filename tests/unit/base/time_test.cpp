#include "base/time.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

namespace vastwatch {
namespace {

using namespace std::chrono_literals;

TEST_CASE("durations are number and unit, in falling order, each unit once") {
    CHECK(parse_duration("90s") == Duration{90s});
    CHECK(parse_duration("2h") == Duration{2h});
    CHECK(parse_duration("1h30m") == Duration{90min});
    CHECK(parse_duration("7d") == Duration{24h * 7});
    CHECK(parse_duration("250ms") == Duration{250ms});
    CHECK(parse_duration("1d2h3m4s5ms") == Duration{26h + 3min + 4s + 5ms});
    CHECK(parse_duration("0s") == Duration{0});
    CHECK(parse_duration("36500d") == Duration{24h * 36500});
}

TEST_CASE("other texts are not durations") {
    for (const auto* text :
         {"",
          "5",
          "s",
          "-5s",
          "+5s",
          "5 s",
          " 5s",
          "5s ",
          "5x",
          "1m1h",
          "1h1h",
          "1.5h",
          "1h-5m",
          "5S",
          "36501d",
          "99999999999999999999s",
          "9223372036854775807d",
          "36500d1ms",
          "1h30"}) {
        CAPTURE(std::string{text});
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("a formatted duration reads back as itself") {
    for (const auto* text : {"0s", "1ms", "90s", "2h", "1h30m", "7d", "1d2h3m4s5ms", "36500d"}) {
        const auto duration = parse_duration(text);
        REQUIRE(duration);
        CHECK(parse_duration(format_duration(*duration)) == duration);
    }
    CHECK(format_duration(90s) == "1m30s");
    CHECK(format_duration(-90s) == "-1m30s");
    CHECK(format_duration(1500us) == "2ms");
    CHECK(format_duration(400us) == "0s");
}

TEST_CASE("durations for people have two units at most") {
    CHECK(humanize(Duration{0}) == "under a second");
    CHECK(humanize(999ms) == "under a second");
    CHECK(humanize(47s) == "47s");
    CHECK(humanize(2h + 5min + 7s) == "2h 5m");
    CHECK(humanize(24h * 3 + 4h) == "3d 4h");
    CHECK(humanize(24h * 3 + 4min) == "3d");
    CHECK(humanize(-(2h + 5min)) == "-2h 5m");
}

TEST_CASE("instants are written in UTC") {
    const Instant instant{std::chrono::seconds{1795287845} + 123456789ns};
    CHECK(format_rfc3339(instant) == "2026-11-21T19:04:05Z");
    CHECK(format_rfc3339_millis(instant) == "2026-11-21T19:04:05.123Z");
    CHECK(format_rfc3339(Instant{}) == "1970-01-01T00:00:00Z");
    CHECK(format_rfc3339_millis(Instant{} - 1ms) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("instants are read with any offset and fraction") {
    const Instant instant{std::chrono::seconds{1795287845}};
    for (const auto* text :
         {"2026-11-21T19:04:05Z",
          "2026-11-21t19:04:05z",
          "2026-11-21 19:04:05Z",
          "2026-11-21T20:04:05+01:00",
          "2026-11-22T00:34:05+05:30",
          "2026-11-21T14:04:05-05:00",
          "2026-11-21T19:04:05.000Z"}) {
        CAPTURE(std::string{text});
        CHECK(parse_rfc3339(text) == instant);
    }
    CHECK(parse_rfc3339("2026-11-21T19:04:05.123456789Z") == instant + 123456789ns);
    CHECK(parse_rfc3339("2026-11-21T19:04:05.1234567899Z") == instant + 123456789ns);
    CHECK(parse_rfc3339("2026-11-21") == utc_day_start(instant));
    CHECK(parse_rfc3339("2028-02-29") == Instant{std::chrono::seconds{1835395200}});
}

TEST_CASE("other texts are not instants") {
    for (const auto* text :
         {"",
          "2026",
          "2026-11",
          "2026-1-21",
          "2026-13-01",
          "2026-02-29",
          "2026-11-31",
          "1969-12-31",
          "2201-01-01",
          "2026-11-21T",
          "2026-11-21T19:04",
          "2026-11-21T19:04:05",
          "2026-11-21T24:00:00Z",
          "2026-11-21T19:60:00Z",
          "2026-11-21T19:04:61Z",
          "2026-11-21T19:04:05+1:00",
          "2026-11-21T19:04:05+01:60",
          "2026-11-21T19:04:05+0100",
          "2026-11-21T19:04:05ZZ",
          "2026-11-21X19:04:05Z",
          "2026/11/21",
          "2026-11-21T19:04:05.Z",
          "2026-11-211",
          "2026-11-21Z"}) {
        CAPTURE(std::string{text});
        CHECK_FALSE(parse_rfc3339(text));
    }
}

TEST_CASE("a written instant reads back as itself") {
    for (const std::int64_t seconds : {0LL, 951782400LL, 1795287845LL, 4102444799LL}) {
        const Instant instant{std::chrono::seconds{seconds}};
        CHECK(parse_rfc3339(format_rfc3339(instant)) == instant);
    }
}

TEST_CASE("Unix seconds are read when they are a date of these centuries") {
    CHECK(instant_from_unix_seconds(0) == Instant{});
    CHECK(instant_from_unix_seconds(1795287845.25) == Instant{1795287845250ms});
    CHECK_FALSE(instant_from_unix_seconds(-1));
    CHECK_FALSE(instant_from_unix_seconds(1e18));
    CHECK_FALSE(instant_from_unix_seconds(std::nan("")));
    CHECK_FALSE(instant_from_unix_seconds(std::numeric_limits<double>::infinity()));
    CHECK(to_unix_seconds(Instant{1795287845250ms}) == 1795287845.25);
}

TEST_CASE("the UTC day of an instant begins at or before it") {
    CHECK(utc_day_start(Instant{25h}) == Instant{24h});
    CHECK(utc_day_start(Instant{24h}) == Instant{24h});
    CHECK(utc_day_start(Instant{-1ns}) == Instant{-24h});
}

}  // namespace
}  // namespace vastwatch
