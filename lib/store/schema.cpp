#include "store/schema.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Transaction.h>

#include <array>
#include <cstddef>
#include <string>

namespace vastwatch::store {
namespace {

// Steps are only ever added: what a released version has written must stay readable. Instants are
// nanoseconds since 1970 (UTC), durations nanoseconds, money nano-dollars, rates nano-dollars per
// hour, enumerators words, short lists JSON.
constexpr const char* step_1 = R"sql(
CREATE TABLE instances (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    team TEXT NOT NULL,
    label TEXT NOT NULL,
    gpu_name TEXT NOT NULL,
    num_gpus INTEGER,
    machine_id INTEGER,
    host_id INTEGER,
    status TEXT NOT NULL,
    status_text TEXT NOT NULL,
    intended_state TEXT NOT NULL,
    current_state TEXT NOT NULL,
    next_state TEXT NOT NULL,
    status_message TEXT NOT NULL,
    start_date INTEGER,
    end_date INTEGER,
    interruptible INTEGER,
    disk_gb REAL,
    gpu_util REAL,
    gpu_temp REAL,
    cpu_util REAL,
    mem_usage REAL,
    inet_up REAL,
    inet_down REAL,
    price_gpu INTEGER,
    price_storage INTEGER,
    price_discount REAL,
    price_search_total INTEGER,
    price_reported INTEGER,
    price_inet_up_per_gb REAL,
    price_inet_down_per_gb REAL,
    image TEXT NOT NULL,
    runtype TEXT NOT NULL,
    template_hash TEXT NOT NULL,
    verification TEXT NOT NULL,
    row_id INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    missed_sweeps INTEGER NOT NULL,
    found_at_start INTEGER NOT NULL,
    known_gpu_rate INTEGER,
    known_disk_rate INTEGER,
    known_estimated INTEGER,
    ever_ran INTEGER NOT NULL,
    running_since INTEGER,
    stopped_since INTEGER,
    loading_since INTEGER,
    label_protected_since INTEGER
) STRICT;

CREATE TABLE idle_clocks (
    id INTEGER PRIMARY KEY REFERENCES instances(id) ON DELETE CASCADE,
    last_seen INTEGER NOT NULL,
    still_row TEXT,
    still_repeats INTEGER NOT NULL,
    began INTEGER,
    last_idle INTEGER NOT NULL,
    last_sample INTEGER NOT NULL,
    last_known INTEGER NOT NULL,
    idle INTEGER NOT NULL,
    busy INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    pending_busy INTEGER NOT NULL,
    pending_unknown INTEGER NOT NULL,
    samples TEXT NOT NULL
) STRICT;

CREATE TABLE meters (
    instance INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    team TEXT NOT NULL,
    gpu_rate INTEGER NOT NULL,
    disk_rate INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    since INTEGER NOT NULL
) STRICT;

CREATE TABLE contract_days (
    account TEXT NOT NULL,
    source TEXT NOT NULL,
    day INTEGER NOT NULL,
    slices TEXT NOT NULL,
    charged_gpu INTEGER,
    charged_disk INTEGER,
    charged_bandwidth INTEGER,
    charged_other INTEGER,
    charge_changed INTEGER NOT NULL,
    charge_team TEXT NOT NULL,
    settled INTEGER NOT NULL,
    PRIMARY KEY (account, source, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_days (
    account TEXT NOT NULL,
    day INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    changed INTEGER,
    settled INTEGER NOT NULL,
    PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE team_days (
    account TEXT NOT NULL,
    team TEXT NOT NULL,
    start INTEGER NOT NULL,
    gpu INTEGER NOT NULL,
    disk INTEGER NOT NULL,
    bandwidth INTEGER NOT NULL,
    other INTEGER NOT NULL,
    PRIMARY KEY (account, team, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE contract_totals (
    account TEXT NOT NULL,
    source TEXT NOT NULL,
    gpu INTEGER NOT NULL,
    disk INTEGER NOT NULL,
    bandwidth INTEGER NOT NULL,
    other INTEGER NOT NULL,
    last_day INTEGER NOT NULL,
    PRIMARY KEY (account, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE counter_marks (
    account TEXT NOT NULL,
    team TEXT NOT NULL,
    gpu INTEGER NOT NULL,
    disk INTEGER NOT NULL,
    bandwidth INTEGER NOT NULL,
    other INTEGER NOT NULL,
    PRIMARY KEY (account, team)
) STRICT, WITHOUT ROWID;

CREATE TABLE cases (
    number INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL,
    account TEXT NOT NULL,
    team TEXT NOT NULL,
    action TEXT NOT NULL,
    rule TEXT NOT NULL,
    reasons TEXT NOT NULL,
    step TEXT NOT NULL,
    wait TEXT NOT NULL,
    label TEXT NOT NULL,
    start_date INTEGER,
    gpu_name TEXT NOT NULL,
    num_gpus INTEGER NOT NULL,
    rate INTEGER NOT NULL,
    idle INTEGER NOT NULL,
    cap INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    due INTEGER NOT NULL,
    warned_at INTEGER,
    warning_delivered_at INTEGER,
    warning TEXT NOT NULL,
    verified_at INTEGER,
    intended_at INTEGER,
    requested_at INTEGER,
    closed_at INTEGER,
    attempts INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL,
    confirmations INTEGER NOT NULL,
    failure_told INTEGER NOT NULL,
    hold INTEGER,
    recipe TEXT,
    detail TEXT NOT NULL
) STRICT;

CREATE TABLE holds (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    decision TEXT NOT NULL,
    account TEXT NOT NULL,
    created INTEGER NOT NULL,
    decided INTEGER,
    decided_by TEXT NOT NULL,
    instances TEXT NOT NULL,
    cost INTEGER NOT NULL
) STRICT;

CREATE TABLE protections (
    instance INTEGER PRIMARY KEY,
    from_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE TABLE pause (
    since INTEGER NOT NULL,
    until_at INTEGER,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    last_reminder INTEGER NOT NULL
) STRICT;

CREATE TABLE alerts (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    resolved INTEGER NOT NULL,
    time INTEGER NOT NULL,
    account TEXT,
    team TEXT,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    budget_window TEXT,
    window_start INTEGER,
    spend INTEGER,
    cap INTEGER,
    threshold TEXT NOT NULL,
    burn_rate INTEGER,
    projected_crossing INTEGER,
    instances TEXT NOT NULL,
    instances_omitted INTEGER NOT NULL,
    dry_run INTEGER NOT NULL,
    condition TEXT NOT NULL,
    notify TEXT NOT NULL
) STRICT;

CREATE TABLE outbox (
    alert TEXT NOT NULL,
    notifier TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL,
    ended INTEGER,
    answer TEXT NOT NULL,
    PRIMARY KEY (alert, notifier)
) STRICT, WITHOUT ROWID;

CREATE TABLE conditions (
    condition TEXT NOT NULL PRIMARY KEY,
    alert TEXT NOT NULL,
    firing INTEGER NOT NULL,
    since INTEGER NOT NULL,
    told INTEGER NOT NULL,
    forget INTEGER
) STRICT;

CREATE TABLE accounts (
    name TEXT NOT NULL PRIMARY KEY,
    first_sweep INTEGER,
    last_sweep INTEGER,
    failing_since INTEGER,
    key_rejected INTEGER NOT NULL,
    credit INTEGER,
    credit_at INTEGER,
    total_spend_mark INTEGER,
    total_spend_mark_at INTEGER,
    total_spend INTEGER,
    backfilled INTEGER NOT NULL
) STRICT;

CREATE TABLE spend_points (
    at INTEGER NOT NULL,
    team TEXT NOT NULL,
    today INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (at, team)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy (
    fingerprint TEXT NOT NULL
) STRICT;

CREATE TABLE housekeeping (
    pruned_at INTEGER NOT NULL
) STRICT;

CREATE INDEX contract_days_open ON contract_days (account) WHERE settled = 0;
CREATE INDEX contract_days_settled ON contract_days (day) WHERE settled = 1;
CREATE INDEX cases_closed ON cases (closed_at);
CREATE INDEX alerts_time ON alerts (time);
CREATE INDEX outbox_ended ON outbox (ended);
)sql";

/// What the audit log may lack.
constexpr const char* step_2 = R"sql(
CREATE TABLE audit_records (
    position INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    account TEXT,
    team TEXT,
    instance INTEGER,
    label TEXT NOT NULL,
    gpu TEXT NOT NULL,
    offer_id INTEGER,
    num_gpus INTEGER NOT NULL,
    dph INTEGER,
    duration_hours REAL,
    total_cost INTEGER,
    reasons TEXT NOT NULL,
    outcome TEXT NOT NULL,
    recipe TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
)sql";

constexpr const char* step_3 = R"sql(
CREATE TABLE clock_marks (
    boot TEXT NOT NULL,
    offset INTEGER NOT NULL
) STRICT;
)sql";

/// Of what was stored before nothing is known that another limit would hold against it.
constexpr const char* step_4 = R"sql(
ALTER TABLE idle_clocks ADD COLUMN highest REAL;
ALTER TABLE idle_clocks ADD COLUMN longest_gap INTEGER NOT NULL DEFAULT 0;
)sql";

/// How far back an account was filled follows from the earliest money that was counted: before it
/// there was none, or nobody asked.
constexpr const char* step_5 = R"sql(
ALTER TABLE accounts ADD COLUMN covered_from INTEGER;
UPDATE accounts SET covered_from = (
    SELECT min(at) FROM (
        SELECT account, start AS at FROM team_days
        UNION ALL
        SELECT account, day AS at FROM account_days WHERE opened != 0
    ) WHERE account = accounts.name
) WHERE backfilled = 1;
ALTER TABLE accounts DROP COLUMN backfilled;
)sql";

constexpr std::array<const char*, 5> steps{step_1, step_2, step_3, step_4, step_5};

}  // namespace

int schema_version() {
    return static_cast<int>(steps.size());
}

void migrate(SQLite::Database& database, int version) {
    for (auto step = static_cast<std::size_t>(version); step < steps.size(); ++step) {
        SQLite::Transaction transaction{database};
        database.exec(steps.at(step));
        database.exec("PRAGMA user_version = " + std::to_string(step + 1));
        transaction.commit();
    }
}

}  // namespace vastwatch::store
