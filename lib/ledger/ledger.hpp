// The ledger (spec section 4). Time only moves forward in it: calls carry instants, and an instant
// earlier than one already booked is taken as that one. One object for all accounts.
#pragma once

#include "base/calendar.hpp"
#include "ledger/records.hpp"
#include "policy/policy.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace vastwatch::ledger {

/// A charge of one contract for one UTC day, with the team that owns it as far as labels tell.
struct DayCharge {
    Contract contract;
    Amounts amounts;
    TeamName team;
};

/// Spend of one window as of a moment, and what it will be.
struct WindowSpend {
    Usd spend;
    Instant start;
    std::optional<Instant> end;    // absent for lifetime
    std::optional<Usd> projected;  // at the end, at present rates; absent for lifetime
};

/// Spend by source for one team in one account, as the counter shows it.
struct CounterValue {
    AccountName account;
    TeamName team;
    Amounts amounts;
};

class Ledger {
  public:
    explicit Ledger(Calendar calendar);
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;
    ~Ledger();
    Ledger(Ledger&&) noexcept;
    Ledger& operator=(Ledger&&) noexcept;

    // --- Restoring what was stored, before anything else is called. Unknown or odd records are
    // taken as they are; a meter without days is fine.
    void restore(Changes stored);

    // --- What is observed.

    /// From `at` on instance `id` costs `rates` for `team`; what it cost before accrued up to `at`
    /// at the earlier rate and for the earlier team. The first call for an id begins its meter at
    /// `at` (the caller chose it: start_date, or the sweep that first saw it; it may lie before
    /// what was booked, but not in the future). Equal rates and team change nothing, and cost next
    /// to nothing. Negative rates are taken as zero, those above a million dollars as a million.
    void observe(
        const AccountName& account,
        InstanceId id,
        const TeamName& team,
        fleet::Rates rates,
        Instant at);

    /// The instance is gone since `at`: accrual ends. Does nothing for an unknown id.
    void close(InstanceId id, Instant at);

    /// All charges of `account` for the UTC day `day`, as read at `read_at`: replaces what was
    /// known of that day. A contract without a row keeps what it had; several rows of one contract
    /// are added up; amounts beyond a million dollars are not believed, and nothing charged for a
    /// contract that is not known is no row. An empty answer counts as a reading. What has been
    /// charged beyond accrual since the reading before is divided among those who had the contract
    /// since then, and stays theirs. The day settles with a reading that, two hours after the day
    /// ended and after the last one that differed, brought nothing new; what accrued without a row
    /// then is nothing. A day in which something accrued but nothing was charged at all does not
    /// settle. Settled days do not change, nor days before the first one (see first_day). What
    /// another account counts of the same contract on that day is not counted again.
    void charge(
        const AccountName& account,
        Instant day,
        std::span<const DayCharge> charges,
        Instant read_at);

    /// Spend before the ledger began, of a range of UTC days that ends before first_day() begins:
    /// counts in windows that contain `start`, as one slice there. A range that crosses the
    /// beginning of a window, such as a month in the calendar's zone, is better given in two. Calls
    /// add up. Of instances that are not known it counts for teams and accounts alone.
    void backfill(const AccountName& account, Instant start, std::span<const DayCharge> charges);

    /// The account's days are the ledger's own from yesterday on, if they were not before.
    void begin(const AccountName& account, Instant at);

    /// Both are charged for some contract that is known: they are one account of Vast.ai, by
    /// another key or under another name.
    bool shares_contracts(const AccountName& one, const AccountName& other) const;
    /// Something accrued or was charged lately for that contract.
    bool knows(const Contract& contract) const;

    /// Moves to `at`: cuts accrual at midnights (UTC and local), folds settled days once no present
    /// local day reaches into them, and gives up waiting for charges ten days after a day ended, or
    /// after the ledger came to know of it, if that was later (what was known is then final).
    /// Cheap when nothing is due.
    void advance(Instant at);

    /// Another time zone from `at` on; what is booked stays where it is.
    void set_calendar(Calendar calendar, Instant at);

    // --- What is asked. `at` must not lie before what was booked; spend is extrapolated to it at
    // present rates.

    /// `since`: where a team's lifetime window begins; absent = everything that is known.
    WindowSpend team_spend(
        const TeamName& team,
        policy::Window window,
        std::optional<std::chrono::year_month_day> since,
        Instant at) const;
    WindowSpend account_spend(const AccountName& account, policy::Window window, Instant at) const;

    UsdPerHour team_burn(const TeamName& team) const;
    UsdPerHour account_burn(const AccountName& account) const;
    /// Some of the team's rates are estimates.
    bool team_estimated(const TeamName& team) const;

    /// Everything an instance has cost so far, and since the local midnight.
    Amounts instance_spend(InstanceId id, Instant at) const;
    Usd instance_spend_today(InstanceId id, Instant at) const;
    /// Its present rates; nothing when it has no meter.
    std::optional<fleet::Rates> instance_rates(InstanceId id) const;

    /// For vastwatch_spend_dollars_total: by account, team and source, never falling.
    std::vector<CounterValue> counters(Instant at);

    /// The first UTC day of `account` that is the ledger's own: what lies before is backfill()'s.
    /// Yesterday, as of `at`, for an account that nothing is known of.
    Instant first_day(const AccountName& account, Instant at) const;

    /// UTC days of `account` whose charges are still to be read, oldest first; today included.
    std::vector<Instant> days_to_read(const AccountName& account, Instant at) const;

    /// What accrued in `account` since `from` by rates alone, whatever charges say: to compare
    /// with the fall of the account's credit. Exact for the last three days; what accrued before a
    /// restart is spread evenly over the hours of its day.
    Usd accrued(const AccountName& account, Instant from, Instant to) const;

    /// The next midnight (UTC or local) or other moment at which advance() has something to do.
    Instant next_change(Instant at) const;

    /// Changes with everything that the sums above depend on besides the time: between two moments
    /// with one version, every rate is the same and spend grows by rates alone.
    std::uint64_t version() const;

    /// What changed since the last call. When storing it fails, give it back with retry().
    Changes take_changes();
    void retry(Changes changes);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vastwatch::ledger
