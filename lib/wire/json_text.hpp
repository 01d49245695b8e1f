// JSON values as text, with numbers the way people write them (160.02, not 1.6002E2), so that what
// leaves vastwatch can be read in a log and parsed by the simplest of receivers.
#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace vastwatch::wire {

/// Compact JSON. A floating point number is the shortest decimal that reads back as the same
/// double; one that is not finite becomes null. Strings must be valid UTF-8.
std::string to_text(const boost::json::value& value);

}  // namespace vastwatch::wire
