#include "wire/view_json.hpp"

#include "base/text.hpp"
#include "wire/alert_json.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace vastwatch::wire {
namespace {

namespace json = boost::json;

constexpr std::int64_t nanos_per_unit = 1'000'000'000;

json::value number_from_nanos(std::int64_t nanos) {
    if (nanos % nanos_per_unit == 0) {
        return nanos / nanos_per_unit;
    }
    return static_cast<double>(nanos) / static_cast<double>(nanos_per_unit);
}

json::value count_json(std::size_t count) {
    return static_cast<std::int64_t>(count);
}

json::value time_json(Instant instant) {
    return json::value(format_rfc3339(instant));
}

json::value seconds_json(Duration duration) {
    using std::chrono::milliseconds;
    const auto millis = std::chrono::duration_cast<milliseconds>(duration);
    return number_from_nanos(Duration{millis}.count());
}

json::value text_json(std::string_view text) {
    return json::value(valid_utf8(text));
}

/// Text whose absence is empty.
json::value text_or_null(std::string_view text) {
    return text.empty() ? json::value{} : text_json(text);
}

json::value double_json(double number) {
    return std::isfinite(number) ? json::value(number) : json::value{};
}

json::value optional_json(const std::optional<Instant>& value) {
    return value ? time_json(*value) : json::value{};
}

json::value optional_json(const std::optional<Duration>& value) {
    return value ? seconds_json(*value) : json::value{};
}

json::value optional_json(const std::optional<Usd>& value) {
    return value ? money_json(*value) : json::value{};
}

json::value optional_json(const std::optional<UsdPerHour>& value) {
    return value ? money_json(*value) : json::value{};
}

json::value optional_json(const std::optional<double>& value) {
    return value ? double_json(*value) : json::value{};
}

json::value optional_json(const std::optional<bool>& value) {
    return value ? json::value(*value) : json::value{};
}

json::value optional_json(const std::optional<int>& value) {
    return value ? json::value(*value) : json::value{};
}

json::value optional_json(const std::optional<std::int64_t>& value) {
    return value ? json::value(*value) : json::value{};
}

template <class Range>
json::array array_json(const Range& range) {
    json::array out;
    out.reserve(range.size());
    for (const auto& element : range) {
        out.emplace_back(to_json(element));
    }
    return out;
}

json::array texts_json(const std::vector<std::string>& texts) {
    json::array out;
    for (const auto& text : texts) {
        out.push_back(text_json(text));
    }
    return out;
}

json::value doubt_json(fleet::Doubt doubt) {
    return doubt == fleet::Doubt::none ? json::value{} : json::value(fleet::to_string(doubt));
}

void add_row(json::object& out, const fleet::Instance& instance) {
    const auto& row = instance.row;
    out["id"] = instance.id.value();
    out["account"] = text_json(instance.account.str());
    out["team"] = text_json(instance.team.str());
    out["label"] = text_json(row.label);
    out["gpu_name"] = text_json(row.gpu_name);
    out["num_gpus"] = optional_json(row.num_gpus);
    out["machine_id"] = optional_json(row.machine_id);
    out["host_id"] = optional_json(row.host_id);
    out["status"] = fleet::is_queued(row) ? "queued" : fleet::to_string(row.status);
    out["status_text"] = text_json(row.status_text);
    out["status_message"] = text_json(row.status_message);
    out["intended_status"] = fleet::to_string(row.intended);
    out["cur_state"] = fleet::to_string(row.current);
    out["next_state"] = fleet::to_string(row.next);
    out["start_date"] = optional_json(row.start_date);
    out["end_date"] = optional_json(row.end_date);
    out["interruptible"] = optional_json(row.interruptible);
    out["disk_gb"] = optional_json(row.disk_gb);
    out["image"] = text_json(row.image);
    out["serverless"] = fleet::is_serverless_worker(row);
    out["first_seen"] = time_json(instance.first_seen);
    out["last_seen"] = time_json(instance.last_seen);
    out["missed_sweeps"] = instance.missed_sweeps;
    out["running_since"] = optional_json(instance.running_since);
    out["stopped_since"] = optional_json(instance.stopped_since);
    out["loading_since"] = optional_json(instance.loading_since);
}

json::value deadline_json(const std::optional<engine::Deadline>& deadline) {
    if (!deadline) {
        return nullptr;
    }
    json::object out;
    out["at"] = time_json(deadline->at);
    out["action"] = policy::to_string(deadline->action);
    out["rule"] = rules::to_string(deadline->rule);
    out["reason"] = text_json(deadline->reason);
    return out;
}

json::value recipe_json(const std::optional<fleet::Recipe>& recipe) {
    if (!recipe) {
        return nullptr;
    }
    json::object out;
    out["image"] = text_json(recipe->image);
    out["template_hash"] = text_json(recipe->template_hash);
    out["runtype"] = text_json(recipe->runtype);
    out["label"] = text_json(recipe->label);
    out["disk_gb"] = optional_json(recipe->disk_gb);
    out["gpu_name"] = text_json(recipe->gpu_name);
    out["num_gpus"] = optional_json(recipe->num_gpus);
    out["interruptible"] = optional_json(recipe->interruptible);
    out["machine_id"] = optional_json(recipe->machine_id);
    out["environment_names"] = texts_json(recipe->environment_names);
    out["onstart"] = !recipe->onstart.empty();
    return out;
}

void add_progress(json::object& out, const enforcement::Case& action) {
    out["opened"] = time_json(action.opened);
    out["due"] = time_json(action.due);
    out["warned_at"] = optional_json(action.warned_at);
    out["warning_delivered_at"] = optional_json(action.warning_delivered_at);
    out["warning"] = text_or_null(action.warning.str());
    out["verified_at"] = optional_json(action.verified_at);
    out["intended_at"] = optional_json(action.intended_at);
    out["requested_at"] = optional_json(action.requested_at);
    out["closed_at"] = optional_json(action.closed_at);
    out["attempts"] = action.attempts;
    out["confirmations"] = action.confirmations;
    if (action.hold) {
        out["hold"] = action.hold->value();
    } else {
        out["hold"] = nullptr;
    }
    out["detail"] = text_json(action.detail);
    out["recipe"] = recipe_json(action.recipe);
}

json::object delivery_json(const alerts::OutboxEntry& entry) {
    json::object out;
    out["notifier"] = text_json(entry.notifier.str());
    out["state"] = alerts::to_string(entry.state);
    out["attempts"] = entry.attempts;
    out["created"] = time_json(entry.created);
    const bool pending = entry.state == alerts::Delivery::pending;
    out["next_attempt"] = pending ? time_json(entry.next_attempt) : json::value{};
    out["ended"] = optional_json(entry.ended);
    out["answer"] = text_or_null(entry.answer);
    return out;
}

json::value period_json(const fleet::IdlePeriod& period) {
    if (!period.began) {
        return nullptr;
    }
    json::object out;
    out["began"] = time_json(*period.began);
    out["last_idle"] = time_json(period.last_idle);
    out["last_known"] = time_json(period.last_known);
    out["idle_seconds"] = seconds_json(period.idle);
    out["busy_seconds"] = seconds_json(period.busy);
    out["unknown_seconds"] = seconds_json(period.unknown);
    out["coverage_percent"] = double_json(period.coverage().value());
    return out;
}

json::object run_json(const fleet::SampleRun& run) {
    json::object out;
    out["first"] = time_json(run.first);
    out["last"] = time_json(run.last);
    out["count"] = run.count;
    out["evidence"] = fleet::to_string(run.evidence);
    out["doubt"] = doubt_json(run.doubt);
    out["lowest"] = optional_json(run.lowest);
    out["highest"] = optional_json(run.highest);
    return out;
}

void add_health(json::object& out, const engine::HealthView& health) {
    out["version"] = text_json(health.version);
    out["started"] = time_json(health.started);
    out["ready"] = health.ready;
    out["not_ready_because"] = texts_json(health.not_ready_because);
    out["mode"] = health.enforce ? "enforce" : "dry-run";
    if (health.pause) {
        out["pause"] = to_json(*health.pause);
    } else {
        out["pause"] = nullptr;
    }
    json::object store;
    store["writable"] = health.store_writable;
    store["problem"] = text_or_null(health.store_problem);
    store["set_aside"] = text_or_null(health.database_set_aside);
    store["audit_problem"] = text_or_null(health.audit_problem);
    out["store"] = std::move(store);
    json::object config;
    config["reload_successful"] = health.config_reload_successful;
    config["problem"] = text_or_null(health.config_problem);
    out["config"] = std::move(config);
}

}  // namespace

