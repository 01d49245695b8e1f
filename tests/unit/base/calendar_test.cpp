#include "base/calendar.hpp"

#include <doctest/doctest.h>

#include <string>

namespace vastwatch {
namespace {

using namespace std::chrono_literals;

Instant at(std::string_view text) {
    return parse_rfc3339(text).value();
}

Calendar zone(std::string_view name) {
    return Calendar::find(name).value();
}

TEST_CASE("the default calendar is UTC") {
    const Calendar utc;
    CHECK(utc.zone_name() == "UTC");
    CHECK(utc.day_start(at("2026-11-21T19:04:05Z")) == at("2026-11-21"));
    CHECK(utc.next_day_start(at("2026-11-21T00:00:00Z")) == at("2026-11-22"));
    CHECK(utc.month_start(at("2026-11-21T19:04:05Z")) == at("2026-11-01"));
    CHECK(utc.next_month_start(at("2026-12-21T19:04:05Z")) == at("2027-01-01"));
}

TEST_CASE("zones that the system does not know are not found") {
    CHECK(Calendar::find("UTC"));
    CHECK(Calendar::find("Europe/Berlin"));
    CHECK_FALSE(Calendar::find("Europe/Atlantis"));
    CHECK_FALSE(Calendar::find(""));
    CHECK_FALSE(Calendar::find("../etc/passwd"));
}

TEST_CASE("days change length with daylight saving") {
    const auto berlin = zone("Europe/Berlin");
    const auto length = [&](Instant noon) {
        return berlin.next_day_start(noon) - berlin.day_start(noon);
    };
    CHECK(length(at("2026-03-29T12:00:00Z")) == 23h);
    CHECK(length(at("2026-10-25T12:00:00Z")) == 25h);
    CHECK(length(at("2026-06-25T12:00:00Z")) == 24h);
    CHECK(berlin.day_start(at("2026-10-25T12:00:00Z")) == at("2026-10-24T22:00:00Z"));
}

TEST_CASE("months begin at local midnight") {
    const auto berlin = zone("Europe/Berlin");
    CHECK(berlin.month_start(at("2026-06-30T22:30:00Z")) == at("2026-06-30T22:00:00Z"));
    CHECK(berlin.month_start(at("2026-06-30T21:30:00Z")) == at("2026-05-31T22:00:00Z"));
    CHECK(berlin.next_month_start(at("2026-10-10T00:00:00Z")) == at("2026-10-31T23:00:00Z"));
    CHECK(berlin.next_month_start(at("2026-12-31T22:59:59Z")) == at("2026-12-31T23:00:00Z"));
}

TEST_CASE("offsets of half and quarter hours are kept") {
    CHECK(zone("Asia/Kolkata").day_start(at("2026-11-21T20:00:00Z")) == at("2026-11-21T18:30:00Z"));
    CHECK(
        zone("Asia/Kathmandu").day_start(at("2026-11-21T20:00:00Z")) == at("2026-11-21T18:15:00Z"));
    const auto lord_howe = zone("Australia/Lord_Howe");  // its clocks change by half an hour
    const Instant change = at("2026-10-03T20:00:00Z");
    CHECK(lord_howe.next_day_start(change) - lord_howe.day_start(change) == 23h + 30min);
}

TEST_CASE("where the clocks jump over midnight the day begins at the jump") {
    const auto havana = zone("America/Havana");  // 2025-03-09 00:00 becomes 01:00
    CHECK(havana.day_start(at("2025-03-09T12:00:00Z")) == at("2025-03-09T05:00:00Z"));
    CHECK(havana.day_start(at("2025-03-09T05:00:00Z")) == at("2025-03-09T05:00:00Z"));
    CHECK(havana.day_start(at("2025-03-09T04:59:59Z")) == at("2025-03-08T05:00:00Z"));
    CHECK(havana.next_day_start(at("2025-03-09T05:00:00Z")) == at("2025-03-10T04:00:00Z"));
    const auto beirut = zone("Asia/Beirut");  // 2025-03-30 00:00 becomes 01:00
    CHECK(beirut.day_start(at("2025-03-30T12:00:00Z")) == at("2025-03-29T22:00:00Z"));
    CHECK(beirut.next_day_start(at("2025-03-30T12:00:00Z")) == at("2025-03-30T21:00:00Z"));
}

TEST_CASE("where midnight comes twice the day begins at the first or, gone back over, the second") {
    const auto havana = zone("America/Havana");  // 2025-11-02 01:00 becomes 00:00
    CHECK(havana.day_start(at("2025-11-02T12:00:00Z")) == at("2025-11-02T04:00:00Z"));
    CHECK(havana.day_start(at("2025-11-02T05:30:00Z")) == at("2025-11-02T04:00:00Z"));
    CHECK(
        havana.next_day_start(at("2025-11-02T04:00:00Z")) -
            havana.day_start(at("2025-11-02T04:00:00Z")) ==
        25h);
    const auto beirut = zone("Asia/Beirut");  // 2025-10-26 00:00 becomes 23:00 of the 25th
    CHECK(beirut.day_start(at("2025-10-26T12:00:00Z")) == at("2025-10-25T22:00:00Z"));
    CHECK(beirut.day_start(at("2025-10-25T21:30:00Z")) == at("2025-10-24T21:00:00Z"));
}

TEST_CASE("days follow one another without gaps, in every zone and year") {
    for (const auto* name :
         {"America/Havana",
          "Asia/Beirut",
          "America/Santiago",
          "America/Asuncion",
          "Africa/Cairo",
          "America/St_Johns",
          "Pacific/Apia",
          "America/Scoresbysund",
          "Asia/Gaza",
          "Atlantic/Azores",
          "America/Sao_Paulo",
          "Asia/Tehran",
          "Europe/Berlin"}) {
        CAPTURE(std::string{name});
        const auto calendar = zone(name);
        for (Instant time = at("2009-01-01"); time < at("2030-01-01"); time += 3h + 7min) {
            const Instant start = calendar.day_start(time);
            const Instant next = calendar.next_day_start(time);
            REQUIRE(start <= time);
            REQUIRE(next > time);
            REQUIRE(calendar.day_start(start) == start);
            REQUIRE(calendar.next_day_start(start) == next);
            REQUIRE(calendar.day_start(next) == next);
            REQUIRE(calendar.day_start(next - 1ns) == start);
            REQUIRE(next - start >= 22h);
            REQUIRE(next - start <= 26h);
        }
    }
}

TEST_CASE("months begin where one of their days does") {
    for (const auto* name : {"America/Havana", "Asia/Beirut", "Pacific/Apia", "America/St_Johns"}) {
        CAPTURE(std::string{name});
        const auto calendar = zone(name);
        for (Instant time = at("2009-01-01"); time < at("2030-01-01"); time += 17h) {
            const Instant start = calendar.month_start(time);
            const Instant next = calendar.next_month_start(time);
            REQUIRE(start <= time);
            REQUIRE(next > time);
            REQUIRE(calendar.day_start(start) == start);
            REQUIRE(calendar.day_start(next) == next);
        }
    }
}

TEST_CASE("dates go both ways") {
    using namespace std::chrono;
    const auto berlin = zone("Europe/Berlin");
    CHECK(berlin.date_of(at("2026-11-21T23:30:00Z")) == 2026y / November / 22);
    CHECK(berlin.start_of(2026y / November / 22) == at("2026-11-21T23:00:00Z"));
    CHECK(zone("America/Havana").start_of(2025y / March / 9) == at("2025-03-09T05:00:00Z"));
}

TEST_CASE("instants for people name their zone") {
    const auto berlin = zone("Europe/Berlin");
    CHECK(berlin.format(at("2026-11-21T18:04:05Z")) == "2026-11-21 19:04:05 CET");
    CHECK(berlin.format(at("2026-07-21T18:04:05.999Z")) == "2026-07-21 20:04:05 CEST");
    CHECK(berlin.format_time(at("2026-11-21T18:04:59Z")) == "19:04 CET");
    CHECK(Calendar{}.format_time(at("2026-11-21T18:04:59Z")) == "18:04 UTC");
}

}  // namespace
}  // namespace vastwatch
