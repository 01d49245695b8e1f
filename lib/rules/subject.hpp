// One instance as the rules see it.
#pragma once

#include "fleet/instance.hpp"
#include "policy/policy.hpp"

#include <optional>

namespace vastwatch::rules {

/// An instance as the rules see it.
struct Subject {
    const fleet::Instance* instance = nullptr;
    const policy::Team* team = nullptr;
    fleet::Rates rates;  // what it costs now, estimates included
    bool rate_known = true;
    bool protected_id = false;               // some team's protected_ids list it, see subject_of
    std::optional<Instant> protected_until;  // vastwatchctl protect, still valid
    /// What it is being asked, or was, while nobody knows yet what comes of that: stop or destroy.
    std::optional<policy::Action> asked;
};

/// Whether an instance costs money now or will by itself: what a cap takes down.
bool costs_money(const Subject& subject);

/// Whether the action would change nothing: stopping what is stopped. (A queued start is stopped,
/// see API 4.4.)
bool changes_nothing(policy::Action action, const Subject& subject);

/// Whether it counts for max_instances: it is not on its way out.
bool exists(const Subject& subject);

}  // namespace vastwatch::rules