json::value money_json(Usd amount) {
    return number_from_nanos(amount.nanos());
}

json::value money_json(UsdPerHour rate) {
    return number_from_nanos(rate.nanos());
}

json::object to_json(const engine::WindowView& window) {
    json::object out;
    out["window"] = policy::to_string(window.window);
    out["start"] = time_json(window.start);
    out["end"] = optional_json(window.end);
    out["spend"] = money_json(window.spend);
    out["cap"] = optional_json(window.cap);
    out["projected"] = optional_json(window.projected);
    out["projected_crossing"] = optional_json(window.crossing);
    return out;
}

json::object to_json(const engine::AccountView& account) {
    json::object out;
    out["name"] = text_json(account.name.str());
    out["windows"] = array_json(account.windows);
    out["burn_rate"] = money_json(account.burn);
    out["instances"] = count_json(account.instances);
    out["last_poll"] = optional_json(account.last_poll);
    out["last_billing"] = optional_json(account.last_billing);
    out["sweep_seconds"] = optional_json(account.sweep_took);
    out["stale"] = account.stale;
    out["problem"] = text_or_null(account.problem);
    out["key_rejected"] = account.key_rejected;
    out["credit"] = optional_json(account.credit);
    out["runway_seconds"] = optional_json(account.runway);
    out["billing_difference_ratio"] = optional_json(account.billing_difference);
    out["unexplained"] = optional_json(account.unexplained);
    out["enforcing"] = account.enforcing;
    out["not_enforcing_because"] = text_or_null(account.not_enforcing_because);
    return out;
}

