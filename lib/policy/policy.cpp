#include "policy/policy.hpp"

#include "base/assert.hpp"
#include "base/glob.hpp"

#include <algorithm>
#include <cmath>

namespace vastwatch::policy {

std::string_view to_string(Action action) {
    switch (action) {
        case Action::off:
            return "off";
        case Action::alert:
            return "alert";
        case Action::stop:
            return "stop";
        case Action::destroy:
            return "destroy";
    }
    return "off";
}

std::string_view to_string(Severity severity) {
    switch (severity) {
        case Severity::info:
            return "info";
        case Severity::warning:
            return "warning";
        case Severity::critical:
            return "critical";
    }
    return "info";
}

std::string_view to_string(Window window) {
    switch (window) {
        case Window::day:
            return "day";
        case Window::month:
            return "month";
        case Window::lifetime:
            return "lifetime";
    }
    return "day";
}

std::optional<Usd> Caps::of(Window window) const {
    switch (window) {
        case Window::day:
            return daily;
        case Window::month:
            return monthly;
        case Window::lifetime:
            return lifetime;
    }
    return std::nullopt;
}

std::optional<Usd> Threshold::resolve(std::optional<Usd> cap) const {
    if (amount) {
        return amount;
    }
    if (!cap || !percent) {
        return std::nullopt;
    }
    // A percentage is kept to a thousandth, which is finer than anybody writes.
    return share(*cap, std::llrint(percent->value() * 1000), 100'000);
}

std::string Threshold::text() const {
    return percent ? format_percent(*percent) : format_usd(amount.value_or(Usd{}));
}

const Team* Policy::find_team(const TeamName& name) const {
    const auto it = std::find_if(
        teams.begin(), teams.end(), [&](const Team& team) { return team.name == name; });
    return it == teams.end() ? nullptr : &*it;
}

const Account* Policy::find_account(const AccountName& name) const {
    const auto it = std::find_if(accounts.begin(), accounts.end(), [&](const Account& account) {
        return account.name == name;
    });
    return it == accounts.end() ? nullptr : &*it;
}

const Team& Policy::team_or_unassigned(const TeamName& name) const {
    VW_ASSERT(!teams.empty() && teams.back().name == unassigned());
    const auto* team = find_team(name);
    return team == nullptr ? teams.back() : *team;
}

const Team* Policy::match_label(std::string_view label) const {
    for (const auto& team : teams) {
        for (const auto& glob : team.labels) {
            if (glob_match(glob, label)) {
                return &team;
            }
        }
    }
    return nullptr;
}

const TeamName& unassigned() {
    static const TeamName name{"unassigned"};
    return name;
}

}  // namespace vastwatch::policy
