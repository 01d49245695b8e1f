// Listing and reading instances: API sections 2.1 to 2.3 and 4.1.
#include "model/api.hpp"
#include "model/filter.hpp"
#include "model/rows.hpp"
#include "model/spoil.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

constexpr std::size_t most_rows = 25;
constexpr std::size_t fallback_rows = 5;

struct SortKey {
    std::string column;
    bool descending = false;
};

struct ListQuery {
    std::size_t limit = most_rows;
    json::object filters;
    std::vector<SortKey> order;         // without the final id
    std::vector<std::string> columns;   // empty = all
    std::optional<json::object> after;  // values of the last row of the page before
    std::string token;
    std::string fault;  // what is wrong with it
    bool bad_token = false;
};

HttpReply bad_query(std::string_view error, std::string_view message) {
    return json_reply(400, json::object{{"error", error}, {"msg", message}});
}

std::size_t read_limit(const Call& call) {
    const auto found = call.query.find("limit");
    if (found == call.query.end()) {
        return most_rows;
    }
    long limit = 0;
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), limit);
    return limit <= 0 ? fallback_rows : std::min(most_rows, static_cast<std::size_t>(limit));
}

void read_order(const json::value& order, ListQuery& query) {
    if (!order.is_array()) {
        query.fault = "order_by is not a list";
        return;
    }
    for (const json::value& entry : order.get_array()) {
        const json::value* column =
            entry.is_object() ? entry.get_object().if_contains("col") : nullptr;
        if (column == nullptr || !column->is_string()) {
            query.fault = "order_by needs col";
            return;
        }
        const std::string name{column->get_string()};
        if (!is_searchable(name)) {
            query.fault = name + " is not a valid sort key";
            return;
        }
        const bool descending = text_of(entry.get_object(), "dir", "asc") == "desc";
        query.order.push_back(SortKey{.column = name, .descending = descending});
    }
}

void read_filters(const json::value& filters, ListQuery& query) {
    if (!filters.is_object()) {
        query.fault = "select_filters is not an object";
        return;
    }
    query.filters = filters.get_object();
    query.fault = filter_fault(query.filters);
    for (const auto& filter : query.filters) {
        if (!is_searchable(filter.key())) {
            query.fault = std::string{filter.key()} + " is not a valid search key";
        }
    }
}

void read_columns(const json::value& columns, ListQuery& query) {
    if (!columns.is_array()) {
        query.fault = "select_cols is not a list";
        return;
    }
    for (const json::value& column : columns.get_array()) {
        if (column.is_string() && column != "*") {
            query.columns.emplace_back(column.get_string());
        }
    }
}

ListQuery read_query(const Call& call) {
    ListQuery query;
    query.limit = read_limit(call);
    const auto order = json_parameter(call, "order_by", json::array{});
    const auto filters = json_parameter(call, "select_filters", json::object{});
    const auto columns = json_parameter(call, "select_cols", json::array{});
    if (!order || !filters || !columns) {
        query.fault = "invalid json";
        return query;
    }
    read_columns(*columns, query);
    read_order(*order, query);
    if (query.fault.empty()) {
        read_filters(*filters, query);
    }
    const auto token = call.query.find("after_token");
    if (token != call.query.end() && !token->second.empty()) {
        query.token = token->second;
        query.after = read_page_token(query.token);
        query.bad_token =
            !query.after || !query.after->contains("id") || !query.after->at("id").is_int64();
    }
    return query;
}

bool passes_filters(const ListQuery& query, const Instance& instance) {
    return query.filters.empty() || passes(query.filters, [&](std::string_view column) {
               return search_value(instance, column);
           });
}

bool by_id_only(const ListQuery& query) {
    return query.order.empty() ||
           (query.order.front().column == "id" && !query.order.front().descending);
}

json::object sort_values(const ListQuery& query, const Instance& instance) {
    json::object values;
    for (const SortKey& key : query.order) {
        values[key.column] = search_value(instance, key.column);
    }
    values["id"] = instance.id();
    return values;
}

bool before(const ListQuery& query, const json::object& a, const json::object& b) {
    for (const SortKey& key : query.order) {
        const json::value* left = a.if_contains(key.column);
        const json::value* right = b.if_contains(key.column);
        if (left == nullptr || right == nullptr) {
            return false;
        }
        if (sorts_before(*left, *right)) {
            return !key.descending;
        }
        if (sorts_before(*right, *left)) {
            return key.descending;
        }
    }
    return a.at("id").as_int64() < b.at("id").as_int64();
}

struct Page {
    std::vector<const Instance*> rows;
    std::int64_t total = 0;
    std::map<std::string, std::int64_t> labels;
    bool more = false;
};

// All that pass, in the order asked for, from the token on; one row more than the page holds.
Page page_by_id(const Account& account, const ListQuery& query) {
    Page page;
    const std::int64_t after = query.after ? query.after->at("id").get_int64() : -1;
    const auto& all = account.instances();
    if (query.filters.empty()) {
        page.total = static_cast<std::int64_t>(all.size());
        page.labels = account.label_counts();
        auto row = all.upper_bound(after);
        for (; row != all.end() && page.rows.size() < query.limit; ++row) {
            page.rows.push_back(&row->second);
        }
        page.more = row != all.end();
        return page;
    }
    for (const auto& [id, instance] : all) {
        if (!passes_filters(query, instance)) {
            continue;
        }
        ++page.total;
        ++page.labels[instance.spec.label.value_or("")];
        if (id <= after) {
            continue;
        }
        if (page.rows.size() < query.limit) {
            page.rows.push_back(&instance);
        } else {
            page.more = true;
        }
    }
    return page;
}

