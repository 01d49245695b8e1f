// What teams and accounts add up to, kept up to date as single instances change.
#pragma once

#include "rules/subject.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace vastwatch::rules {

/// What the rules about a whole team or account need to know of its instances.
struct Total {
    std::size_t existing = 0;  // count for max_instances
    std::size_t costly = 0;    // cost money: what a cap takes down
    Duration pace{0};          // the slowest request interval among the accounts of the costly
    UsdPerHour queued;         // what the queued ones would cost if they all began to bill

    friend bool operator==(const Total&, const Total&) = default;
};

/// In the policy's order.
struct Totals {
    std::vector<Total> teams;
    std::vector<Total> accounts;

    friend bool operator==(const Totals&, const Totals&) = default;
};

/// What one instance adds.
struct Part {
    std::size_t team = 0;
    std::optional<std::size_t> account;  // absent when the policy does not know it any more
    bool exists = false;
    bool costs = false;
    UsdPerHour queued;
};

class Tally {
  public:
    /// The policy must outlive it.
    explicit Tally(const policy::Policy& policy);

    Part part_of(const Subject& subject) const;

    void add(const Part& part) { count(part, 1); }

    /// Takes back what add() was given.
    void remove(const Part& part) { count(part, -1); }

    const Totals& totals() const { return totals_; }

  private:
    // Wider than what it sums, so that what was added can be taken away again exactly.
    __extension__ using Sum = __int128;

    void count(const Part& part, int by);
    void count_costly(const Part& part, int by);

    const policy::Policy* policy_;
    Totals totals_;
    std::vector<std::size_t> costly_;  // by team and account
    std::vector<Sum> queued_;          // by team
};

}  // namespace vastwatch::rules
