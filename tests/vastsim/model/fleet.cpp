#include "model/fleet.hpp"

#include "model/hardware.hpp"
#include "model/noise.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace vastwatch::vastsim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<const char*, 12> projects{
    "llama-sft",
    "eval",
    "tokenizer",
    "rlhf",
    "ablation-3",
    "pretrain",
    "whisper",
    "tts",
    "detector",
    "segment",
    "embeddings",
    "sweep-7"};

Signal jitter(double low, double high) {
    Signal signal;
    signal.kind = Signal::Kind::jitter;
    signal.low = low;
    signal.high = high;
    return signal;
}

Signal exactly(double value) {
    Signal signal;
    signal.value = value;
    return signal;
}

Phase phase_of(State state, std::optional<Duration> length) {
    Phase phase;
    phase.state = state;
    phase.length = length;
    return phase;
}

Phase busy(std::optional<Duration> length) {
    return phase_of(State::running, length);
}

Phase idle(std::optional<Duration> length) {
    Phase phase = phase_of(State::running, length);
    phase.signals["gpu_util"] = exactly(0);
    return phase;
}

struct Machine {
    const char* gpu;
    std::int64_t gpus;
    double dph_base;
    double disk;
};

InstanceSpec instance(std::string label, const Machine& machine, Duration age) {
    InstanceSpec spec;
    if (!label.empty()) {
        spec.label = std::move(label);
    }
    spec.gpu_name = machine.gpu;
    spec.num_gpus = machine.gpus;
    spec.dph_base = machine.dph_base;
    spec.disk_space = machine.disk;
    spec.start = -age;
    spec.rented_for = age + hours{24 * 21};
    spec.behaviour.push_back(busy(std::nullopt));
    return spec;
}

std::string label_of(const FleetOptions& options, std::size_t team, std::string_view project) {
    return fmt::format("{}/{}", options.teams[team % options.teams.size()], project);
}

InstanceSpec with(InstanceSpec spec, std::vector<Phase> behaviour) {
    spec.behaviour = std::move(behaviour);
    return spec;
}

InstanceSpec interruptible(InstanceSpec spec) {
    spec.is_bid = true;
    spec.min_bid = spec.dph_base * 0.9;
    return spec;
}

InstanceSpec with_traffic(InstanceSpec spec, double down, double up) {
    spec.down_gb_per_hour = down;
    spec.up_gb_per_hour = up;
    return spec;
}

Phase flapping() {
    Phase phase = busy(std::nullopt);
    phase.zero_every = 2;
    phase.signals["gpu_util"] = jitter(60, 75);
    return phase;
}

// NOLINTBEGIN(modernize-use-designated-initializers): as in a table, names would only be noise.
// The figures are in README.md beside vastsim; change them there as well.
std::vector<InstanceSpec> showcase(const FleetOptions& o) {
    std::vector<InstanceSpec> fleet;
    fleet.push_back(with_traffic(
        instance(label_of(o, 0, "llama-sft"), {"H100 SXM", 8, 17.92, 400}, hours{2}), 3, 0.5));
    fleet.push_back(instance(label_of(o, 0, "eval"), {"A100 SXM4", 2, 2.40, 120}, minutes{90}));
    fleet.push_back(with(
        instance(label_of(o, 0, "notebook"), {"A100 SXM4", 1, 1.20, 80}, hours{3}),
        {idle(std::nullopt)}));
    fleet.push_back(
        interruptible(instance(label_of(o, 0, "sweep-7"), {"RTX 4090", 1, 0.25, 32}, minutes{70})));
    fleet.push_back(instance(label_of(o, 1, "whisper"), {"L40S", 2, 1.36, 80}, minutes{100}));
    fleet.push_back(with(
        instance(label_of(o, 1, "tts"), {"RTX 5090", 1, 0.68, 40}, seconds{0}),
        {phase_of(State::provisioning, seconds{10}),
         phase_of(State::loading, seconds{50}),
         busy(std::nullopt)}));
    fleet.push_back(
        with(instance(label_of(o, 1, "align"), {"RTX 3090", 1, 0.18, 60}, hours{2}), {flapping()}));
    fleet.push_back(with(
        instance(label_of(o, 1, "archive"), {"RTX A6000", 1, 0.42, 500}, hours{24 * 6}),
        {busy(hours{20}), phase_of(State::stopped, std::nullopt)}));
    fleet.push_back(
        interruptible(instance(label_of(o, 2, "detector"), {"RTX 4090", 4, 1.30, 100}, hours{3})));
    fleet.push_back(instance(label_of(o, 2, "segment"), {"RTX 4090", 2, 0.70, 64}, hours{1}));
    InstanceSpec spot =
        interruptible(instance(label_of(o, 2, "spot-7"), {"RTX 3090", 1, 0.11, 20}, minutes{26}));
    spot.repeat = true;
    fleet.push_back(with(std::move(spot), {busy(minutes{3}), phase_of(State::outbid, minutes{2})}));
    fleet.push_back(with(
        instance(label_of(o, 2, "lab-host"), {"RTX A6000", 1, 0.42, 50}, minutes{100}),
        {busy(minutes{102}), phase_of(State::offline, minutes{4}), busy(std::nullopt)}));
    fleet.push_back(instance("", {"RTX 4090", 1, 0.34, 40}, hours{1}));
    fleet.push_back(instance(
        "<script>alert(1)</script>\r\nBcc: all@example.net =cmd|'/c calc'!A1 "
        "\x1b[31m\xe2\x80\xaered",
        {"RTX A5000", 1, 0.17, 32},
        minutes{50}));
    fleet.push_back(with(
        instance(label_of(o, 0, "tokenizer"), {"RTX 4090", 1, 0.36, 40}, minutes{20}),
        {busy(minutes{22}), idle(std::nullopt)}));
    InstanceSpec reserved =
        instance(label_of(o, 0, "reserved-a"), {"A100 PCIE", 2, 1.60, 200}, hours{4});
    reserved.credit_discount = 0.2;
    fleet.push_back(std::move(reserved));
    return fleet;
}

