#include "engine/changes.hpp"

namespace vastwatch::engine {

bool Changes::empty() const {
    return instances.empty() && idle_clocks.empty() && gone_instances.empty() && ledger.empty() &&
           cases.empty() && holds.empty() && protections.empty() && ended_protections.empty() &&
           !pause && !pause_ended && alerts.empty() && outbox.empty() && conditions.empty() &&
           forgotten_conditions.empty() && accounts.empty() && spend_points.empty() &&
           !policy_fingerprint && !clock && !audit;
}

}  // namespace vastwatch::engine
