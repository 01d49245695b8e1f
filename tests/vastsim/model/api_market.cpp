// Searching, creating and volumes: API sections 6 and 7.
#include "model/api.hpp"
#include "model/filter.hpp"
#include "model/noise.hpp"
#include "model/rows.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

#include <fmt/format.h>

#include <charconv>
#include <set>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_label = 256;
constexpr std::size_t most_ids = 64;
constexpr double least_disk = 8;

HttpReply bad_search() {
    return error_reply(400, "invalid_args", "Invalid query parameters");
}

HttpReply found(const Call& call, const json::value& query) {
    if (!query.is_object()) {
        return bad_search();
    }
    json::array offers = call.world.market().search(query.get_object(), call.account.now());
    return json_reply(200, json::object{{"offers", std::move(offers)}});
}

HttpReply refuse(int status, std::string_view error, const std::string& message, std::int64_t ask) {
    json::object body;
    body["success"] = false;
    body["error"] = error;
    body["msg"] = message;
    body["ask_id"] = ask;
    return json_reply(status, body);
}

// What somebody wants to rent.
struct Wish {
    std::string image;
    double disk = 10;
    std::optional<double> bid;
    std::optional<std::string> label;
    bool cancel_unavailable = false;
    bool stopped = false;
    std::map<std::string, std::string> env;
    std::string runtype = "ssh";
};

Wish read_wish(const json::object& body) {
    Wish wish;
    wish.image = text_of(body, "image", "");
    if (wish.image.empty() && !text_of(body, "template_hash_id", "").empty()) {
        wish.image = "vastai/pytorch:latest";
    }
    wish.disk = number_of(body, "disk", 10);
    if (const json::value* price = body.if_contains("price");
        price != nullptr && price->is_number()) {
        wish.bid = price->to_number<double>();
    }
    const std::string label = text_of(body, "label", "");
    if (!label.empty()) {
        wish.label = label;
    }
    wish.stopped = text_of(body, "target_state", "running") == "stopped";
    wish.cancel_unavailable = !wish.bid && !wish.stopped;
    const json::value* cancel = body.if_contains("cancel_unavail");
    if (cancel != nullptr && cancel->is_bool()) {
        wish.cancel_unavailable = cancel->get_bool();
    }
    wish.runtype = text_of(body, "runtype", "ssh");
    if (const json::value* env = body.if_contains("env"); env != nullptr && env->is_object()) {
        for (const auto& entry : env->get_object()) {
            wish.env[std::string{entry.key()}] = text_of(env->get_object(), entry.key(), "1");
        }
    }
    return wish;
}

std::optional<HttpReply> check_wish(Call& call, const Wish& wish, std::int64_t ask) {
    if (wish.image.empty()) {
        return refuse(400, "invalid_args", "error 400/3467: Invalid args: image is required", ask);
    }
    if (wish.bid && (*wish.bid < 0.001 || *wish.bid > 128)) {
        return refuse(
            400,
            "invalid_price",
            "error 400/3500: Invalid args: price must be between 0.001 and 128.0",
            ask);
    }
    if (wish.disk < least_disk || (wish.label && wish.label->size() > longest_label)) {
        return refuse(400, "invalid_args", "error 400/3511: Invalid args: disk or label", ask);
    }
    if (call.account.credit(call.account.now()) <= Usd{}) {
        return refuse(400, "insufficient_credit", "You lack credit.", ask);
    }
    return std::nullopt;
}

InstanceSpec instance_of(const Offer& offer, const Wish& wish, bool runs) {
    InstanceSpec spec;
    spec.label = wish.label;
    spec.gpu_name = offer.gpu_name;
    spec.num_gpus = offer.num_gpus;
    spec.dph_base = wish.bid.value_or(offer.dph_base);
    spec.min_bid = offer.min_bid;
    spec.is_bid = wish.bid.has_value();
    spec.storage_cost = offer.storage_cost;
    spec.disk_space = wish.disk;
    spec.inet_up_cost = offer.inet_up_cost;
    spec.inet_down_cost = offer.inet_down_cost;
    spec.machine_id = offer.machine_id;
    spec.image = wish.image;
    spec.runtype = wish.runtype;
    spec.env = wish.env;
    spec.verification = offer.verified ? "verified" : "unverified";
    if (!runs) {
        Phase parked;
        parked.state = wish.bid ? State::outbid : State::stopped;
        spec.behaviour.push_back(parked);
    }
    return spec;
}

