// One rented contract as the model plays it, and what it reports about itself.
#pragma once

#include "model/behaviour.hpp"
#include "model/meter.hpp"

namespace vastwatch::vastsim {

/// An increase that a host asks for and the user has not answered.
struct PendingIncrease {
    std::int64_t id = 0;
    Instant created_at;
    double dph_base = 0;
};

struct Instance {
    InstanceSpec spec;
    Instant start_date;
    std::optional<Instant> end_date;
    State state = State::provisioning;
    Condition condition;
    std::optional<std::string> status_msg;

    std::size_t phase = 0;  ///< of spec.behaviour, while `scripted`
    bool scripted = true;
    std::optional<Instant> phase_ends;
    std::optional<Duration> phase_left;  ///< kept while the script rests

    std::optional<Phase> reporting;  ///< the phase whose telemetry is shown; nothing before it ran
    std::optional<Instant> silent_since;  ///< telemetry repeats what it was at that instant
    std::optional<Instant> running_since;

    bool unloading = false;
    std::optional<Instant> gone_at;
    std::optional<PendingIncrease> pending;
    Usd deposit;                   ///< what is left of a prepayment
    std::uint64_t reads = 0;       ///< rows served
    std::uint32_t generation = 0;  ///< of its script's next event
    std::uint64_t revision = 0;    ///< counts what changes its row, telemetry's noise apart
    Meter meter;

    std::int64_t id() const { return spec.id; }
};

/// What it costs in its present condition.
Rates rates_of(const InstanceSpec& spec, const Condition& condition);

/// The volatile columns of one row.
struct Sample {
    boost::json::value gpu_util;
    boost::json::value gpu_temp;
    boost::json::value cpu_util;
    boost::json::value mem_limit;
    boost::json::value mem_usage;
    boost::json::value vmem_usage;
    boost::json::value inet_up_billed;  ///< KiB
    boost::json::value inet_down_billed;
};

/// What the host reported last, as of `now`; each read of a live host differs from the one before.
Sample sample_of(const Instance& instance, Instant now, std::uint64_t seed);

}  // namespace vastwatch::vastsim
