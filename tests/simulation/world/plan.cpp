#include "world/plan.hpp"

#include "world/fleet.hpp"

#include <fmt/format.h>

#include <cmath>

namespace vastwatch::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using vastsim::Random;

constexpr std::array<std::string_view, trouble_count> names{
    "blind",           "failed_poll", "key_rejected", "missing_row",   "zero_rows",
    "null_rows",       "frozen_host", "failed_read",  "lost_answer",   "failed_request",
    "ignored_request", "slow_unload", "late_charges", "notifier_down", "disk_full",
    "crash",           "clock_step",  "suspend",      "operators",     "reloads",
    "relabelling"};

Duration one_of(Random& random, std::initializer_list<Duration> choices) {
    return *(choices.begin() + random.below(choices.size()));
}

constexpr std::array<std::string_view, 6> zones{
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "America/Sao_Paulo",
    "Australia/Lord_Howe"};

std::size_t draw_fleet_size(Random& random, std::size_t most) {
    const double largest = std::log(static_cast<double>(most));
    return static_cast<std::size_t>(std::exp(random.between(std::log(4.0), largest)));
}

}  // namespace

std::string_view to_string(Trouble trouble) {
    return names[static_cast<std::size_t>(trouble)];
}

std::optional<Trouble> parse_trouble(std::string_view text) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == text) {
            return static_cast<Trouble>(i);
        }
    }
    return std::nullopt;
}

Troubles Troubles::all() {
    Troubles all;
    all.bits_ = (1U << trouble_count) - 1;
    return all;
}

Random stream(std::uint64_t seed, std::string_view purpose) {
    std::uint64_t mixed = seed;
    for (const char letter : purpose) {
        mixed = vastsim::hash(mixed, static_cast<unsigned char>(letter), 0x51D);
    }
    return Random{mixed};
}

Duration draw_length(Random& random, Duration shortest, Duration longest) {
    const double low = std::log(static_cast<double>(std::max(shortest, Duration{1}).count()));
    const double high = std::log(static_cast<double>(std::max(longest, Duration{1}).count()));
    return Duration{static_cast<std::int64_t>(std::exp(random.between(low, high)))};
}

Duration draw_wait(Random& random, double per_day) {
    constexpr double day = 24 * 3600 * 1e9;
    if (per_day <= 0) {
        return hours{24 * 365 * 100};
    }
    const double waits = -std::log(1 - random.unit()) / per_day * day;
    return Duration{static_cast<std::int64_t>(std::min(waits, 100 * 365 * day)) + 1};
}

Plan draw_plan(const Options& options) {
    Plan plan;
    plan.options = options;
    auto random = stream(options.seed, "plan");
    // Any time of the year, so that months, years and changes of the clocks come in.
    plan.begin = Instant{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}} +
                 seconds{random.below(std::size_t{365} * 24 * 3600)};
    plan.timezone = random.chance(0.6) ? "UTC" : std::string{zones[random.below(zones.size())]};
    plan.poll_interval =
        one_of(random, {seconds{60}, minutes{2}, minutes{5}, minutes{5}, minutes{10}, minutes{10}});
    plan.poll_interval = options.poll_interval.value_or(plan.poll_interval);
    plan.billing_interval = one_of(random, {minutes{30}, hours{1}, hours{1}, hours{2}});
    plan.lifetime = one_of(random, {hours{12}, hours{36}, hours{72}, hours{120}});

    constexpr std::array<std::string_view, 5> teams{"ml", "speech", "vision", "robots", "web"};
    const auto team_count = 1 + random.below(teams.size());
    for (std::size_t i = 0; i < team_count; ++i) {
        TeamPlan team;
        team.name = teams[i];
        plan.teams.push_back(team);
    }
    const auto account_count = options.instances ? 1 : 1 + random.below(options.most_accounts);
    for (std::size_t i = 0; i < account_count; ++i) {
        AccountPlan account;
        account.name = fmt::format("account{}", i);
        account.fleet = options.instances.value_or(draw_fleet_size(random, options.most_instances));
        if (account_count > 1 && random.chance(0.3)) {
            account.team = plan.teams[random.below(plan.teams.size())].name;
        }
        account.spec = draw_account(plan, account, options.seed * 16 + i);
        plan.accounts.push_back(std::move(account));
    }
    for (const auto& account : plan.accounts) {
        for (auto& team : plan.teams) {
            const double share = account.team ? (*account.team == team.name ? 1.0 : 0.0)
                                              : 0.9 / static_cast<double>(plan.teams.size());
            team.burn += share * static_cast<double>(account.fleet) * average_dph();
        }
    }
    return plan;
}

}  // namespace vastwatch::simulation
