// The bodies that the services behind webhooks take, one function a service, within their limits of
// size and with the alert's text unable to act as markup there. Pure.
#pragma once

#include "alerts/alert.hpp"
#include "base/calendar.hpp"
#include "config/config.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace vastwatch::notify {

/// Slack's incoming webhook: blocks, with a fallback text for notifications.
boost::json::value slack_payload(const alerts::Alert& alert, const Calendar& calendar);

/// Discord's webhook: one embed that mentions nobody.
boost::json::value discord_payload(const alerts::Alert& alert, const Calendar& calendar);

/// Microsoft Teams through a Workflows webhook: one Adaptive Card 1.4, below 28 KB.
boost::json::value teams_payload(const alerts::Alert& alert, const Calendar& calendar);

/// PagerDuty Events API v2: triggers or resolves the incident of the alert's condition.
boost::json::value pagerduty_payload(
    const alerts::Alert& alert,
    const Calendar& calendar,
    std::string_view routing_key);

/// Alertmanager's POST /api/v2/alerts: an array of one. The labels are the alert's identity there
/// and therefore hold nothing that changes while the condition lasts. A firing alert ends by itself
/// where its window does, or after a week (a single event: an hour), because vastwatch tells once
/// and Alertmanager would otherwise call it resolved after five minutes.
boost::json::value alertmanager_payload(const alerts::Alert& alert, const Calendar& calendar);

/// What is sent to where: JSON text in that format. `secret` is PagerDuty's routing key and is
/// used by no other format.
std::string webhook_body(
    const alerts::Alert& alert,
    config::WebhookFormat format,
    const Calendar& calendar,
    std::string_view secret);

/// The URL to post to: as configured, with /api/v2/alerts appended for Alertmanager unless it ends
/// so.
std::string webhook_target(std::string_view url, config::WebhookFormat format);

/// "312 · ml-research/llama · 8× H100 SXM · $18.4000/h · idle 2h 1m · destroy".
std::string instance_line(const alerts::Alert& alert, std::size_t index);

}  // namespace vastwatch::notify
