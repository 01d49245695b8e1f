#include "judge/reading.hpp"

namespace vastwatch::simulation {

void read_state(const vastsim::Instance& instance, Reading& reading) {
    const auto& spec = instance.spec;
    const auto& condition = instance.condition;
    const bool granted = condition.intended == "running" && condition.current == "running";
    reading.wanted_running = granted;
    reading.running = granted && condition.actual == "running";
    reading.host_silent = condition.actual == "offline" || condition.actual == "unknown";
    const bool ended = condition.actual == "exited" || condition.actual == "stopped";
    reading.stopped = condition.intended == "stopped" && condition.current == "stopped" && ended;
    reading.unloading = instance.unloading;
    reading.waits_to_run =
        !condition.actual || condition.actual == "loading" || condition.actual == "created";
    reading.interruptible = spec.is_bid;
    reading.started = instance.start_date;
    const auto rates = vastsim::rates_of(spec, condition);
    reading.rate = rates[0] + rates[1];
}

UsdPerHour running_rate(const vastsim::Instance& instance) {
    const auto& spec = instance.spec;
    return rate_from_double(spec.dph_base).value_or(UsdPerHour{}) +
           rate_from_double(spec.storage_cost * spec.disk_space / 720).value_or(UsdPerHour{});
}

}  // namespace vastwatch::simulation
