#include "enforcement/case.hpp"

#include "base/enum_names.hpp"

#include <algorithm>

namespace vastwatch::enforcement {
namespace {

constexpr EnumNames<Step, 9> step_names{{
    {Step::pending, "pending"},
    {Step::held, "held"},
    {Step::verifying, "verifying"},
    {Step::intended, "intended"},
    {Step::requested, "requested"},
    {Step::confirmed, "confirmed"},
    {Step::dropped, "dropped"},
    {Step::dry_run, "dry_run"},
    {Step::vanished, "vanished"},
}};

constexpr EnumNames<Wait, 10> wait_names{{
    {Wait::none, "none"},
    {Wait::deadline, "deadline"},
    {Wait::warning, "warning"},
    {Wait::fresh_samples, "fresh_samples"},
    {Wait::stale_data, "stale_data"},
    {Wait::unseen_spend, "unseen_spend"},
    {Wait::paused, "paused"},
    {Wait::rate_limit, "rate_limit"},
    {Wait::retry, "retry"},
    {Wait::state_unwritable, "state_unwritable"},
}};

constexpr EnumNames<Hold::Kind, 2> hold_kind_names{{
    {Hold::Kind::mass_idle, "mass_idle"},
    {Hold::Kind::reload, "reload"},
}};

constexpr EnumNames<Hold::Decision, 4> decision_names{{
    {Hold::Decision::open, "open"},
    {Hold::Decision::approved, "approved"},
    {Hold::Decision::dismissed, "dismissed"},
    {Hold::Decision::lapsed, "lapsed"},
}};

}  // namespace

std::string_view to_string(Step step) {
    return name_of(step_names, step);
}

std::optional<Step> parse_step(std::string_view text) {
    return value_of(step_names, text);
}

bool is_end(Step step) {
    return step == Step::confirmed || step == Step::dropped || step == Step::dry_run ||
           step == Step::vanished;
}

std::string_view to_string(Wait wait) {
    return name_of(wait_names, wait);
}

std::optional<Wait> parse_wait(std::string_view text) {
    return value_of(wait_names, text);
}

std::string_view explain(Wait wait) {
    switch (wait) {
        case Wait::none:
            return "nothing keeps it back";
        case Wait::deadline:
            return "its deadline has not come yet";
        case Wait::warning:
            return "nobody has received the warning yet";
        case Wait::fresh_samples:
            return "the daemon has just started and waits for samples of its own";
        case Wait::stale_data:
            return "the data about it are older than max_staleness";
        case Wait::unseen_spend:
            return "its cap is reached only if what another account has, unseen for longer than "
                   "max_staleness, costs what it did";
        case Wait::paused:
            return "actions are paused";
        case Wait::rate_limit:
            return "max_actions_per_hour is used up";
        case Wait::retry:
            return "it waits before the next try";
        case Wait::state_unwritable:
            return "the state directory cannot be written, and nothing is destroyed without a "
                   "durable record";
    }
    return "";
}

bool has(const Hold& hold, InstanceId instance, rules::Rule rule) {
    return hold.wanted.empty() ? std::ranges::find(hold.instances, instance) != hold.instances.end()
                               : hold.wanted.contains({instance, rule});
}

std::string_view to_string(Hold::Kind kind) {
    return name_of(hold_kind_names, kind);
}

std::string_view to_string(Hold::Decision decision) {
    return name_of(decision_names, decision);
}

std::optional<Hold::Kind> parse_hold_kind(std::string_view text) {
    return value_of(hold_kind_names, text);
}

std::optional<Hold::Decision> parse_hold_decision(std::string_view text) {
    return value_of(decision_names, text);
}

}  // namespace vastwatch::enforcement
