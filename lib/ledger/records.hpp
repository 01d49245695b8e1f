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

/// What accrued for one contract from `start` on within one UTC day, one local day and one team.
struct Slice {
    Instant start;
    TeamName team;
    Usd gpu;
    Usd disk;

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
    bool settled = false;  // final: the charge is the spend

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

/// Lifetime spend of one contract over folded days, so that an instance's whole cost is known.
struct ContractTotal {
    Contract contract;
    Amounts amounts;
};

/// What the counter vastwatch_spend_dollars_total has reached: never falls, over restarts either.
struct CounterMark {
    AccountName account;
    TeamName team;
    Amounts reached;
};

/// What has to be written (upserts) and deleted so that the stored ledger equals this one.
struct Changes {
    std::vector<Meter> meters;
    std::vector<InstanceId> closed_meters;
    std::vector<ContractDay> days;
    std::vector<TeamDay> team_days;
    std::vector<ContractTotal> contract_totals;
    std::vector<CounterMark> counter_marks;

    bool empty() const;
};

}  // namespace vastwatch::ledger