json::object created(Call& call, std::int64_t id, bool runs) {
    json::object body;
    body["success"] = runs;
    body["new_contract"] = id;
    body["instance_api_key"] = hex_token(call.account.seed() + 99, static_cast<std::uint64_t>(id));
    return body;
}

std::int64_t rent(Call& call, const Offer& offer, const Wish& wish, bool runs) {
    InstanceSpec spec = instance_of(offer, wish, runs);
    if (offer.end_date > call.account.now()) {
        spec.rented_for = offer.end_date - call.account.now();
    }
    call.world.market().take(offer.id);
    const std::int64_t id = call.account.create(std::move(spec));
    call.ids.push_back(id);
    return id;
}

HttpReply
create_by_fault(Call& call, const std::string& outcome, const Wish& wish, std::int64_t ask) {
    const Offer* offer = call.world.market().find(ask);
    if (outcome == "nothing" || offer == nullptr) {
        return json_reply(200, json::object{{"success", false}, {"new_contract", nullptr}});
    }
    if (outcome == "not-running") {
        return json_reply(200, created(call, rent(call, *offer, wish, false), false));
    }
    if (outcome == "no-id") {
        rent(call, *offer, wish, true);
        return json_reply(200, json::object{{"success", false}});
    }
    if (outcome == "own-machine") {
        return refuse(
            403,
            "invalid_args",
            fmt::format(
                "error 403/3586: Offer {} is not your own. Hosts can only rent their own machines.",
                ask),
            ask);
    }
    if (outcome == "spend-rate") {
        return refuse(400, "spend_rate_limit", "You have reached your spend rate limit.", ask);
    }
    return refuse(
        410,
        "no_such_ask",
        fmt::format("error 410/3907: no_such_ask Instance type {} is no longer available.", ask),
        ask);
}

HttpReply create_one(Call& call, std::int64_t ask) {
    if (!call.body.is_object()) {
        return refuse(400, "invalid_args", "error 400/3467: Invalid args: invalid json", ask);
    }
    const Wish wish = read_wish(call.body.get_object());
    const auto refusal = check_wish(call, wish, ask);
    if (refusal) {
        return *refusal;
    }
    const Fault* fault =
        call.world.faults().take({"create"}, call.endpoint, call.account.spec().name);
    if (fault != nullptr) {
        return create_by_fault(call, text_of(fault->parameters, "outcome", "gone"), wish, ask);
    }
    const Offer* offer = call.world.market().find(ask);
    if (offer == nullptr) {
        return refuse(
            404,
            "no_such_ask",
            fmt::format(
                "error 404/3603: no_such_ask Instance type by id {} is not available.", ask),
            ask);
    }
    const bool too_low = wish.bid && *wish.bid < offer->min_bid;
    if (too_low && wish.cancel_unavailable) {
        return create_by_fault(call, "gone", wish, ask);
    }
    const bool runs = !too_low && !wish.stopped;
    return json_reply(200, created(call, rent(call, *offer, wish, runs), runs || wish.stopped));
}

}  // namespace

HttpReply search_post(Call& call) {
    return found(call, call.body);
}

HttpReply search_get(Call& call) {
    const auto query = json_parameter(call, "q", json::object{});
    return query ? found(call, *query) : bad_search();
}

HttpReply search_asks(Call& call) {
    const json::value* query = body_member(call, "q");
    return query == nullptr ? bad_search() : found(call, *query);
}

