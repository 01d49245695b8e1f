// The journal's MESSAGE_ID of each kind of event, by which `journalctl -x` finds its explanation in
// systemd/vastwatch.catalog, and by which operators filter.
#pragma once

#include "runtime/log.hpp"

#include <string_view>
#include <vector>

namespace vastwatch::runtime {

/// 32 hexadecimal digits; alerts have one for each kind (field "kind"), actions one for each
/// outcome (field "outcome"). Empty for events that have none: those for developers, at level
/// debug.
std::string_view message_id(std::string_view event, const std::vector<Field>& fields);

}  // namespace vastwatch::runtime