json::object to_json(const engine::TeamView& team) {
    json::object out;
    out["name"] = text_json(team.name.str());
    out["windows"] = array_json(team.windows);
    out["burn_rate"] = money_json(team.burn);
    out["estimated"] = team.estimated;
    out["instances"] = count_json(team.instances);
    json::object by_status;
    for (const auto& [status, count] : team.by_status) {
        by_status[valid_utf8(status)] = count_json(count);
    }
    out["by_status"] = std::move(by_status);
    out["idle_instances"] = count_json(team.idle_instances);
    out["idle_burn_rate"] = money_json(team.idle_burn);
    out["serverless_workers"] = count_json(team.serverless_workers);
    return out;
}

json::array curve_json(const engine::TeamView& team) {
    json::array out;
    out.reserve(team.curve.size());
    for (const auto& point : team.curve) {
        json::object step;
        step["time"] = time_json(point.at);
        step["spend"] = money_json(point.today);
        out.emplace_back(std::move(step));
    }
    return out;
}

json::object to_json(const engine::InstanceView& instance) {
    json::object out;
    add_row(out, *instance.instance);
    out["dph"] = instance.rate_known ? money_json(instance.rate) : json::value{};
    out["dph_estimated"] = instance.estimated;
    out["spend"] = money_json(instance.spend);
    out["spend_today"] = money_json(instance.spend_today);
    out["gpu_util"] = optional_json(instance.gpu_util);
    out["gpu_temp"] = optional_json(instance.instance->row.telemetry.gpu_temp);
    out["evidence"] = fleet::to_string(instance.evidence);
    out["doubt"] = doubt_json(instance.doubt);
    const bool doubtful = instance.doubt != fleet::Doubt::none;
    out["doubt_text"] = doubtful ? text_json(fleet::explain(instance.doubt)) : json::value{};
    out["idle_seconds"] = seconds_json(instance.idle);
    out["coverage_percent"] = double_json(instance.coverage.value());
    out["deadline"] = deadline_json(instance.deadline);
    out["protection"] = text_or_null(instance.protection);
    out["case"] = text_or_null(instance.case_text);
    return out;
}

