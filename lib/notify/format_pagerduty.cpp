// PagerDuty: Events API v2. The incident is the alert's condition: what fires again joins it, what
// resolves ends it.
#include "base/text.hpp"
#include "notify/digest.hpp"
#include "notify/presentation.hpp"
#include "notify/webhook_payload.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace vastwatch::notify {
namespace {

namespace json = boost::json;

constexpr std::size_t summary_limit = 1024;
constexpr std::size_t key_limit = 255;
constexpr std::size_t text_limit = 8000;
constexpr std::size_t instances_shown = 50;

std::string unchanged(std::string_view text) {
    return std::string{text};
}

std::string dedup_key(const alerts::Alert& alert) {
    const auto key = printable(alert.condition.empty() ? alert.id.str() : alert.condition);
    return key.size() <= key_limit ? key : "vastwatch/" + sha256_hex(key);
}

json::object details(const alerts::Alert& alert, const Calendar& calendar) {
    json::object out;
    for (const auto& fact : facts(alert, calendar)) {
        out[fact.name] = fact.value;
    }
    out["Text"] = fit(alert.text, text_limit, unchanged);
    json::array instances;
    std::size_t shown = 0;
    for (; shown < alert.instances.size() && shown < instances_shown; ++shown) {
        instances.emplace_back(instance_line(alert, shown));
    }
    const auto rest = omission(alert, shown);
    if (!rest.empty()) {
        instances.emplace_back(rest);
    }
    if (!instances.empty()) {
        out["Instances"] = std::move(instances);
    }
    return out;
}

}  // namespace

json::value pagerduty_payload(
    const alerts::Alert& alert,
    const Calendar& calendar,
    std::string_view routing_key) {
    json::object payload;
    payload["summary"] = fit(headline(alert), summary_limit, unchanged);
    payload["source"] =
        alert.account ? "vast.ai/" + printable(alert.account->str(), 100) : "vastwatch";
    payload["severity"] = policy::to_string(alert.severity);  // the same three words there
    payload["timestamp"] = format_rfc3339(alert.time);
    if (alert.team) {
        payload["component"] = printable(alert.team->str(), 100);
    }
    payload["class"] = alerts::to_string(alert.kind);
    payload["custom_details"] = details(alert, calendar);
    json::object out;
    out["routing_key"] = trim(routing_key);
    out["event_action"] = alert.resolved ? "resolve" : "trigger";
    out["dedup_key"] = dedup_key(alert);
    out["client"] = "vastwatch";
    out["payload"] = std::move(payload);
    return out;
}

}  // namespace vastwatch::notify
