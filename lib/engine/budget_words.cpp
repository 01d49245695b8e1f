#include "engine/budget_words.hpp"

#include "engine/judge.hpp"

#include <fmt/format.h>

namespace vastwatch::engine {

using policy::Window;

std::string day_of(const Calendar& calendar, Instant start) {
    const auto date = calendar.date_of(start);
    return fmt::format(
        "{:04}-{:02}-{:02}",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()));
}

std::string_view cap_word(Window window) {
    switch (window) {
        case Window::day:
            return "daily cap";
        case Window::month:
            return "monthly cap";
        case Window::lifetime:
            break;
    }
    return "spending limit";
}

std::string_view window_word(Window window) {
    switch (window) {
        case Window::day:
            return "today";
        case Window::month:
            return "this month";
        case Window::lifetime:
            break;
    }
    return "in all";
}

Owner team_owner(const State& state, const policy::Team& team, Window window, Now now) {
    Owner owner;
    owner.word = "team " + team.name.str();
    owner.key = "team/" + team.name.str();
    owner.name = team.name.str();
    owner.budget = budget_of(state, team, window, now.wall);
    owner.burn = owner.budget.burn;
    return owner;
}

Owner account_owner(const State& state, const policy::Account& account, Window window, Now now) {
    Owner owner;
    owner.word = "account " + account.name.str();
    owner.key = "account/" + account.name.str();
    owner.name = account.name.str();
    owner.budget = budget_of(state, account, window, now.wall);
    owner.burn = owner.budget.burn;
    return owner;
}

std::string condition_key(
    const State& state,
    std::string_view kind,
    const Owner& owner,
    Window window,
    std::string_view detail) {
    return fmt::format(
        "{}/{}/{}/{}/{}",
        kind,
        owner.key,
        policy::to_string(window),
        window == Window::lifetime ? "-" : day_of(state.policy->calendar, owner.budget.spend.start),
        detail);
}

}  // namespace vastwatch::engine
