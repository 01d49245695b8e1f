#include "world/fleet.hpp"

#include "model/hardware.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vastwatch::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using vastsim::InstanceSpec;
using vastsim::Phase;
using vastsim::Random;
using vastsim::Signal;
using vastsim::State;

Signal exactly(double value) {
    Signal signal;
    signal.value = value;
    return signal;
}

Signal jitter(double low, double high) {
    Signal signal;
    signal.kind = Signal::Kind::jitter;
    signal.low = low;
    signal.high = high;
    return signal;
}

Phase in(State state, std::optional<Duration> length) {
    Phase phase;
    phase.state = state;
    phase.length = length;
    return phase;
}

Phase busy(std::optional<Duration> length) {
    return in(State::running, length);
}

/// Nothing to do: zero, or the little that a display or a driver takes.
Phase idle(Random& random, std::optional<Duration> length) {
    Phase phase = busy(length);
    phase.signals["gpu_util"] = random.chance(0.7) ? exactly(0) : jitter(0, 4.5);
    return phase;
}

/// Works a little, right above what counts as idle.
Phase faint(std::optional<Duration> length) {
    Phase phase = busy(length);
    phase.signals["gpu_util"] = jitter(5, 12);
    return phase;
}

std::vector<Phase> started(Random& random) {
    return {
        in(State::provisioning, draw_length(random, seconds{2}, minutes{1})),
        in(State::loading, draw_length(random, seconds{10}, minutes{40}))};
}

