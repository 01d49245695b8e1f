// Acting on instances: API sections 4.2 to 4.8.
#include "model/api.hpp"
#include "model/noise.hpp"
#include "model/rows.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <cmath>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

constexpr std::size_t most_ids = 64;
constexpr std::size_t longest_label = 1024;

HttpReply done() {
    return json_reply(200, json::object{{"success", true}});
}

HttpReply plain_error(int status, std::string_view error, std::string_view message) {
    return json_reply(status, json::object{{"error", error}, {"msg", message}});
}

// What faults make of one destroy.
enum class Fate : std::uint8_t { destroyed, unknown };

Fate destroy_one(Call& call, std::int64_t id) {
    const std::string& account = call.account.spec().name;
    Faults& faults = call.world.faults();
    const Instance* instance = call.account.find(id);
    if (instance == nullptr || instance->unloading) {
        return Fate::unknown;
    }
    if (faults.take({"ignored-destroy"}, call.endpoint, account) != nullptr) {
        return Fate::destroyed;
    }
    std::optional<Duration> delay;
    const Fault* slow = faults.take({"delayed-destroy"}, call.endpoint, account);
    if (slow != nullptr) {
        const double seconds = number_of(slow->parameters, "seconds", 60);
        delay = std::chrono::milliseconds{std::llround(seconds * 1000)};
    }
    call.account.destroy(id, delay);
    return Fate::destroyed;
}

HttpReply bad_id() {
    return error_reply(400, "invalid_args", "invalid instance_id");
}

// The ids of a bulk request; nothing when the member is no list of integers.
std::optional<std::vector<std::int64_t>> id_list(const Call& call, std::string_view member) {
    const json::value* list = body_member(call, member);
    if (list == nullptr || !list->is_array()) {
        return std::nullopt;
    }
    std::vector<std::int64_t> ids;
    for (const json::value& id : list->get_array()) {
        if (!id.is_int64()) {
            return std::nullopt;
        }
        ids.push_back(id.get_int64());
    }
    return ids;
}

HttpReply set_label(Call& call, std::int64_t id, const json::value& label) {
    if (!label.is_string()) {
        return plain_error(400, "invalid_args", "label must be a string");
    }
    const std::string text{label.get_string()};
    if (text.size() > longest_label) {
        return plain_error(400, "invalid_args", "label_too_long");
    }
    std::optional<std::string> set;
    if (!text.empty()) {
        set = text;
    }
    call.account.set_label(id, set);
    return json_reply(
        200,
        json::object{
            {"success", true}, {"msg", fmt::format("label for {} set to '{}'", id, text)}});
}

HttpReply start_one(Call& call, std::int64_t id) {
    const bool taken = call.world.faults().take(
                           {"queued-start"}, call.endpoint, call.account.spec().name) != nullptr;
    const auto outcome = call.account.start(id, taken);
    if (!outcome) {
        return no_such_instance(id);
    }
    if (*outcome == StartOutcome::no_credit) {
        return error_reply(400, "missing_billing", "You lack credit, see the billing page.");
    }
    if (*outcome == StartOutcome::queued) {
        return error_reply(
            200,
            "resources_unavailable",
            "Required resources are currently unavailable, state change queued.");
    }
    return done();
}

HttpReply answer_increase(Call& call, bool accept) {
    const json::value* id = body_member(call, "pending_price_increase_id");
    if (id == nullptr || !id->is_int64() || call.body.get_object().size() != 1) {
        return error_reply(400, "invalid_args", "pending_price_increase_id is required");
    }
    const std::int64_t pending = id->get_int64();
    for (const auto& [contract, instance] : call.account.instances()) {
        if (instance.pending && instance.pending->id == pending) {
            call.ids.push_back(contract);
            const std::int64_t answered = contract;
            call.account.answer_increase(pending, accept);
            return json_reply(
                200,
                json::object{
                    {"success", true},
                    {"pending_price_increase_id", pending},
                    {"contract_id", answered}});
        }
    }
    return error_reply(404, "no_pending_price_increase", "No pending price increase.");
}

// The instance a path names; null after `refusal` was set.
const Instance* named_instance(Call& call, HttpReply& refusal) {
    const auto id = id_argument(call);
    if (!id) {
        refusal = bad_id();
        return nullptr;
    }
    call.ids.push_back(*id);
    const Instance* instance = call.account.find(*id);
    if (instance == nullptr || instance->unloading) {
        refusal = no_such_instance(*id);
        return nullptr;
    }
    return instance;
}

}  // namespace

HttpReply destroy_instance(Call& call) {
    const auto id = id_argument(call);
    if (!id) {
        return bad_id();
    }
    call.ids.push_back(*id);
    if (destroy_one(call, *id) == Fate::unknown) {
        const bool other = call.world.settings().gone_destroy == "not_found";
        return other ? error_reply(404, "not_found", "Instance not found") : no_such_instance(*id);
    }
    return done();
}

HttpReply destroy_instances(Call& call) {
    if (!call.body.is_object()) {
        return error_reply(400, "invalid_args", "invalid request format");
    }
    const auto ids = id_list(call, "instance_ids");
    if (!ids || ids->empty()) {
        return error_reply(400, "invalid_args", "instance_ids array is required");
    }
    call.ids = *ids;
    bool any = false;
    for (const std::int64_t id : *ids) {
        any = destroy_one(call, id) == Fate::destroyed || any;
    }
    if (!any) {
        return error_reply(
            404,
            "instances_not_found",
            fmt::format("Instances [{}] not found.", fmt::join(*ids, ", ")));
    }
    return done();
}