json::object to_json(const rules::Finding& finding, std::string_view reason, Instant at) {
    json::object out;
    out["rule"] = rules::to_string(finding.rule);
    out["account"] = text_json(finding.account.str());
    out["team"] = text_json(finding.team.str());
    if (finding.instance) {
        out["instance"] = finding.instance->value();
    } else {
        out["instance"] = nullptr;
    }
    out["action"] = policy::to_string(finding.action);
    out["since"] = time_json(finding.since);
    out["due"] = time_json(finding.due);
    out["holds"] = finding.holds(at);
    const bool exempt = finding.exemption != rules::Exemption::none;
    out["exemption"] = exempt ? json::value(rules::to_string(finding.exemption)) : json::value{};
    out["exempt_until"] = optional_json(finding.exempt_until);
    out["window"] =
        finding.window ? json::value(policy::to_string(*finding.window)) : json::value{};
    out["spend"] = optional_json(finding.spend);
    out["cap"] = optional_json(finding.cap);
    out["rate"] = optional_json(finding.rate);
    out["window_end"] = optional_json(finding.window_end);
    out["reason"] = text_or_null(reason);
    return out;
}

json::array findings_json(
    const std::vector<rules::Finding>& findings,
    const std::vector<std::string>& reasons,
    Instant at) {
    json::array out;
    out.reserve(findings.size());
    for (std::size_t i = 0; i < findings.size(); ++i) {
        const auto reason = i < reasons.size() ? std::string_view{reasons[i]} : std::string_view{};
        out.emplace_back(to_json(findings[i], reason, at));
    }
    return out;
}

json::object to_json(const enforcement::Case& action) {
    json::object out;
    out["number"] = action.number;
    out["instance"] = action.instance.value();
    out["account"] = text_json(action.account.str());
    out["team"] = text_json(action.team.str());
    out["action"] = policy::to_string(action.action);
    out["rule"] = rules::to_string(action.rule);
    json::array reasons;
    for (const auto& reason : action.reasons) {
        json::object entry;
        entry["rule"] = rules::to_string(reason.rule);
        entry["text"] = text_json(reason.text);
        reasons.emplace_back(std::move(entry));
    }
    out["reasons"] = std::move(reasons);
    out["step"] = enforcement::to_string(action.step);
    out["open"] = !enforcement::is_end(action.step);
    const bool waits = action.wait != enforcement::Wait::none;
    out["wait"] = waits ? json::value(enforcement::to_string(action.wait)) : json::value{};
    out["wait_text"] = waits ? text_json(enforcement::explain(action.wait)) : json::value{};
    out["label"] = text_json(action.label);
    out["gpu_name"] = text_json(action.gpu_name);
    out["num_gpus"] = action.num_gpus > 0 ? json::value(action.num_gpus) : json::value{};
    out["start_date"] = optional_json(action.start_date);
    out["dph"] = money_json(action.rate);
    out["idle_seconds"] = seconds_json(action.idle);
    out["cap"] = action.cap;
    add_progress(out, action);
    return out;
}

json::object to_json(const enforcement::Hold& hold) {
    json::object out;
    out["id"] = hold.id.value();
    out["kind"] = enforcement::to_string(hold.kind);
    out["decision"] = enforcement::to_string(hold.decision);
    out["account"] = text_json(hold.account.str());
    out["created"] = time_json(hold.created);
    out["decided"] = optional_json(hold.decided);
    out["decided_by"] = text_or_null(hold.decided_by);
    json::array instances;
    for (const auto id : hold.instances) {
        instances.emplace_back(id.value());
    }
    out["instances"] = std::move(instances);
    out["burn_rate"] = money_json(hold.cost);
    return out;
}

json::object to_json(const enforcement::Protection& protection) {
    json::object out;
    out["instance"] = protection.instance.value();
    out["from"] = time_json(protection.from);
    out["until"] = time_json(protection.until);
    out["actor"] = text_json(protection.actor);
    out["reason"] = text_json(protection.reason);
    return out;
}

json::object to_json(const enforcement::Pause& pause) {
    json::object out;
    out["since"] = time_json(pause.since);
    out["until"] = optional_json(pause.until);
    out["actor"] = text_json(pause.actor);
    out["reason"] = text_json(pause.reason);
    return out;
}

