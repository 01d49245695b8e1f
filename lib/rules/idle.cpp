#include "base/glob.hpp"
#include "rules/evaluate.hpp"

#include <algorithm>

namespace vastwatch::rules {
namespace {

bool label_protected(const Subject& subject) {
    const auto& globs = subject.team->rules.protect;
    return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
        return glob_match(glob, subject.instance->row.label);
    });
}

}  // namespace

IdleState idle_state(const Subject& subject, Instant now) {
    const auto& instance = *subject.instance;
    const auto& rules = subject.team->rules;
    IdleState state;
    state.applies = rules.idle_action != policy::Action::off && fleet::is_running(instance.row) &&
                    instance.idle.began && instance.running_since;
    if (!state.applies) {
        return state;
    }
    state.covered = instance.idle.coverage() >= rules.idle_coverage;
    const Instant by_period = *instance.idle.began + rules.idle_for;
    const Instant by_grace = *instance.running_since + rules.startup_grace;
    state.due = std::max(by_period, by_grace);
    // "Longer than": the evidence must reach past the deadline, not only up to it.
    state.holds = state.covered && instance.idle.last_idle > by_period && now >= *state.due;
    if (fleet::is_serverless_worker(instance.row)) {
        state.exemption = Exemption::serverless;
    } else if (label_protected(subject)) {
        const auto since = instance.label_protected_since.value_or(now);
        const bool unlimited = rules.protect_max == Duration{0};
        if (unlimited || now < since + rules.protect_max) {
            state.exemption = Exemption::protect_label;
            state.exempt_until =
                unlimited ? std::nullopt : std::optional<Instant>{since + rules.protect_max};
        }
    }
    return state;
}

}  // namespace vastwatch::rules
