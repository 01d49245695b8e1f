#include "model/api.hpp"

#include "model/json_text.hpp"

#include <boost/json/parse.hpp>

#include <array>
#include <charconv>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

// NOLINTBEGIN(modernize-use-designated-initializers): a table reads better without names.
// More specific paths stand before those with an id in the same place.
constexpr std::array table{
    Route{"GET", "/api/v1/instances", "instances", 1, "instance_read", list_instances},
    Route{"GET", "/api/v0/instances", "instances_v0", 20, "instance_read", list_instances_v0},
    Route{"GET", "/api/v0/instances/filters", "filters", 1, "instance_read", list_filters},
    Route{
        "GET",
        "/api/v0/instances/pending-price-increases",
        "price_increases",
        2,
        "instance_read",
        pending_increases},
    Route{
        "PUT",
        "/api/v0/instances/accept-price-increase",
        "accept_increase",
        2,
        "instance_write",
        accept_increase},
    Route{
        "PUT",
        "/api/v0/instances/reject-price-increase",
        "reject_increase",
        2,
        "instance_write",
        reject_increase},
    Route{"GET", "/api/v0/instances/balance/{id}", "balance", 3, "instance_read", instance_balance},
    Route{"PUT", "/api/v0/instances/reboot/{id}", "reboot", 1, "instance_write", reboot_instance},
    Route{"PUT", "/api/v0/instances/recycle/{id}", "recycle", 1, "instance_write", reboot_instance},
    Route{"PUT", "/api/v0/instances/bid_price/{id}", "bid", 5.5, "instance_write", change_bid},
    Route{"PUT", "/api/v0/instances/prepay/{id}", "prepay", 2, "instance_write", prepay_instance},
    Route{"PUT", "/api/v0/instances/request_logs/{id}", "logs", 1, "instance_read", request_logs},
    Route{"GET", "/api/v0/instances/{id}", "instance", 2, "instance_read", read_instance},
    Route{"DELETE", "/api/v0/instances/{id}", "destroy", 3, "instance_write", destroy_instance},
    Route{"DELETE", "/api/v0/instances", "destroy_bulk", 3, "instance_write", destroy_instances},
    Route{"PUT", "/api/v0/instances/{id}", "state", 1, "instance_write", put_instance},
    Route{"PUT", "/api/v0/instances", "state_bulk", 4, "instance_write", put_instances},
    Route{"GET", "/api/v0/charges", "charges", 1, "billing_read", charges},
    Route{"GET", "/api/v1/invoices", "invoices", 3, "billing_read", invoices},
    Route{"GET", "/api/v0/users/me/invoices", "invoices_v0", 2, "billing_read", invoices_v0},
    Route{"GET", "/api/v0/users/current", "user", 0, "user_read", current_user},
    Route{"GET", "/api/v0/users/spend-rate", "spend_rate", 2, "user_read", spend_rate},
    Route{"GET", "/api/v0/auth/apikeys", "apikeys", 1, "user_read", api_keys},
    Route{"GET", "/api/v0/audit_logs", "audit_logs", 2, "misc", audit_logs},
    Route{"POST", "/api/v0/bundles", "bundles", 2, "", search_post},
    Route{"GET", "/api/v0/bundles", "bundles_get", 0.8, "", search_get},
    Route{"PUT", "/api/v0/search/asks", "search_asks", 2, "", search_asks},
    Route{"GET", "/api/v0/gpu_names/unique", "gpu_names", 0, "", gpu_names},
    Route{"PUT", "/api/v0/asks/{id}", "create", 4.5, "instance_write", create_instance},
    Route{"POST", "/api/v0/asks/bulk", "create_bulk", 4.5, "instance_write", create_instances},
    Route{"PUT", "/api/v0/launch_instance", "launch", 5, "misc", launch_instance},
    Route{"GET", "/api/v0/volumes", "volumes", 2, "instance_read", list_volumes},
    Route{"DELETE", "/api/v0/volumes", "delete_volume", 2, "instance_write", delete_volume},
};
// NOLINTEND(modernize-use-designated-initializers)

}  // namespace

std::span<const Route> routes() {
    return table;
}

std::optional<std::int64_t> id_argument(const Call& call) {
    std::int64_t id = 0;
    const std::string& text = call.arguments.at(0);
    const auto result = std::from_chars(text.data(), text.data() + text.size(), id);
    if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return id;
}

std::optional<json::value>
json_parameter(const Call& call, const std::string& name, const json::value& otherwise) {
    const auto found = call.query.find(name);
    if (found == call.query.end() || found->second.empty()) {
        return otherwise;
    }
    boost::system::error_code error;
    json::value value = json::parse(found->second, error);
    if (error) {
        return std::nullopt;
    }
    return value;
}

std::string page_token(const json::object& values) {
    return to_base64(to_text(json::object{{"values", values}}));
}

std::optional<json::object> read_page_token(const std::string& token) {
    const auto text = from_base64(token);
    if (!text) {
        return std::nullopt;
    }
    boost::system::error_code error;
    const json::value value = json::parse(*text, error);
    if (error || !value.is_object()) {
        return std::nullopt;
    }
    const json::value* values = value.get_object().if_contains("values");
    if (values == nullptr || !values->is_object()) {
        return std::nullopt;
    }
    return values->get_object();
}

const json::value* body_member(const Call& call, std::string_view name) {
    return call.body.is_object() ? call.body.get_object().if_contains(name) : nullptr;
}

HttpReply no_such_instance(std::int64_t id) {
    return error_reply(404, "no_such_instance", "Instance " + std::to_string(id) + " not found.");
}

}  // namespace vastwatch::vastsim
