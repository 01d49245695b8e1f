// The configuration of a run. Figures are drawn so that every rule matters now and then.
#include "world/plan.hpp"

#include <fmt/format.h>

namespace vastwatch::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using vastsim::Random;

template <class T>
T pick(Random& random, std::initializer_list<T> choices) {
    return *(choices.begin() + random.below(choices.size()));
}

void add(std::string& text, std::string_view key, const std::string& value) {
    text += fmt::format("{} = {}\n", key, value);
}

std::string quoted(std::string_view text) {
    return fmt::format("\"{}\"", text);
}

std::string enforcement(Random& random, Duration poll) {
    std::string text = "[enforcement]\n";
    add(text, "mode", quoted(random.chance(0.92) ? "enforce" : "dry-run"));
    const auto staleness = std::max<Duration>(minutes{5}, 2 * poll + minutes{1});
    add(text, "max_staleness", quoted(format_duration(staleness)));
    add(text, "max_actions_per_hour", pick<std::string>(random, {"60", "60", "6", "0"}));
    add(text, "mass_idle_limit", quoted(pick<std::string>(random, {"50%", "50%", "30%", "90%"})));
    add(text, "mass_idle_minimum", pick<std::string>(random, {"5", "5", "3", "12"}));
    return text;
}

std::string idle_rules(Random& random) {
    std::string text;
    add(text, "idle_for", quoted(pick<std::string>(random, {"45m", "1h", "2h", "2h", "4h"})));
    add(text,
        "idle_action",
        quoted(pick<std::string>(random, {"destroy", "destroy", "destroy", "stop", "alert"})));
    add(text, "idle_warning", quoted(pick<std::string>(random, {"15m", "15m", "0s", "5m", "30m"})));
    add(text, "idle_max_gap", quoted(pick<std::string>(random, {"5m", "5m", "15m"})));
    add(text, "idle_coverage", quoted(pick<std::string>(random, {"80%", "80%", "50%", "95%"})));
    add(text, "idle_tolerance", quoted(pick<std::string>(random, {"0%", "0%", "0%", "5%"})));
    add(text, "startup_grace", quoted(pick<std::string>(random, {"15m", "0s", "1h"})));
    add(text, "warning_delivery", quoted(pick<std::string>(random, {"2h", "2h", "30m"})));
    return text;
}

std::string other_rules(Random& random) {
    std::string text;
    add(text,
        "cap_action",
        quoted(pick<std::string>(random, {"destroy", "destroy", "stop", "alert"})));
    add(text, "cap_warning", quoted(pick<std::string>(random, {"30m", "0s", "2h"})));
    add(text, "cap_strategy", quoted(pick<std::string>(random, {"all", "all", "all", "shed"})));
    add(text,
        "violation_action",
        quoted(pick<std::string>(random, {"alert", "alert", "destroy", "stop"})));
    add(text, "stopped_for", quoted(pick<std::string>(random, {"7d", "1d", "2d"})));
    add(text, "stopped_action", quoted(pick<std::string>(random, {"alert", "destroy", "off"})));
    add(text, "loading_for", quoted(pick<std::string>(random, {"2h", "1h"})));
    add(text, "loading_action", quoted(pick<std::string>(random, {"alert", "destroy", "off"})));
    add(text, "protect_max", quoted(pick<std::string>(random, {"7d", "1d", "0s"})));
    return text;
}

std::string team_table(Random& random, const TeamPlan& team) {
    std::string text = fmt::format("[team.{}]\n", team.name);
    add(text, "labels", fmt::format("[\"{0}\", \"{0}/*\"]", team.name));
    const double day = team.burn * 24;
    if (random.chance(0.6) && day > 0) {
        add(text, "daily_cap", fmt::format("{:.2f}", day * random.between(0.3, 1.2)));
    }
    if (random.chance(0.4) && day > 0) {
        add(text, "monthly_cap", fmt::format("{:.2f}", day * random.between(8, 30)));
    }
    if (random.chance(0.1)) {
        add(text, "gpu_types", R"(["A100*", "H*", "RTX_*"])");
    }
    if (random.chance(0.15)) {
        add(text, "max_dph", pick<std::string>(random, {"4.0", "9.5", "20"}));
    }
    if (random.chance(0.15)) {
        add(text, "max_instances", pick<std::string>(random, {"4", "10", "30"}));
    }
    if (random.chance(0.05)) {
        add(text, "interruptible_only", "true");
    }
    if (random.chance(0.5)) {
        text += idle_rules(random);
    }
    return text;
}

std::string account_table(Random& random, const Plan& plan, const AccountPlan& account) {
    std::string text = fmt::format("[account.{}]\n", account.name);
    add(text, "api_key_env", quoted("KEY_" + account.name));
    if (!account.url.empty()) {
        add(text, "url", quoted(account.url));
    }
    add(text, "poll_interval", quoted(format_duration(plan.poll_interval)));
    add(text, "billing_interval", quoted(format_duration(plan.billing_interval)));
    if (account.team) {
        add(text, "team", quoted(*account.team));
    }
    if (random.chance(0.3)) {
        double burn = 0;
        for (const auto& team : plan.teams) {
            burn += team.burn;
        }
        add(text, "daily_cap", fmt::format("{:.2f}", burn * 24 * random.between(0.4, 1.5)));
    }
    return text;
}

std::string alert_table(Random& random, const TeamPlan& team) {
    std::string text = "[[alert]]\n";
    add(text, "team", quoted(team.name));
    add(text, "window", quoted(pick<std::string>(random, {"day", "day", "month"})));
    const double day = team.burn * 24;
    add(text, "at", fmt::format("[{:.2f}, {:.2f}, {:.2f}]", day * 0.2 + 1, day * 0.5 + 2, day + 3));
    add(text, "forecast", random.chance(0.5) ? "true" : "false");
    add(text, "notify", pick<std::string>(random, {R"(["ops"])", R"(["ops", "finance"])"}));
    return text;
}

}  // namespace

std::string config_text(const Plan& plan, int variant) {
    auto random = stream(plan.options.seed + static_cast<std::uint64_t>(variant) * 7919, "config");
    std::string text = "[daemon]\n";
    add(text, "timezone", quoted(plan.timezone));
    text += enforcement(random, plan.poll_interval);
    for (const auto& account : plan.accounts) {
        text += account_table(random, plan, account);
    }
    text += "[defaults]\n" + idle_rules(random) + other_rules(random);
    add(text, "notify", R"(["ops"])");
    for (const auto& team : plan.teams) {
        text += team_table(random, team);
    }
    if (random.chance(0.3)) {
        text += "[team.unassigned]\nidle_action = \"destroy\"\n";
    }
    for (const auto& team : plan.teams) {
        if (random.chance(0.5) && team.burn > 0) {
            text += alert_table(random, team);
        }
    }
    text +=
        "[notifier.ops]\ntype = \"webhook\"\nurl = \"https://ops.example.com/hook\"\n"
        "[notifier.finance]\ntype = \"webhook\"\nurl = \"https://finance.example.com/hook\"\n"
        "minimum_severity = \"warning\"\n";
    return text;
}

}  // namespace vastwatch::simulation
