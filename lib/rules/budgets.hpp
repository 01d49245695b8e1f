// Budgets: what was spent of them, and when they will be reached.
#pragma once

#include "ledger/ledger.hpp"
#include "policy/policy.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace vastwatch::rules {

/// A budget's figures: spend, cap, and when one reaches the other at present rates.
struct Budget {
    ledger::WindowSpend spend;
    std::optional<Usd> cap;
    /// When spend will be (or, not after `now`, has been) at the cap; absent without a cap, and
    /// when the window ends first. `queued` adds what waits to start.
    std::optional<Instant> crossing;
    UsdPerHour burn;  // at present
};

/// When `spend` reaches `amount` at `burn`: `now` when it has, absent when not before `end`.
std::optional<Instant>
crossing_of(Usd spend, Usd amount, UsdPerHour burn, Instant now, std::optional<Instant> end);

Budget team_budget(
    const ledger::Ledger& ledger,
    const policy::Team& team,
    policy::Window window,
    UsdPerHour queued,
    Instant now);
Budget account_budget(
    const ledger::Ledger& ledger,
    const policy::Account& account,
    policy::Window window,
    Instant now);

/// `budget` of a team, had what is queued begun to bill.
Budget with_queued(const Budget& budget, UsdPerHour queued, Instant now);

/// The budgets of all teams and accounts at one moment, each worked out when it is first asked for.
/// What is kept holds for one policy, one moment and one version of the ledger.
class Budgets {
  public:
    /// Moves to that moment; keeps what was worked out when nothing has changed since. The policy
    /// and the ledger must outlive the next calls of of().
    void bring_to(const policy::Policy& policy, const ledger::Ledger& ledger, Instant now);
    /// Another policy may stand where the one before stood.
    void clear();

    const policy::Policy& policy() const { return *policy_; }

    /// Of a team or an account of that policy itself.
    const Budget& of(const policy::Team& team, policy::Window window);
    const Budget& of(const policy::Account& account, policy::Window window);

  private:
    using Windows = std::array<Budget, 3>;

    /// True when the entry has to be worked out.
    bool stale(std::vector<std::uint64_t>& rounds, std::size_t at) const;

    const policy::Policy* policy_ = nullptr;
    const ledger::Ledger* ledger_ = nullptr;
    Instant now_;
    std::uint64_t version_ = 0;  // of the ledger
    std::uint64_t round_ = 0;    // of this; an entry of another round is out of date
    std::vector<Windows> teams_;
    std::vector<Windows> accounts_;
    std::vector<std::uint64_t> team_rounds_;  // by team and window
    std::vector<std::uint64_t> account_rounds_;
};

}  // namespace vastwatch::rules