HttpReply put_instance(Call& call) {
    HttpReply refusal;
    const Instance* instance = named_instance(call, refusal);
    if (instance == nullptr) {
        return refusal;
    }
    const std::int64_t id = instance->id();
    if (const json::value* label = body_member(call, "label"); label != nullptr) {
        return set_label(call, id, *label);
    }
    const json::value* state = body_member(call, "state");
    if (state != nullptr && *state == "stopped") {
        call.account.stop(id);
        return done();
    }
    if (state != nullptr && *state == "running") {
        return start_one(call, id);
    }
    return json_reply(400, json::object{{"success", false}, {"msg", "Invalid target state"}});
}

HttpReply put_instances(Call& call) {
    const auto ids = id_list(call, "ids");
    if (!ids || ids->empty()) {
        return plain_error(400, "invalid_args", "ids list required");
    }
    call.ids = *ids;
    if (ids->size() > most_ids) {
        return plain_error(
            400, "invalid_args", fmt::format("chunk length of {} > {}", ids->size(), most_ids));
    }
    const json::value* state = body_member(call, "state");
    if (state == nullptr || (*state != "stopped" && *state != "running")) {
        return json_reply(400, json::object{{"success", false}, {"msg", "Invalid target state"}});
    }
    const bool run = *state == "running";
    if (run && call.account.credit(call.account.now()) <= Usd{}) {
        return plain_error(400, "insufficient_credit", "You lack credit.");
    }
    bool any = false;
    for (const std::int64_t id : *ids) {
        const bool known = run ? call.account.start(id).has_value() : call.account.stop(id);
        any = any || known;
    }
    if (!any) {
        return plain_error(404, "invalid_args", "Invalid instance ID list ids.");
    }
    return done();
}

HttpReply reboot_instance(Call& call) {
    HttpReply refusal;
    const Instance* instance = named_instance(call, refusal);
    if (instance == nullptr) {
        return refusal;
    }
    if (instance->condition.current != "running") {
        return error_reply(200, "invalid_id", "Invalid instance id. Is the container started?");
    }
    return done();
}

HttpReply change_bid(Call& call) {
    HttpReply refusal;
    const Instance* instance = named_instance(call, refusal);
    if (instance == nullptr) {
        return refusal;
    }
    if (!instance->spec.is_bid) {
        return plain_error(400, "invalid_args", "Can't change price of on-demand contract.");
    }
    const json::value* price = body_member(call, "price");
    double bid = instance->spec.min_bid;
    if (price != nullptr && price->is_number()) {
        bid = price->to_number<double>();
    }
    if (bid < 0.001) {
        return plain_error(400, "invalid_args", "Please set a bid price >= 0.001.");
    }
    call.account.change(instance->id(), [bid](Instance& changed) { changed.spec.dph_base = bid; });
    return done();
}

HttpReply prepay_instance(Call& call) {
    const double discount = 0.3;
    HttpReply refusal;
    const Instance* instance = named_instance(call, refusal);
    if (instance == nullptr) {
        return refusal;
    }
    const json::value* amount = body_member(call, "amount");
    if (amount == nullptr || !amount->is_number() || amount->to_number<double>() <= 0) {
        return error_reply(400, "invalid_args", "amount is required");
    }
    const Usd paid = usd_from_double(amount->to_number<double>()).value_or(Usd{});
    if (call.account.credit(call.account.now()) < paid) {
        return error_reply(400, "insufficient_credit", "Insufficient credit");
    }
    call.account.change(instance->id(), [paid, discount](Instance& changed) {
        changed.deposit += paid;
        changed.spec.credit_discount = discount;
    });
    return json_reply(
        200, json::object{{"success", true}, {"timescale", 3.0}, {"discount_rate", discount}});
}

HttpReply instance_balance(Call& call) {
    HttpReply refusal;
    const Instance* instance = named_instance(call, refusal);
    if (instance == nullptr) {
        return refusal;
    }
    return json_reply(
        200,
        json::object{
            {"success", true},
            {"refundable_deposit", to_double(instance->deposit)},
            {"total_discount", 0.0},
            {"discount_months", 0.0}});
}

HttpReply request_logs(Call& call) {
    HttpReply refusal;
    const Instance* instance = named_instance(call, refusal);
    if (instance == nullptr) {
        return refusal;
    }
    const std::string name =
        hex_token(call.account.seed() + 5, static_cast<std::uint64_t>(instance->id()))
            .substr(0, 32);
    return json_reply(
        200,
        json::object{
            {"success", true},
            {"result_url", "https://s3.amazonaws.com/vast.ai/instance_logs/" + name + ".log"},
            {"msg", "Logs requested, wait a few seconds and then view the result_url"}});
}

HttpReply pending_increases(Call& call) {
    json::array rows;
    for (const auto& [id, instance] : call.account.instances()) {
        if (instance.pending) {
            rows.push_back(increase_row(instance));
        }
    }
    json::object body;
    body["success"] = true;
    body["count"] = rows.size();
    body["truncated"] = false;
    body["pending_price_increases"] = std::move(rows);
    return json_reply(200, body);
}

HttpReply accept_increase(Call& call) {
    return answer_increase(call, true);
}

HttpReply reject_increase(Call& call) {
    return answer_increase(call, false);
}

}  // namespace vastwatch::vastsim
