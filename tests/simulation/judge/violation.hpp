// What must hold in every run, and where it did not.
#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::simulation {

enum class Invariant : std::uint8_t {
    no_wrong_kill,      ///< what was acted upon, some rule condemns on what was truthfully served
    nothing_forbidden,  ///< no action in dry run, while paused, held or protected
    nothing_stale,      ///< no action on data older than max_staleness
    read_afresh,        ///< every action follows a fresh read that agrees
    warned_first,       ///< idle ones are warned of in time, and the warning delivered
    intent_first,       ///< the intent is durable before its request leaves
    idle_goes,          ///< what is idle goes within its bound
    cap_acts,           ///< what is over its cap goes within its bound
    overshoot_bounded,  ///< burn rate × (request pace + 1 s), and the known error
    alert_true,         ///< the condition of an alert holds when it is told
    alert_once,         ///< a condition is told once
    alert_told,         ///< a threshold that was crossed is told
    alert_delivered,    ///< what was told is delivered, and not twice without a cause
    ledger_bounded,     ///< spend differs from the true bill by no more than the known error
    ledger_exact,       ///< after settlement to the cent
    spend_never_falls,  ///< within an open day
    pace_kept,          ///< never faster than the API allows
    audit_whole,        ///< the audit log is complete and chained
    nothing_grows,      ///< memory, disk, log and wake-ups stay bounded
    recovers,           ///< it starts again, and sees and acts again
};

inline constexpr std::size_t invariant_count = 20;

std::string_view to_string(Invariant invariant);

struct Violation {
    Instant at;
    Invariant invariant = Invariant::no_wrong_kill;
    std::string what;
};

/// How often each was looked at, and what was found.
class Verdicts {
  public:
    void checked(Invariant invariant) { ++checked_[static_cast<std::size_t>(invariant)]; }

    /// `what` is made only when it does not hold.
    template <class What>
    bool require(bool holds, Invariant invariant, Instant at, What what) {
        checked(invariant);
        if (!holds) {
            violations_.push_back(Violation{.at = at, .invariant = invariant, .what = what()});
        }
        return holds;
    }

    const std::vector<Violation>& violations() const { return violations_; }

    std::uint64_t checks(Invariant invariant) const {
        return checked_[static_cast<std::size_t>(invariant)];
    }

  private:
    std::array<std::uint64_t, invariant_count> checked_{};
    std::vector<Violation> violations_;
};

}  // namespace vastwatch::simulation
