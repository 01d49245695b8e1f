#include "base/ids.hpp"
#include "base/percent.hpp"
#include "base/secret.hpp"
#include "base/ulid.hpp"

#include <doctest/doctest.h>

#include <string>
#include <type_traits>

namespace vastwatch {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a ULID is its time and its randomness in Crockford's base 32") {
    CHECK(make_ulid(Instant{}, 0, 0) == "00000000000000000000000000");
    CHECK(make_ulid(Instant{}, ~0ULL, ~0ULL) == "0000000000ZZZZZZZZZZZZZZZZ");
    // The example of the specification: 1469918176385 ms is 01ARYZ6S41.
    CHECK(make_ulid(Instant{1469918176385ms}, 0, 0).substr(0, 10) == "01ARYZ6S41");
    CHECK(make_ulid(Instant{}, 1, 0) == "0000000000000G000000000000");
    CHECK(make_ulid(Instant{}, 0, 1) == "00000000000000000000000001");
    CHECK(make_ulid(Instant{}, 0, 1ULL << 40U) == "00000000000000000100000000");
}

TEST_CASE("ULIDs sort by time") {
    CHECK(
        make_ulid(Instant{1795287845000ms}, ~0ULL, ~0ULL) <
        make_ulid(Instant{1795287845001ms}, 0, 0));
}

TEST_CASE("percentages are non-negative decimals with a percent sign") {
    CHECK(parse_percent("80%") == Percent{80});
    CHECK(parse_percent("12.5%") == Percent{12.5});
    CHECK(parse_percent("0%") == Percent{0});
    CHECK(parse_percent("150%") == Percent{150});
    for (const auto* text :
         {"", "%", "80", "80 %", "-5%", "+5%", "1e2%", "0x10%", "nan%", "inf%", "80%%", " 80%"}) {
        CAPTURE(std::string{text});
        CHECK_FALSE(parse_percent(text));
    }
}

TEST_CASE("percentages are written in their shortest form") {
    CHECK(format_percent(Percent{80}) == "80%");
    CHECK(format_percent(Percent{12.5}) == "12.5%");
    CHECK(Percent{80}.ratio() == 0.8);
}

TEST_CASE("a secret cannot be copied, compared or converted by accident") {
    CHECK_FALSE(std::is_copy_constructible_v<Secret>);
    CHECK_FALSE(std::is_copy_assignable_v<Secret>);
    CHECK_FALSE(std::is_convertible_v<Secret, std::string>);
    CHECK_FALSE(std::is_convertible_v<std::string, Secret>);
}

TEST_CASE("a secret moves, and leaves nothing behind") {
    Secret first{"a secret that is too long for the small string buffer"};
    Secret second{std::move(first)};
    CHECK(first.empty());  // NOLINT(bugprone-use-after-move): that is the promise
    CHECK(second.reveal() == "a secret that is too long for the small string buffer");
    Secret third{"short"};
    third = std::move(second);
    CHECK(second.empty());  // NOLINT(bugprone-use-after-move)
    CHECK(third.duplicate().reveal() == third.reveal());
}

TEST_CASE("ids of different kinds are different types, and order by value") {
    CHECK_FALSE(std::is_convertible_v<InstanceId, HoldId>);
    CHECK_FALSE(std::is_convertible_v<TeamName, AccountName>);
    CHECK(InstanceId{2} < InstanceId{10});
    CHECK(TeamName{"a"} < TeamName{"b"});
    CHECK(std::hash<InstanceId>{}(InstanceId{7}) == std::hash<InstanceId>{}(InstanceId{7}));
}

}  // namespace
}  // namespace vastwatch
