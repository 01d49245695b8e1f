// What a year of simulation costs the engine, by the sweep: an account of 200 instances whose rows
// differ from one minute to the next in telemetry only, what is to be stored taken after each step,
// and every moment at which the engine wants to be woken. Nothing but the engine is timed.
#include "engine/engine.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <ctime>

namespace {

using namespace vastwatch;

constexpr Instant start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
constexpr Duration minute = std::chrono::minutes{1};
const AccountName account_name{"main"};

Now at(Duration since) {
    return Now{start + since, MonoTime{since}};
}

void add_alerts(policy::Policy& policy, const TeamName& team) {
    for (const auto window : {policy::Window::day, policy::Window::month}) {
        policy::BudgetAlert alert;
        alert.team = team;
        alert.window = window;
        alert.forecast = true;
        for (const int percent : {50, 80, 100}) {
            alert.at.push_back(policy::Threshold{Percent{static_cast<double>(percent)}, {}});
        }
        policy.alerts.push_back(std::move(alert));
    }
}

/// Teams with caps and alerts on them; those of one third are in sight within the window.
std::shared_ptr<const policy::Policy> make_policy(int teams) {
    auto policy = std::make_shared<policy::Policy>();
    policy->enforcement.enforce = true;
    policy::Account account;
    account.name = account_name;
    account.caps.monthly = Usd::dollars(10'000'000);
    policy->accounts.push_back(account);
    for (int i = 0; i < teams; ++i) {
        policy::Team team;
        team.name = TeamName{fmt::format("ml-research-{}", i)};
        team.labels.push_back(fmt::format("ml-research-{}/*", i));
        team.gpu_types = {"RTX*", "H100*"};
        team.max_dph = UsdPerHour::from_nanos(4'000'000'000);
        team.caps.daily = Usd::dollars(i % 3 == 0 ? 245 : 100'000);
        team.caps.monthly = Usd::dollars(1'000'000);
        team.rules.cap_action = policy::Action::alert;
        add_alerts(*policy, team.name);
        policy->teams.push_back(std::move(team));
    }
    policy::Team rest;
    rest.name = policy::unassigned();
    policy->teams.push_back(std::move(rest));
    return policy;
}

fleet::Sweep make_sweep(std::int64_t instances, int teams) {
    fleet::Sweep sweep;
    sweep.account = account_name;
    for (std::int64_t i = 0; i < instances; ++i) {
        fleet::Observation row;
        row.id = InstanceId{19'000'000 + i};
        row.label = fmt::format("ml-research-{}/llama-{}", i % teams, i);
        row.gpu_name = "RTX 4090";
        row.num_gpus = 1;
        row.status = fleet::Status::running;
        row.status_text = "running";
        row.status_message = "success, running pytorch/pytorch_2.4.0-cuda12.4/ssh";
        row.image = "pytorch/pytorch:2.4.0-cuda12.4-cudnn9-devel";
        row.runtype = "ssh_direc ssh_proxy";
        row.verification = "verified";
        row.intended = row.current = row.next = fleet::State::running;
        row.start_date = start - std::chrono::hours{24};
        row.interruptible = false;
        row.disk_gb = 32;
        row.prices.gpu = UsdPerHour::from_nanos(400'000'000);
        row.prices.storage = UsdPerHour::from_nanos(10'000'000);
        sweep.rows.push_back(std::move(row));
    }
    return sweep;
}

/// Every row differs from the one before; a tenth of the fleet idles, in turns of 90 minutes.
void jitter(fleet::Sweep& sweep, std::int64_t step) {
    const Duration since = minute * step;
    sweep.began = at(since - std::chrono::seconds{8});
    sweep.ended = at(since);
    std::int64_t i = 0;
    for (auto& row : sweep.rows) {
        const auto noise = static_cast<double>((step * 31 + i * 17) % 23);
        const bool idle = (step + 37 * i) / 90 % 10 == 0;
        row.telemetry.gpu_util = idle ? 0.0 : 70.0 + noise;
        row.telemetry.gpu_temp = 40.0 + noise;
        row.telemetry.cpu_util = 0.1 * noise;
        row.telemetry.mem_usage = 0.5;
        ++i;
    }
}

engine::Engine make_engine(int teams) {
    engine::Seams seams;
    seams.make_alert_id = [n = 0](Instant) mutable { return AlertId{fmt::format("{:026}", ++n)}; };
    seams.jitter = []() { return 0.5; };
    return engine::Engine{make_policy(teams), {}, std::move(seams), {}, at(Duration{0})};
}

/// Processor time of this thread, so that a busy machine does not count.
double cpu_seconds() {
    std::timespec now{};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// One sweep, and the moments before the next one at which the engine wants to be woken.
void one_minute(engine::Engine& engine, const fleet::Sweep& sweep) {
    benchmark::DoNotOptimize(engine.on_sweep(sweep, sweep.ended));
    benchmark::DoNotOptimize(engine.take_changes());
    const Now end{sweep.ended.wall + minute, sweep.ended.mono + minute};
    for (auto wake = engine.next_wake(sweep.ended); wake && *wake < end.wall;) {
        const Now now{*wake, end.mono - (end.wall - *wake)};
        benchmark::DoNotOptimize(engine.on_time(now));
        benchmark::DoNotOptimize(engine.take_changes());
        wake = engine.next_wake(now);
    }
}

void year_like(benchmark::State& state) {
    const auto instances = state.range(0);
    const int teams = 8;
    auto engine = make_engine(teams);
    auto sweep = make_sweep(instances, teams);
    std::int64_t step = 0;
    for (auto _ : state) {
        jitter(sweep, ++step);
        const double began = cpu_seconds();
        one_minute(engine, sweep);
        state.SetIterationTime(cpu_seconds() - began);
    }
    state.counters["per_instance"] = benchmark::Counter(
        static_cast<double>(instances),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

/// The billing of one account, read every ten minutes: today's rows, all of them a little higher,
/// and yesterday's, as they were.
void billing_like(benchmark::State& state) {
    const auto instances = state.range(0);
    auto engine = make_engine(8);
    auto sweep = make_sweep(instances, 8);
    std::int64_t step = 0;
    engine::ChargesRead today;
    today.account = account_name;
    for (const auto& row : sweep.rows) {
        engine::ChargeRow charge;
        charge.source = fmt::format("instance-{}", row.id.value());
        charge.instance = row.id;
        charge.label = row.label;
        today.rows.push_back(std::move(charge));
    }
    auto yesterday = today;
    for (auto _ : state) {
        jitter(sweep, step += 10);
        one_minute(engine, sweep);
        const Now now = sweep.ended;
        const Instant day = utc_day_start(now.wall);
        if (today.day != day) {
            std::swap(today.rows, yesterday.rows);
            today.day = day;
            yesterday.day = day - std::chrono::hours{24};
        }
        for (auto& row : today.rows) {
            row.amounts.gpu = accrue(UsdPerHour::from_nanos(400'000'000), now.wall - day);
        }
        const double began = cpu_seconds();
        benchmark::DoNotOptimize(engine.on_charges(today, now));
        benchmark::DoNotOptimize(engine.take_changes());
        benchmark::DoNotOptimize(engine.on_charges(yesterday, now));
        benchmark::DoNotOptimize(engine.on_charges_complete(account_name, now));
        benchmark::DoNotOptimize(engine.take_changes());
        state.SetIterationTime(cpu_seconds() - began);
    }
    state.counters["per_row"] = benchmark::Counter(
        2 * static_cast<double>(instances),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK(billing_like)->Arg(200)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(year_like)->Arg(200)->Arg(2'000)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
