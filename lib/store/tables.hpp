// Which member of which record lies in which column. `keys` is how many of the first columns make
// the primary key. A change here needs a step in schema.cpp.
#pragma once

#include "engine/changes.hpp"

#include <optional>
#include <string_view>

namespace vastwatch::store {

/// Amounts that are absent together, as four columns.
template <class Io, class First, class Rest>
void charged_columns(Io& io, First& gpu, Rest& disk, Rest& bandwidth, Rest& other) {
    io("charged_gpu", gpu);
    io("charged_disk", disk);
    io("charged_bandwidth", bandwidth);
    io("charged_other", other);
}

template <class Io, class Optional>
void charged_fields(Io& io, Optional& amounts) {
    std::optional<Usd> gpu;
    if constexpr (Io::reads) {
        ledger::Amounts all;
        charged_columns(io, gpu, all.disk, all.bandwidth, all.other);
        if (gpu) {
            all.gpu = *gpu;
            amounts = all;
        }
    } else {
        std::optional<Usd> disk;
        std::optional<Usd> bandwidth;
        std::optional<Usd> other;
        if (amounts) {
            gpu = amounts->gpu;
            disk = amounts->disk;
            bandwidth = amounts->bandwidth;
            other = amounts->other;
        }
        charged_columns(io, gpu, disk, bandwidth, other);
    }
}

template <class Io, class A>
void amount_fields(Io& io, A& amounts) {
    io("gpu", amounts.gpu);
    io("disk", amounts.disk);
    io("bandwidth", amounts.bandwidth);
    io("other", amounts.other);
}

/// Rates that are absent together, as three columns.
template <class Io, class Gpu, class Disk, class Estimated>
void known_rate_columns(Io& io, Gpu& gpu, Disk& disk, Estimated& estimated) {
    io("known_gpu_rate", gpu);
    io("known_disk_rate", disk);
    io("known_estimated", estimated);
}

template <class Io, class Optional>
void known_rate_fields(Io& io, Optional& rates) {
    std::optional<UsdPerHour> gpu;
    if constexpr (Io::reads) {
        fleet::Rates all;
        known_rate_columns(io, gpu, all.disk, all.estimated);
        if (gpu) {
            all.gpu = *gpu;
            rates = all;
        }
    } else {
        std::optional<UsdPerHour> disk;
        std::optional<bool> estimated;
        if (rates) {
            gpu = rates->gpu;
            disk = rates->disk;
            estimated = rates->estimated;
        }
        known_rate_columns(io, gpu, disk, estimated);
    }
}

template <class Io, class Row>
void observation_fields(Io& io, Row& row) {
    io("label", row.label);
    io("gpu_name", row.gpu_name);
    io("num_gpus", row.num_gpus);
    io("machine_id", row.machine_id);
    io("host_id", row.host_id);
    io("status", row.status);
    io("status_text", row.status_text);
    io("intended_state", row.intended);
    io("current_state", row.current);
    io("next_state", row.next);
    io("status_message", row.status_message);
    io("start_date", row.start_date);
    io("end_date", row.end_date);
    io("interruptible", row.interruptible);
    io("disk_gb", row.disk_gb);
    io("gpu_util", row.telemetry.gpu_util);
    io("gpu_temp", row.telemetry.gpu_temp);
    io("cpu_util", row.telemetry.cpu_util);
    io("mem_usage", row.telemetry.mem_usage);
    io("inet_up", row.telemetry.inet_up);
    io("inet_down", row.telemetry.inet_down);
    io("price_gpu", row.prices.gpu);
    io("price_storage", row.prices.storage);
    io("price_discount", row.prices.discount);
    io("price_search_total", row.prices.search_total);
    io("price_reported", row.prices.reported);
    io("price_inet_up_per_gb", row.prices.inet_up_per_gb);
    io("price_inet_down_per_gb", row.prices.inet_down_per_gb);
    io("image", row.image);
    io("runtype", row.runtype);
    io("template_hash", row.template_hash);
    io("verification", row.verification);
}

/// All of an instance but what changes with every sample.
struct Instances {
    using Record = fleet::Instance;
    static constexpr std::string_view name = "instances";
    static constexpr int keys = 1;