HttpReply gpu_names(Call& call) {
    std::set<std::string> names;
    for (const Offer& offer : call.world.market().offers()) {
        names.insert(offer.gpu_name);
    }
    return json_reply(200, json::object{{"gpu_names", json::value_from(names)}});
}

HttpReply create_instance(Call& call) {
    const auto ask = id_argument(call);
    if (!ask) {
        return refuse(
            400,
            "invalid_args",
            "error 400/3467: Invalid args: 'id' is required and must be a valid offer ID",
            0);
    }
    return create_one(call, *ask);
}

HttpReply create_instances(Call& call) {
    const json::value* asks = body_member(call, "ids");
    if (asks == nullptr || !asks->is_array()) {
        return error_reply(400, "invalid_args", "error missings offer 'ids' parameter");
    }
    const json::array list = asks->get_array();
    if (list.empty()) {
        return error_reply(400, "invalid_args", "no ask ids provided");
    }
    if (list.size() > most_ids) {
        return error_reply(400, "invalid_args", "too many ask ids provided; max is 64");
    }
    json::array results;
    json::array made;
    json::array failed;
    for (const json::value& ask : list) {
        if (!ask.is_int64()) {
            return error_reply(400, "invalid_args", "no ask ids provided");
        }
        const std::size_t before = call.ids.size();
        const HttpReply reply = create_one(call, ask.get_int64());
        const bool ok = call.ids.size() > before;
        json::object result;
        result["ask_id"] = ask;
        result["success"] = ok;
        if (ok) {
            result["new_contract"] = call.ids.back();
            result["state"] = "running";
            made.push_back(json::value(call.ids.back()));
        } else {
            result["error"] = "no_such_ask";
            result["msg"] = fmt::format("No ask by id {} is available.", ask.get_int64());
            failed.push_back(ask);
        }
        results.push_back(std::move(result));
    }
    const bool any = !made.empty();
    json::object body;
    body["success"] = any;
    body["results"] = std::move(results);
    body["created"] = std::move(made);
    body["failed"] = std::move(failed);
    body["elapsed"] = 0.5;
    return json_reply(any ? 200 : 400, body);
}

HttpReply launch_instance(Call& call) {
    const json::value* query = body_member(call, "q");
    if (query == nullptr || !query->is_object()) {
        return error_reply(400, "invalid_args", "q is required");
    }
    const json::array offers = call.world.market().search(query->get_object(), call.account.now());
    if (offers.empty()) {
        return json_reply(
            200,
            json::object{
                {"success", false},
                {"error", "offer_not_found"},
                {"message", "No offers found matching the given criteria."}});
    }
    HttpReply reply = create_one(call, offers.front().at("id").as_int64());
    if (call.ids.empty()) {
        return reply;
    }
    return json_reply(200, json::object{{"success", true}, {"new_contract", call.ids.back()}});
}

HttpReply list_volumes(Call& call) {
    json::array rows;
    for (const auto& [id, volume] : call.account.volumes()) {
        if (!volume.gone_at && volume.start_date <= call.account.now()) {
            rows.push_back(volume_row(volume));
        }
    }
    return json_reply(200, json::object{{"volumes", std::move(rows)}});
}

HttpReply delete_volume(Call& call) {
    std::int64_t id = 0;
    const auto asked = call.query.find("id");
    if (asked != call.query.end()) {
        std::from_chars(asked->second.data(), asked->second.data() + asked->second.size(), id);
    } else if (const json::value* named = body_member(call, "id");
               named != nullptr && named->is_int64()) {
        id = named->get_int64();
    }
    call.ids.push_back(id);
    const auto volume = call.account.volumes().find(id);
    if (volume == call.account.volumes().end() || volume->second.gone_at) {
        return error_reply(404, "not_found", "Volume not found");
    }
    if (!call.account.destroy_volume(id)) {
        return error_reply(409, "invalid_request", "volume in use");
    }
    return json_reply(200, json::object{{"success", true}});
}

}  // namespace vastwatch::vastsim
