// One page of the instance list, read in one pass straight into rows: nothing is copied that is
// not kept (API section 2.2).
#pragma once

#include "fleet/observation.hpp"
#include "vast/client.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::vast {

struct Page {
    std::vector<fleet::Observation> rows;
    std::vector<fleet::Recipe> recipes;  // beside rows; empty unless asked for
    std::size_t skipped = 0;             // rows without a usable id
    std::int64_t total = 0;              // total_instances
    std::string next_token;              // empty on the last page
    Now asked_at;                        // when its request left; not of the body
    Duration repeated{0};                // how long after the first request for it that was
};

/// A page, or why the body is none: not JSON, `success: false`, no `instances` array, no
/// `total_instances`, or a count that differs from the rows.
Outcome<Page> decode_page(std::string_view body);

/// The same with a recipe for each row.
Outcome<Page> decode_page_with_recipes(std::string_view body);

/// The names of all columns of the first row of a page; empty when it has no rows.
Outcome<std::vector<std::string>> decode_row_keys(std::string_view body);

}  // namespace vastwatch::vast
