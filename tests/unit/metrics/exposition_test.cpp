#include "metrics/exposition.hpp"

#include "../web/sample_view.hpp"
#include "metrics/process_metrics.hpp"
#include "metrics/text_format.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace metrics = vastwatch::metrics;
namespace sample = vastwatch::sample;
using namespace vastwatch;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);) {
        out.push_back(line);
    }
    return out;
}

bool has_line(const std::string& text, const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

/// Every sample's name and labels.
std::vector<std::string> series_of(const std::string& text) {
    std::vector<std::string> out;
    for (const auto& line : lines_of(text)) {
        if (!line.starts_with('#')) {
            out.push_back(line.substr(0, line.rfind(' ')));
        }
    }
    return out;
}

/// What promtool's linter has to say about it; "ok" when nothing.
std::string promtool(const std::string& text) {
    std::string name = "/tmp/vastwatch-metrics-XXXXXX";
    const int file = ::mkstemp(name.data());
    REQUIRE(file >= 0);
    ::close(file);
    std::ofstream{name} << text;
    auto* pipe = ::popen(("promtool check metrics <" + name + " 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string said;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
        said += static_cast<char>(c);
    }
    const int status = ::pclose(pipe);
    std::remove(name.c_str());
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 && said.empty() ? "ok" : said + "failed";
}

bool promtool_is_there() {
    return std::system("promtool --version >/dev/null 2>&1") == 0;  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

TEST_CASE("money is exact to the nano-dollar") {
    const auto text = metrics::render(sample::view());
    CHECK(has_line(
        text,
        "vastwatch_spend_dollars_total{account=\"main\",team=\"ml-research\",source=\"gpu\"} "
        "123.456789012"));
    CHECK(has_line(
        text,
        "vastwatch_spend_dollars_total{account=\"main\",team=\"ml-research\",source=\"disk\"} "
        "0.000000001"));
    CHECK(has_line(
        text, "vastwatch_team_spend_dollars{team=\"ml-research\",window=\"day\"} 160.020000001"));
}

TEST_CASE("all figures carry the moment they are for") {
    CHECK(has_line(
        metrics::render(sample::view()), "vastwatch_snapshot_timestamp_seconds 1795287845.25"));
}

TEST_CASE("a utilisation is a ratio, and absent when unknown") {
    const auto text = metrics::render(sample::view(1));
    CHECK(has_line(
        text,
        "vastwatch_instance_gpu_utilization_ratio{account=\"main\",team=\"ml-research\","
        "instance=\"900000001\"} 0.01"));
    CHECK(text.find("utilization_ratio{account=\"main\",team=\"unassigned\"") == std::string::npos);
}

TEST_CASE("a rate that is unknown has no series") {
    CHECK(
        metrics::render(sample::view(1))
            .find("dollars_per_hour{account=\"main\",team=\"unassigned\"") == std::string::npos);
}

TEST_CASE("a window without cap has neither cap nor crossing") {
    const auto text = metrics::render(sample::view());
    CHECK(text.find("cap_dollars{team=\"unassigned\"") == std::string::npos);
    CHECK(text.find("crossing_timestamp_seconds{team=\"unassigned\"") == std::string::npos);
    CHECK(has_line(
        text,
        "vastwatch_team_cap_crossing_timestamp_seconds{team=\"ml-research\",window=\"day\"} "
        "1795299425.25"));
}

TEST_CASE("which file of the state was damaged at the start is told, and which was not") {
    auto view = sample::view();
    view->health.database_set_aside = "/var/lib/vastwatch/state.db.corrupt";
    const auto text = metrics::render(view);
    CHECK(has_line(text, "vastwatch_state_damaged{file=\"database\"} 1"));
    CHECK(has_line(text, "vastwatch_state_damaged{file=\"audit_log\"} 0"));
}

TEST_CASE("series of an instance go with the instance") {
    auto view = sample::view(1);
    const std::string id = "instance=\"1000\"";
    CHECK(count_of(metrics::render(view), id) == 5);
    view->instances.erase(view->instances.begin());
    CHECK(count_of(metrics::render(view), id) == 0);
}

TEST_CASE("an instance's information has every label") {
    CHECK(has_line(
        metrics::render(sample::view(1)),
        "vastwatch_instance_info{account=\"main\",team=\"ml-research\",instance=\"1000\","
        "label=\"ml-research/job-1000\",gpu_name=\"H100 SXM\",num_gpus=\"1\",machine=\"6000\","
        "interruptible=\"false\"} 1"));
}

TEST_CASE("an instance's deadline says when, what and why, and is absent when nothing is due") {
    const auto text = metrics::render(sample::view(1));
    CHECK(has_line(
        text,
        "vastwatch_instance_deadline_timestamp_seconds{account=\"main\",team=\"ml-research\","
        "instance=\"900000001\",action=\"destroy\",rule=\"idle\"} 1795288685.25"));
    CHECK(count_of(text, "\nvastwatch_instance_deadline_timestamp_seconds{") == 1);
}

TEST_CASE("the beginning of a pause is there as long as the pause") {
    auto view = sample::view();
    const std::string name = "vastwatch_enforcement_pause_start_timestamp_seconds";
    CHECK(count_of(metrics::render(view), name) == 0);
    enforcement::Pause pause;
    pause.since = sample::now - std::chrono::hours{1};
    view->health.pause = pause;
    CHECK(has_line(metrics::render(view), name + " 1795284245.25"));
}

TEST_CASE("an action fails from the alarm about it until it has ended") {
    auto view = sample::view();
    const std::string line = "vastwatch_team_failing_actions{team=\"ml-research\"} ";
    CHECK(has_line(metrics::render(view), line + "0"));
    view->cases[0].failure_told = true;
    CHECK(has_line(metrics::render(view), line + "1"));
    CHECK(has_line(
        metrics::render(view),
        "vastwatch_team_failing_dollars_per_hour{team=\"ml-research\"} 18.4"));
    view->cases[0].step = enforcement::Step::confirmed;
    CHECK(has_line(metrics::render(view), line + "0"));
}

TEST_CASE(
    "what was saved is there for every team and window, and apart from what would have been") {
    const auto text = metrics::render(sample::view());
    CHECK(has_line(
        text, "vastwatch_team_saved_dollars{team=\"vision\",window=\"month\",outcome=\"done\"} 0"));
    CHECK(has_line(
        text,
        "vastwatch_team_saved_dollars{team=\"ml-research\",window=\"day\",outcome=\"done\"} "
        "6.746666667"));
    CHECK(has_line(
        text,
        "vastwatch_team_saved_dollars{team=\"ml-research\",window=\"day\",outcome=\"dry_run\"} "
        "0.92"));
}

TEST_CASE("findings are counted by team and rule, those in prospect not") {
    const auto text = metrics::render(sample::view());
    CHECK(has_line(text, "vastwatch_findings{team=\"ml-research\",rule=\"max_dph\"} 2"));
    CHECK(count_of(text, "\nvastwatch_findings{") == 1);
}

TEST_CASE("a figure that is not finite has no series") {
    auto view = sample::view(1);
    view->accounts[0].billing_difference = std::numeric_limits<double>::quiet_NaN();
    view->instances[0].gpu_util = std::numeric_limits<double>::infinity();
    const auto text = metrics::render(view);
    CHECK(text.find("vastwatch_billing_difference_ratio{") == std::string::npos);
    CHECK(text.find("nan") == std::string::npos);
    CHECK(text.find("} inf") == std::string::npos);
}

TEST_CASE("every series has HELP and TYPE ahead of it, once") {
    const auto text = metrics::render(sample::view());
    std::map<std::string, int> types;
    for (const auto& line : lines_of(text)) {
        if (line.starts_with("# TYPE ")) {
            ++types[line.substr(7, line.find(' ', 7) - 7)];
        } else if (!line.starts_with('#')) {
            const auto name = line.substr(0, line.find_first_of("{ "));
            CAPTURE(name);
            CHECK(types[name] == 1);
        }
    }
    CHECK(count_of(text, "# HELP ") == count_of(text, "# TYPE "));
}

TEST_CASE("no series is there twice, whatever the labels") {
    for (const auto& view : {sample::view(), sample::hostile_view()}) {
        const auto series = series_of(metrics::render(view));
        const std::set<std::string> distinct(series.begin(), series.end());
        CHECK(distinct.size() == series.size());
    }
}

TEST_CASE("slices add up to the whole and are about as large as asked for") {
    const std::shared_ptr<const engine::View> view = sample::view(500);
    metrics::ExpositionLimits limits;
    limits.slice_bytes = 1000;
    metrics::Exposition exposition{view, limits};
    std::string all;
    std::size_t largest = 0;
    bool more = true;
    while (more) {
        std::string slice;
        more = exposition.next(slice);
        largest = std::max(largest, slice.size());
        all += slice;
    }
    CHECK(all == metrics::render(view));
    CHECK(largest < 2000);
}

TEST_CASE("too many series are cut at whole instances, and counted") {
    metrics::ExpositionLimits limits;
    limits.instance_series = 12;
    metrics::Exposition exposition{sample::view(10), limits};
    std::string text;
    bool more = true;
    while (more) {
        more = exposition.next(text);
    }
    CHECK(count_of(text, "instance=\"1000\"") == 5);
    CHECK(count_of(text, "instance=\"1001\"") == 5);
    CHECK(count_of(text, "instance=\"1002\"") == 0);
    // Eight more with five series each, one of note with six, one with five, and one with three.
    CHECK(has_line(text, "vastwatch_series_dropped 54"));
}

TEST_CASE("backslash, quote and newline in a label are escaped, wrong bytes replaced") {
    CHECK(metrics::escape_label("a\\b\"c\nd") == "a\\\\b\\\"c\\nd");
    CHECK(metrics::escape_label("a\xff") == "a\xEF\xBF\xBD");
    CHECK(
        metrics::escape_label(std::string_view{"a\0b", 3}) ==
        "a\xEF\xBF\xBD"
        "b");
    CHECK(metrics::escape_label("größer") == "größer");
}

TEST_CASE("seconds keep their nanoseconds") {
    CHECK(metrics::decimal_seconds(std::chrono::nanoseconds{1'500'000'001}) == "1.500000001");
    CHECK(metrics::decimal_seconds(std::chrono::seconds{90}) == "90");
}

TEST_CASE("promtool accepts a scrape, hostile labels included") {
    if (!promtool_is_there()) {
        MESSAGE("promtool is not installed: not checked");
        return;
    }
    metrics::ProcessMetrics process;
    process.add_notifier(NotifierName{sample::hostile});
    process.api_request(
        AccountName{sample::hostile}, "instances", "200", std::chrono::milliseconds{120});
    process.loop_lag(std::chrono::microseconds{30});
    process.gateway_request(TeamName{"ml-research"}, "operator", "create", "refused");
    CHECK(promtool(metrics::render(sample::view()) + process.text()) == "ok");
    CHECK(promtool(metrics::render(sample::hostile_view()) + process.text()) == "ok");
    CHECK(promtool("# TYPE broken gauge\nbroken{a=\"\n") != "ok");
}
