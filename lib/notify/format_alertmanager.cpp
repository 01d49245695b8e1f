// Alertmanager: POST /api/v2/alerts.
#include "base/text.hpp"
#include "notify/presentation.hpp"
#include "notify/webhook_payload.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>

namespace vastwatch::notify {
namespace {

namespace json = boost::json;

constexpr std::size_t value_limit = 500;
constexpr std::size_t text_limit = 8000;
constexpr std::size_t instances_shown = 20;

std::string unchanged(std::string_view text) {
    return std::string{text};
}

/// "VastwatchBudgetThreshold".
std::string alert_name(alerts::Kind kind) {
    std::string out = "Vastwatch";
    bool upper = true;
    for (const char c : alerts::to_string(kind)) {
        if (c == '_') {
            upper = true;
            continue;
        }
        out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        upper = false;
    }
    return out;
}

json::object labels(const alerts::Alert& alert) {
    json::object out;
    out["alertname"] = alert_name(alert.kind);
    out["severity"] = policy::to_string(alert.severity);
    out["source"] = "vastwatch";
    const auto add = [&out](std::string_view name, std::string_view value) {
        if (!value.empty()) {
            out[name] = printable(value, value_limit);
        }
    };
    add("team", alert.team ? alert.team->str() : "");
    add("account", alert.account ? alert.account->str() : "");
    add("window", alert.window ? policy::to_string(*alert.window) : "");
    add("threshold", alert.threshold);
    add("condition", alert.condition);
    const auto instance = condition_instance(alert);
    add("instance", instance ? std::to_string(instance->value()) : "");
    if (alert.dry_run) {
        out["dry_run"] = "true";
    }
    return out;
}

json::object annotations(const alerts::Alert& alert, const Calendar& calendar) {
    json::object out;
    out["summary"] = headline(alert);
    out["description"] = fit(alert.text, text_limit, unchanged);
    std::string figures;
    for (const auto& fact : facts(alert, calendar)) {
        figures += (figures.empty() ? "" : "; ") + fact.name + ": " + fact.value;
    }
    out["figures"] = figures;
    std::string instances;
    std::size_t shown = 0;
    for (; shown < alert.instances.size() && shown < instances_shown; ++shown) {
        instances += (instances.empty() ? "" : "\n") + instance_line(alert, shown);
    }
    const auto rest = omission(alert, shown);
    instances += rest.empty() ? "" : "\n" + rest;
    if (!instances.empty()) {
        out["instances"] = instances;
    }
    out["alert_id"] = printable(alert.id.str(), value_limit);
    return out;
}

/// Whether it tells of something that happened, rather than of something that lasts.
bool is_event(alerts::Kind kind) {
    constexpr std::array events{
        alerts::Kind::instance_destroyed,
        alerts::Kind::instance_stopped,
        alerts::Kind::price_increase,
        alerts::Kind::exemption_ended,
        alerts::Kind::test};
    return std::find(events.begin(), events.end(), kind) != events.end();
}

Instant end_of(const alerts::Alert& alert, const Calendar& calendar) {
    if (alert.resolved) {
        return alert.time;
    }
    if (is_event(alert.kind)) {
        return alert.time + std::chrono::hours{1};
    }
    const auto start = alert.window_start.value_or(alert.time);
    if (alert.window == policy::Window::day) {
        return std::max(calendar.next_day_start(start), alert.time);
    }
    if (alert.window == policy::Window::month) {
        return std::max(calendar.next_month_start(start), alert.time);
    }
    return alert.time + std::chrono::hours{7 * 24};
}

}  // namespace

json::value alertmanager_payload(const alerts::Alert& alert, const Calendar& calendar) {
    json::object out;
    out["labels"] = labels(alert);
    out["annotations"] = annotations(alert, calendar);
    out["startsAt"] = format_rfc3339(alert.time);
    out["endsAt"] = format_rfc3339(end_of(alert, calendar));
    json::array list;
    list.push_back(std::move(out));
    return list;
}

}  // namespace vastwatch::notify