void append(std::vector<Phase>& script, std::vector<Phase> more) {
    script.insert(
        script.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// A training run: hours of work with pauses of minutes, then nothing for ever.
std::vector<Phase> training(Random& random) {
    std::vector<Phase> script;
    const auto rounds = 1 + random.below(8);
    for (std::size_t i = 0; i < rounds; ++i) {
        script.push_back(busy(draw_length(random, minutes{20}, hours{30})));
        script.push_back(idle(random, draw_length(random, minutes{1}, minutes{50})));
    }
    script.push_back(idle(random, std::nullopt));
    return script;
}

std::vector<Phase> notebook(Random& random) {
    std::vector<Phase> script;
    const auto rounds = 1 + random.below(20);
    for (std::size_t i = 0; i < rounds; ++i) {
        script.push_back(busy(draw_length(random, minutes{1}, minutes{30})));
        script.push_back(idle(random, draw_length(random, minutes{5}, hours{3})));
    }
    script.push_back(idle(random, std::nullopt));
    return script;
}

std::vector<Phase> crash_loop(Random& random) {
    std::vector<Phase> script;
    for (int i = 0; i < 12; ++i) {
        script.push_back(busy(draw_length(random, seconds{40}, minutes{10})));
        script.push_back(in(State::crashed, draw_length(random, seconds{10}, minutes{5})));
    }
    script.push_back(in(State::crashed, std::nullopt));
    return script;
}

std::vector<Phase> flaky_host(Random& random) {
    std::vector<Phase> script;
    const auto rounds = 1 + random.below(10);
    for (std::size_t i = 0; i < rounds; ++i) {
        script.push_back(busy(draw_length(random, hours{1}, hours{20})));
        const State lost = random.chance(0.5) ? State::offline : State::unknown;
        script.push_back(in(lost, draw_length(random, minutes{1}, hours{5})));
        auto back = idle(random, draw_length(random, minutes{10}, hours{1}));
        // Some were idle already when the host fell silent.
        if (i % 2 == 0) {
            auto before = back;
            before.length = *back.length / 3;
            script.insert(script.end() - 1, std::move(before));
        }
        script.push_back(std::move(back));
    }
    script.push_back(busy(std::nullopt));
    return script;
}

std::vector<Phase> spot(Random& random) {
    std::vector<Phase> script;
    const auto rounds = 2 + random.below(12);
    for (std::size_t i = 0; i < rounds; ++i) {
        script.push_back(busy(draw_length(random, minutes{10}, hours{12})));
        script.push_back(in(State::outbid, draw_length(random, minutes{2}, hours{8})));
    }
    script.push_back(busy(std::nullopt));
    return script;
}

/// Figures that stand still although the host says it runs.
std::vector<Phase> silent_host(Random& random) {
    Phase stuck = random.chance(0.5) ? busy(draw_length(random, hours{1}, hours{12}))
                                     : idle(random, draw_length(random, hours{1}, hours{12}));
    stuck.stale = true;
    return {
        busy(draw_length(random, minutes{30}, hours{10})),
        idle(random, draw_length(random, minutes{5}, hours{1})),
        stuck,
        busy(draw_length(random, minutes{30}, hours{10})),
        idle(random, std::nullopt)};
}

std::vector<Phase> no_figures(Random& random) {
    Phase mute = busy(std::nullopt);
    mute.signals["gpu_util"].value =
        random.chance(0.7) ? boost::json::value(nullptr) : boost::json::value(-1);
    return {mute};
}

std::vector<Phase> never_runs(Random& random) {
    if (random.chance(0.5)) {
        return {in(State::loading, std::nullopt)};
    }
    return {
        in(State::loading, draw_length(random, minutes{1}, minutes{20})),
        in(State::parked, std::nullopt)};
}

std::vector<Phase> stored_away(Random& random) {
    return {busy(draw_length(random, minutes{30}, hours{10})), in(State::stopped, std::nullopt)};
}

std::vector<Phase> draw_script(Random& random) {
    const double kind = random.unit();
    auto script = started(random);
    if (kind < 0.40) {
        append(script, training(random));
    } else if (kind < 0.55) {
        append(script, notebook(random));
    } else if (kind < 0.62) {
        append(script, {busy(std::nullopt)});
    } else if (kind < 0.67) {
        append(script, {idle(random, std::nullopt)});
    } else if (kind < 0.71) {
        append(script, crash_loop(random));
    } else if (kind < 0.77) {
        append(script, flaky_host(random));
    } else if (kind < 0.84) {
        append(script, spot(random));
    } else if (kind < 0.89) {
        append(script, silent_host(random));
    } else if (kind < 0.91) {
        append(script, no_figures(random));
    } else if (kind < 0.94) {
        script = never_runs(random);
    } else if (kind < 0.97) {
        append(script, stored_away(random));
    } else {
        append(script, {faint(std::nullopt)});
    }
    return script;
}

void make_serverless(InstanceSpec& spec, Random& random) {
    const auto endpoint = static_cast<std::int64_t>(100 + random.below(4));
    spec.endpoint_id = endpoint;
    spec.workergroup_id = endpoint * 10;
    spec.label = fmt::format("api-{}:{}:group{}", endpoint, endpoint, random.below(3));
    spec.behaviour = {
        in(State::loading, draw_length(random, seconds{20}, minutes{10})),
        idle(random, std::nullopt)};
}

}  // namespace

double average_dph() {
    return 1.1;
}

std::string draw_label(const Plan& plan, Random& random) {
    constexpr std::array<std::string_view, 10> words{
        "llama",
        "eval",
        "tokenizer",
        "rlhf",
        "ablation-3",
        "tts",
        "detector",
        "x",
        "run-7",
        "data"};
    const double kind = random.unit();
    if (kind < 0.05) {
        return "";
    }
    if (kind < 0.08) {
        return "somebody/else";
    }
    if (kind < 0.09) {
        return "<b>=cmd|' /C'!A0\r\nBcc: x\x1b[2J\xE2\x80\xAE";
    }
    const auto& team = plan.teams[random.below(plan.teams.size())].name;
    const auto word = words[random.below(words.size())];
    return fmt::format("{}/{}{}", team, word, random.chance(0.07) ? "-keep" : "");
}

InstanceSpec draw_instance(const Plan& plan, Random& random) {
    constexpr std::array<std::int64_t, 6> sizes{1, 1, 1, 2, 4, 8};
    const auto models = vastsim::gpu_models();
    const auto& model = models[random.below(models.size())];
    InstanceSpec spec;
    spec.gpu_name = model.name;
    spec.num_gpus = sizes[random.below(sizes.size())];
    const double price = model.dph * static_cast<double>(spec.num_gpus) * random.between(0.9, 1.3);
    // Whole tenths of a cent: what is read from JSON and what is billed are then the same rate.
    spec.dph_base = std::round(price * 1000) / 1000;
    spec.disk_space = 10 + 10 * static_cast<double>(random.below(40));
    spec.storage_cost = 0.072;  // a whole number of nano-dollars per hour for every such disk
    spec.is_bid = random.chance(0.3);
    const std::string label = draw_label(plan, random);
    spec.label = label.empty() ? std::optional<std::string>{} : label;
    spec.down_gb_per_hour = random.chance(0.3) ? random.between(0, 8) : 0;
    spec.up_gb_per_hour = random.chance(0.2) ? random.between(0, 4) : 0;
    spec.gpu_taken_when_stopped = random.chance(0.3);
    if (random.chance(0.5)) {
        spec.rented_for = draw_length(random, hours{12}, hours{24 * 30});
    }
    if (random.chance(0.05)) {
        vastsim::PriceIncrease increase;
        increase.pending_at = draw_length(random, hours{1}, hours{48});
        increase.dph_base = std::round(spec.dph_base * random.between(1.1, 2) * 1000) / 1000;
        if (random.chance(0.5)) {
            increase.accepted_at = increase.pending_at + draw_length(random, minutes{5}, hours{12});
        }
        spec.price_increase = increase;
    }
    spec.behaviour = draw_script(random);
    if (random.chance(0.04)) {
        make_serverless(spec, random);
    }
    return spec;
}

vastsim::AccountSpec
draw_account(const Plan& plan, const AccountPlan& account, std::uint64_t seed) {
    auto random = stream(seed, "fleet");
    vastsim::AccountSpec spec;
    spec.name = account.name;
    spec.credit = Usd::dollars(100'000'000);
    spec.first_id = 31'000'000 + static_cast<std::int64_t>(seed % 16) * 1'000'000;
    vastsim::KeySpec key;
    key.key = "key-of-" + account.name;
    spec.keys.push_back(key);
    spec.delays.charge_lag = draw_length(random, minutes{2}, minutes{40});
    spec.delays.stop = draw_length(random, seconds{1}, seconds{30});
    spec.delays.unload = draw_length(random, seconds{1}, seconds{20});
    for (std::size_t i = 0; i < account.fleet; ++i) {
        auto instance = draw_instance(plan, random);
        instance.start = -draw_length(random, minutes{5}, hours{30});
        spec.instances.push_back(std::move(instance));
    }
    const auto volumes = random.below(3);
    for (std::size_t i = 0; i < volumes; ++i) {
        vastsim::VolumeSpec volume;
        volume.label = "datasets";
        volume.size = 100 * static_cast<double>(1 + random.below(5));
        volume.storage_cost = 0.072;
        volume.start = -hours{30};
        spec.volumes.push_back(volume);
    }
    return spec;
}

}  // namespace vastwatch::simulation
