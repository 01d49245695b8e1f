// Whether two policies are the same as far as actions go.
#pragma once

#include "policy/policy.hpp"

#include <string>

namespace vastwatch::engine {

/// Sixteen hexadecimal digits, equal for policies that make the same things due.
std::string fingerprint(const policy::Policy& policy);

}  // namespace vastwatch::engine
