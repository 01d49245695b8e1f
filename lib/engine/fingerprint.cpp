#include "engine/fingerprint.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace vastwatch::engine {
namespace {

constexpr std::string_view dry_run = " dry run";

}  // namespace

std::string fingerprint(const policy::Policy& policy) {
    std::uint64_t hash = 1469598103934665603ULL;  // FNV-1a
    const auto add = [&](std::string_view text) {
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
        }
        hash = (hash ^ 0xFFU) * 1099511628211ULL;
    };
    const auto add_number = [&](std::int64_t number) { add(std::to_string(number)); };
    const auto add_money = [&](std::optional<Usd> amount) {
        add_number(amount ? amount->nanos() : -1);
    };
    add_number(policy.enforcement.enforce ? 1 : 0);
    for (const auto& account : policy.accounts) {
        add(account.name.str());
        add(account.team ? account.team->str() : "");
        add_money(account.caps.daily);
        add_money(account.caps.monthly);
    }
    for (const auto& team : policy.teams) {
        add(team.name.str());
        for (const auto& glob : team.labels) {
            add(glob);
        }
        for (const auto& glob : team.gpu_types) {
            add(glob);
        }
        add_number(team.max_instances.value_or(-1));
        add_number(team.max_dph ? team.max_dph->nanos() : -1);
        add_number(team.interruptible_only ? 1 : 0);
        add_money(team.caps.daily);
        add_money(team.caps.monthly);
        add_money(team.caps.lifetime);
        const auto& rules = team.rules;
        add(fmt::format(
            "{} {} {}",
            rules.idle_below.value(),
            rules.idle_coverage.value(),
            rules.idle_tolerance.value()));
        for (const auto span :
             {rules.idle_for,
              rules.idle_warning,
              rules.idle_max_gap,
              rules.startup_grace,
              rules.stopped_for,
              rules.loading_for}) {
            add_number(span.count());
        }
        for (const auto action :
             {rules.idle_action,
              rules.cap_action,
              rules.violation_action,
              rules.stopped_action,
              rules.loading_action}) {
            add(policy::to_string(action));
        }
        for (const auto& glob : rules.protect) {
            add(glob);
        }
    }
    return fmt::format("{:016x}{}", hash, policy.enforcement.enforce ? "" : dry_run);
}

bool is_of_dry_run(std::string_view fingerprint) {
    return fingerprint.ends_with(dry_run);
}

}  // namespace vastwatch::engine
