// What the audit log keeps of instances, told to the log as well: operators look into the journal
// first, and can ask it for one team, one instance or one action.
#pragma once

#include "engine/audit_record.hpp"
#include "runtime/log.hpp"

#include <vector>

namespace vastwatch::watch {

/// An "action" entry for each record about an instance, with the fields action, outcome, instance,
/// team, account and actor. Others (a pause, a hold decided) are logged as commands.
void log_actions(runtime::Log& log, const std::vector<engine::AuditRecord>& records);

}  // namespace vastwatch::watch