    template <class Io, class R>
    static void fields(Io& io, R& instance) {
        io("id", instance.id);
        io("account", instance.account);
        io("team", instance.team);
        observation_fields(io, instance.row);
        // What the row is called by; the instance's own id is the one that counts.
        io("row_id", instance.row.id);
        io("first_seen", instance.first_seen);
        io("missed_sweeps", instance.missed_sweeps);
        io("found_at_start", instance.found_at_start);
        known_rate_fields(io, instance.known_rates);
        io("ever_ran", instance.ever_ran);
        io("running_since", instance.running_since);
        io("stopped_since", instance.stopped_since);
        io("loading_since", instance.loading_since);
        io("label_protected_since", instance.label_protected_since);
    }
};

/// The rest of an instance; a fleet::Instance has the same members as an engine::IdleClock.
struct IdleClocks {
    using Record = engine::IdleClock;
    static constexpr std::string_view name = "idle_clocks";
    static constexpr int keys = 1;

    template <class Io, class R>
    static void fields(Io& io, R& clock) {
        io("id", clock.id);
        io("last_seen", clock.last_seen);
        io("still_row", clock.still.last);
        io("still_repeats", clock.still.repeats);
        io("began", clock.idle.began);
        io("last_idle", clock.idle.last_idle);
        io("last_sample", clock.idle.last_sample);
        io("last_known", clock.idle.last_known);
        io("idle", clock.idle.idle);
        io("busy", clock.idle.busy);
        io("unknown", clock.idle.unknown);
        io("pending_busy", clock.idle.pending_busy);
        io("pending_unknown", clock.idle.pending_unknown);
        io("samples", clock.samples);
        io("highest", clock.idle.highest);
        io("longest_gap", clock.idle.longest_gap);
    }
};

struct Meters {
    using Record = ledger::Meter;
    static constexpr std::string_view name = "meters";
    static constexpr int keys = 1;

    template <class Io, class R>
    static void fields(Io& io, R& meter) {
        io("instance", meter.instance);
        io("account", meter.account);
        io("team", meter.team);
        io("gpu_rate", meter.rates.gpu);
        io("disk_rate", meter.rates.disk);
        io("estimated", meter.rates.estimated);
        io("since", meter.since);
    }
};

struct ContractDays {
    using Record = ledger::ContractDay;
    static constexpr std::string_view name = "contract_days";
    static constexpr int keys = 3;

    template <class Io, class R>
    static void fields(Io& io, R& day) {
        io("account", day.contract.account);
        io("source", day.contract.source);
        io("day", day.day);
        io("slices", day.slices);
        charged_fields(io, day.charged);
        io("charge_changed", day.charge_changed);
        io("charge_team", day.charge_team);
        io("settled", day.settled);
    }
};

struct AccountDays {
    using Record = ledger::AccountDay;
    static constexpr std::string_view name = "account_days";
    static constexpr int keys = 2;

    template <class Io, class R>
    static void fields(Io& io, R& day) {
        io("account", day.account);
        io("day", day.day);
        io("opened", day.opened);
        io("changed", day.changed);
        io("settled", day.settled);
    }
};

struct TeamDays {
    using Record = ledger::TeamDay;
    static constexpr std::string_view name = "team_days";
    static constexpr int keys = 3;

    template <class Io, class R>
    static void fields(Io& io, R& day) {
        io("account", day.account);
        io("team", day.team);
        io("start", day.start);
        amount_fields(io, day.amounts);
    }
};

struct ContractTotals {
    using Record = ledger::ContractTotal;
    static constexpr std::string_view name = "contract_totals";
    static constexpr int keys = 2;

