#include "notify/webhook_payload.hpp"

#include "notify/presentation.hpp"
#include "wire/alert_json.hpp"
#include "wire/json_text.hpp"

#include <fmt/format.h>

namespace vastwatch::notify {

std::string webhook_body(
    const alerts::Alert& alert,
    config::WebhookFormat format,
    const Calendar& calendar,
    std::string_view secret) {
    switch (format) {
        case config::WebhookFormat::slack:
            return wire::to_text(slack_payload(alert, calendar));
        case config::WebhookFormat::discord:
            return wire::to_text(discord_payload(alert, calendar));
        case config::WebhookFormat::teams:
            return wire::to_text(teams_payload(alert, calendar));
        case config::WebhookFormat::pagerduty:
            return wire::to_text(pagerduty_payload(alert, calendar, secret));
        case config::WebhookFormat::alertmanager:
            return wire::to_text(alertmanager_payload(alert, calendar));
        case config::WebhookFormat::vastwatch:
            break;
    }
    return wire::to_text(wire::to_json(alert));
}

std::string webhook_target(std::string_view url, config::WebhookFormat format) {
    constexpr std::string_view path = "/api/v2/alerts";
    std::string target{url};
    if (format != config::WebhookFormat::alertmanager) {
        return target;
    }
    while (target.ends_with('/')) {
        target.pop_back();
    }
    if (!target.ends_with(path)) {
        target += path;
    }
    return target;
}

std::string instance_line(const alerts::Alert& alert, std::size_t index) {
    const auto row = instance_rows(alert, index + 1).at(index);
    auto line = fmt::format("{} · {} · {} · {}", row.id, row.label, row.gpu, row.rate);
    if (alert.instances[index].idle >= std::chrono::seconds{1}) {
        line += " · idle " + row.idle;
    }
    if (alert.instances[index].action) {
        line += " · " + row.action;
    }
    return line;
}

}  // namespace vastwatch::notify
