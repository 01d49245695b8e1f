#include "ctl/figures.hpp"

#include "samples.hpp"

using namespace vastwatch;
using namespace vastwatch::ctl;

TEST_CASE("a rate has two decimals, and four where two would hide some") {
    CHECK(rate(12.4) == "$12.40/h");
    CHECK(rate(18.0) == "$18.00/h");
    CHECK(rate(0.0042) == "$0.0042/h");
    CHECK(rate(1.125) == "$1.1250/h");
}

TEST_CASE("unknown money and rates are a question mark and not zero") {
    CHECK(money(std::nullopt) == "?");
    CHECK(rate(std::optional<double>{}) == "?");
    CHECK(money(1e300) == "?");
}

TEST_CASE("times say how far away they are, on either side") {
    const auto now = *parse_rfc3339("2026-11-21T19:04:05Z");
    CHECK(relative(now - std::chrono::seconds{12}, now) == "12s ago");
    CHECK(relative(now + std::chrono::minutes{3}, now) == "in 3m");
    CHECK(relative(now, now) == "now");
}

TEST_CASE("a time of another day has its date, in the zone of the calendar") {
    const auto now = *parse_rfc3339("2026-11-21T22:30:00Z");
    const auto later = *parse_rfc3339("2026-11-21T23:30:00Z");
    CHECK(clock_time(later, now, Calendar{}) == "23:30 UTC");
    const auto berlin = Calendar::find("Europe/Berlin");
    REQUIRE(berlin);
    CHECK(clock_time(later, now, *berlin) == "2026-11-22 00:30 CET");
}

TEST_CASE("the bar of 99.6% of a cap is not full") {
    CHECK(bar(0.996).render(false) == "███████▉  99%");
    CHECK(bar(1.0).render(false) == "████████ 100%");
    CHECK(bar(0.0).render(false) == "░░░░░░░░   0%");
    CHECK(bar(3.2).render(false) == "████████ 320%");
}

TEST_CASE("GPUs of unknown number are not one GPU") {
    CHECK(gpu(Fields{samples::object(R"({"gpu_name":"H100 SXM","num_gpus":8})")}) == "8x H100 SXM");
    const auto half = samples::object(R"({"gpu_name":"H100 SXM","num_gpus":null})");
    CHECK(gpu(Fields{half}) == "?x H100 SXM");
    const auto nothing = samples::object("{}");
    CHECK(gpu(Fields{nothing}) == "?");
}
