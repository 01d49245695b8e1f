// A store in memory: merges changes by key as a database would, gives all of it back, and forgets
// what is old as the database does.
#pragma once

#include "engine/changes.hpp"

#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace vastwatch::testing {

class MemoryStore {
  public:
    /// One transaction.
    void commit(engine::Changes changes);

    /// Everything, as a process that starts now would read it.
    engine::Changes load() const;

    /// Drops what a database would no longer read at a start.
    void prune(Instant now);

    /// How many records there are.
    std::size_t size() const;

    const std::map<std::string, alerts::Condition>& conditions() const { return conditions_; }

  private:
    void commit_ledger(ledger::Changes changes);
    ledger::Changes load_ledger() const;

    using SourceDay = std::tuple<AccountName, std::string, Instant>;

    std::map<InstanceId, fleet::Instance> instances_;
    std::map<std::int64_t, enforcement::Case> cases_;
    std::map<HoldId, enforcement::Hold> holds_;
    std::map<InstanceId, enforcement::Protection> protections_;
    std::optional<enforcement::Pause> pause_;
    std::map<AlertId, alerts::Alert> alerts_;
    std::map<std::pair<AlertId, NotifierName>, alerts::OutboxEntry> outbox_;
    std::map<std::string, alerts::Condition> conditions_;
    std::map<AccountName, engine::AccountState> accounts_;
    std::map<std::pair<Instant, TeamName>, engine::SpendPoint> points_;
    std::optional<std::string> fingerprint_;
    std::optional<engine::ClockMark> clock_;
    std::vector<engine::AuditRecord> audit_;

    std::map<InstanceId, ledger::Meter> meters_;
    std::map<SourceDay, ledger::ContractDay> days_;
    std::map<std::pair<AccountName, Instant>, ledger::AccountDay> account_days_;
    std::map<std::tuple<AccountName, TeamName, Instant>, ledger::TeamDay> team_days_;
    std::map<ledger::Contract, ledger::ContractTotal> totals_;
    std::map<std::pair<AccountName, TeamName>, ledger::CounterMark> marks_;
};

}  // namespace vastwatch::testing
