#include "metrics/process_metrics.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <ctime>
#include <string>
#include <string_view>

namespace metrics = vastwatch::metrics;
using namespace vastwatch;

namespace {

/// The value of a series by its exact name and labels; -1 when there is none.
double value_of(const std::string& text, const std::string& series) {
    const auto at = text.find("\n" + series + " ");
    if (at == std::string::npos) {
        return -1;
    }
    double value = -1;
    const auto* begin = text.data() + at + series.size() + 2;
    std::from_chars(begin, text.data() + text.size(), value);
    return value;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("series whose labels are known beforehand begin with 0") {
    metrics::ProcessMetrics process;
    process.add_notifier(NotifierName{"ops"});
    const auto text = process.text();
    CHECK(
        value_of(
            text,
            "vastwatch_alerts_total{kind=\"budget_threshold\",notifier=\"ops\",outcome="
            "\"failed\"}") == 0);
    CHECK(value_of(text, "vastwatch_cap_overshoot_dollars_count{window=\"day\"}") == 0);
    CHECK(value_of(text, "vastwatch_config_reloads_total{result=\"failure\"}") == 0);
    CHECK(value_of(text, "vastwatch_loop_lag_seconds_count") == 0);
}

TEST_CASE("a request to the API is counted by code and timed") {
    metrics::ProcessMetrics process;
    const AccountName account{"main"};
    process.api_request(account, "instances", "200", std::chrono::milliseconds{300});
    process.api_request(account, "instances", "429", std::chrono::milliseconds{100});
    const auto text = process.text();
    CHECK(
        value_of(
            text,
            "vastwatch_api_requests_total{account=\"main\",code=\"429\",endpoint=\"instances\"}") ==
        1);
    const std::string timed =
        "vastwatch_api_request_duration_seconds_count{account=\"main\",endpoint=\"instances\"}";
    CHECK(value_of(text, timed) == 2);
}

TEST_CASE("alerts are counted by outcome") {
    metrics::ProcessMetrics process;
    process.alert(
        NotifierName{"ops"}, alerts::Kind::idle_warning, metrics::AlertOutcome::delivered);
    CHECK(
        value_of(
            process.text(),
            "vastwatch_alerts_total{kind=\"idle_warning\",notifier=\"ops\",outcome="
            "\"delivered\"}") == 1);
}

TEST_CASE("an overshoot lands in the bucket of its dollars") {
    metrics::ProcessMetrics process;
    process.cap_overshoot(policy::Window::day, Usd::from_nanos(50'000'000));
    const auto text = process.text();
    CHECK(
        value_of(text, "vastwatch_cap_overshoot_dollars_bucket{window=\"day\",le=\"0.01\"}") == 0);
    CHECK(value_of(text, "vastwatch_cap_overshoot_dollars_bucket{window=\"day\",le=\"0.1\"}") == 1);
}

TEST_CASE("reloads are counted by result") {
    metrics::ProcessMetrics process;
    process.config_reloaded(true);
    process.config_reloaded(false);
    process.config_reloaded(false);
    const auto text = process.text();
    CHECK(value_of(text, "vastwatch_config_reloads_total{result=\"success\"}") == 1);
    CHECK(value_of(text, "vastwatch_config_reloads_total{result=\"failure\"}") == 2);
}

TEST_CASE("gateway requests are counted by decision") {
    metrics::ProcessMetrics process;
    process.gateway_request(TeamName{"vision"}, "operator", "create", "refused");
    CHECK(
        has(process.text(),
            "vastwatch_gateway_requests_total{decision=\"refused\",operation=\"create\","
            "role=\"operator\",team=\"vision\"} 1"));
}

TEST_CASE("the process tells of itself what every Prometheus client does") {
    const metrics::ProcessMetrics process;
    const auto text = process.text();
    CHECK(value_of(text, "process_resident_memory_bytes") > 1'000'000);
    CHECK(value_of(text, "process_virtual_memory_bytes") > 1'000'000);
    CHECK(value_of(text, "process_cpu_seconds_total") >= 0);
    CHECK(value_of(text, "process_open_fds") >= 3);
    CHECK(value_of(text, "process_threads") >= 1);
}

TEST_CASE("the process says when it started, and does not change its mind") {
    const metrics::ProcessMetrics process;
    const auto started = value_of(process.text(), "process_start_time_seconds");
    CHECK(started > 1'577'836'800);  // after the year 2020, that is
    CHECK(started <= static_cast<double>(std::time(nullptr)) + 1);
    CHECK(value_of(process.text(), "process_start_time_seconds") == started);
}
