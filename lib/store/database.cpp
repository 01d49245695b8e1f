#include "store/database.hpp"

#include "store/corrupt.hpp"
#include "store/files.hpp"
#include "store/load.hpp"
#include "store/retention.hpp"
#include "store/schema.hpp"
#include "store/table.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace vastwatch::store {
namespace {

constexpr int busy_timeout_ms = 5'000;

/// Whether closing the connection moves the log into the database and removes it, which is not
/// wanted as long as the database may be damaged: then it is set aside as it was found.
void tidy_on_close(SQLite::Database& database, bool tidy) {
    sqlite3_db_config(
        database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, tidy ? 0 : 1, nullptr);
}

std::filesystem::path log_of(const std::filesystem::path& file) {
    std::filesystem::path log = file;
    log += "-wal";
    return log;
}

/// SQLite removes the log of an empty database without a word, though only damage makes such a
/// pair: a database has its first page before it has a log.
void refuse_emptied(const std::filesystem::path& file) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (error || size > 0) {
        return;
    }
    const auto log_size = std::filesystem::file_size(log_of(file), error);
    if (!error && log_size > 0) {
        throw Corrupt("it is empty, beside a log that is not");
    }
}

SQLite::Database connect(const std::filesystem::path& file) {
    refuse_emptied(file);
    // Without SQLite's own locks: one thread at a time uses the connection.
    SQLite::Database database{
        file.string(),
        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX,
        busy_timeout_ms};
    tidy_on_close(database, false);
    // Asked before anything is written: a later version's database stays as it is.
    const int version = database.execAndGet("PRAGMA user_version").getInt();
    if (version > schema_version()) {
        throw Newer{version};
    }
    if (version < 0) {
        throw Corrupt("it has no schema version of ours");
    }
    database.exec("PRAGMA cell_size_check = ON");
    database.exec("PRAGMA trusted_schema = OFF");
    const auto verdict = database.execAndGet("PRAGMA quick_check(1)").getString();
    if (verdict != "ok") {
        throw Corrupt(verdict);
    }
    if (database.execAndGet("PRAGMA journal_mode = WAL").getString() != "wal") {
        throw SQLite::Exception("no write-ahead log on this file system", SQLITE_CANTOPEN);
    }
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA foreign_keys = ON");
    database.exec("PRAGMA journal_size_limit = 16777216");
    migrate(database, version);
    return database;
}

/// What `read` gives, with what SQLite says of a damaged file as Corrupt; so is a statement that
/// it does not accept, because then the tables are not as the schema version says.
template <class Read>
auto or_corrupt(Read read) {
    try {
        return read();
    } catch (const SQLite::Exception& error) {
        const int code = error.getErrorCode();
        if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR) {
            throw Corrupt(error.what());
        }
        throw;
    }
}

std::optional<Instant> pruned_at(SQLite::Database& database) {
    SQLite::Statement select{database, "SELECT max(pruned_at) FROM housekeeping"};
    if (!select.executeStep() || select.getColumn(0).isNull()) {
        return std::nullopt;
    }
    return Instant{Duration{select.getColumn(0).getInt64()}};
}

/// A statement with one or two parameters, that deletes.
class Deletion {
  public:
    Deletion(SQLite::Database& database, const char* sql) : statement_(database, sql) {}

    template <class Key>
    void operator()(const Key& key) {
        Binder binder{statement_};
        binder("", key);
        run(statement_);
    }

  private:
    SQLite::Statement statement_;
};

struct Rule {
    const char* sql;  // ?1 the oldest moment that stays, ?2 the most rows
    Duration keep;
};

constexpr std::array<Rule, 6> prune_rules{{
    {"DELETE FROM outbox WHERE (alert, notifier) IN"
     " (SELECT alert, notifier FROM outbox WHERE ended < ?1 LIMIT ?2)",
     keep_ended_outbox},
    {"DELETE FROM alerts WHERE id IN"
     " (SELECT id FROM alerts WHERE time < ?1"
     "  AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.alert = alerts.id) LIMIT ?2)",
     keep_history},
    {"DELETE FROM cases WHERE number IN"
     " (SELECT number FROM cases WHERE closed_at < ?1 LIMIT ?2)",
     keep_history},
    {"DELETE FROM holds WHERE id IN"
     " (SELECT id FROM holds WHERE decided < ?1 AND decision <> 'open'"
     "  AND (kind <> 'reload' OR decision <> 'dismissed') LIMIT ?2)",
     keep_history},
    {"DELETE FROM contract_days WHERE (account, source, day) IN"
     " (SELECT account, source, day FROM contract_days WHERE settled = 1 AND day < ?1 LIMIT ?2)",
     keep_settled},
    {"DELETE FROM spend_points WHERE (at, team) IN"
     " (SELECT at, team FROM spend_points WHERE at < ?1 LIMIT ?2)",
     keep_spend_points},
}};

