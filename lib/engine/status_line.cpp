// One line for `systemctl status`.
#include "engine/engine.hpp"
#include "engine/look.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {

using policy::Window;

std::string make_status_line(const State& state, Now now) {
    UsdPerHour burn;
    std::size_t instances = 0;
    for (const auto& account : state.policy->accounts) {
        burn += state.ledger.account_burn(account.name);
    }
    for (const auto& [id, instance] : state.instances) {
        if (instance->missed_sweeps == 0) {
            ++instances;
        }
    }
    std::string line = fmt::format(
        "{} instances, {}{}",
        instances,
        format_rate(burn),
        state.pause                          ? ", PAUSED"
        : !state.policy->enforcement.enforce ? ", dry run"
                                             : "");
    for (const auto& team : state.policy->teams) {
        for (const Window window : {Window::day, Window::month, Window::lifetime}) {
            const auto budget =
                rules::team_budget(state.ledger, team, window, UsdPerHour{}, now.wall);
            if (!budget.cap || budget.spend.spend < share(*budget.cap, 8, 10)) {
                continue;
            }
            line += fmt::format(
                "; {} at {} of {} ({})",
                team.name.str(),
                format_usd(budget.spend.spend),
                format_usd(*budget.cap),
                policy::to_string(window));
        }
    }
    for (const auto& [name, account] : state.accounts) {
        if (!account.problem.empty()) {
            line += fmt::format("; account {}: {}", name.str(), account.problem);
        }
    }
    return line;
}

std::string Engine::status_line(Now now) const {
    return make_status_line(state_, now);
}

bool Engine::sees_and_can_act(Now now) const {
    const auto seen = [&](const policy::Account& account) {
        const auto it = state_.accounts.find(account.name);
        return it != state_.accounts.end() && !it->second.state.key_rejected &&
               fresh(state_, account.name, now);
    };
    return state_.store_writable && std::ranges::all_of(state_.policy->accounts, seen);
}

}  // namespace vastwatch::engine
