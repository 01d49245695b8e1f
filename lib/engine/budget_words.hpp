// How alerts speak of budgets: whose it is, its figures, its words. Internal to the engine.
#pragma once

#include "engine/state.hpp"

#include <string>
#include <string_view>

namespace vastwatch::engine {

/// Whose budget it is, and its figures now.
struct Owner {
    std::string word;  // "team ml-research"
    std::string key;   // "team/ml-research"
    std::string name;
    UsdPerHour burn;
    rules::Budget budget;
};

Owner team_owner(const State& state, const policy::Team& team, policy::Window window, Now now);
Owner account_owner(
    const State& state,
    const policy::Account& account,
    policy::Window window,
    Now now);

/// The local date on which a window began: "2026-11-21".
std::string day_of(const Calendar& calendar, Instant start);
/// "daily cap", "monthly cap", "spending limit".
std::string_view cap_word(policy::Window window);
/// "today", "this month", "in all".
std::string_view window_word(policy::Window window);

/// "budget_threshold/team/ml-research/day/2026-11-21/80%".
std::string condition_key(
    const State& state,
    std::string_view kind,
    const Owner& owner,
    policy::Window window,
    std::string_view detail);

}  // namespace vastwatch::engine