json::object to_json(const engine::AlertView& alert) {
    auto out = to_json(alert.alert);
    json::array deliveries;
    for (const auto& entry : alert.deliveries) {
        deliveries.emplace_back(delivery_json(entry));
    }
    out["deliveries"] = std::move(deliveries);
    return out;
}

json::object to_json(const engine::NotifierView& notifier) {
    json::object out;
    out["name"] = text_json(notifier.name.str());
    out["pending"] = count_json(notifier.pending);
    out["oldest_pending"] = optional_json(notifier.oldest_pending);
    out["last_answer"] = text_or_null(notifier.last_answer);
    return out;
}

json::object to_json(const policy::Rules& rules) {
    json::object out;
    out["idle_below_percent"] = double_json(rules.idle_below.value());
    out["idle_for_seconds"] = seconds_json(rules.idle_for);
    out["idle_action"] = policy::to_string(rules.idle_action);
    out["idle_warning_seconds"] = seconds_json(rules.idle_warning);
    out["idle_max_gap_seconds"] = seconds_json(rules.idle_max_gap);
    out["idle_coverage_percent"] = double_json(rules.idle_coverage.value());
    out["idle_tolerance_percent"] = double_json(rules.idle_tolerance.value());
    out["startup_grace_seconds"] = seconds_json(rules.startup_grace);
    out["warning_delivery_seconds"] = seconds_json(rules.warning_delivery);
    out["cap_action"] = policy::to_string(rules.cap_action);
    out["cap_warning_seconds"] = seconds_json(rules.cap_warning);
    out["cap_strategy"] = rules.cap_strategy == policy::CapStrategy::shed ? "shed" : "all";
    out["violation_action"] = policy::to_string(rules.violation_action);
    out["stopped_for_seconds"] = seconds_json(rules.stopped_for);
    out["stopped_action"] = policy::to_string(rules.stopped_action);
    out["loading_for_seconds"] = seconds_json(rules.loading_for);
    out["loading_action"] = policy::to_string(rules.loading_action);
    out["protect"] = texts_json(rules.protect);
    out["protect_max_seconds"] = seconds_json(rules.protect_max);
    json::array notify;
    for (const auto& name : rules.notify) {
        notify.push_back(text_json(name.str()));
    }
    out["notify"] = std::move(notify);
    return out;
}

json::object to_json(const engine::Explanation& explanation, Instant at) {
    json::object out;
    out["time"] = time_json(at);
    out["headline"] = text_json(explanation.headline);
    out["paragraphs"] = texts_json(explanation.paragraphs);
    out["instance"] = to_json(explanation.instance);
    out["findings"] = findings_json(explanation.findings, explanation.finding_reasons, at);
    if (explanation.open_case) {
        out["open_case"] = to_json(*explanation.open_case);
    } else {
        out["open_case"] = nullptr;
    }
    out["rules"] = to_json(explanation.rules);
    out["idle_period"] = period_json(explanation.instance.instance->idle);
    json::array samples;
    for (const auto& run : explanation.instance.instance->samples) {
        samples.emplace_back(run_json(run));
    }
    out["samples"] = std::move(samples);
    return out;
}

json::object status_json(const engine::View& view) {
    json::object out;
    out["time"] = json::value(format_rfc3339_millis(view.at));
    out["timezone"] = view.calendar.zone_name();
    add_health(out, view.health);
    out["accounts"] = array_json(view.accounts);
    out["teams"] = array_json(view.teams);
    out["holds"] = array_json(view.holds);
    out["protections"] = array_json(view.protections);
    out["notifiers"] = array_json(view.notifiers);
    out["instances"] = count_json(view.instances.size());
    out["findings"] = std::count_if(
        view.findings.begin(), view.findings.end(), [&view](const rules::Finding& finding) {
            return finding.holds(view.at);
        });
    out["open_actions"] =
        std::count_if(view.cases.begin(), view.cases.end(), [](const enforcement::Case& action) {
            return !enforcement::is_end(action.step);
        });
    return out;
}

}  // namespace vastwatch::wire
