// What a run did and found, for people and for comparing runs.
#pragma once

#include "judge/judge.hpp"
#include "world/plan.hpp"

#include <array>
#include <map>
#include <string>
#include <vector>

namespace vastwatch::simulation {

struct Report {
    Options options;
    Duration lived{0};
    std::size_t accounts = 0;
    std::uint64_t polls = 0;
    std::uint64_t rows = 0;   ///< rows taken in
    std::uint64_t steps = 0;  ///< events the engine saw
    std::uint64_t people_acts = 0;
    std::uint64_t hash = 0;  ///< of the trace: equal for equal runs
    std::array<std::uint64_t, trouble_count> troubles{};
    std::map<std::string, std::uint64_t> kinds;  ///< of trouble, finer than those
    std::uint64_t kills = 0;
    std::uint64_t alerts = 0;
    std::map<std::string, std::uint64_t> reasons;
    std::map<std::string, std::uint64_t> alert_kinds;
    Lateness lateness;
    Duration poll_interval{0};
    std::array<std::uint64_t, invariant_count> checks{};
    std::vector<Violation> violations;
    std::vector<std::string> story;  ///< the last lines before the first violation, when asked for
    double seconds = 0;
};

/// The sum of several.
class Totals {
  public:
    void add(const Report& report);
    /// Several lines: years, troubles by kind, kills, alerts, checks, violations, wall time.
    std::string text() const;

    std::size_t violations() const { return violations_; }

  private:
    std::uint64_t runs_ = 0;
    double account_years_ = 0;
    double seconds_ = 0;
    Report sum_;
    std::size_t violations_ = 0;
    Duration worst_idle_{0};
};

}  // namespace vastwatch::simulation
