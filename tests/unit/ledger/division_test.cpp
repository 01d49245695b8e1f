#include "ledger/division.hpp"

#include "support.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <random>

namespace vastwatch::ledger::testing {
namespace {

std::vector<std::int64_t> divided(std::int64_t amount, std::vector<std::int64_t> weights) {
    std::vector<Usd> parts;
    divide(Usd::from_nanos(amount), weights, parts);
    std::vector<std::int64_t> nanos;
    for (const auto part : parts) {
        nanos.push_back(part.nanos());
    }
    return nanos;
}

using Parts = std::vector<std::int64_t>;

TEST_CASE("dividing goes by largest remainders, the first of equals") {
    CHECK(divided(10, {1, 1, 1}) == Parts{4, 3, 3});
    CHECK(divided(10, {1, 2, 3}) == Parts{2, 3, 5});
    CHECK(divided(7, {5, 0, 5}) == Parts{4, 0, 3});
    CHECK(divided(-10, {1, 1, 1}) == Parts{-3, -3, -4});
    CHECK(divided(0, {1, 2}) == Parts{0, 0});
}

TEST_CASE("without any weight everything goes to the first part") {
    CHECK(divided(5, {0, 0}) == Parts{5, 0});
    CHECK(divided(5, {}).empty());
}

TEST_CASE("the parts sum to the whole, whatever the amounts") {
    std::mt19937_64 random{20261121};
    for (int round = 0; round < 20'000; ++round) {
        std::vector<std::int64_t> weights(1 + random() % 6);
        for (auto& weight : weights) {
            weight = static_cast<std::int64_t>(random() >> (1 + random() % 63));
        }
        const auto amount = static_cast<std::int64_t>(random()) >> (random() % 63);
        const auto parts = divided(amount, weights);
        REQUIRE(std::accumulate(parts.begin(), parts.end(), std::int64_t{0}) == amount);
    }
}

TEST_CASE("rates times times are rounded half to even") {
    constexpr Int128 hour = 3'600'000'000'000;
    CHECK(from_rate_time(hour / 2).nanos() == 0);
    CHECK(from_rate_time(hour / 2 + 1).nanos() == 1);
    CHECK(from_rate_time(hour * 3 / 2).nanos() == 2);
    CHECK(from_rate_time(-hour / 2).nanos() == 0);
    CHECK(from_rate_time(-hour * 3 / 2).nanos() == -2);
    CHECK(from_rate_time(hour * hour * hour).nanos() == std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace vastwatch::ledger::testing
