// What the charges endpoint says: contracts by UTC day, rounded to a tenth of a cent, as far as
// they have settled.
#pragma once

#include "model/account.hpp"

#include <boost/json/array.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vastwatch::vastsim {

struct ChargeQuery {
    Instant first_day;  ///< UTC midnights, both days included
    Instant last_day;
    bool row_per_day = true;  ///< false: one row per contract over the whole range
    bool tree = false;        ///< serverless workers under their endpoint
    bool latest_first = true;
    std::vector<std::string> types;  ///< of instance, volume, serverless; empty = all
    std::size_t limit = 100;
    std::optional<std::pair<std::int64_t, std::int64_t>> after;  ///< day in Unix s, and id
};

struct ChargePage {
    boost::json::array rows;
    std::size_t total = 0;
    std::optional<std::pair<std::int64_t, std::int64_t>> next;
};

ChargePage charges_of(const Account& account, const ChargeQuery& query);

}  // namespace vastwatch::vastsim
