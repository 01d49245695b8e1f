// The daemon's own counters and histograms: what it did since it started, as opposed to what the
// fleet looks like (exposition.hpp). One object, made in main and handed to whoever counts; lives
// on the loop's thread. prometheus-cpp stays in the .cpp.
#pragma once

#include "alerts/alert.hpp"
#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "policy/policy.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace vastwatch::metrics {

/// What came of one attempt to deliver an alert.
enum class AlertOutcome {
    delivered,
    retried,  // failed, and will be tried again
    failed,   // given up
};

std::string_view to_string(AlertOutcome outcome);

class ProcessMetrics {
  public:
    ProcessMetrics();
    ~ProcessMetrics();
    ProcessMetrics(const ProcessMetrics&) = delete;
    ProcessMetrics& operator=(const ProcessMetrics&) = delete;

    /// Makes the series of a notifier appear with 0, so that a first failure is an increase.
    void add_notifier(const NotifierName& notifier);

    /// One request to Vast.ai. `endpoint` is the name of the call, never a path with ids; `code` is
    /// the HTTP status or, without an answer, a word like "timeout".
    void api_request(
        const AccountName& account,
        std::string_view endpoint,
        std::string_view code,
        Duration took);

    void alert(const NotifierName& notifier, alerts::Kind kind, AlertOutcome outcome);

    /// By how much spend exceeded the cap as requests to take instances down for it left.
    void cap_overshoot(policy::Window window, Usd overshoot);

    /// How late a timer of the loop was.
    void loop_lag(Duration lag);

    void config_reloaded(bool successful);

    /// `decision` is allowed or refused, `operation` the gateway's name of what was asked for.
    void gateway_request(
        const TeamName& team,
        std::string_view role,
        std::string_view operation,
        std::string_view decision);

    /// Everything, and process_*, in Prometheus text format.
    std::string text() const;

  private:
    struct Families;
    std::unique_ptr<Families> families_;
};

}  // namespace vastwatch::metrics
