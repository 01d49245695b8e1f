#include "store/load.hpp"

#include "store/corrupt.hpp"
#include "store/retention.hpp"
#include "store/table.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

namespace vastwatch::store {
namespace {

/// The latest moment the database knows of, from which ages are reckoned.
std::int64_t latest(SQLite::Database& database) {
    SQLite::Statement select{
        database,
        "SELECT max(coalesce((SELECT max(last_sweep) FROM accounts), 0),"
        " coalesce((SELECT max(time) FROM alerts), 0),"
        " coalesce((SELECT max(at) FROM spend_points), 0))"};
    return select.executeStep() ? select.getColumn(0).getInt64() : 0;
}

std::vector<fleet::Instance> load_instances(SQLite::Database& database) {
    const auto sql = fmt::format(
        "SELECT {}, {} FROM instances i JOIN idle_clocks c ON c.id = i.id ORDER BY i.id",
        comma_list(column_names<Instances>(), "i."),
        comma_list(column_names<IdleClocks>(), "c."));
    SQLite::Statement select{database, sql};
    std::vector<fleet::Instance> instances;
    while (select.executeStep()) {
        Reader reader{select};
        auto& instance = instances.emplace_back();
        Instances::fields(reader, instance);
        IdleClocks::fields(reader, instance);
    }
    return instances;
}

/// Alerts that somebody still waits for are there whatever their number.
std::string recent_alerts(std::int64_t now) {
    return fmt::format(
        "WHERE id IN (SELECT id FROM alerts WHERE time >= {} ORDER BY time DESC, id DESC LIMIT {})"
        " OR id IN (SELECT alert FROM outbox WHERE ended IS NULL) ORDER BY time, id",
        now - recent_history.count(),
        recent_count);
}

std::string recent_cases(std::int64_t now) {
    return fmt::format(
        "WHERE closed_at IS NULL OR number IN (SELECT number FROM cases WHERE closed_at >= {}"
        " ORDER BY closed_at DESC, number DESC LIMIT {}) ORDER BY number",
        now - recent_history.count(),
        recent_count);
}

/// Totals that the ledger goes on from: of contracts that bill or have an open day, that ended a
/// short while ago, and of what is not an instance. Reckoned from the ledger's own latest day.
std::string live_totals() {
    return fmt::format(
        "WHERE last_day >= coalesce((SELECT max(day) FROM account_days), 0) - {}"
        " OR source NOT GLOB 'instance-*'"
        " OR (account, source) IN (SELECT account, source FROM contract_days WHERE settled = 0)"
        " OR (account, source) IN (SELECT account, 'instance-' || instance FROM meters)"
        " ORDER BY account, source",
        recent_totals.count());
}

/// Settled days are history: they are in the totals.
ledger::Changes load_ledger(SQLite::Database& database) {
    ledger::Changes ledger;
    ledger.meters = load<Meters>(database, "ORDER BY instance");
    ledger.days = load<ContractDays>(database, "WHERE settled = 0 ORDER BY account, source, day");
    ledger.account_days = load<AccountDays>(database, "ORDER BY account, day");
    ledger.team_days = load<TeamDays>(database, "ORDER BY account, team, start");
    ledger.contract_totals = load<ContractTotals>(database, live_totals());
    ledger.counter_marks = load<CounterMarks>(database, "ORDER BY account, team");
    return ledger;
}

void load_enforcement(SQLite::Database& database, std::int64_t now, engine::Changes& into) {
    into.cases = load<Cases>(database, recent_cases(now));
    into.holds = load<Holds>(
        database,
        fmt::format(
            "WHERE decision = 'open' OR (kind = 'reload' AND decision = 'dismissed')"
            " OR decided IS NULL OR decided >= {} ORDER BY id",
            now - recent_history.count()));
    into.protections = load<Protections>(database, "ORDER BY instance");
    auto pauses = load<Pauses>(database, "");
    if (pauses.size() > 1) {
        throw Corrupt("more than one pause");
    }
    if (!pauses.empty()) {
        into.pause = std::move(pauses.front());
    }
}

void load_alerts(SQLite::Database& database, std::int64_t now, engine::Changes& into) {
    into.alerts = load<Alerts>(database, recent_alerts(now));
    into.outbox = load<Outbox>(
        database,
        fmt::format(
            "WHERE ended IS NULL OR ended >= {} ORDER BY created, alert, notifier",
            now - keep_ended_outbox.count()));
    into.conditions = load<Conditions>(database, "ORDER BY condition");
}

}  // namespace

engine::Changes load_changes(SQLite::Database& database) {
    const auto now = latest(database);
    engine::Changes all;
    all.instances = load_instances(database);
    all.ledger = load_ledger(database);
    load_enforcement(database, now, all);
    load_alerts(database, now, all);
    all.accounts = load<Accounts>(database, "ORDER BY name");
    all.spend_points = load<SpendPoints>(
        database, fmt::format("WHERE at >= {} ORDER BY at, team", now - keep_spend_points.count()));
    auto records = load<AuditRecords>(database, "ORDER BY position");
    if (!records.empty()) {
        all.audit = std::move(records);
    }
    SQLite::Statement select{database, "SELECT fingerprint FROM policy"};
    if (select.executeStep()) {
        all.policy_fingerprint = select.getColumn(0).getString();
    }
    SQLite::Statement clock{database, "SELECT boot, offset FROM clock_marks"};
    if (clock.executeStep()) {
        all.clock = engine::ClockMark{
            clock.getColumn(0).getString(), Duration{clock.getColumn(1).getInt64()}};
    }
    return all;
}

}  // namespace vastwatch::store
