#include "model/charges.hpp"

#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

constexpr Duration day = std::chrono::hours{24};

// One contract, whatever it is.
struct Contract {
    std::int64_t id;
    const Meter* meter;
    const Instance* instance;  // nullptr for a volume
};

struct Key {
    std::int64_t day;  // Unix seconds of a midnight
    std::int64_t id;

    friend auto operator<=>(const Key&, const Key&) = default;
};

std::int64_t unix_day(Instant instant) {
    return std::chrono::duration_cast<std::chrono::seconds>(instant.time_since_epoch()).count();
}

Instant of_unix(std::int64_t seconds) {
    return Instant{std::chrono::seconds{seconds}};
}

double dollars(ExactUsd amount) {
    return static_cast<double>(amount.mills()) / 1000;
}

double hours(Duration span) {
    return std::chrono::duration<double>(span).count() / 3600;
}

bool wanted(const Contract& contract, const std::vector<std::string>& types) {
    if (types.empty()) {
        return true;
    }
    std::string type = "volume";
    if (contract.instance != nullptr) {
        type = contract.instance->spec.endpoint_id ? "serverless" : "instance";
    }
    return std::ranges::find(types, type) != types.end();
}

std::vector<Contract> contracts_of(const Account& account, const ChargeQuery& query) {
    std::vector<Contract> contracts;
    for (const auto* some : {&account.instances(), &account.gone()}) {
        for (const auto& [id, instance] : *some) {
            contracts.push_back(
                Contract{.id = id, .meter = &instance.meter, .instance = &instance});
        }
    }
    for (const auto& [id, volume] : account.volumes()) {
        contracts.push_back(Contract{.id = id, .meter = &volume.meter, .instance = nullptr});
    }
    std::erase_if(
        contracts, [&](const Contract& contract) { return !wanted(contract, query.types); });
    return contracts;
}

json::object
item_row(const json::object& row, const char* type, const std::string& text, ExactUsd amount) {
    json::object item;
    item["start"] = row.at("start");
    item["end"] = row.at("end");
    item["type"] = type;
    item["source"] = nullptr;
    item["description"] = text;
    item["amount"] = dollars(amount);
    item["metadata"] = json::object{};
    item["items"] = json::array{};
    return item;
}

struct Billed {
    Duration span{0};
    ExactUsd amount;
};

// Hours at each rate that one item had in the range.
std::map<UsdPerHour, Billed> by_rate(const Meter& meter, Item item, Instant from, Instant to) {
    std::map<UsdPerHour, Billed> billed;
    meter.visit(from, to, [&](const Meter::Segment& segment, Duration span) {
        const UsdPerHour rate = segment.rates[static_cast<std::size_t>(item)];
        if (!rate.is_zero()) {
            Billed& entry = billed[rate];
            entry.span += span;
            entry.amount += ExactUsd::accrued(rate, span);
        }
    });
    return billed;
}

json::array items_of(const json::object& row, const Contract& contract, Instant from, Instant to) {
    json::array items;
    for (const Item item : {Item::gpu, Item::disk}) {
        const char* type = item == Item::gpu ? "gpu" : "disk";
        for (const auto& [rate, billed] : by_rate(*contract.meter, item, from, to)) {
            const std::string text =
                fmt::format("{:.3f} hours at ${:.3f}/hour", hours(billed.span), to_double(rate));
            items.push_back(item_row(row, type, text, billed.amount));
        }
    }
    const ExactItems amounts = contract.meter->between(from, to);
    for (const Item item : {Item::down, Item::up}) {
        const ExactUsd amount = amounts[static_cast<std::size_t>(item)];
        if (contract.instance == nullptr || amount.is_zero()) {
            continue;
        }
        const InstanceSpec& spec = contract.instance->spec;
        const double cost = item == Item::down ? spec.inet_down_cost : spec.inet_up_cost;
        const std::string text = fmt::format(
            "{:.3f} GB at ${:.3f}/GB", to_double(amount.usd()) / std::max(cost, 1e-9), cost);
        items.push_back(item_row(row, item == Item::down ? "bwd" : "bwu", text, amount));
    }
    return items;
}

json::object metadata_of(const Contract& contract) {
    json::object metadata;
    if (contract.instance == nullptr) {
        return metadata;
    }
    const InstanceSpec& spec = contract.instance->spec;
    if (spec.label) {
        metadata["label"] = *spec.label;
    }
    if (spec.endpoint_id) {
        metadata["endpoint_id"] = *spec.endpoint_id;
    }
    if (spec.workergroup_id) {
        metadata["workergroup_id"] = *spec.workergroup_id;
    }
    return metadata;
}