/// Removes what is older than it is kept; true when there is more of it.
bool prune(SQLite::Database& database, Instant as_of) {
    bool more = false;
    for (const auto& rule : prune_rules) {
        SQLite::Statement statement{database, rule.sql};
        statement.bind(1, std::int64_t{(as_of - rule.keep).time_since_epoch().count()});
        statement.bind(2, prune_rows);
        more = statement.exec() >= prune_rows || more;
    }
    return more;
}

}  // namespace

class Database::Statements {
  public:
    explicit Statements(const std::filesystem::path& file)
        : database(connect(file)), schedule(pruned_at(database)) {}

    SQLite::Database database;
    PruneSchedule schedule;

    Writer<Instances> instances{database};
    Writer<IdleClocks> new_idle_clocks{database};
    SQLite::Statement idle_clocks{
        database,
        update_sql(IdleClocks::name, column_names<IdleClocks>())};
    Writer<Meters> meters{database};
    Writer<ContractDays> contract_days{database};
    Writer<AccountDays> account_days{database};
    Writer<TeamDays> team_days{database};
    Writer<ContractTotals> contract_totals{database};
    Writer<CounterMarks> counter_marks{database};
    Writer<Cases> cases{database};
    Writer<Holds> holds{database};
    Writer<Protections> protections{database};
    Writer<Pauses> pauses{database};
    Writer<Alerts> alerts{database};
    Writer<Outbox> outbox{database};
    Writer<Conditions> conditions{database};
    Writer<Accounts> accounts{database};
    Writer<SpendPoints> spend_points{database};
    Writer<AuditRecords> audit_records{database};

    Deletion gone_instance{database, "DELETE FROM instances WHERE id = ?"};
    Deletion closed_meter{database, "DELETE FROM meters WHERE instance = ?"};
    Deletion ended_protection{database, "DELETE FROM protections WHERE instance = ?"};
    Deletion forgotten_condition{database, "DELETE FROM conditions WHERE condition = ?"};
};

Database::Database(const std::filesystem::path& file)
    : file_(file),
      statements_(or_corrupt([&file] { return std::make_unique<Statements>(file); })) {}

Database::~Database() = default;

std::optional<Database::FileId> Database::id_of(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) {
        return std::nullopt;
    }
    return FileId{status.st_dev, status.st_ino};
}

std::optional<StoreError> Database::find_moved() {
    int moved = 0;
    sqlite3_file_control(statements_->database.getHandle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved == 0 && (!log_ || log_ == id_of(log_of(file_)))) {
        return std::nullopt;
    }
    return StoreError{fmt::format(
        "{} was removed or replaced while in use; restart vastwatchd",
        (moved != 0 ? file_ : log_of(file_)).string())};
}

std::optional<StoreError> Database::commit(const engine::Changes& changes) {
    auto& database = statements_->database;
    if (auto error = find_moved()) {
        return error;
    }
    try {
        database.exec("BEGIN IMMEDIATE");
        // SQLite does not mind when it cannot make the name of its new log durable. Without it all
        // that is committed until the next checkpoint would be lost with the power.
        if (!log_ && !sync_directory(file_.parent_path())) {
            static_cast<void>(database.tryExec("ROLLBACK"));
            return StoreError{
                fmt::format("cannot make the name of {} durable", log_of(file_).string())};
        }
        write(changes);
        database.exec("COMMIT");
        if (!log_) {
            log_ = id_of(log_of(file_));
        }
        return std::nullopt;
    } catch (const SQLite::Exception& error) {
        auto said = explain(error, file_);
        // Some errors have rolled back already; then this one has nothing to do.
        static_cast<void>(database.tryExec("ROLLBACK"));
        return said;
    } catch (...) {
        static_cast<void>(database.tryExec("ROLLBACK"));
        throw;
    }
}

