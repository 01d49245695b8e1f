#include "model/fault.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 28> kinds{
    "latency",
    "hang",
    "reset",
    "truncate",
    "drip",
    "html502",
    "status",
    "429",
    "non-utf8",
    "bad-json",
    "nan",
    "wrong-type",
    "null-instances",
    "half-page",
    "repeat-token",
    "missing-row",
    "301",
    "lost-answer",
    "auth",
    "telemetry",
    "delayed-destroy",
    "ignored-destroy",
    "success-false",
    "queued-start",
    "create",
    "empty-list",
    "wrong-total",
    "wrong-amounts"};

bool matches(const Fault& fault, std::string_view endpoint, std::string_view account) {
    if (!fault.account.empty() && fault.account != account) {
        return false;
    }
    return fault.endpoint == "*" || fault.endpoint == endpoint ||
           (endpoint.starts_with(fault.endpoint) &&
            endpoint.substr(fault.endpoint.size()) == "_bulk");
}

}  // namespace

std::string text_of(const json::object& object, std::string_view key, std::string otherwise) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::move(otherwise);
}

double number_of(const json::object& object, std::string_view key, double otherwise) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_number() ? value->to_number<double>() : otherwise;
}

std::string Faults::add(const json::object& request) {
    Fault fault;
    fault.kind = text_of(request, "kind", "");
    if (std::ranges::find(kinds, fault.kind) == kinds.end()) {
        return fmt::format("unknown kind of fault: {}", fault.kind);
    }
    fault.endpoint = text_of(request, "endpoint", "*");
    fault.account = text_of(request, "account", "");
    fault.skip = static_cast<std::int64_t>(number_of(request, "skip", 0));
    if (request.contains("count")) {
        fault.left = static_cast<std::int64_t>(number_of(request, "count", 1));
    }
    fault.parameters = request;
    fault.id = ++last_id_;
    faults_.push_back(std::move(fault));
    return {};
}

void Faults::clear(std::string_view kind) {
    faults_.remove_if([kind](const Fault& fault) { return kind.empty() || fault.kind == kind; });
}

void Faults::remove(std::uint64_t id) {
    faults_.remove_if([id](const Fault& fault) { return fault.id == id; });
}

Fault* Faults::take(
    std::initializer_list<std::string_view> wanted,
    std::string_view endpoint,
    std::string_view account) {
    for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
        const bool of_kind = std::ranges::find(wanted, fault->kind) != wanted.end();
        if (!of_kind || !matches(*fault, endpoint, account)) {
            continue;
        }
        if (fault->skip > 0) {
            --fault->skip;
            continue;
        }
        ++fault->used;
        if (!fault->left || --*fault->left > 0) {
            return &*fault;
        }
        spent_ = std::move(*fault);
        faults_.erase(fault);
        return &*spent_;
    }
    return nullptr;
}

json::array Faults::describe() const {
    json::array list;
    for (const Fault& fault : faults_) {
        json::object entry = fault.parameters;
        entry["id"] = fault.id;
        entry["used"] = fault.used;
        entry["left"] = fault.left ? json::value(*fault.left) : json::value(nullptr);
        list.push_back(std::move(entry));
    }
    return list;
}

}  // namespace vastwatch::vastsim
