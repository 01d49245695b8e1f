#include "web/page_query.hpp"

#include "base/enum_names.hpp"
#include "base/text.hpp"
#include "http/target.hpp"
#include "web/query_input.hpp"

namespace vastwatch::web {
namespace {

constexpr std::size_t longest_search = 100;

constexpr EnumNames<Show, 7> show_names{{
    {Show::all, "all"},
    {Show::due, "due"},
    {Show::idle, "idle"},
    {Show::running, "running"},
    {Show::stopped, "stopped"},
    {Show::kept, "kept"},
    {Show::unknown, "unknown"},
}};

constexpr EnumNames<Sort, 9> sort_names{{
    {Sort::next, "next"},
    {Sort::costs, "costs"},
    {Sort::today, "today"},
    {Sort::idle, "idle"},
    {Sort::load, "load"},
    {Sort::name, "name"},
    {Sort::team, "team"},
    {Sort::gpu, "gpu"},
    {Sort::age, "age"},
}};

void append(std::string& out, std::string_view name, std::string_view value) {
    out += out.size() == 1 ? '?' : '&';
    out += name;
    out += '=';
    out += http::percent_encode(value);
}

}  // namespace

std::string_view to_string(Show show) {
    return name_of(show_names, show);
}

std::string_view to_string(Sort sort) {
    return name_of(sort_names, sort);
}

std::string PageQuery::address() const {
    std::string out = "/";
    if (team) {
        append(out, "team", team->str());
    }
    if (!search.empty()) {
        append(out, "q", search);
    }
    if (show != Show::all) {
        append(out, "state", to_string(show));
    }
    if (sort != Sort::next || reversed) {
        append(out, "sort", (reversed ? "-" : "") + std::string{to_string(sort)});
    }
    if (every_row) {
        append(out, "rows", "all");
    }
    if (instance) {
        append(out, "instance", std::to_string(instance->value()));
    }
    return out;
}

PageQuery parse_page_query(const std::map<std::string, std::string>& query) {
    PageQuery out;
    const auto given = [&query](const char* name) {
        const auto found = query.find(name);
        return found == query.end() ? std::string_view{} : std::string_view{found->second};
    };
    if (const auto team = given("team"); !team.empty()) {
        out.team = TeamName{std::string{team}};
    }
    out.search = valid_utf8(trim(given("q")).substr(0, longest_search));
    out.show = value_of(show_names, given("state")).value_or(Show::all);
    auto sort = given("sort");
    if (sort.starts_with('-')) {
        out.reversed = true;
        sort.remove_prefix(1);
    }
    const auto known = value_of(sort_names, sort);
    out.sort = known.value_or(Sort::next);
    out.reversed = out.reversed && known;
    out.every_row = given("rows") == "all";
    out.instance = parse_instance_id(given("instance"));
    out.part = given("part") == "main";
    return out;
}

}  // namespace vastwatch::web
