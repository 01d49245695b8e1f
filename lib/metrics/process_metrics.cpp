#include "metrics/process_metrics.hpp"

#include "base/text.hpp"
#include "metrics/proc_self.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace vastwatch::metrics {
namespace {

using Counters = prometheus::Family<prometheus::Counter>;
using Histograms = prometheus::Family<prometheus::Histogram>;
using Buckets = prometheus::Histogram::BucketBoundaries;

Counters& counters(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Histograms& histograms(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

const Buckets& request_buckets() {
    static const Buckets buckets{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
    return buckets;
}

const Buckets& lag_buckets() {
    static const Buckets buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5};
    return buckets;
}

const Buckets& dollar_buckets() {
    static const Buckets buckets{0.001, 0.01, 0.1, 0.5, 1, 5, 10, 50, 100};
    return buckets;
}

constexpr std::array outcomes{AlertOutcome::delivered, AlertOutcome::retried, AlertOutcome::failed};

constexpr std::array windows{policy::Window::day, policy::Window::month, policy::Window::lifetime};

}  // namespace

std::string_view to_string(AlertOutcome outcome) {
    switch (outcome) {
        case AlertOutcome::delivered:
            return "delivered";
        case AlertOutcome::retried:
            return "retried";
        case AlertOutcome::failed:
            break;
    }
    return "failed";
}

struct ProcessMetrics::Families {
    prometheus::Registry registry;
    Counters& api_requests =
        counters(registry, "vastwatch_api_requests_total", "Requests to Vast.ai.");
    Histograms& api_durations = histograms(
        registry,
        "vastwatch_api_request_duration_seconds",
        "How long requests to Vast.ai took.");
    Counters& alerts =
        counters(registry, "vastwatch_alerts_total", "Attempts to deliver alerts, by outcome.");
    Histograms& overshoot = histograms(
        registry,
        "vastwatch_cap_overshoot_dollars",
        "By how much spend exceeded a cap as requests to take instances down for it left.");
    Histograms& lag_family =
        histograms(registry, "vastwatch_loop_lag_seconds", "How late timers of the loop were.");
    prometheus::Histogram& lag = lag_family.Add({}, lag_buckets());
    Counters& reloads = counters(
        registry,
        "vastwatch_config_reloads_total",
        "Reloads of the configuration, by result.");
    Counters& gateway = counters(
        registry,
        "vastwatch_gateway_requests_total",
        "Requests to the gateway, by what was decided.");
};

ProcessMetrics::ProcessMetrics() : families_(std::make_unique<Families>()) {
    for (const auto window : windows) {
        const std::string word{policy::to_string(window)};
        families_->overshoot.Add({{"window", word}}, dollar_buckets());
    }
    families_->reloads.Add({{"result", "success"}});
    families_->reloads.Add({{"result", "failure"}});
}

ProcessMetrics::~ProcessMetrics() = default;

void ProcessMetrics::add_notifier(const NotifierName& notifier) {
    // Kinds are consecutive and end with `test`.
    for (int number = 0; number <= static_cast<int>(alerts::Kind::test); ++number) {
        const auto kind = static_cast<alerts::Kind>(number);
        for (const auto outcome : outcomes) {
            families_->alerts.Add(
                {{"notifier", valid_utf8(notifier.str())},
                 {"kind", std::string{alerts::to_string(kind)}},
                 {"outcome", std::string{to_string(outcome)}}});
        }
    }
}

void ProcessMetrics::api_request(
    const AccountName& account,
    std::string_view endpoint,
    std::string_view code,
    Duration took) {
    const auto name = valid_utf8(account.str());
    const auto call = valid_utf8(endpoint);
    families_->api_requests.Add({{"account", name}, {"endpoint", call}, {"code", valid_utf8(code)}})
        .Increment();
    families_->api_durations.Add({{"account", name}, {"endpoint", call}}, request_buckets())
        .Observe(std::max(0.0, seconds(took)));
}

void ProcessMetrics::alert(const NotifierName& notifier, alerts::Kind kind, AlertOutcome outcome) {
    families_->alerts
        .Add(
            {{"notifier", valid_utf8(notifier.str())},
             {"kind", std::string{alerts::to_string(kind)}},
             {"outcome", std::string{to_string(outcome)}}})
        .Increment();
}

void ProcessMetrics::cap_overshoot(policy::Window window, Usd overshoot) {
    families_->overshoot.Add({{"window", std::string{policy::to_string(window)}}}, dollar_buckets())
        .Observe(std::max(0.0, to_double(overshoot)));
}

void ProcessMetrics::loop_lag(Duration lag) {
    families_->lag.Observe(std::max(0.0, seconds(lag)));
}

void ProcessMetrics::config_reloaded(bool successful) {
    families_->reloads.Add({{"result", successful ? "success" : "failure"}}).Increment();
}

void ProcessMetrics::gateway_request(
    const TeamName& team,
    std::string_view role,
    std::string_view operation,
    std::string_view decision) {
    families_->gateway
        .Add(
            {{"team", valid_utf8(team.str())},
             {"role", valid_utf8(role)},
             {"operation", valid_utf8(operation)},
             {"decision", valid_utf8(decision)}})
        .Increment();
}

std::string ProcessMetrics::text() const {
    std::ostringstream stream;
    prometheus::TextSerializer{}.Serialize(stream, families_->registry.Collect());
    auto out = std::move(stream).str();
    append_process_figures(out);
    return out;
}

}  // namespace vastwatch::metrics
