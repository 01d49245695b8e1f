// A full decision over a large fleet, as after each sweep and at each deadline. The target of spec
// section 16 is 20 ms for 100,000 instances.
#include "engine/engine.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace {

using namespace vastwatch;

constexpr Instant start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};

Now at(Duration since) {
    return Now{start + since, MonoTime{since}};
}

std::shared_ptr<const policy::Policy> make_policy(int teams) {
    auto policy = std::make_shared<policy::Policy>();
    policy::Account account;
    account.name = AccountName{"main"};
    policy->accounts.push_back(account);
    for (int i = 0; i < teams; ++i) {
        policy::Team team;
        team.name = TeamName{fmt::format("team-{}", i)};
        team.labels.push_back(fmt::format("team-{}/*", i));
        team.caps.daily = Usd::dollars(1'000'000);
        policy->teams.push_back(std::move(team));
    }
    policy::Team rest;
    rest.name = policy::unassigned();
    policy->teams.push_back(std::move(rest));
    return policy;
}

fleet::Sweep make_sweep(std::int64_t instances, int teams, Duration since) {
    fleet::Sweep sweep;
    sweep.account = AccountName{"main"};
    sweep.began = at(since);
    sweep.ended = at(since);
    sweep.rows.reserve(static_cast<std::size_t>(instances));
    for (std::int64_t i = 0; i < instances; ++i) {
        fleet::Observation row;
        row.id = InstanceId{i + 1};
        row.label = fmt::format("team-{}/{}", i % teams, i);
        row.gpu_name = "RTX 4090";
        row.num_gpus = 1;
        row.status = fleet::Status::running;
        row.intended = row.current = row.next = fleet::State::running;
        row.start_date = start - std::chrono::hours{24};
        row.telemetry.gpu_util = i % 10 == 0 ? 0.0 : 90.0;
        row.telemetry.gpu_temp = 40.0 + static_cast<double>((since / std::chrono::seconds{1}) % 9);
        row.prices.gpu = UsdPerHour::from_nanos(400'000'000);
        row.prices.storage = UsdPerHour::from_nanos(10'000'000);
        sweep.rows.push_back(std::move(row));
    }
    return sweep;
}

engine::Engine make_engine(int teams) {
    engine::Seams seams;
    seams.make_alert_id = [n = 0](Instant) mutable { return AlertId{fmt::format("{:026}", ++n)}; };
    seams.jitter = []() { return 0.5; };
    return engine::Engine{make_policy(teams), {}, std::move(seams), {}, at(Duration{0})};
}

/// As nearly always: time went on, and what is known of most instances is what it was.
void decide(benchmark::State& state) {
    auto engine = make_engine(200);
    engine.on_sweep(make_sweep(state.range(0), 200, Duration{0}), at(Duration{0}));
    (void)engine.take_changes();
    Duration now{std::chrono::seconds{1}};
    for (auto _ : state) {
        benchmark::DoNotOptimize(engine.on_time(at(now)));
        (void)engine.take_changes();
        now += std::chrono::milliseconds{10};
    }
}

/// Every rule over every instance: the clock was set back, so that nothing kept is relied upon.
void decide_anew(benchmark::State& state) {
    auto engine = make_engine(200);
    engine.on_sweep(make_sweep(state.range(0), 200, Duration{0}), at(Duration{0}));
    (void)engine.take_changes();
    Duration now = std::chrono::hours{1};
    for (auto _ : state) {
        now -= std::chrono::microseconds{1};
        benchmark::DoNotOptimize(engine.on_time(at(now)));
        (void)engine.take_changes();
    }
}

void sweep_without_news(benchmark::State& state) {
    auto engine = make_engine(200);
    Duration now{0};
    for (auto _ : state) {
        state.PauseTiming();
        now += std::chrono::seconds{60};
        const auto sweep = make_sweep(state.range(0), 200, now);
        (void)engine.take_changes();
        state.ResumeTiming();
        benchmark::DoNotOptimize(engine.on_sweep(sweep, at(now)));
    }
}

BENCHMARK(decide)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(decide_anew)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(sweep_without_news)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
