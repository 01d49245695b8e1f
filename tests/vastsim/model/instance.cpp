#include "model/instance.hpp"

#include "model/hardware.hpp"
#include "model/noise.hpp"

#include <algorithm>
#include <cmath>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

constexpr double hours_per_month = 720;
constexpr double kibibytes_per_gigabyte = 1024.0 * 1024.0;

double rounded(double value, double step) {
    return std::round(value / step) * step;
}

// One instant of one instance's telemetry.
struct Moment {
    const Instance& instance;
    std::uint64_t seed;
    std::uint64_t tick;

    double unit(std::uint64_t channel) const {
        const auto id = static_cast<std::uint64_t>(instance.id());
        return vastsim::unit(seed + channel, id, tick);
    }

    double between(std::uint64_t channel, double low, double high) const {
        return low + (high - low) * unit(channel);
    }
};

json::value read(const Signal& signal, const Moment& moment, std::uint64_t channel, Instant at) {
    switch (signal.kind) {
        case Signal::Kind::verbatim:
            break;
        case Signal::Kind::jitter:
            return rounded(moment.between(channel, signal.low, signal.high), 0.01);
        case Signal::Kind::flap: {
            const Duration since = at - moment.instance.start_date;
            const Duration phase = since % std::max(signal.period, Duration{1});
            return phase * 2 < signal.period ? signal.high : signal.low;
        }
    }
    return signal.value;
}

const Signal* find_signal(const Instance& instance, const std::string& name) {
    for (const Signals* signals : {&instance.reporting->signals, &instance.spec.signals}) {
        const auto found = signals->find(name);
        if (found != signals->end()) {
            return &found->second;
        }
    }
    return nullptr;
}

double number_or(const json::value& value, double otherwise) {
    if (value.is_double()) {
        return value.get_double();
    }
    return value.is_int64() ? static_cast<double>(value.get_int64()) : otherwise;
}

json::value billed(const Instance& instance, Item item, Instant at, double dollars_per_gigabyte) {
    if (dollars_per_gigabyte <= 0) {
        return 0.0;
    }
    const Usd spent = instance.meter.until(at)[static_cast<std::size_t>(item)].usd();
    const double gigabytes = to_double(spent) / dollars_per_gigabyte;
    return std::floor(gigabytes * kibibytes_per_gigabyte);
}

}  // namespace

Rates rates_of(const InstanceSpec& spec, const Condition& condition) {
    const double paid = 1 - spec.credit_discount.value_or(0);
    const auto rate = [](double dollars_per_hour) {
        return rate_from_double(dollars_per_hour).value_or(UsdPerHour{});
    };
    Rates rates;
    if (gpu_bills(condition)) {
        rates[static_cast<std::size_t>(Item::gpu)] = rate(spec.dph_base * paid);
    }
    if (disk_bills(condition)) {
        const double disk = spec.storage_cost * spec.disk_space / hours_per_month;
        rates[static_cast<std::size_t>(Item::disk)] = rate(disk * paid);
    }
    if (condition.actual == "running") {
        const auto down = spec.inet_down_cost * spec.down_gb_per_hour;
        rates[static_cast<std::size_t>(Item::down)] = rate(down);
        rates[static_cast<std::size_t>(Item::up)] = rate(spec.inet_up_cost * spec.up_gb_per_hour);
    }
    return rates;
}

Sample sample_of(const Instance& instance, Instant now, std::uint64_t seed) {
    Sample sample;
    if (!instance.reporting) {
        sample.cpu_util = 0.0;
        return sample;
    }
    const Instant at = instance.silent_since.value_or(now);
    const Moment moment{
        .instance = instance,
        .seed = seed,
        .tick = static_cast<std::uint64_t>(at.time_since_epoch().count())};
    const auto value = [&](const char* name, std::uint64_t channel, auto&& otherwise) {
        const Signal* signal = find_signal(instance, name);
        return signal == nullptr ? json::value(otherwise()) : read(*signal, moment, channel, at);
    };
    const GpuModel& model = gpu_model(instance.spec.gpu_name);
    const auto gpus = static_cast<double>(instance.spec.num_gpus);

    sample.gpu_util =
        value("gpu_util", 1, [&] { return rounded(moment.between(1, 60, 98), 0.01); });
    const double load = std::clamp(number_or(sample.gpu_util, 50), 0.0, 100.0) / 100;
    sample.gpu_temp = value(
        "gpu_temp", 2, [&] { return rounded(40.5 + 32 * load + moment.between(2, 0, 1.5), 0.25); });
    sample.cpu_util = value(
        "cpu_util", 3, [&] { return rounded(1 + 14 * load + moment.between(3, 0, 3), 0.01); });
    sample.mem_limit = 64.0 * gpus;
    sample.mem_usage = value("mem_usage", 4, [&] {
        return rounded((2 + 20 * load) * gpus + moment.between(4, 0, 0.5), 0.001);
    });
    sample.vmem_usage = value("vmem_usage", 5, [&] {
        const double memory = static_cast<double>(model.memory_mb) / 1024 * gpus;
        return rounded(memory * (0.02 + 0.8 * load), 0.01);
    });
    sample.inet_up_billed = billed(instance, Item::up, at, instance.spec.inet_up_cost);
    sample.inet_down_billed = billed(instance, Item::down, at, instance.spec.inet_down_cost);

    const int every = instance.reporting->zero_every;
    if (every > 0 && instance.reads % static_cast<std::uint64_t>(every) == 0) {
        sample.gpu_util = 0.0;
        sample.gpu_temp = 0.0;
        sample.vmem_usage = 0.0;
    }
    return sample;
}

}  // namespace vastwatch::vastsim
