// What one row says about whether the GPU works: busy, idle, or unknown and why (spec section 5).
// Telemetry of this API lies in known ways (API section 2.6); whatever is doubtful is unknown.
#pragma once

#include "base/percent.hpp"
#include "fleet/observation.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace vastwatch::fleet {

enum class Evidence { unknown, busy, idle };

std::string_view to_string(Evidence evidence);
std::optional<Evidence> parse_evidence(std::string_view text);

/// Why a row is no evidence.
enum class Doubt {
    none,
    not_running,     // not running in every respect: neither idle nor busy
    host_silent,     // the host is offline or unknown
    no_value,        // utilisation null, missing or not a number
    out_of_range,    // negative or above 100
    no_temperature,  // a zero without a GPU temperature: a row of zeros, no reading
    frozen_row,      // all volatile fields have stood still for several polls
};

std::string_view to_string(Doubt doubt);
std::optional<Doubt> parse_doubt(std::string_view text);
/// The same as a sentence for people.
std::string_view explain(Doubt doubt);

/// How long an instance's volatile fields have stood still.
struct StillRow {
    std::optional<Telemetry> last;  // the latest values, as far as rows had them
    int repeats = 0;                // how many rows in succession showed nothing else
};

/// From this many repeats on a row is taken as frozen.
constexpr int frozen_after_repeats = 3;

/// `still` after one more row.
StillRow follow(StillRow still, const Telemetry& telemetry);

/// One sample of one instance.
struct Sample {
    Instant at;
    Evidence evidence = Evidence::unknown;
    Doubt doubt = Doubt::none;
    std::optional<double> gpu_util;  // percent, as far as it was a number in range
};

/// Judges one row; `still` already includes it. Utilisation below `idle_below` is idle.
Sample judge(const Observation& row, const StillRow& still, Percent idle_below, Instant at);

/// Neighbouring samples of one kind as one entry, so that hours fit into a few.
struct SampleRun {
    Instant first;
    Instant last;
    int count = 0;
    Evidence evidence = Evidence::unknown;
    Doubt doubt = Doubt::none;
    std::optional<double> lowest;  // of gpu_util
    std::optional<double> highest;

    friend bool operator==(const SampleRun&, const SampleRun&) = default;
};

/// The most entries kept; older ones are forgotten first.
constexpr std::size_t max_sample_runs = 32;

/// Adds a sample to a history; true when a new run was begun.
bool append(std::vector<SampleRun>& history, const Sample& sample);

}  // namespace vastwatch::fleet
