// Which instances the page lists, and in which order.
#pragma once

#include "engine/view.hpp"
#include "web/page_query.hpp"

#include <string>
#include <vector>

namespace vastwatch::web {

/// Those that `query` asks for, in its order, not more than `most` of them; `found` tells how many
/// there are. The order is total: equal ones stand by their ids.
std::vector<const engine::InstanceView*> list_instances(
    const engine::View& view,
    const PageQuery& query,
    std::size_t most,
    std::size_t& found);

/// The API's word for its status; "queued" for what is stopped but wanted running.
std::string status_word(const fleet::Observation& row);

}  // namespace vastwatch::web
