// The ledger's state as it is stored: upserts by key, in one transaction with whatever caused them.
#pragma once

#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "fleet/billing.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vastwatch::ledger {

/// Money by what it was for. `other` is what charges name beyond the rest.
struct Amounts {
    Usd gpu;
    Usd disk;
    Usd bandwidth;
    Usd other;

    Usd total() const { return gpu + disk + bandwidth + other; }

    Amounts& operator+=(const Amounts& more) {
        gpu += more.gpu;
        disk += more.disk;
        bandwidth += more.bandwidth;
        other += more.other;
        return *this;
    }

    Amounts& operator-=(const Amounts& less) {
        gpu -= less.gpu;
        disk -= less.disk;
        bandwidth -= less.bandwidth;
        other -= less.other;
        return *this;
    }

    friend bool operator==(const Amounts&, const Amounts&) = default;
};

/// What bills: an instance, a volume, a serverless endpoint, as charges name it ("instance-123").
struct Contract {
    AccountName account;
    std::string source;

    friend auto operator<=>(const Contract&, const Contract&) = default;
};

Contract instance_contract(const AccountName& account, InstanceId id);
/// The id in "instance-123"; nothing for other sources.
std::optional<InstanceId> instance_of(const Contract& contract);

/// The open end of an instance's accrual: from `since` on it costs `rates`, for `team`.
struct Meter {
    InstanceId instance;
    AccountName account;
    TeamName team;
    fleet::Rates rates;
    Instant since;

    friend bool operator==(const Meter&, const Meter&) = default;
};

/// What accrued for one contract from `start` on within one UTC day, one local day and one team,
/// and its part of what charges of that day name beyond all accrual. That was divided reading by
/// reading; GPU and disk may be negative here, where accrual has been charged to another slice.
struct Slice {
    Instant start;  // of its first accrual: between two midnights, UTC or local, not always at one
    TeamName team;
    Usd gpu;
    Usd disk;
    Amounts charged_beyond = {};
    Amounts at_reading = {};  // GPU and disk that had accrued at the latest reading with news

    friend bool operator==(const Slice&, const Slice&) = default;
};

/// One contract on one UTC day.
struct ContractDay {
    Contract contract;
    Instant day;  // UTC midnight
    std::vector<Slice> slices;
    std::optional<Amounts> charged;  // what Vast.ai says, as of `charge_changed`
    Instant charge_changed;
    TeamName charge_team;  // whose the charge is when nothing accrued
    bool settled = false;  // final, and counted in TeamDay and ContractTotal from now on: history,
                           // which restore() does not need (and passes over)

    friend bool operator==(const ContractDay&, const ContractDay&) = default;
};

/// Final spend of a team in an account from `start` (a local midnight or a UTC one) on: the fold of
/// settled contract days.
struct TeamDay {
    AccountName account;
    TeamName team;
    Instant start;
    Amounts amounts;

    friend bool operator==(const TeamDay&, const TeamDay&) = default;
};

/// One UTC day of an account's charges as a whole. Days before the first one of an account belong
/// to it no more than that one does: when it is settled they are final as well.
struct AccountDay {
    AccountName account;
    Instant day;     // UTC midnight
    Instant opened;  // when the ledger began to keep it; 1970 for the end of what was backfilled
    std::optional<Instant> changed;  // the reading that last brought news, or the first one
    bool settled = false;            // final: the charges are the spend; no more readings are due

    friend bool operator==(const AccountDay&, const AccountDay&) = default;
};

/// Lifetime spend of one contract over folded days, so that an instance's whole cost is known. Of
/// instances without a meter and without days, restore() needs those with a `last_day` of the last
/// twelve days only; of what is not an instance, all.
struct ContractTotal {
    Contract contract;
    Amounts amounts;
    Instant last_day;  // the latest UTC day in it

    friend bool operator==(const ContractTotal&, const ContractTotal&) = default;
};

/// What the counter vastwatch_spend_dollars_total has reached: never falls, over restarts either.
struct CounterMark {
    AccountName account;
    TeamName team;
    Amounts reached;

    friend bool operator==(const CounterMark&, const CounterMark&) = default;
};

/// What has to be written (upserts) and deleted so that the stored ledger equals this one.
struct Changes {
    std::vector<Meter> meters;
    std::vector<InstanceId> closed_meters;
    std::vector<ContractDay> days;
    std::vector<AccountDay> account_days;
    std::vector<TeamDay> team_days;
    std::vector<ContractTotal> contract_totals;
    std::vector<CounterMark> counter_marks;

    bool empty() const;
};

}  // namespace vastwatch::ledger
