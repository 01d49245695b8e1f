// Spec section 5 and API section 2.6: what one row says about work, and what it does not.
#include "fleet/evidence.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <string>

namespace vastwatch::fleet {
namespace {

using namespace std::chrono_literals;

Observation running(std::optional<double> util, std::optional<double> temperature = 40) {
    Observation row;
    row.id = InstanceId{1};
    row.status = Status::running;
    row.intended = row.current = row.next = State::running;
    row.telemetry.gpu_util = util;
    row.telemetry.gpu_temp = temperature;
    return row;
}

Sample judged(const Observation& row, int repeats = 0) {
    StillRow still;
    still.last = row.telemetry;
    still.repeats = repeats;
    return judge(row, still, Percent{5}, Instant{1h});
}

TEST_CASE("utilisation below the limit is idle, at it and above busy") {
    CHECK(judged(running(0)).evidence == Evidence::idle);
    CHECK(judged(running(4.999)).evidence == Evidence::idle);
    CHECK(judged(running(5)).evidence == Evidence::busy);
    CHECK(judged(running(100)).evidence == Evidence::busy);
}

TEST_CASE("a value that cannot be is unknown") {
    CHECK(judged(running(std::nullopt)).doubt == Doubt::no_value);
    CHECK(judged(running(-1)).doubt == Doubt::out_of_range);
    CHECK(judged(running(100.001)).doubt == Doubt::out_of_range);
    for (const double value :
         {std::numeric_limits<double>::quiet_NaN(),
          std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity()}) {
        CAPTURE(value);
        CHECK(judged(running(value)).evidence == Evidence::unknown);
    }
}

TEST_CASE("a zero without a temperature is a row of zeros, not a reading") {
    CHECK(judged(running(0, std::nullopt)).doubt == Doubt::no_temperature);
    CHECK(judged(running(0, 0)).doubt == Doubt::no_temperature);
    CHECK(judged(running(0, -5)).doubt == Doubt::no_temperature);
    CHECK(judged(running(0, 30)).evidence == Evidence::idle);
    CHECK(
        judged(running(0, std::numeric_limits<double>::quiet_NaN())).evidence == Evidence::unknown);
}

TEST_CASE("utilisation of a card at work needs no temperature") {
    CHECK(judged(running(90, std::nullopt)).evidence == Evidence::busy);
}

TEST_CASE("only what runs in every respect is evidence") {
    for (const auto status :
         {Status::provisioning,
          Status::created,
          Status::loading,
          Status::frozen,
          Status::stopped,
          Status::exited,
          Status::rebooting,
          Status::recycling,
          Status::other}) {
        CAPTURE(std::string{to_string(status)});
        auto row = running(0);
        row.status = status;
        CHECK(judged(row).evidence == Evidence::unknown);
    }
    auto wanted = running(0);
    wanted.intended = State::stopped;
    CHECK(judged(wanted).evidence == Evidence::unknown);
    auto granted = running(0);
    granted.current = State::unknown;
    CHECK(judged(granted).evidence == Evidence::unknown);
}

TEST_CASE("a silent host is no evidence") {
    for (const auto status : {Status::offline, Status::unknown}) {
        auto row = running(0);
        row.status = status;
        CHECK(judged(row).doubt == Doubt::host_silent);
    }
}

TEST_CASE("a row that stands still is frozen after several polls, not before") {
    CHECK(judged(running(0), frozen_after_repeats - 1).evidence == Evidence::idle);
    CHECK(judged(running(0), frozen_after_repeats).doubt == Doubt::frozen_row);
}

TEST_CASE("any volatile field that moves shows a living row") {
    Telemetry telemetry = running(0).telemetry;
    telemetry.cpu_util = 0.1;
    telemetry.inet_down = 0;
    StillRow still;
    for (int i = 0; i < 5; ++i) {
        still = follow(still, telemetry);
    }
    CHECK(still.repeats == 4);
    telemetry.inet_down = 1;
    still = follow(still, telemetry);
    CHECK(still.repeats == 0);
}

TEST_CASE("the first row of all repeats nothing") {
    CHECK(follow({}, running(0).telemetry).repeats == 0);
    CHECK(follow({}, Telemetry{}).repeats == 0);
}

/// A quiet row that stands still, once in a while with another in between.
int repeats_with(const Telemetry& odd) {
    const auto quiet = [] {
        auto telemetry = running(0).telemetry;
        telemetry.cpu_util = 0.25;
        telemetry.mem_usage = 3.5;
        telemetry.inet_down = 1000;
        return telemetry;
    }();
    StillRow still;
    for (int i = 0; i < 4; ++i) {
        still = follow(still, quiet);
        still = follow(still, odd);
    }
    return follow(still, quiet).repeats;
}

TEST_CASE("a field that could not be read has not moved: the row stands still") {
    auto odd = running(0).telemetry;
    odd.mem_usage = 3.5;
    odd.inet_down = 1000;
    CHECK(repeats_with(odd) == 8);
    CHECK(repeats_with(Telemetry{}) >= frozen_after_repeats);
}

TEST_CASE("a row of zeros in between does not make a row that stands still into one that moves") {
    auto zeros = running(0, 0).telemetry;
    CHECK(repeats_with(zeros) >= frozen_after_repeats);
    zeros.cpu_util = zeros.mem_usage = zeros.inet_down = 0;
    CHECK(repeats_with(zeros) >= frozen_after_repeats);
}

TEST_CASE("a value that differs, in between, is movement") {
    auto odd = running(0, 41).telemetry;
    CHECK(repeats_with(odd) == 0);
}

TEST_CASE("samples of a kind make one run") {
    std::vector<SampleRun> history;
    const auto add = [&](int minute, Evidence evidence, double util) {
        return append(
            history, {Instant{std::chrono::minutes{minute}}, evidence, Doubt::none, util});
    };
    CHECK(add(0, Evidence::idle, 1));
    CHECK_FALSE(add(1, Evidence::idle, 3));
    CHECK(add(2, Evidence::busy, 90));
    REQUIRE(history.size() == 2);
    CHECK(history.front().count == 2);
    CHECK(history.front().first == Instant{0min});
    CHECK(history.front().last == Instant{1min});
    CHECK(history.front().lowest == 1);
    CHECK(history.front().highest == 3);
}

TEST_CASE("a history forgets its oldest runs first") {
    std::vector<SampleRun> history;
    for (int i = 0; i < 100; ++i) {
        const auto evidence = i % 2 == 0 ? Evidence::idle : Evidence::busy;
        append(history, {Instant{std::chrono::minutes{i}}, evidence, Doubt::none, 0.0});
    }
    CHECK(history.size() == max_sample_runs);
    CHECK(history.back().first == Instant{99min});
}

TEST_CASE("words of evidence and doubt read back") {
    for (const auto evidence : {Evidence::unknown, Evidence::busy, Evidence::idle}) {
        CHECK(parse_evidence(to_string(evidence)) == evidence);
    }
    for (const auto doubt :
         {Doubt::none,
          Doubt::not_running,
          Doubt::host_silent,
          Doubt::no_value,
          Doubt::out_of_range,
          Doubt::no_temperature,
          Doubt::frozen_row}) {
        CHECK(parse_doubt(to_string(doubt)) == doubt);
        CHECK((doubt == Doubt::none || !explain(doubt).empty()));
    }
    CHECK_FALSE(parse_evidence("sleepy"));
    CHECK_FALSE(parse_doubt(""));
}

}  // namespace
}  // namespace vastwatch::fleet
