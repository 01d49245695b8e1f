#include "runtime/seeded_random.hpp"
#include "runtime/system_random.hpp"

#include <doctest/doctest.h>

#include <set>

using vastwatch::runtime::SeededRandom;
using vastwatch::runtime::SystemRandom;

TEST_CASE("system random: 1000 numbers are 1000 different ones") {
    SystemRandom random;
    std::set<std::uint64_t> seen;
    for (int round = 0; round < 1000; ++round) {
        seen.insert(random.next());
    }
    CHECK(seen.size() == 1000);
}

TEST_CASE("seeded random: the sequence of seed 0 never changes between versions or machines") {
    SeededRandom random{0};
    CHECK(random.next() == 0x99EC5F36CB75F2B4U);
    CHECK(random.next() == 0xBF6E1F784956452AU);
    CHECK(random.next() == 0x1A5F849D4933E6E0U);
}

TEST_CASE("random: next_unit stays in [0, 1) and fills it evenly") {
    SeededRandom random{7};
    double sum = 0;
    for (int round = 0; round < 10'000; ++round) {
        const auto unit = random.next_unit();
        REQUIRE(unit >= 0.0);
        REQUIRE(unit < 1.0);
        sum += unit;
    }
    CHECK(sum / 10'000 == doctest::Approx(0.5).epsilon(0.02));
}