    template <class Io, class R>
    static void fields(Io& io, R& total) {
        io("account", total.contract.account);
        io("source", total.contract.source);
        amount_fields(io, total.amounts);
        io("last_day", total.last_day);
    }
};

struct CounterMarks {
    using Record = ledger::CounterMark;
    static constexpr std::string_view name = "counter_marks";
    static constexpr int keys = 2;

    template <class Io, class R>
    static void fields(Io& io, R& mark) {
        io("account", mark.account);
        io("team", mark.team);
        amount_fields(io, mark.reached);
    }
};

struct Cases {
    using Record = enforcement::Case;
    static constexpr std::string_view name = "cases";
    static constexpr int keys = 1;

    template <class Io, class R>
    static void fields(Io& io, R& c) {
        io("number", c.number);
        io("instance", c.instance);
        io("account", c.account);
        io("team", c.team);
        io("action", c.action);
        io("rule", c.rule);
        io("reasons", c.reasons);
        io("step", c.step);
        io("wait", c.wait);
        io("label", c.label);
        io("start_date", c.start_date);
        io("gpu_name", c.gpu_name);
        io("num_gpus", c.num_gpus);
        io("rate", c.rate);
        io("idle", c.idle);
        io("cap", c.cap);
        io("opened", c.opened);
        io("due", c.due);
        io("warned_at", c.warned_at);
        io("warning_delivered_at", c.warning_delivered_at);
        io("warning", c.warning);
        io("verified_at", c.verified_at);
        io("intended_at", c.intended_at);
        io("requested_at", c.requested_at);
        io("closed_at", c.closed_at);
        io("attempts", c.attempts);
        io("next_attempt", c.next_attempt);
        io("confirmations", c.confirmations);
        io("failure_told", c.failure_told);
        io("hold", c.hold);
        io("recipe", c.recipe);
        io("detail", c.detail);
    }
};

inline std::vector<HeldInstance> held_of(const enforcement::Hold& hold) {
    std::vector<HeldInstance> held;
    for (const auto id : hold.instances) {
        held.push_back(HeldInstance{id, {}});
        auto wanted = hold.wanted.lower_bound({id, rules::Rule{}});
        for (; wanted != hold.wanted.end() && wanted->first == id; ++wanted) {
            held.back().rules.push_back(wanted->second);
        }
    }
    return held;
}

inline void take_held(enforcement::Hold& hold, const std::vector<HeldInstance>& held) {
    for (const auto& one : held) {
        hold.instances.push_back(one.id);
        for (const auto rule : one.rules) {
            hold.wanted.emplace(one.id, rule);
        }
    }
}

struct Holds {
    using Record = enforcement::Hold;
    static constexpr std::string_view name = "holds";
    static constexpr int keys = 1;

    template <class Io, class R>
    static void fields(Io& io, R& hold) {
        io("id", hold.id);
        io("kind", hold.kind);
        io("decision", hold.decision);
        io("account", hold.account);
        io("created", hold.created);
        io("decided", hold.decided);
        io("decided_by", hold.decided_by);
        if constexpr (Io::reads) {
            std::vector<HeldInstance> held;
            io("instances", held);
            take_held(hold, held);
        } else {
            io("instances", held_of(hold));
        }
        io("cost", hold.cost);
    }
};

struct Protections {
    using Record = enforcement::Protection;
    static constexpr std::string_view name = "protections";
    static constexpr int keys = 1;

    template <class Io, class R>
    static void fields(Io& io, R& protection) {
        io("instance", protection.instance);
        io("from_at", protection.from);
        io("until_at", protection.until);
        io("actor", protection.actor);
        io("reason", protection.reason);
    }
};

struct Pauses {
    using Record = enforcement::Pause;
    static constexpr std::string_view name = "pause";
    static constexpr int keys = 0;