// NOLINTEND(modernize-use-designated-initializers)

std::vector<Phase> mixed_behaviour(Random& random) {
    const double kind = random.unit();
    const auto some_minutes = [&](double low, double high) {
        return Duration{seconds{std::llround(random.between(low, high) * 60)}};
    };
    if (kind < 0.55) {
        return {busy(std::nullopt)};
    }
    if (kind < 0.65) {
        return {idle(std::nullopt)};
    }
    if (kind < 0.75) {
        return {busy(some_minutes(2, 60)), idle(some_minutes(2, 60))};
    }
    if (kind < 0.80) {
        return {
            phase_of(State::provisioning, seconds{10}),
            phase_of(State::loading, some_minutes(1, 10)),
            busy(std::nullopt)};
    }
    if (kind < 0.85) {
        return {busy(some_minutes(5, 30)), phase_of(State::outbid, some_minutes(2, 30))};
    }
    if (kind < 0.90) {
        return {busy(some_minutes(5, 30)), phase_of(State::offline, some_minutes(1, 10))};
    }
    if (kind < 0.93) {
        return {busy(some_minutes(5, 60)), phase_of(State::crashed, std::nullopt)};
    }
    if (kind < 0.97) {
        return {busy(some_minutes(5, 60)), phase_of(State::stopped, std::nullopt)};
    }
    return {flapping()};
}

InstanceSpec random_instance(const FleetOptions& options, Random& random, bool mixed) {
    constexpr std::array<std::int64_t, 6> sizes{1, 1, 1, 2, 4, 8};
    const auto models = gpu_models();
    const GpuModel& model = models[random.below(models.size())];
    const std::int64_t gpus = sizes[random.below(sizes.size())];
    const double price =
        std::round(model.dph * static_cast<double>(gpus) * random.between(0.9, 1.3) * 1000) / 1000;
    const char* project = projects[random.below(projects.size())];
    std::string label = label_of(options, random.below(options.teams.size()), project);
    if (mixed && random.chance(0.03)) {
        label.clear();
    }
    const auto disk = 20 + 10 * static_cast<double>(random.below(30));
    const Duration age = minutes{60 + static_cast<int>(random.below(4320))};
    InstanceSpec spec = instance(
        std::move(label),
        {.gpu = "", .gpus = gpus, .dph_base = price, .disk = disk},
        mixed ? age : Duration{hours{48}});
    spec.gpu_name = model.name;
    if (mixed) {
        spec.behaviour = mixed_behaviour(random);
        spec.repeat = true;
        spec = random.chance(0.3) ? interruptible(std::move(spec)) : std::move(spec);
        spec = with_traffic(std::move(spec), random.between(0, 4), random.between(0, 1));
    }
    return spec;
}

}  // namespace

std::optional<AccountSpec> generate_account(const FleetOptions& options) {
    const bool quickstart = options.profile == "quickstart";
    const bool mixed = options.profile == "mixed";
    if (options.teams.empty() || (!quickstart && !mixed && options.profile != "steady")) {
        return std::nullopt;
    }
    AccountSpec account;
    account.credit = quickstart ? Usd::dollars(850) : Usd::dollars(1'000'000);
    account.first_id = 31'415'900;
    if (quickstart) {
        account.instances = showcase(options);
        if (account.instances.size() > options.instances) {
            account.instances.resize(options.instances);
        }
    }
    Random random(options.seed);
    while (account.instances.size() < options.instances) {
        account.instances.push_back(random_instance(options, random, mixed));
    }
    if (!account.instances.empty()) {
        VolumeSpec datasets;
        datasets.label = "datasets";
        datasets.start = -hours{24 * 3};
        account.volumes.push_back(datasets);
    }
    account.new_instance_behaviour = {
        phase_of(State::provisioning, seconds{3}),
        phase_of(State::loading, seconds{8}),
        busy(std::nullopt)};
    return account;
}

}  // namespace vastwatch::vastsim
