// The true bill, from the account model's own meters, by team and day, and how far a perfect
// bookkeeper may be from it who sees only what the API served.
#pragma once

#include "judge/watched.hpp"
#include "model/account.hpp"

#include <deque>
#include <map>
#include <span>
#include <string>

namespace vastwatch::simulation {

/// A sum of money and by how much an honest figure may lie above and below it.
struct Truth {
    Usd amount;
    Usd over;
    Usd under;

    bool allows(Usd figure, Usd slack) const {
        return figure >= amount - under - slack && figure <= amount + over + slack;
    }
};

/// Whose money: a team's ("" = unassigned) or, with the prefix "account:", an account's.
using Owner = std::string;

/// By how much per hour a figure may lie above and below the truth while nobody looked.
struct Doubt {
    UsdPerHour over;
    UsdPerHour under;
};

/// Of an instance that was taken to cost `assumed` all the time and may have cost up to `most`.
Doubt doubt_of(UsdPerHour assumed, UsdPerHour most);

class Bill {
  public:
    using Watches = std::map<std::int64_t, Watched>;

    /// `accounts` and `watches` outlive it. `fixed_teams` has, by account, the team of all its
    /// instances; empty = by label.
    Bill(
        std::span<const vastsim::Account* const> accounts,
        const Watches& watches,
        std::vector<std::string> fixed_teams);

    /// Between two complete listings `from` and `to` an instance's rate changed: for that long
    /// nobody knew it.
    void unseen(const Watched& watched, Doubt doubt, Instant from, Instant to);

    /// It has another team since a listing that ended at `at`. What nobody knew of its cost before,
    /// on the same day, may be missing in what is counted for that team: the contract's spend is
    /// the larger of accrual and charge, and of a charge that is ahead the latest accrual is a
    /// part, whoever paid that charge (section 4).
    void changed_team(const Watched& watched, Instant at);

    /// Charges of `account` were read at `at`, as far as they had settled.
    void charges_read(std::size_t account, Instant at);
    /// The daemon died, and what it read after `stored` is lost until it is read again.
    void charges_lost(Instant stored);
    /// They could not be.
    void charges_missed(std::size_t account, Instant at);

    /// Something about whose an instance is has changed.
    void look_anew() { known_.clear(); }

    /// What one instance cost in [from, to).
    Usd cost(const Watched& watched, Instant from, Instant to) const;

    /// What `owner` truly spent in [from, to), both UTC midnights but for `to`, which may be now.
    Truth spend(const Owner& owner, Instant from, Instant to);

    /// What only the charges that were read in the minutes before `at` made known of what `owner`
    /// spent since `from`.
    Usd just_charged(const Owner& owner, Instant from, Instant at) const;

    /// What one instance costs per hour.
    UsdPerHour rate(const Watched& watched, Instant at) const;

    /// What it costs per hour now.
    UsdPerHour burn(const Owner& owner, Instant at) const;

    /// The day is so far back, and charges were read since, that its figures are final.
    bool settled(std::size_t account, Instant day) const;
    bool all_settled(Instant day) const;

  private:
    struct Error {
        Usd over;
        Usd under;
        Usd lasting;
    };

    struct Reads {
        Instant charged_until;  ///< charges that were read reach up to here
        Instant before;         ///< and those that were read before them
        Instant missed;         ///< the latest failure
        Instant read;
        /// Those of the last hours: when each was, and how far it reaches.
        std::deque<std::pair<Instant, Instant>> latest;
    };

    /// What was worked out lately: many ask for the same at one moment.
    struct Known {
        Owner owner;
        Instant day;
        Instant to;
        Truth truth;
    };

    const Truth& day_spend(const Owner& owner, Instant day, Instant to);
    Truth work_out(const Owner& owner, Instant day, Instant to);
    void add_instance(
        Truth& sum,
        const Owner& owner,
        std::size_t account,
        const vastsim::Instance& instance,
        Instant day,
        Instant to) const;
    void add_volumes(Truth& sum, const Owner& owner, std::size_t account, Instant day, Instant to)
        const;

    std::span<const vastsim::Account* const> accounts_;
    const Watches& watches_;
    std::vector<std::string> fixed_teams_;
    std::vector<Reads> reads_;
    std::map<std::pair<Owner, Instant>, Error> errors_;
    std::map<std::pair<Instant, std::int64_t>, Error> latest_errors_;  ///< by day and instance
    std::map<std::pair<Owner, Instant>, Truth> final_;                 ///< days that are settled
    std::vector<Known> known_;
    std::size_t next_known_ = 0;
};

}  // namespace vastwatch::simulation