    template <class Io, class R>
    static void fields(Io& io, R& pause) {
        io("since", pause.since);
        io("until_at", pause.until);
        io("actor", pause.actor);
        io("reason", pause.reason);
        io("last_reminder", pause.last_reminder);
    }
};

struct Alerts {
    using Record = alerts::Alert;
    static constexpr std::string_view name = "alerts";
    static constexpr int keys = 1;

    template <class Io, class R>
    static void fields(Io& io, R& alert) {
        io("id", alert.id);
        io("kind", alert.kind);
        io("severity", alert.severity);
        io("resolved", alert.resolved);
        io("time", alert.time);
        io("account", alert.account);
        io("team", alert.team);
        io("title", alert.title);
        io("text", alert.text);
        io("budget_window", alert.window);
        io("window_start", alert.window_start);
        io("spend", alert.spend);
        io("cap", alert.cap);
        io("threshold", alert.threshold);
        io("burn_rate", alert.burn_rate);
        io("projected_crossing", alert.projected_crossing);
        io("instances", alert.instances);
        io("instances_omitted", alert.instances_omitted);
        io("dry_run", alert.dry_run);
        io("condition", alert.condition);
        io("notify", alert.notify);
    }
};

struct Outbox {
    using Record = alerts::OutboxEntry;
    static constexpr std::string_view name = "outbox";
    static constexpr int keys = 2;

    template <class Io, class R>
    static void fields(Io& io, R& entry) {
        io("alert", entry.alert);
        io("notifier", entry.notifier);
        io("state", entry.state);
        io("attempts", entry.attempts);
        io("created", entry.created);
        io("next_attempt", entry.next_attempt);
        io("ended", entry.ended);
        io("answer", entry.answer);
    }
};

struct Conditions {
    using Record = alerts::Condition;
    static constexpr std::string_view name = "conditions";
    static constexpr int keys = 1;

    template <class Io, class R>
    static void fields(Io& io, R& condition) {
        io("condition", condition.key);
        io("alert", condition.alert);
        io("firing", condition.firing);
        io("since", condition.since);
        io("told", condition.told);
        io("forget", condition.forget);
    }
};

struct Accounts {
    using Record = engine::AccountState;
    static constexpr std::string_view name = "accounts";
    static constexpr int keys = 1;

    template <class Io, class R>
    static void fields(Io& io, R& account) {
        io("name", account.name);
        io("first_sweep", account.first_sweep);
        io("last_sweep", account.last_sweep);
        io("failing_since", account.failing_since);
        io("key_rejected", account.key_rejected);
        io("credit", account.credit);
        io("credit_at", account.credit_at);
        io("total_spend_mark", account.total_spend_mark);
        io("total_spend_mark_at", account.total_spend_mark_at);
        io("total_spend", account.total_spend);
        io("covered_from", account.covered_from);
    }
};

struct SpendPoints {
    using Record = engine::SpendPoint;
    static constexpr std::string_view name = "spend_points";
    static constexpr int keys = 2;

    template <class Io, class R>
    static void fields(Io& io, R& point) {
        io("at", point.at);
        io("team", point.team);
        io("today", point.today);
        io("total", point.total);
    }
};

/// In the order of their rows.
struct AuditRecords {
    using Record = engine::AuditRecord;
    static constexpr std::string_view name = "audit_records";
    static constexpr int keys = 0;

    template <class Io, class R>
    static void fields(Io& io, R& record) {
        io("time", record.time);
        io("action", record.action);
        io("actor", record.actor);
        io("account", record.account);
        io("team", record.team);
        io("instance", record.instance);
        io("label", record.label);
        io("gpu", record.gpu);
        io("offer_id", record.offer_id);
        io("num_gpus", record.num_gpus);
        io("dph", record.dph);
        io("duration_hours", record.duration_hours);
        io("total_cost", record.total_cost);
        io("reasons", record.reasons);
        io("outcome", record.outcome);
        io("recipe", record.recipe);
        io("detail", record.detail);
    }
};

}  // namespace vastwatch::store
