#include "vast/decode_account.hpp"

#include "vast/answer.hpp"
#include "vast/json_fields.hpp"
#include "vast/json_text.hpp"

#include <boost/json/array.hpp>

#include <optional>
#include <variant>

namespace vastwatch::vast {
namespace {

constexpr double most_dollars = 1e9;
constexpr std::size_t most_scopes = 64;
constexpr std::size_t most_scope_bytes = 64;

/// The JSON object that a body is, and what it says of success.
struct Object {
    boost::json::value value;

    const boost::json::object& get() const { return value.get_object(); }
};

std::variant<Object, Failure> decode_object(std::string_view body) {
    auto value = parse_json(body, {});
    if (!value || !value->is_object()) {
        return bad_answer("it is not a JSON object");
    }
    const auto fields = error_fields(value->get_object());
    if (fields.success == false || (fields.success != true && !fields.code.empty())) {
        return refused(fields);
    }
    Object object;
    object.value = *std::move(value);
    return object;
}

std::vector<std::string> scopes_of(const boost::json::object& user) {
    std::vector<std::string> scopes;
    const auto* rights = object_field(user, "rights");
    const auto* api = rights == nullptr ? nullptr : object_field(*rights, "api");
    if (api == nullptr) {
        return scopes;
    }
    for (const auto& entry : *api) {
        if (scopes.size() == most_scopes) {
            break;
        }
        const std::string_view name(entry.key().data(), entry.key().size());
        scopes.push_back(bounded_text(name, most_scope_bytes));
    }
    return scopes;
}

std::optional<PriceIncrease> decode_price_increase(const boost::json::value& value) {
    const auto* row = value.if_object();
    if (row == nullptr) {
        return std::nullopt;
    }
    const auto instance = read_integer(field(*row, "contract_id"), 1);
    if (!instance) {
        return std::nullopt;
    }
    PriceIncrease increase;
    increase.id = read_integer(field(*row, "pending_price_increase_id"), 1).value_or(0);
    increase.instance = InstanceId(*instance);
    increase.old_gpu = read_rate_per_second(field(*row, "old_gpu_costpersec"));
    increase.new_gpu = read_rate_per_second(field(*row, "new_gpu_costpersec"));
    increase.old_disk = read_rate_per_second(field(*row, "old_disk_ram_costpersec"));
    increase.new_disk = read_rate_per_second(field(*row, "new_disk_ram_costpersec"));
    return increase;
}

}  // namespace

Outcome<UserInfo> decode_user(std::string_view body) {
    const auto decoded = decode_object(body);
    if (const auto* failure = std::get_if<Failure>(&decoded)) {
        return *failure;
    }
    const auto& user = std::get<Object>(decoded).get();
    if (!user.contains("credit") && !user.contains("total_spend")) {
        return bad_answer("it is not a user");
    }
    UserInfo info;
    info.credit = read_usd(field(user, "credit"), most_dollars);
    info.total_spend = read_usd(field(user, "total_spend"), most_dollars);
    info.balance_threshold = read_usd(field(user, "balance_threshold"), most_dollars);
    info.scopes = scopes_of(user);
    return info;
}

Outcome<SpendRate> decode_spend_rate(std::string_view body) {
    const auto decoded = decode_object(body);
    if (const auto* failure = std::get_if<Failure>(&decoded)) {
        return *failure;
    }
    const auto& object = std::get<Object>(decoded).get();
    const auto gpu = read_rate(field(object, "gpu_cost_per_hour"));
    const auto storage = read_rate(field(object, "container_storage_cost_per_hour"));
    const auto volumes = read_rate(field(object, "volume_storage_cost_per_hour"));
    if (!gpu || !storage || !volumes) {
        return bad_answer("a rate in it is no number");
    }
    SpendRate rate;
    rate.gpu = *gpu;
    rate.storage = *storage;
    rate.volumes = *volumes;
    return rate;
}

Outcome<std::vector<PriceIncrease>> decode_price_increases(std::string_view body) {
    const auto decoded = decode_object(body);
    if (const auto* failure = std::get_if<Failure>(&decoded)) {
        return *failure;
    }
    const auto* rows = array_field(std::get<Object>(decoded).get(), "pending_price_increases");
    if (rows == nullptr) {
        return bad_answer("it has no array of price increases");
    }
    std::vector<PriceIncrease> increases;
    increases.reserve(rows->size());
    for (const auto& row : *rows) {
        auto increase = decode_price_increase(row);
        if (increase) {
            increases.push_back(*increase);
        }
    }
    return increases;
}

}  // namespace vastwatch::vast