void Database::write(const engine::Changes& changes) {
    write_fleet(changes);
    write_ledger(changes.ledger);
    write_enforcement(changes);
    write_alerts(changes);
    for (const auto& account : changes.accounts) {
        statements_->accounts.write(account);
    }
    for (const auto& point : changes.spend_points) {
        statements_->spend_points.write(point);
    }
    if (changes.audit) {
        statements_->database.exec("DELETE FROM audit_records");
        for (const auto& record : *changes.audit) {
            statements_->audit_records.write(record);
        }
    }
    if (changes.policy_fingerprint) {
        auto& database = statements_->database;
        database.exec("DELETE FROM policy");
        SQLite::Statement insert{database, "INSERT INTO policy (fingerprint) VALUES (?)"};
        insert.bind(1, *changes.policy_fingerprint);
        insert.exec();
    }
    if (changes.clock) {
        auto& database = statements_->database;
        database.exec("DELETE FROM clock_marks");
        SQLite::Statement insert{database, "INSERT INTO clock_marks (boot, offset) VALUES (?, ?)"};
        insert.bind(1, changes.clock->boot);
        insert.bind(2, static_cast<std::int64_t>(changes.clock->offset.count()));
        insert.exec();
    }
    if (const auto now = newest(changes)) {
        prune_when_due(*now);
    }
}

void Database::prune_when_due(Instant now) {
    auto& schedule = statements_->schedule;
    auto& database = statements_->database;
    const auto before = schedule.mark();
    if (const auto as_of = schedule.step(now)) {
        schedule.unfinished(prune(database, *as_of));
    }
    if (schedule.mark() != before) {
        database.exec("DELETE FROM housekeeping");
        SQLite::Statement insert{database, "INSERT INTO housekeeping (pruned_at) VALUES (?)"};
        insert.bind(1, std::int64_t{schedule.mark()->time_since_epoch().count()});
        insert.exec();
    }
}

void Database::write_fleet(const engine::Changes& changes) {
    for (const auto id : changes.gone_instances) {
        statements_->gone_instance(id);
    }
    for (const auto& instance : changes.instances) {
        statements_->instances.write(instance);
        statements_->new_idle_clocks.write(instance);
    }
    for (const auto& clock : changes.idle_clocks) {
        Binder binder{statements_->idle_clocks};
        IdleClocks::fields(binder, clock);
        run(statements_->idle_clocks);
    }
}

void Database::write_ledger(const ledger::Changes& changes) {
    for (const auto id : changes.closed_meters) {
        statements_->closed_meter(id);
    }
    for (const auto& meter : changes.meters) {
        statements_->meters.write(meter);
    }
    for (const auto& day : changes.days) {
        statements_->contract_days.write(day);
    }
    for (const auto& day : changes.account_days) {
        statements_->account_days.write(day);
    }
    for (const auto& day : changes.team_days) {
        statements_->team_days.write(day);
    }
    for (const auto& total : changes.contract_totals) {
        statements_->contract_totals.write(total);
    }
    for (const auto& mark : changes.counter_marks) {
        statements_->counter_marks.write(mark);
    }
}

void Database::write_enforcement(const engine::Changes& changes) {
    for (const auto& one : changes.cases) {
        statements_->cases.write(one);
    }
    for (const auto& hold : changes.holds) {
        statements_->holds.write(hold);
    }
    for (const auto id : changes.ended_protections) {
        statements_->ended_protection(id);
    }
    for (const auto& protection : changes.protections) {
        statements_->protections.write(protection);
    }
    if (changes.pause || changes.pause_ended) {
        statements_->database.exec("DELETE FROM pause");
    }
    if (changes.pause) {
        statements_->pauses.write(*changes.pause);
    }
}

void Database::write_alerts(const engine::Changes& changes) {
    for (const auto& alert : changes.alerts) {
        statements_->alerts.write(alert);
    }
    for (const auto& entry : changes.outbox) {
        statements_->outbox.write(entry);
    }
    for (const auto& key : changes.forgotten_conditions) {
        statements_->forgotten_condition(key);
    }
    for (const auto& condition : changes.conditions) {
        statements_->conditions.write(condition);
    }
}

engine::Changes Database::load_all() {
    auto& database = statements_->database;
    auto stored = or_corrupt([&database] { return load_changes(database); });
    tidy_on_close(database, true);
    return stored;
}

}  // namespace vastwatch::store
