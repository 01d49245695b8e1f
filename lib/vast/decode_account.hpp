// The small answers about an account: the user object, the spend rate and pending price increases
// (API sections 5.1, 5.3, 4.8).
#pragma once

#include "vast/client.hpp"

#include <string_view>
#include <vector>

namespace vastwatch::vast {

/// The bare user object. Of what it holds only the figures and the names of the scopes are taken;
/// the API key in it is not.
Outcome<UserInfo> decode_user(std::string_view body);

/// All three rates, or Problem::bad_answer: a rate that is not known is not zero.
Outcome<SpendRate> decode_spend_rate(std::string_view body);

/// Rows that name no instance are left out. Rates come per second and leave per hour.
Outcome<std::vector<PriceIncrease>> decode_price_increases(std::string_view body);

}  // namespace vastwatch::vast
