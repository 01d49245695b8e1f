// The parts of a View as JSON: what the HTTP API answers and what `vastwatchctl --json` prints.
//
// Rules for all of them. Money is a number of dollars, rates dollars per hour, both as the shortest
// decimal of the nearest double (at most nine decimals). Times are RFC 3339 in UTC. Durations are
// seconds (`…_seconds`). What is unknown or absent is null, never 0 or -1; every member is always
// there. Text that is not UTF-8 has U+FFFD in place of the wrong bytes, but is not otherwise
// escaped: whoever shows it does that.
#pragma once

#include "engine/view.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::wire {

/// A number of dollars: whole where it is whole.
boost::json::value money_json(Usd amount);
boost::json::value money_json(UsdPerHour rate);

/// {"window":"day","start":T,"end":T|null,"spend":$,"cap":$|null,"projected":$|null,
///  "projected_crossing":T|null}
boost::json::object to_json(const engine::WindowView& window);

/// {"name","windows":[window…],"burn_rate":$/h,"instances":n,"last_poll":T|null,
///  "last_billing":T|null,"sweep_seconds":s|null,"stale":b,"problem":text|null,"key_rejected":b,"credit":$|null,
///  "runway_seconds":s|null,"billing_difference_ratio":x|null,"unexplained":$|null,"enforcing":b,
///  "not_enforcing_because":text|null}
boost::json::object to_json(const engine::AccountView& account);

/// {"name","windows":[window…],"burn_rate":$/h,"estimated":b,"instances":n,
///  "by_status":{"running":n,…},"idle_instances":n,"idle_burn_rate":$/h,"serverless_workers":n}
boost::json::object to_json(const engine::TeamView& team);

/// Today's spend so far, oldest first: [{"time":T,"spend":$}…]. `curve` of a team in /teams.
boost::json::array curve_json(const engine::TeamView& team);

/// {"id","account","team","label","gpu_name","num_gpus":n|null,"machine_id":n|null,
///  "host_id":n|null,"status","status_text","status_message","intended_status","cur_state",
///  "next_state","start_date":T|null,"end_date":T|null,"interruptible":b|null,"disk_gb":x|null,
///  "image","serverless":b,"first_seen":T,"last_seen":T,"missed_sweeps":n,"running_since":T|null,
///  "stopped_since":T|null,"loading_since":T|null,"dph":$/h|null,"dph_estimated":b,"spend":$,
///  "spend_today":$,"gpu_util":percent|null,"gpu_temp":x|null,"evidence":"busy|idle|unknown",
///  "doubt":word|null,"doubt_text":text|null,"idle_seconds":s,"coverage_percent":x,
///  "deadline":{"at":T,"action","rule","reason"}|null,"protection":text|null,"case":text|null}
/// `status` is the API's word, "queued" for what is stopped but wanted running. Idle seconds and
/// coverage are those of the present idle period, 0 and 0 when there is none.
boost::json::object to_json(const engine::InstanceView& instance);

/// {"rule","account","team","instance":id|null,"action","since":T,"due":T,"holds":b,
///  "exemption":word|null,"exempt_until":T|null,"window":word|null,"spend":$|null,"cap":$|null,
///  "rate":$/h|null,"window_end":T|null,"reason":text|null}; `holds` tells whether the condition
/// holds at `at`.
boost::json::object to_json(const rules::Finding& finding, std::string_view reason, Instant at);

/// Findings with the sentences that stand beside them; where there are none, `reason` is null.
boost::json::array findings_json(
    const std::vector<rules::Finding>& findings,
    const std::vector<std::string>& reasons,
    Instant at);

/// An action, done or on its way: {"number","instance":id,"account","team","action","rule",
///  "reasons":[{"rule","text"}…],"step","open":b,"wait":word|null,"wait_text":text|null,"label",
///  "gpu_name","num_gpus":n|null,"start_date":T|null,"dph":$/h,"idle_seconds":s,"cap":b,"opened":T,
///  "due":T,"warned_at":T|null,"warning_delivered_at":T|null,"warning":alert id|null,
///  "verified_at":T|null,"intended_at":T|null,"requested_at":T|null,"closed_at":T|null,
///  "attempts":n,"confirmations":n,"hold":id|null,"detail","recipe":{"image","template_hash",
///  "runtype","label","disk_gb":x|null,"gpu_name","num_gpus":n|null,"interruptible":b|null,
///  "machine_id":n|null,"environment_names":[text…],"onstart":b}|null}
/// The start script itself stays in the state directory: it may hold secrets.
boost::json::object to_json(const enforcement::Case& action);

/// {"id":n,"kind":"mass_idle|reload","decision","account","created":T,"decided":T|null,
///  "decided_by":text|null,"instances":[id…],"burn_rate":$/h}
boost::json::object to_json(const enforcement::Hold& hold);

/// {"instance":id,"from":T,"until":T,"actor","reason"}
boost::json::object to_json(const enforcement::Protection& protection);

/// {"since":T,"until":T|null,"actor","reason"}
boost::json::object to_json(const enforcement::Pause& pause);

/// The webhook object of alert_json.hpp and "deliveries":[{"notifier","state","attempts":n,
///  "created":T,"next_attempt":T|null,"ended":T|null,"answer":text|null}…]
boost::json::object to_json(const engine::AlertView& alert);

/// {"name","pending":n,"oldest_pending":T|null,"last_answer":text|null}
boost::json::object to_json(const engine::NotifierView& notifier);

/// The rules of [defaults] as a team has them, durations in seconds, percentages as numbers:
/// {"idle_below_percent","idle_for_seconds","idle_action","idle_warning_seconds",
///  "idle_max_gap_seconds","idle_coverage_percent","idle_tolerance_percent",
///  "startup_grace_seconds","warning_delivery_seconds","cap_action","cap_warning_seconds",
///  "cap_strategy":"all|shed","violation_action","stopped_for_seconds","stopped_action",
///  "loading_for_seconds","loading_action","protect":[glob…],"protect_max_seconds",
///  "notify":[name…]}
boost::json::object to_json(const policy::Rules& rules);

/// {"time":T,"headline","paragraphs":[text…],"instance":{…},"findings":[…],"open_case":{…}|null,
///  "rules":{…},"idle_period":{"began":T,"last_idle":T,"last_known":T,"idle_seconds",
///  "busy_seconds","unknown_seconds","coverage_percent"}|null,"samples":[{"first":T,"last":T,
///  "count":n,"evidence","doubt":word|null,"lowest":percent|null,"highest":percent|null}…]}
/// Samples are oldest first.
boost::json::object to_json(const engine::Explanation& explanation, Instant at);

/// All of /api/v1/status: {"time":T,"timezone","version","started":T,"ready":b,
///  "not_ready_because":[text…],"mode":"enforce|dry-run","pause":{…}|null,
///  "store":{"writable":b,"problem":text|null,"set_aside":path|null,"audit_problem":text|null},
///  "config":{"reload_successful":b,"problem":text|null},"accounts":[…],
///  "teams":[… without curve],"holds":[…],
///  "protections":[…],"notifiers":[…],"instances":n,"findings":n,"open_actions":n}
/// `findings` counts those that hold now, exempt ones included.
boost::json::object status_json(const engine::View& view);

}  // namespace vastwatch::wire
