#include "fleet/evidence.hpp"

#include "base/enum_names.hpp"
#include "fleet/billing.hpp"
#include "fleet/take.hpp"

#include <algorithm>
#include <array>

namespace vastwatch::fleet {
namespace {

constexpr EnumNames<Evidence, 3> evidence_names{{
    {Evidence::unknown, "unknown"},
    {Evidence::busy, "busy"},
    {Evidence::idle, "idle"},
}};

constexpr EnumNames<Doubt, 7> doubt_names{{
    {Doubt::none, "none"},
    {Doubt::not_running, "not_running"},
    {Doubt::host_silent, "host_silent"},
    {Doubt::no_value, "no_value"},
    {Doubt::out_of_range, "out_of_range"},
    {Doubt::no_temperature, "no_temperature"},
    {Doubt::frozen_row, "frozen_row"},
}};

/// The fields by which a frozen row is told from a quiet one; utilisation is not among them, since
/// a quiet GPU rightly repeats its zero.
constexpr std::array volatile_fields{
    &Telemetry::gpu_temp,
    &Telemetry::cpu_util,
    &Telemetry::mem_usage,
    &Telemetry::inet_up,
    &Telemetry::inet_down};

bool has_temperature(const Telemetry& telemetry) {
    return telemetry.gpu_temp.value_or(0) > 0;
}

/// A row of zeros is no reading: nothing moved because of it.
bool is_blank(const Telemetry& telemetry) {
    return telemetry.gpu_util.value_or(0) == 0 && !has_temperature(telemetry) &&
           telemetry.cpu_util.value_or(0) == 0 && telemetry.mem_usage.value_or(0) == 0;
}

/// Takes in what is known of the fields; true when one of them moved. One that could not be read
/// has not moved.
bool follow_fields(Telemetry& last, const Telemetry& telemetry) {
    bool moved = false;
    for (const auto field : volatile_fields) {
        const auto& value = telemetry.*field;
        const bool known =
            field == &Telemetry::gpu_temp ? has_temperature(telemetry) : value.has_value();
        if (known) {
            moved = moved || (last.*field && last.*field != value);
            last.*field = value;
        }
    }
    last.gpu_util = telemetry.gpu_util;
    return moved;
}

Doubt doubt_of(const Observation& row, const StillRow& still) {
    if (row.status == Status::offline || row.status == Status::unknown) {
        return Doubt::host_silent;
    }
    if (!is_running(row)) {
        return Doubt::not_running;
    }
    const auto& util = row.telemetry.gpu_util;
    if (!util) {
        return Doubt::no_value;
    }
    if (!(*util >= 0 && *util <= 100)) {  // so that what is not a number is out of range as well
        return Doubt::out_of_range;
    }
    if (*util == 0 && !(row.telemetry.gpu_temp.value_or(0) > 0)) {
        return Doubt::no_temperature;
    }
    if (still.repeats >= frozen_after_repeats) {
        return Doubt::frozen_row;
    }
    return Doubt::none;
}

}  // namespace

std::string_view to_string(Evidence evidence) {
    return name_of(evidence_names, evidence);
}

std::optional<Evidence> parse_evidence(std::string_view text) {
    return value_of(evidence_names, text);
}

std::string_view to_string(Doubt doubt) {
    return name_of(doubt_names, doubt);
}

std::optional<Doubt> parse_doubt(std::string_view text) {
    return value_of(doubt_names, text);
}

std::string_view explain(Doubt doubt) {
    switch (doubt) {
        case Doubt::none:
            return "the reading is usable";
        case Doubt::not_running:
            return "the instance is not running in every respect, so it is neither idle nor busy";
        case Doubt::host_silent:
            return "its host is offline or has not reported lately";
        case Doubt::no_value:
            return "no utilisation was reported";
        case Doubt::out_of_range:
            return "the reported utilisation is impossible (below 0 or above 100)";
        case Doubt::no_temperature:
            return "utilisation 0 came without a GPU temperature, which is a missing reading and "
                   "not an idle GPU";
        case Doubt::frozen_row:
            return "the host keeps repeating the same values, which is no reading";
    }
    return "";
}

void take(StillRow& still, const Telemetry& telemetry) {
    if (!still.last) {
        still.last = telemetry;
        return;
    }
    if (is_blank(telemetry) && !is_blank(*still.last)) {
        return;
    }
    still.repeats = follow_fields(*still.last, telemetry) ? 0 : still.repeats + 1;
}

StillRow follow(StillRow still, const Telemetry& telemetry) {
    take(still, telemetry);
    return still;
}

Sample judge(const Observation& row, const StillRow& still, Percent idle_below, Instant at) {
    Sample sample{at, Evidence::unknown, doubt_of(row, still), std::nullopt};
    const auto& util = row.telemetry.gpu_util;
    if (sample.doubt != Doubt::none) {
        return sample;
    }
    sample.gpu_util = util;
    sample.evidence = *util < idle_below.value() ? Evidence::idle : Evidence::busy;
    return sample;
}

bool append(std::vector<SampleRun>& history, const Sample& sample) {
    const bool continues = !history.empty() && history.back().evidence == sample.evidence &&
                           history.back().doubt == sample.doubt;
    if (continues) {
        auto& run = history.back();
        run.last = sample.at;
        ++run.count;
        if (sample.gpu_util) {
            run.lowest = std::min(run.lowest.value_or(*sample.gpu_util), *sample.gpu_util);
            run.highest = std::max(run.highest.value_or(*sample.gpu_util), *sample.gpu_util);
        }
        return false;
    }
    if (history.size() >= max_sample_runs) {
        history.erase(history.begin());
    }
    SampleRun run;
    run.first = sample.at;
    run.last = sample.at;
    run.count = 1;
    run.evidence = sample.evidence;
    run.doubt = sample.doubt;
    run.lowest = sample.gpu_util;
    run.highest = sample.gpu_util;
    history.push_back(run);
    return true;
}

}  // namespace vastwatch::fleet
