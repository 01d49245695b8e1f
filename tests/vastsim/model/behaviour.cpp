#include "model/behaviour.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace vastwatch::vastsim {
namespace {

constexpr std::array<std::pair<State, std::string_view>, 13> states{{
    {State::provisioning, "provisioning"},
    {State::parked, "parked"},
    {State::loading, "loading"},
    {State::running, "running"},
    {State::frozen, "frozen"},
    {State::crashed, "crashed"},
    {State::queued, "queued"},
    {State::stopped, "stopped"},
    {State::outbid, "outbid"},
    {State::offline, "offline"},
    {State::unknown, "unknown"},
    {State::rebooting, "rebooting"},
    {State::recycling, "recycling"},
}};

Condition granted(std::optional<std::string> actual) {
    return Condition{
        .actual = std::move(actual),
        .current = "running",
        .next = "running",
        .intended = "running"};
}

Condition halted(std::string actual) {
    return Condition{
        .actual = std::move(actual),
        .current = "stopped",
        .next = "stopped",
        .intended = "stopped"};
}

}  // namespace

std::optional<State> parse_state(std::string_view text) {
    for (const auto& [state, name] : states) {
        if (name == text) {
            return state;
        }
    }
    return std::nullopt;
}

std::string_view name_of(State state) {
    const auto* found =
        std::ranges::find_if(states, [state](const auto& entry) { return entry.first == state; });
    return found->second;
}

Condition condition_of(State state) {
    switch (state) {
        case State::provisioning:
            return granted(std::nullopt);
        case State::parked:
            return halted("created");
        case State::crashed:
            return granted("exited");
        case State::queued:
            return Condition{
                .actual = "exited", .current = "stopped", .next = "stopped", .intended = "running"};
        case State::stopped:
        case State::outbid:
            return halted("exited");
        case State::frozen:
            return Condition{
                .actual = "frozen", .current = "running", .next = "running", .intended = "frozen"};
        case State::loading:
        case State::running:
        case State::offline:
        case State::unknown:
        case State::rebooting:
        case State::recycling:
            break;
    }
    return granted(std::string{name_of(state)});
}

bool gpu_bills(const Condition& condition) {
    if (!condition.actual) {
        return false;
    }
    const std::string& actual = *condition.actual;
    if (actual == "exited") {
        return condition.current == "running" && condition.intended == "running";
    }
    return actual != "created" && actual != "loading" && actual != "stopped" && actual != "offline";
}

bool disk_bills(const Condition& condition) {
    return condition.actual != "offline";
}

}  // namespace vastwatch::vastsim
