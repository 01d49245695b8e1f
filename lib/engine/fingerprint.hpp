// Whether two policies are the same as far as actions go.
#pragma once

#include "policy/policy.hpp"

#include <string>
#include <string_view>

namespace vastwatch::engine {

/// Equal for policies that make the same things due.
std::string fingerprint(const policy::Policy& policy);
/// It is one of a policy that enforces nothing.
bool is_of_dry_run(std::string_view fingerprint);

}  // namespace vastwatch::engine
