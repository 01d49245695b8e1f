// What each command shows, as pure functions from the daemon's JSON (wire/view_json.hpp) to lines.
// Members that are absent or of another kind show as unknown; text is made printable.
#pragma once

#include "ctl/fields.hpp"
#include "ctl/page.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::ctl {

/// /status, and the newest of /alerts below it.
Lines status_lines(const Fields& status, const Fields& alerts, const Look& look);

/// What is wrong, paused, held or otherwise not as usual; nothing when all is as usual.
void add_notices(Page& page, const Fields& status);
/// The first line: version, health, mode, totals, time.
Text summary(const Fields& status, const Look& look);
void add_accounts(Page& page, const Fields& status);
void add_teams(Page& page, const Fields& status);
/// What operators exempted.
void add_protections(Page& page, const Fields& status);

/// /instances, in the order given.
Lines instances_lines(const Fields& answer, const Look& look);
/// Those instances, at most `most` of them (0 = all), with a line for what was left out.
void add_instances(Page& page, const std::vector<Fields>& instances, Instant now, std::size_t most);
/// "14 instances, $160.40/h, $1204.10 today; 3 idle ($12.40/h)"
std::string instances_total(const std::vector<Fields>& instances);

/// One screen of `top`: /status and /instances, dearest first (of unknown price before all), at
/// most `rows` lines; 0 = no limit.
Lines top_lines(const Fields& status, const Fields& instances, const Look& look, std::size_t rows);

/// /instances/ID
Lines explain_lines(const Fields& answer, const Look& look);

Lines findings_lines(const Fields& answer, const Look& look);
Lines actions_lines(const Fields& answer, const Look& look);
Lines alerts_lines(const Fields& answer, const Look& look);
/// The newest `most` alerts, as they stand below the status.
void add_alerts(Page& page, const std::vector<Fields>& alerts, Instant now, std::size_t most);

Lines doctor_lines(const Fields& answer, const Look& look);

/// Lines of the audit log, as stored.
Lines audit_lines(const std::vector<std::string>& records, const Look& look);
/// /audit/verify
Lines verify_lines(const Fields& answer, const Look& look);

}  // namespace vastwatch::ctl
