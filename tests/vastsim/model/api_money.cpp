// Money and keys: API sections 5 and 8.1.
#include "model/api.hpp"
#include "model/charges.hpp"
#include "model/rows.hpp"
#include "model/spoil.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

constexpr std::size_t default_rows = 100;
constexpr std::size_t most_rows = 500;

std::optional<Instant> bound(const json::object& filter, std::string_view op) {
    const json::value* value = filter.if_contains(op);
    if (value == nullptr || !value->is_number()) {
        return std::nullopt;
    }
    return instant_from_unix_seconds(value->to_number<double>());
}

const json::object* filter_of(const json::value& filters, std::string_view column) {
    if (!filters.is_object()) {
        return nullptr;
    }
    const json::value* filter = filters.get_object().if_contains(column);
    return filter != nullptr && filter->is_object() ? &filter->get_object() : nullptr;
}

std::size_t limit_of(const Call& call) {
    const auto found = call.query.find("limit");
    if (found == call.query.end()) {
        return default_rows;
    }
    long limit = 0;
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), limit);
    return limit <= 0 ? default_rows : std::min(most_rows, static_cast<std::size_t>(limit));
}

std::string parameter(const Call& call, const std::string& name, const char* otherwise) {
    const auto found = call.query.find(name);
    return found == call.query.end() ? otherwise : found->second;
}

HttpReply missing_day() {
    return json_reply(
        400,
        json::object{
            {"success", false},
            {"msg", "Must provide both 'day' gte and lte filters for instance charges"}});
}

json::object empty_page(std::string_view key, std::string_view text) {
    json::object body;
    body["success"] = false;
    body[key] = text;
    body["count"] = 0;
    body["total"] = 0;
    body["results"] = json::array{};
    body["next_token"] = nullptr;
    return body;
}

void read_types(const json::value& filters, ChargeQuery& query) {
    const json::object* types = filter_of(filters, "type");
    const json::value* list = types == nullptr ? nullptr : types->if_contains("in");
    if (list == nullptr || !list->is_array()) {
        return;
    }
    for (const json::value& type : list->get_array()) {
        if (type.is_string()) {
            query.types.emplace_back(type.get_string());
        }
    }
}

// Reads the token of a charges page; false when it is none of ours.
bool read_token(const Call& call, ChargeQuery& query) {
    const std::string token = parameter(call, "after_token", "");
    if (token.empty()) {
        return true;
    }
    const auto values = read_page_token(token);
    if (!values || !values->contains("day") || !values->contains("id") ||
        !values->at("day").is_int64() || !values->at("id").is_int64()) {
        return false;
    }
    query.after = std::pair{values->at("day").get_int64(), values->at("id").get_int64()};
    return true;
}

}  // namespace

HttpReply current_user(Call& call) {
    return json_reply(200, user_object(call.account, call.key));
}

HttpReply spend_rate(Call& call) {
    return json_reply(200, spend_rate_object(call.account));
}

HttpReply charges(Call& call) {
    if (call.account.spec().host) {
        return json_reply(200, empty_page("msg", "Host users do not have instance charges"));
    }
    const auto filters = json_parameter(call, "select_filters", json::object{});
    const json::object* day = filters ? filter_of(*filters, "day") : nullptr;
    if (day == nullptr) {
        return missing_day();
    }
    const auto first = bound(*day, "gte");
    const auto last = bound(*day, "lte");
    if (!first || !last) {
        return missing_day();
    }
    ChargeQuery query;
    // A day is in range when its midnight is.
    query.first_day = utc_day_start(*first + std::chrono::hours{24} - Duration{1});
    query.last_day = utc_day_start(*last);
    query.row_per_day = call.world.settings().charges_per_day;
    query.tree = parameter(call, "format", "table") == "tree";
    query.latest_first = parameter(call, "latest_first", "true") != "false";
    query.limit = limit_of(call);
    read_types(*filters, query);
    if (!read_token(call, query)) {
        return error_reply(400, "invalid_token", "Invalid pagination token");
    }
    ChargePage page = charges_of(call.account, query);
    json::object body;
    body["success"] = true;
    body["count"] = page.rows.size();
    body["total"] = page.total;
    body["next_token"] = nullptr;
    if (page.next) {
        body["next_token"] =
            page_token(json::object{{"day", page.next->first}, {"id", page.next->second}});
    }
    const Fault* fault =
        call.world.faults().take({"wrong-amounts"}, call.endpoint, call.account.spec().name);
    if (fault != nullptr) {
        spoil_amounts(page.rows);
    }
    body["results"] = std::move(page.rows);
    return json_reply(200, body);
}

