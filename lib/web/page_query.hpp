// What part of the fleet somebody looks at, and in which order: the query of the status page's
// address. Everything the page can be asked for is in here, so that an address can be kept, shared
// and reloaded, and the same page comes without scripts.
#pragma once

#include "base/ids.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::web {

/// Due is what will be stopped or destroyed, kept what is protected, unknown what runs with a load
/// that nobody can tell.
enum class Show { all, due, idle, running, stopped, kept, unknown };
enum class Sort { next, costs, today, idle, load, name, team, gpu, age };

std::string_view to_string(Show show);
std::string_view to_string(Sort sort);

struct PageQuery {
    std::optional<TeamName> team;  // of everything that belongs to a team, only this one's
    std::string search;            // words that an instance must have in its id, label, team, GPU …
    Show show = Show::all;
    Sort sort = Sort::next;
    bool reversed = false;
    bool every_row = false;              // as many instances as there can be, instead of a page
    std::optional<InstanceId> instance;  // the one that is explained at the top
    bool part = false;                   // only what changes, for the script

    /// The address of this page: "/" or "/?team=…&sort=…", without `part`.
    std::string address() const;
};

/// `team`, `q`, `state`, `sort` ("costs", "-costs" the other way round), `rows` ("all"),
/// `instance`, `part` ("main").
/// What makes no sense counts as not given: an old bookmark shows more rather than nothing. A
/// search is cut at 100 bytes.
PageQuery parse_page_query(const std::map<std::string, std::string>& query);

}  // namespace vastwatch::web
