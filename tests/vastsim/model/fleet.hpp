// Made-up accounts, for those who do not want to write one: the same seed gives the same account.
#pragma once

#include "model/behaviour.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::vastsim {

struct FleetOptions {
    std::size_t instances = 16;
    std::uint64_t seed = 1;
    std::vector<std::string> teams{"ml-research", "speech", "vision"};
    std::string profile = "quickstart";  ///< quickstart, mixed or steady
};

/// Nothing for an unknown profile.
std::optional<AccountSpec> generate_account(const FleetOptions& options);

}  // namespace vastwatch::vastsim