Page page_sorted(const Account& account, const ListQuery& query) {
    Page page;
    std::vector<std::pair<json::object, const Instance*>> rows;
    for (const auto& [id, instance] : account.instances()) {
        if (passes_filters(query, instance)) {
            ++page.total;
            ++page.labels[instance.spec.label.value_or("")];
            rows.emplace_back(sort_values(query, instance), &instance);
        }
    }
    if (query.after) {
        std::erase_if(
            rows, [&](const auto& row) { return !before(query, *query.after, row.first); });
    }
    std::ranges::sort(
        rows, [&](const auto& a, const auto& b) { return before(query, a.first, b.first); });
    page.more = rows.size() > query.limit;
    for (std::size_t i = 0; i < std::min(rows.size(), query.limit); ++i) {
        page.rows.push_back(rows[i].second);
    }
    return page;
}

json::value served_row(
    Call& call,
    const Instance& instance,
    const ListQuery& query,
    const ColumnChoice& choice) {
    json::object row = query.columns.empty() ? full_row(call.account, instance)
                                             : chosen_row(call.account, instance, choice);
    call.world.spoil_telemetry(row, call.account, instance);
    call.account.count_read(instance.id());
    if (query.columns.empty()) {
        return row;
    }
    if (row.size() < query.columns.size() || !instance.spec.columns.empty()) {
        for (const std::string& column : query.columns) {
            row.emplace(column, nullptr);  // unless it is there
        }
    }
    if (row.size() > query.columns.size()) {
        json::object selected;
        for (const std::string& column : query.columns) {
            selected[column] = std::move(row[column]);
        }
        return selected;
    }
    return row;
}

}  // namespace

HttpReply list_instances(Call& call) {
    const ListQuery query = read_query(call);
    if (query.bad_token) {
        return bad_query("invalid_token", "Invalid pagination token");
    }
    if (!query.fault.empty()) {
        return bad_query("invalid_request", "Error in query parameters: " + query.fault);
    }
    const Page page =
        by_id_only(query) ? page_by_id(call.account, query) : page_sorted(call.account, query);
    const ColumnChoice choice{call.account, query.columns};
    json::array rows;
    rows.reserve(page.rows.size());
    for (const Instance* instance : page.rows) {
        rows.push_back(served_row(call, *instance, query, choice));
    }
    json::object body;
    body["success"] = true;
    body["instances_found"] = rows.size();
    body["total_instances"] = page.total;
    body["label_counts"] = json::value_from(page.labels);
    body["next_token"] = nullptr;
    if (page.more) {
        body["next_token"] = page_token(sort_values(query, *page.rows.back()));
    }
    body["instances"] = std::move(rows);
    const Fault* fault = call.world.faults().take(
        {"half-page",
         "missing-row",
         "repeat-token",
         "wrong-type",
         "wrong-total",
         "null-instances",
         "empty-list"},
        call.endpoint,
        call.account.spec().name);
    if (fault != nullptr) {
        spoil_page(body, *fault, query.token);
    }
    return json_reply(200, body);
}

HttpReply list_instances_v0(Call& call) {
    const std::string& form = call.world.settings().v0_list;
    if (form == "410" || form == "410-as-200") {
        return error_reply(
            form == "410" ? 410 : 200,
            "deprecated_endpoint",
            "/api/v0/instances/ is deprecated. Use /api/v1/instances/ instead.");
    }
    json::array rows;
    if (form == "list") {
        for (const auto& [id, instance] : call.account.instances()) {
            rows.push_back(full_row(call.account, instance));
        }
        return json_reply(
            200, json::object{{"instances_found", rows.size()}, {"instances", std::move(rows)}});
    }
    return json_reply(200, json::object{{"instances", std::move(rows)}});
}

HttpReply list_filters(Call& call) {
    std::set<std::string> seen;
    json::array filters;
    for (const auto& [id, instance] : call.account.instances()) {
        json::object combination;
        for (const char* column : {"actual_status", "verification", "gpu_name"}) {
            combination[column] = search_value(instance, column);
        }
        if (seen.insert(json::serialize(combination)).second) {
            filters.push_back(std::move(combination));
        }
    }
    return json_reply(200, json::object{{"filters", std::move(filters)}});
}

HttpReply read_instance(Call& call) {
    const auto id = id_argument(call);
    if (!id) {
        return error_reply(400, "invalid_args", "error 400/1782: Invalid args: invalid json: {}");
    }
    const Instance* instance = call.account.find(*id);
    if (instance == nullptr) {
        if (call.world.settings().gone_read_404) {
            return no_such_instance(*id);
        }
        return json_reply(200, json::object{{"instances", nullptr}});
    }
    json::object row = full_row(call.account, *instance);
    call.world.spoil_telemetry(row, call.account, *instance);
    call.account.count_read(*id);
    row.erase("volume_info");
    return json_reply(200, json::object{{"instances", std::move(row)}});
}

}  // namespace vastwatch::vastsim
