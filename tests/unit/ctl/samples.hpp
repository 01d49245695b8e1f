// Answers of a daemon, as wire/view_json.hpp writes them, for the tests of what is shown.
#pragma once

#include "ctl/fields.hpp"
#include "ctl/page.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace vastwatch::ctl::samples {

inline boost::json::object object(std::string_view text) {
    return boost::json::parse(text).as_object();
}

inline std::string joined(const Lines& lines) {
    std::string out;
    for (const auto& line : lines) {
        out += line + "\n";
    }
    return out;
}

inline bool contains(const Lines& lines, std::string_view text) {
    return joined(lines).find(text) != std::string::npos;
}

inline std::size_t widest(const Lines& lines) {
    std::size_t width = 0;
    for (const auto& line : lines) {
        width = std::max(width, Text{line}.width());
    }
    return width;
}

/// Every byte that could begin or be a control sequence: C0 and DEL, and C1 in UTF-8.
inline bool harmless(const std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if ((byte < 0x20U && byte != '\n') || byte == 0x7FU ||
            (byte == 0xC2U && next >= 0x80U && next <= 0x9FU)) {
            return false;
        }
    }
    return true;
}

inline constexpr std::string_view status = R"({
  "time": "2026-11-21T19:04:05.000Z", "timezone": "UTC", "version": "0.1.0",
  "started": "2026-11-20T00:00:00Z", "ready": true, "not_ready_because": [],
  "mode": "enforce", "pause": null, "store": {"writable": true, "problem": null},
  "config": {"reload_successful": true, "problem": null},
  "accounts": [{"name": "main", "windows": [
      {"window": "day", "start": "2026-11-21T00:00:00Z", "end": "2026-11-22T00:00:00Z",
       "spend": 160.02, "cap": 500, "projected": 221.5, "projected_crossing": null},
      {"window": "month", "start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z",
       "spend": 2950.1, "cap": null, "projected": 4100, "projected_crossing": null}],
    "burn_rate": 12.4, "instances": 2, "last_poll": "2026-11-21T19:03:53Z", "sweep_seconds": 2,
    "stale": false, "problem": null, "key_rejected": false, "credit": 812.5,
    "runway_seconds": 234000, "billing_difference_ratio": null, "unexplained": null,
    "enforcing": true, "not_enforcing_because": null}],
  "teams": [{"name": "ml-research", "windows": [
      {"window": "day", "start": "2026-11-21T00:00:00Z", "end": "2026-11-22T00:00:00Z",
       "spend": 160.02, "cap": 200, "projected": 221.5,
       "projected_crossing": "2026-11-21T22:17:31Z"},
      {"window": "month", "start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z",
       "spend": 2950.1, "cap": 4000, "projected": 4100,
       "projected_crossing": "2026-11-29T04:00:00Z"}],
    "burn_rate": 12.4, "estimated": false, "instances": 2, "by_status": {"running": 2},
    "idle_instances": 1, "idle_burn_rate": 4.2, "serverless_workers": 0}],
  "holds": [], "protections": [], "notifiers": [], "instances": 2, "findings": 0,
  "open_actions": 0})";

inline constexpr std::string_view instances = R"({"time": "2026-11-21T19:04:05.000Z",
  "instances": [
   {"id": 312, "account": "main", "team": "ml-research", "label": "ml-research/llama",
    "gpu_name": "H100 SXM", "num_gpus": 8, "status": "running", "dph": 8.2,
    "dph_estimated": false, "spend": 400, "spend_today": 100.5, "gpu_util": 97.4,
    "evidence": "busy", "idle_seconds": 0, "deadline": null, "protection": null, "case": null},
   {"id": 313, "account": "main", "team": "ml-research", "label": "ml-research/eval",
    "gpu_name": "A100 PCIE", "num_gpus": 4, "status": "running", "dph": 4.2,
    "dph_estimated": false, "spend": 90, "spend_today": 59.52, "gpu_util": 0,
    "evidence": "idle", "idle_seconds": 6480,
    "deadline": {"at": "2026-11-21T19:16:05Z", "action": "destroy", "rule": "idle",
                 "reason": "idle for 1h 48m"}, "protection": null, "case": null}]})";

inline constexpr std::string_view alerts = R"({"time": "2026-11-21T19:04:05.000Z", "alerts": [
  {"id": "01J", "kind": "budget_threshold", "severity": "warning", "status": "firing",
   "time": "2026-11-21T19:00:00Z", "team": "ml-research",
   "title": "ml-research has spent 80% of its daily cap", "text": "…", "dry_run": false,
   "deliveries": [{"notifier": "ops", "state": "delivered"},
                  {"notifier": "chat", "state": "pending"}]}]})";

inline Look plain(std::size_t width = 0) {
    Look look;
    look.width = width;
    return look;
}

}  // namespace vastwatch::ctl::samples
