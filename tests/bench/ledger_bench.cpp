// The ledger at 10,000 and 100,000 instances of 200 teams: a sweep that brings nothing new, every
// window of every team as one decision asks for them, and the midnight at which all meters are cut.
#include "ledger/ledger.hpp"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace {

using namespace vastwatch;
using namespace std::chrono_literals;

constexpr int team_count = 200;
const AccountName account{"main"};
const Instant noon{std::chrono::seconds{1795262400}};  // 2026-11-21 12:00 UTC

std::vector<TeamName> team_names() {
    std::vector<TeamName> names;
    for (int i = 0; i < team_count; ++i) {
        names.emplace_back("team-" + std::to_string(i));
    }
    return names;
}

fleet::Rates rates_of(std::int64_t id) {
    return fleet::Rates{
        UsdPerHour::from_nanos(1'000'000'000 + id), UsdPerHour::from_nanos(10'000'000), false};
}

void observe_all(
    ledger::Ledger& ledger,
    const std::vector<TeamName>& teams,
    std::int64_t count,
    Instant at) {
    for (std::int64_t id = 1; id <= count; ++id) {
        const auto& team = teams[static_cast<std::size_t>(id) % teams.size()];
        ledger.observe(account, InstanceId{id}, team, rates_of(id), at);
    }
}

std::vector<ledger::DayCharge>
charges_of(const std::vector<TeamName>& teams, std::int64_t count, Usd each) {
    std::vector<ledger::DayCharge> rows;
    for (std::int64_t id = 1; id <= count; ++id) {
        ledger::Amounts amounts;
        amounts.gpu = each;
        amounts.bandwidth = Usd::from_nanos(1'000'000);
        const auto& team = teams[static_cast<std::size_t>(id) % teams.size()];
        rows.push_back({ledger::instance_contract(account, InstanceId{id}), amounts, team});
    }
    return rows;
}

Usd ask_everything(const ledger::Ledger& ledger, const std::vector<TeamName>& teams, Instant at) {
    Usd sum;
    for (const auto& team : teams) {
        for (const auto window :
             {policy::Window::day, policy::Window::month, policy::Window::lifetime}) {
            sum += ledger.team_spend(team, window, std::nullopt, at).spend;
        }
        benchmark::DoNotOptimize(ledger.team_burn(team));
    }
    return sum;
}

void sweep_without_news(benchmark::State& state) {
    const auto teams = team_names();
    ledger::Ledger ledger{Calendar{}};
    observe_all(ledger, teams, state.range(0), noon);
    Instant at = noon;
    for (auto _ : state) {
        at += 1ms;
        observe_all(ledger, teams, state.range(0), at);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void spend_of_all_teams(benchmark::State& state) {
    const auto teams = team_names();
    ledger::Ledger ledger{Calendar::find("America/New_York").value()};
    observe_all(ledger, teams, state.range(0), noon);
    ledger.charge(account, noon, charges_of(teams, state.range(0), Usd{}), noon + 1h);
    Instant at = noon + 1h;
    for (auto _ : state) {
        at += 1ms;
        benchmark::DoNotOptimize(ask_everything(ledger, teams, at));
    }
}

/// As on the first day, when charges reach back further than what was seen.
void spend_of_all_teams_behind_charges(benchmark::State& state) {
    const auto teams = team_names();
    ledger::Ledger ledger{Calendar{}};
    observe_all(ledger, teams, state.range(0), noon);
    ledger.charge(account, noon, charges_of(teams, state.range(0), Usd::dollars(100)), noon + 1h);
    Instant at = noon + 1h;
    for (auto _ : state) {
        at += 1ms;
        benchmark::DoNotOptimize(ask_everything(ledger, teams, at));
    }
}

void reading_of_charges(benchmark::State& state) {
    const auto teams = team_names();
    ledger::Ledger ledger{Calendar{}};
    observe_all(ledger, teams, state.range(0), noon);
    Instant at = noon + 1h;
    Usd each = Usd::from_nanos(1'000'000);
    for (auto _ : state) {
        state.PauseTiming();
        at += 1ms;
        each += Usd::from_nanos(1'000);
        const auto rows = charges_of(teams, state.range(0), each);
        (void)ledger.take_changes();
        state.ResumeTiming();
        ledger.charge(account, noon, rows, at);
    }
}

void midnight(benchmark::State& state) {
    const auto teams = team_names();
    for (auto _ : state) {
        state.PauseTiming();
        ledger::Ledger ledger{Calendar{}};
        observe_all(ledger, teams, state.range(0), noon);
        const auto rows = charges_of(teams, state.range(0), Usd::dollars(1));
        ledger.charge(account, noon, rows, noon + 11h);
        (void)ledger.take_changes();
        state.ResumeTiming();
        ledger.advance(noon + 12h);
    }
}

BENCHMARK(sweep_without_news)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(spend_of_all_teams)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(spend_of_all_teams_behind_charges)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(reading_of_charges)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(midnight)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