HttpReply invoices(Call& call) {
    const auto filters = json_parameter(call, "select_filters", json::object{});
    const json::object* when = filters ? filter_of(*filters, "when") : nullptr;
    std::optional<Instant> from;
    std::optional<Instant> to;
    if (when != nullptr) {
        from = when->contains("gte") ? bound(*when, "gte") : bound(*when, "gt");
        to = when->contains("lte") ? bound(*when, "lte") : bound(*when, "lt");
    }
    if (!from || !to) {
        return json_reply(200, empty_page("error", "Invalid date range"));
    }
    json::array rows;
    for (const JournalEntry& entry : call.account.journal()) {
        if (entry.kind != "topped_up" || entry.at < *from || entry.at > *to) {
            continue;
        }
        json::object row;
        row["start"] = to_unix_seconds(entry.at);
        row["end"] = to_unix_seconds(entry.at);
        row["type"] = "credit";
        row["source"] = "stripe";
        row["description"] = "Manual Billing from VISA ...4242";
        row["amount"] = -number_of(entry.detail, "amount", 0);
        row["metadata"] = json::object{
            {"invoice_id", 2'190'000 + entry.sequence}, {"service", "stripe_payments"}};
        row["items"] = json::array{};
        rows.push_back(std::move(row));
    }
    json::object body;
    body["success"] = true;
    body["count"] = rows.size();
    body["total"] = rows.size();
    body["next_token"] = nullptr;
    body["results"] = std::move(rows);
    return json_reply(200, body);
}

HttpReply invoices_v0(Call& call) {
    const Account& account = call.account;
    const double charged = to_double(total(account.spent(account.now())).usd());
    json::object current;
    current["charges"] = charged;
    current["service_fee"] = 0.0;
    current["total"] = charged;
    current["credit"] = to_double(account.credit(account.now()));
    json::object body;
    body["invoices"] = json::array{};
    body["current"] = std::move(current);
    body["username"] = "acme-" + account.spec().name;
    body["bill_to"] = "ACME ML\nbilling@acme.example";
    body["email"] = "billing@acme.example";
    body["fullname"] = "ACME ML";
    for (const char* name : {"address1", "address2", "city", "zip", "country", "taxinfo"}) {
        body[name] = "";
    }
    return json_reply(200, body);
}

HttpReply api_keys(Call& call) {
    json::array keys;
    std::int64_t id = 8812345;
    for (const KeySpec& key : call.account.spec().keys) {
        if (key.revoked) {
            continue;
        }
        json::object row;
        row["id"] = id++;
        row["user_id"] = call.account.spec().user_id;
        row["key"] = nullptr;
        row["key_type"] = "api";
        row["name"] = "vastwatch";
        row["team_id"] = nullptr;
        row["team_name"] = nullptr;
        row["team_owner"] = nullptr;
        keys.push_back(std::move(row));
    }
    return json_reply(200, json::object{{"apikeys", std::move(keys)}});
}

HttpReply audit_logs(Call& call) {
    json::array rows;
    for (const JournalEntry& entry : call.account.journal()) {
        if (!entry.kind.starts_with("api.")) {
            continue;
        }
        json::object row;
        row["ip_address"] = "203.0.113.5";
        row["api_key_id"] = 8812345;
        row["created_at"] = to_unix_seconds(entry.at);
        row["api_route"] = entry.kind;
        row["args"] = entry.detail;
        rows.push_back(std::move(row));
    }
    std::ranges::reverse(rows);
    return json_reply(200, rows);
}

}  // namespace vastwatch::vastsim
