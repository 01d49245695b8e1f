// ULIDs (https://github.com/ulid/spec): 26 characters that sort by time; the ids of alerts.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <string>

namespace vastwatch {

/// The ULID of `time` (milliseconds) and 80 bits of randomness given by the caller: the low 16
/// bits of `random_high` and all of `random_low`.
std::string make_ulid(Instant time, std::uint64_t random_high, std::uint64_t random_low);

}  // namespace vastwatch
