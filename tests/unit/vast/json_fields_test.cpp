#include "vast/json_fields.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace vastwatch::vast {
namespace {

Bounds between(double least, double most) {
    Bounds bounds;
    bounds.least = least;
    bounds.most = most;
    return bounds;
}

}  // namespace

TEST_CASE("a number may come as an integer, as floating point or as text") {
    CHECK(read_number(Scalar::of_integer(5)) == 5.0);
    CHECK(read_number(Scalar::of_number(5.25)) == 5.25);
    CHECK(read_number(Scalar::of_text(" 5.25\n")) == 5.25);
    CHECK(read_number(Scalar::of_text("-1e3")) == -1000.0);
}

TEST_CASE("what is no number is absent, not zero") {
    CHECK_FALSE(read_number(Scalar()));
    CHECK_FALSE(read_number(Scalar::of_null()));
    CHECK_FALSE(read_number(Scalar::of_nested()));
    CHECK_FALSE(read_number(Scalar::of_boolean(true)));
    CHECK_FALSE(read_number(Scalar::of_text("")));
    CHECK_FALSE(read_number(Scalar::of_text("12 GB")));
    CHECK_FALSE(read_number(Scalar::of_text("0x10")));
}

TEST_CASE("a number that is not finite is absent in every spelling") {
    CHECK_FALSE(read_number(Scalar::of_number(std::numeric_limits<double>::quiet_NaN())));
    CHECK_FALSE(read_number(Scalar::of_number(std::numeric_limits<double>::infinity())));
    CHECK_FALSE(read_number(Scalar::of_text("nan")));
    CHECK_FALSE(read_number(Scalar::of_text("-inf")));
    CHECK_FALSE(read_number(Scalar::of_text("1e999")));
}

TEST_CASE("a number out of bounds is absent, the bounds themselves are in") {
    CHECK(read_number(Scalar::of_integer(0), between(0, 1)) == 0.0);
    CHECK(read_number(Scalar::of_integer(1), between(0, 1)) == 1.0);
    CHECK_FALSE(read_number(Scalar::of_integer(-1), between(0, 1)));
    CHECK_FALSE(read_number(Scalar::of_number(1.0001), between(0, 1)));
}

TEST_CASE("an integer keeps all its 64 bits, also from text") {
    constexpr std::int64_t large = 9'223'372'036'854'775'807;
    CHECK(read_integer(Scalar::of_integer(large), 1) == large);
    CHECK(read_integer(Scalar::of_text("9223372036854775807"), 1) == large);
}

TEST_CASE("an integer may come as floating point when it is whole and exact") {
    CHECK(read_integer(Scalar::of_number(31415926.0), 1) == 31415926);
    CHECK_FALSE(read_integer(Scalar::of_number(1.5), 1));
    CHECK_FALSE(read_integer(Scalar::of_number(1e300), 1));
    CHECK_FALSE(read_integer(Scalar::of_number(-1e300), -5));
    CHECK_FALSE(read_integer(Scalar::of_number(std::numeric_limits<double>::quiet_NaN()), 0));
}

TEST_CASE("a boolean may come as 0, 1 or a word; other numbers and words are neither") {
    CHECK(read_boolean(Scalar::of_boolean(false)) == false);
    CHECK(read_boolean(Scalar::of_integer(1)) == true);
    CHECK(read_boolean(Scalar::of_text(" True ")) == true);
    CHECK_FALSE(read_boolean(Scalar::of_integer(2)).has_value());
    CHECK_FALSE(read_boolean(Scalar::of_text("yes")).has_value());
    CHECK_FALSE(read_boolean(Scalar::of_null()).has_value());
}

TEST_CASE("text loses its white space at both ends, and other kinds are no text") {
    CHECK(read_text(Scalar::of_text(" 203.0.113.41 \n")) == "203.0.113.41");
    CHECK_FALSE(read_text(Scalar::of_integer(5)));
}

TEST_CASE("an instant before 2001 is absent: 0 and -1 mean unknown") {
    CHECK_FALSE(read_instant(Scalar::of_integer(0)));
    CHECK_FALSE(read_instant(Scalar::of_integer(-1)));
    CHECK_FALSE(read_instant(Scalar::of_number(1e18)));
    CHECK(read_instant(Scalar::of_integer(1'795'046'400)).has_value());
}

TEST_CASE("a rate is never negative and never absurd") {
    CHECK(read_rate(Scalar::of_number(17.92)) == UsdPerHour::from_nanos(17'920'000'000));
    CHECK_FALSE(read_rate(Scalar::of_number(-0.01)));
    CHECK_FALSE(read_rate(Scalar::of_number(1e6)));
}

TEST_CASE("a rate per second is told per hour") {
    CHECK(read_rate_per_second(Scalar::of_number(0.001)) == UsdPerHour::from_nanos(3'600'000'000));
}

TEST_CASE("text is cut between characters, never within one") {
    CHECK(bounded_text("abc", 3) == "abc");
    CHECK(bounded_text("ab\xC3\xA9", 3) == "ab");
    CHECK(bounded_text("ab\xC3\xA9", 4) == "ab\xC3\xA9");
    CHECK(bounded_text("\xF0\x9F\x98\x80", 3).empty());
}

TEST_CASE("text that is not UTF-8 is made valid and stays within its bound") {
    const std::string bad(100, '\xFF');
    const auto text = bounded_text(bad, 50);
    CHECK(text.size() <= 50);
    CHECK(text.starts_with("\xEF\xBF\xBD"));
    CHECK(text.size() % 3 == 0);
}

}  // namespace vastwatch::vast
