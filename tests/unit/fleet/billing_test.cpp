// The tables of API sections 2.5 and 2.7.
#include "fleet/billing.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <string>

namespace vastwatch::fleet {
namespace {

UsdPerHour dph(double dollars) {
    return rate_from_double(dollars).value();
}

Observation row_of(
    std::optional<std::string_view> actual,
    State intended = State::running,
    State current = State::running) {
    Observation row;
    row.id = InstanceId{31415926};
    row.status = parse_status(actual);
    row.intended = intended;
    row.current = current;
    row.next = current;
    row.prices.gpu = dph(17.92);
    row.prices.storage = dph(0.08);
    return row;
}

TEST_CASE("what each actual_status bills is as in the table") {
    struct Line {
        std::optional<std::string_view> status;
        bool gpu;
        bool disk;
    };

    const std::array<Line, 11> table{{
        {std::nullopt, false, true},
        {"created", false, true},
        {"loading", false, true},
        {"running", true, true},
        {"frozen", true, true},
        {"stopped", false, true},
        {"rebooting", true, true},
        {"recycling", true, true},
        {"unknown", true, true},
        {"offline", false, false},
        {"something new", true, true},
    }};
    for (const auto& line : table) {
        CAPTURE(std::string{line.status.value_or("null")});
        CHECK(billing_of(row_of(line.status)) == Billing{line.gpu, line.disk});
    }
}

TEST_CASE("exited bills the GPU only while it is held and wanted") {
    const auto gpu = [](State intended, State current) {
        return billing_of(row_of("exited", intended, current)).gpu;
    };
    CHECK(gpu(State::running, State::running));
    CHECK_FALSE(gpu(State::stopped, State::stopped));
    CHECK_FALSE(gpu(State::running, State::stopped));  // queued
    CHECK_FALSE(gpu(State::stopped, State::running));
    CHECK(billing_of(row_of("exited", State::stopped, State::stopped)).disk);
}

TEST_CASE("status words are read without regard to case and white space") {
    CHECK(parse_status(" Running\n") == Status::running);
    CHECK(parse_status("") == Status::other);
    CHECK(parse_status(std::nullopt) == Status::provisioning);
    CHECK(parse_state("STOPPED") == State::stopped);
    CHECK(parse_state("???") == State::unknown);
    CHECK(parse_state(std::nullopt) == State::unknown);
}

TEST_CASE("dph_total is not the rate: a stopped instance costs its storage") {
    const auto rates = rates_of(row_of("exited", State::stopped, State::stopped));
    REQUIRE(rates);
    CHECK(rates->gpu == UsdPerHour{});
    CHECK(rates->disk == dph(0.08));
    CHECK_FALSE(rates->estimated);
}

TEST_CASE("a running instance costs GPU and storage, one that is offline nothing") {
    CHECK(rates_of(row_of("running"))->total() == dph(18));
    CHECK(rates_of(row_of("loading"))->total() == dph(0.08));
    CHECK(rates_of(row_of("offline"))->total() == UsdPerHour{});
}

TEST_CASE("the discount in force applies to GPU and storage") {
    // The reserved instance of the samples: 22.4 + 0.138889, less 20%, is 18.031111.
    auto row = row_of("running");
    row.prices.gpu = dph(22.4);
    row.prices.storage = dph(0.1388888888888889);
    row.prices.discount = 0.2;
    const auto rates = rates_of(row);
    REQUIRE(rates);
    CHECK(rates->gpu == dph(17.92));
    CHECK(std::abs(rates->total().nanos() - dph(18.031111111111112).nanos()) <= 1);
}

TEST_CASE("a discount out of range neither pays us nor raises the price") {
    auto row = row_of("running");
    row.prices.discount = 1.5;
    CHECK(rates_of(row)->total() == UsdPerHour{});
    row.prices.discount = -0.5;
    CHECK(rates_of(row)->total() == dph(18));
}

TEST_CASE("a price that is not needed in this state may be unknown") {
    auto row = row_of("exited", State::stopped, State::stopped);
    row.prices.gpu.reset();
    CHECK(rates_of(row)->total() == dph(0.08));
    row.status = Status::offline;
    row.prices.storage.reset();
    CHECK(rates_of(row)->total() == UsdPerHour{});
}

TEST_CASE("a price that is needed and unknown makes the rate unknown, not zero") {
    auto row = row_of("running");
    row.prices.gpu.reset();
    CHECK_FALSE(rates_of(row));
    row = row_of("running");
    row.prices.storage.reset();
    CHECK_FALSE(rates_of(row));
}

TEST_CASE("an unknown price stands in as last known, then search total, then the ceiling") {
    auto row = row_of("running");
    row.prices.gpu.reset();
    const Rates known{dph(15), dph(0.07), false};
    auto rates = rates_or_estimate(row, known, dph(4));
    REQUIRE(rates);
    CHECK(rates->gpu == dph(15));
    CHECK(rates->disk == dph(0.08));
    CHECK(rates->estimated);

    row.prices.search_total = dph(20);
    CHECK(rates_or_estimate(row, std::nullopt, dph(4))->total() >= dph(20));
    CHECK(rates_or_estimate(row, std::nullopt, dph(4))->estimated);

    row.prices.search_total.reset();
    CHECK(rates_or_estimate(row, std::nullopt, dph(4))->total() >= dph(4));
    CHECK_FALSE(rates_or_estimate(row, std::nullopt, std::nullopt));
}

TEST_CASE("a last known rate of a stopped instance says nothing of its GPU's price") {
    auto row = row_of("running");
    row.prices.gpu.reset();
    row.prices.search_total = dph(20);
    const Rates stopped{UsdPerHour{}, dph(0.08), false};
    CHECK(rates_or_estimate(row, stopped, std::nullopt)->total() >= dph(20));
}

TEST_CASE("known prices are not estimates, whatever was known before") {
    const auto rates = rates_or_estimate(row_of("running"), Rates{dph(1), dph(1), true}, dph(4));
    REQUIRE(rates);
    CHECK(rates->total() == dph(18));
    CHECK_FALSE(rates->estimated);
}

TEST_CASE("what it would cost when running is known in any state") {
    CHECK(running_rate(row_of("exited", State::running, State::stopped)) == dph(18));
    auto row = row_of("offline");
    row.prices.gpu.reset();
    CHECK_FALSE(running_rate(row));
    row.prices.search_total = dph(20);
    CHECK(running_rate(row) == dph(20));
}

TEST_CASE("only what runs in every respect is running") {
    CHECK(is_running(row_of("running")));
    CHECK_FALSE(is_running(row_of("running", State::stopped)));
    CHECK_FALSE(is_running(row_of("running", State::running, State::unloaded)));
    CHECK_FALSE(is_running(row_of("loading")));
    CHECK_FALSE(is_running(row_of(std::nullopt)));
    CHECK_FALSE(is_running(row_of("unknown")));
}

TEST_CASE("stopped, queued, parked and unloading are told apart") {
    const auto stopped = row_of("exited", State::stopped, State::stopped);
    CHECK(is_stopped(stopped));
    CHECK_FALSE(is_queued(stopped));

    const auto queued = row_of("stopped", State::running, State::stopped);
    CHECK(is_queued(queued));
    CHECK_FALSE(is_stopped(queued));

    const auto held = row_of("exited", State::running, State::running);
    CHECK_FALSE(is_queued(held));
    CHECK_FALSE(is_stopped(held));

    CHECK(is_parked(row_of("loading", State::stopped, State::stopped)));
    CHECK(is_parked(row_of("created", State::stopped, State::stopped)));
    CHECK_FALSE(is_parked(row_of("loading")));

    const auto leaving = row_of("exited", State::stopped, State::unloaded);
    CHECK(is_unloading(leaving));
    CHECK_FALSE(is_stopped(leaving));
}

TEST_CASE("workers of the serverless autoscaler are known by their label") {
    const auto worker = [](std::string label) {
        auto row = row_of("running");
        row.label = std::move(label);
        return is_serverless_worker(row);
    };
    CHECK(worker("my-endpoint:1234:group-1"));
    CHECK_FALSE(worker("my-endpoint"));
    CHECK_FALSE(worker("my-endpoint:1234"));
    CHECK_FALSE(worker(":1234:group"));
    CHECK_FALSE(worker("my-endpoint:12x4:group"));
    CHECK_FALSE(worker("my-endpoint:1234:"));
    CHECK_FALSE(worker("a:1:b:c"));
    auto row = row_of("running");
    row.label = "my-endpoint:1234:group-1";
    CHECK(serverless_endpoint(row) == "my-endpoint");
}

}  // namespace
}  // namespace vastwatch::fleet
