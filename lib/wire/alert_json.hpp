// An alert as JSON: the webhook format `vastwatch` of spec section 8, which is also what the HTTP
// API serves and what the state database keeps.
#pragma once

#include "alerts/alert.hpp"

#include <boost/json/object.hpp>

#include <optional>

namespace vastwatch::wire {

/// The object of spec section 8. Money as numbers with at most nine decimals (exact up to nine
/// million dollars, beyond that to 16 digits), rates in $/h, times in RFC 3339 UTC and idle times
/// in whole seconds, fractions dropped; what is absent in the alert is absent (null for an
/// instance's action; num_gpus when unknown). Text that is not UTF-8 has U+FFFD in place of the
/// wrong bytes. Also `condition`, `instances_omitted` and `notify`, which receivers may ignore.
boost::json::object to_json(const alerts::Alert& alert);

/// Reads to_json's output back; nothing when a required member is missing or of another type.
std::optional<alerts::Alert> alert_from_json(const boost::json::object& object);

}  // namespace vastwatch::wire
