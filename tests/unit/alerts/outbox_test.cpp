// Spec section 8: exponential backoff with jitter up to an hour, Retry-After honoured.
#include "alerts/outbox.hpp"

#include "alerts/alert.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace vastwatch::alerts {
namespace {

using namespace std::chrono_literals;

TEST_CASE("the pause doubles from five seconds, of which half to all is taken") {
    CHECK(backoff(1, std::nullopt, 0.0) == 2500ms);
    CHECK(backoff(1, std::nullopt, 0.999999) <= 5s);
    CHECK(backoff(2, std::nullopt, 0.0) == 5s);
    CHECK(backoff(3, std::nullopt, 0.0) == 10s);
}

TEST_CASE("the pause never exceeds an hour, whatever the number of attempts") {
    for (const int attempts : {10, 11, 12, 30, 31, 32, 63, 64, 65, 1000, 1'000'000}) {
        CAPTURE(attempts);
        CHECK(backoff(attempts, std::nullopt, 0.999999) <= 1h);
        CHECK(backoff(attempts, std::nullopt, 0.0) >= 20min);
    }
}

TEST_CASE("the pause grows or stays with each attempt") {
    for (int attempts = 1; attempts < 30; ++attempts) {
        CHECK(backoff(attempts + 1, std::nullopt, 0.5) >= backoff(attempts, std::nullopt, 0.5));
    }
}

TEST_CASE("Retry-After lengthens the pause and never shortens it") {
    CHECK(backoff(1, 10min, 0.0) >= 10min);
    CHECK(backoff(11, 1s, 0.0) >= 20min);
    CHECK(backoff(1, -5s, 0.0) >= 2500ms);
}

TEST_CASE("Retry-After counts for an hour at most") {
    CHECK(backoff(1, 48h, 0.5) <= 1h);
    CHECK(backoff(1, Duration::max(), 0.5) <= 1h);
}

TEST_CASE("attempts that cannot be do no harm") {
    CHECK(backoff(0, std::nullopt, 0.5) > 0s);
    CHECK(backoff(-3, std::nullopt, 0.5) > 0s);
}

TEST_CASE("the words of the kinds are those of the specification, and read back") {
    for (const auto word :
         {"budget_threshold",
          "budget_forecast",
          "cap_reached",
          "idle_warning",
          "instance_destroyed",
          "instance_stopped",
          "action_failed",
          "action_held",
          "policy_violation",
          "credit_low",
          "api_unreachable",
          "api_key_rejected",
          "billing_mismatch",
          "price_increase",
          "exemption_ended",
          "unassigned_spend",
          "config_rejected",
          "enforcement_paused"}) {
        CAPTURE(std::string{word});
        const auto kind = parse_kind(word);
        REQUIRE(kind);
        CHECK(to_string(*kind) == word);
    }
    CHECK_FALSE(parse_kind("party"));
}

TEST_CASE("words of deliveries read back") {
    for (const auto delivery : {Delivery::pending, Delivery::delivered, Delivery::failed}) {
        CHECK(parse_delivery(to_string(delivery)) == delivery);
    }
    CHECK_FALSE(parse_delivery(""));
}

}  // namespace
}  // namespace vastwatch::alerts
