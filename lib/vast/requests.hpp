// The requests as they go over the wire: paths with their trailing slash (without it the service
// redirects, API section 1.4), queries and bodies.
#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::vast {

constexpr std::size_t rows_per_page = 25;

/// Which instances to list, and with which columns.
struct ListQuery {
    std::vector<InstanceId> ids;  // at most rows_per_page; empty = all
    bool with_recipes = false;
};

/// Ascending by id; `token` is empty for the first page.
std::string list_url(std::string_view origin, const ListQuery& query, std::string_view token);

/// One row with every column that there is.
std::string full_row_url(std::string_view origin);

/// DELETE destroys in bulk here, PUT stops.
std::string bulk_url(std::string_view origin);
std::string destroy_body(const std::vector<InstanceId>& ids);
std::string stop_body(const std::vector<InstanceId>& ids);

/// Both days are UTC midnights and belong to the range.
std::string
charges_url(std::string_view origin, Instant first_day, Instant last_day, std::string_view token);

std::string user_url(std::string_view origin);
std::string spend_rate_url(std::string_view origin);
std::string price_increases_url(std::string_view origin);

}  // namespace vastwatch::vast
