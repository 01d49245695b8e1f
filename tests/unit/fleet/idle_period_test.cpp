// Spec section 5: how idle time adds up.
#include "fleet/idle_period.hpp"

#include <doctest/doctest.h>

#include <string_view>

namespace vastwatch::fleet {
namespace {

using namespace std::chrono_literals;

constexpr IdleRules strict{5min, Percent{0}};

Instant minute(int number) {
    return Instant{std::chrono::minutes{number}} + 24h;
}

IdlePeriod
add(IdlePeriod period, int at, Evidence evidence, IdleRules rules = strict, bool cut = false) {
    return extend(std::move(period), {minute(at), evidence, Doubt::none, std::nullopt}, rules, cut);
}

/// One sample a minute: i idle, b busy, u unknown, '.' none.
IdlePeriod story(std::string_view samples, IdleRules rules = strict) {
    IdlePeriod period;
    int at = 0;
    for (const char sample : samples) {
        if (sample != '.') {
            const auto evidence = sample == 'i'   ? Evidence::idle
                                  : sample == 'b' ? Evidence::busy
                                                  : Evidence::unknown;
            period = add(std::move(period), at, evidence, rules);
        }
        ++at;
    }
    return period;
}

TEST_CASE("a period begins with the first idle sample and has no length yet") {
    const auto period = story("bui");
    CHECK(period.began == minute(2));
    CHECK(period.length() == 0s);
    CHECK(period.coverage() == Percent{100});
}

TEST_CASE("neighbouring idle samples extend the period by the time between them") {
    CHECK(story("iii").length() == 2min);
    CHECK(story("i...i").length() == 4min);
}

TEST_CASE("a gap longer than max_gap begins anew, one of exactly max_gap does not") {
    CHECK(story("i....i").length() == 5min);
    CHECK(story("i.....i").length() == 0s);
    CHECK(story("i.....i").began == minute(6));
}

TEST_CASE("unknown samples in between count as unknown time") {
    const auto period = story("iuui");
    CHECK(period.length() == 3min);
    CHECK(period.unknown == 2min);
    CHECK(period.idle == 1min);
    CHECK(period.coverage().value() == doctest::Approx(33.33).epsilon(0.01));
}

TEST_CASE("unknown samples do not stretch max_gap between known ones") {
    CHECK(story("iuuuuui").length() == 0s);
    CHECK(story("iuuuui").length() == 5min);
}

TEST_CASE("unknown time after the latest idle sample is not idle time") {
    const auto period = story("iiuuu");
    CHECK(period.length() == 1min);
    CHECK(period.coverage() == Percent{100});
}

TEST_CASE("a busy sample ends the period") {
    const auto period = story("iiib");
    CHECK_FALSE(period.began);
    CHECK(period.length() == 0s);
    CHECK(story("iiibi").length() == 0s);
}

TEST_CASE("within the tolerance a busy share does not end the period") {
    const IdleRules tolerant{5min, Percent{20}};
    const auto period = story("iiiiiiiibiii", tolerant);
    CHECK(period.began == minute(0));
    CHECK(period.busy == 1min);
    CHECK(period.length() == 11min);
}

TEST_CASE("beyond the tolerance a busy share ends the period") {
    const IdleRules tolerant{5min, Percent{20}};
    CHECK(story("iiibbi", tolerant).length() == 0s);
    CHECK(story("iiiiiiiiibbbbbbbi", tolerant).length() == 0s);
}

TEST_CASE("an interruption begins anew even when the samples are close") {
    auto period = story("iii");
    period = add(period, 3, Evidence::idle, strict, true);
    CHECK(period.length() == 0s);
    CHECK(period.began == minute(3));
}

TEST_CASE("an interruption by an unknown sample leaves no period that a later one continues") {
    auto period = story("iii");
    period = add(period, 3, Evidence::unknown, strict, true);
    period = add(period, 4, Evidence::idle);
    CHECK(period.length() == 0s);
}

TEST_CASE("a sample from before the latest one never lengthens the period") {
    auto period = story("iiii");
    const auto before = period.length();
    period = add(period, 1, Evidence::idle);
    CHECK(period.length() <= before);
    period = add(period, 2, Evidence::idle);
    CHECK(period.length() <= before);
}

TEST_CASE("the same sample twice adds nothing") {
    auto period = story("iii");
    const auto once = period.length();
    period = add(period, 2, Evidence::idle);
    CHECK(period.length() == once);
}

TEST_CASE("the parts of a period sum to its length whatever happens") {
    unsigned random = 12345;
    for (const double tolerance : {0.0, 10.0, 50.0}) {
        IdlePeriod period;
        int at = 0;
        for (int i = 0; i < 5000; ++i) {
            random = random * 1664525U + 1013904223U;
            at += 1 + static_cast<int>((random >> 20U) % 4U);
            const auto kind = (random >> 10U) % 8U;
            const auto evidence = kind == 0   ? Evidence::busy
                                  : kind == 1 ? Evidence::unknown
                                              : Evidence::idle;
            period = add(period, at, evidence, {5min, Percent{tolerance}});
            REQUIRE(period.idle + period.busy + period.unknown == period.length());
            REQUIRE(period.idle >= 0s);
            REQUIRE(period.coverage() <= Percent{100});
            if (period.length() > 0s) {
                const auto share = 100.0 * static_cast<double>(period.busy.count()) /
                                   static_cast<double>(period.length().count());
                REQUIRE(share <= tolerance + 1e-9);
            }
        }
    }
}

TEST_CASE("a period remembers the highest utilisation that counted as idle") {
    auto period = extend({}, {minute(0), Evidence::idle, Doubt::none, 2.0}, strict, false);
    period = extend(period, {minute(1), Evidence::idle, Doubt::none, 4.0}, strict, false);
    period = extend(period, {minute(2), Evidence::idle, Doubt::none, 1.0}, strict, false);
    CHECK(period.highest == 4.0);
}

TEST_CASE("a period remembers the longest gap that max_gap alone allowed") {
    const IdleRules rules{5min, Percent{0}, 2min};
    CHECK(story("i..i...iui", rules).longest_gap == 4min);
    CHECK(story("i.ii.i", rules).longest_gap == 0min);
}

TEST_CASE("a period that begins anew remembers nothing of the one before") {
    const IdleRules rules{5min, Percent{0}, 2min};
    auto period = extend({}, {minute(0), Evidence::idle, Doubt::none, 4.0}, rules, false);
    period = extend(period, {minute(4), Evidence::idle, Doubt::none, 4.0}, rules, false);
    period = extend(period, {minute(5), Evidence::busy, Doubt::none, 9.0}, rules, false);
    period = extend(period, {minute(6), Evidence::idle, Doubt::none, 1.0}, rules, false);
    CHECK(period.highest == 1.0);
    CHECK(period.longest_gap == 0min);
}

}  // namespace
}  // namespace vastwatch::fleet