json::object row_of(const Contract& contract, Instant first, Instant last, Instant settled) {
    const Instant to = std::min(last + day, settled);
    const char* type = contract.instance == nullptr ? "volume" : "instance";
    const char* title = contract.instance == nullptr ? "Volume" : "Instance";
    json::object row;
    row["start"] = unix_day(first);
    row["end"] = unix_day(last);
    row["type"] = type;
    row["source"] = fmt::format("{}-{}", type, contract.id);
    row["description"] =
        fmt::format("{} {} Charges - {} days", title, contract.id, (last - first) / day + 1);
    row["amount"] = dollars(total(contract.meter->between(first, to)));
    row["metadata"] = metadata_of(contract);
    row["items"] = items_of(row, contract, first, to);
    return row;
}

// The first and last day of a range on which a contract cost something.
std::vector<Instant>
days_with_cost(const Contract& contract, const ChargeQuery& query, Instant settled) {
    std::vector<Instant> days;
    for (Instant start = query.first_day; start <= query.last_day && start < settled;
         start += day) {
        if (!total(contract.meter->between(start, std::min(start + day, settled))).is_zero()) {
            days.push_back(start);
        }
    }
    return days;
}

// Puts the rows of serverless workers under their workergroup and endpoint.
json::array as_tree(const json::array& rows) {
    json::array top;
    const auto branch = [](json::array& in,
                           const json::object& row,
                           const char* kind,
                           const char* key) -> json::object& {
        const std::int64_t id = row.at("metadata").at(key).get_int64();
        const std::string source = fmt::format("{}-{}", kind, id);
        for (json::value& known : in) {
            if (known.at("source") == json::value(source)) {
                return known.get_object();
            }
        }
        json::object made;
        made["start"] = row.at("start");
        made["end"] = row.at("end");
        made["type"] = "serverless";
        made["source"] = source;
        made["description"] = fmt::format("{} Charges", source);
        made["amount"] = 0.0;
        made["metadata"] = json::object{{key, id}};
        made["items"] = json::array{};
        in.push_back(std::move(made));
        return in.back().get_object();
    };
    const auto add = [](json::object& to, const json::value& amount) {
        const double sum = to.at("amount").get_double() + amount.get_double();
        to["amount"] = static_cast<double>(std::llround(sum * 1000)) / 1000;
    };
    for (const json::value& value : rows) {
        const json::object& row = value.get_object();
        const json::object& metadata = row.at("metadata").get_object();
        if (!metadata.contains("endpoint_id") || !metadata.contains("workergroup_id")) {
            top.push_back(value);
            continue;
        }
        json::object& endpoint = branch(top, row, "endpoint", "endpoint_id");
        add(endpoint, row.at("amount"));
        json::object& group =
            branch(endpoint.at("items").get_array(), row, "workergroup", "workergroup_id");
        add(group, row.at("amount"));
        group.at("items").get_array().push_back(value);
    }
    return top;
}

}  // namespace

ChargePage charges_of(const Account& account, const ChargeQuery& query) {
    const Instant settled = account.settled_until();
    std::map<Key, std::pair<Contract, Instant>> rows;  // the instant is the last day of the row
    for (const Contract& contract : contracts_of(account, query)) {
        const std::vector<Instant> days = days_with_cost(contract, query, settled);
        if (!query.row_per_day && !days.empty()) {
            rows.emplace(
                Key{.day = unix_day(days.front()), .id = contract.id},
                std::pair{contract, days.back()});
            continue;
        }
        for (const Instant start : days) {
            rows.emplace(
                Key{.day = unix_day(start), .id = contract.id}, std::pair{contract, start});
        }
    }
    ChargePage page;
    page.total = rows.size();
    const auto take = [&](const auto& entry) {
        const Key& key = entry.first;
        if (query.after) {
            const Key after{.day = query.after->first, .id = query.after->second};
            if (query.latest_first ? key >= after : key <= after) {
                return true;
            }
        }
        if (page.rows.size() == query.limit) {
            return false;
        }
        const auto& [contract, last] = entry.second;
        page.rows.push_back(row_of(contract, of_unix(key.day), last, settled));
        page.next = std::pair{key.day, key.id};
        return true;
    };
    const bool complete = query.latest_first
                              ? std::ranges::all_of(std::ranges::reverse_view(rows), take)
                              : std::ranges::all_of(rows, take);
    if (complete) {
        page.next.reset();
    }
    if (query.tree) {
        page.rows = as_tree(page.rows);
    }
    return page;
}

}  // namespace vastwatch::vastsim
