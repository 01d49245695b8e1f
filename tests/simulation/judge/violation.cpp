#include "judge/violation.hpp"

namespace vastwatch::simulation {

std::string_view to_string(Invariant invariant) {
    constexpr std::array<std::string_view, invariant_count> names{
        "no_wrong_kill",     "nothing_forbidden", "nothing_stale", "read_afresh",
        "warned_first",      "intent_first",      "idle_goes",     "cap_acts",
        "overshoot_bounded", "alert_true",        "alert_once",    "alert_told",
        "alert_delivered",   "ledger_bounded",    "ledger_exact",  "spend_never_falls",
        "pace_kept",         "audit_whole",       "nothing_grows", "recovers"};
    return names[static_cast<std::size_t>(invariant)];
}

}  // namespace vastwatch::simulation
