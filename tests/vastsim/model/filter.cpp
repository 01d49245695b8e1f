#include "model/filter.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 8>
    operators{"eq", "neq", "gt", "gte", "lt", "lte", "in", "notin"};

std::optional<double> as_number(const json::value& value) {
    if (value.is_bool()) {
        return value.get_bool() ? 1 : 0;
    }
    if (value.is_number()) {
        return value.to_number<double>();
    }
    if (value.is_string()) {
        const std::string_view text = value.get_string();
        double number = 0;
        const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
        if (result.ec == std::errc{} && result.ptr == text.data() + text.size()) {
            return number;
        }
    }
    return std::nullopt;
}

// Negative, zero, positive; nothing when the two cannot be compared.
std::optional<int> compare(const json::value& a, const json::value& b) {
    const auto left = as_number(a);
    const auto right = as_number(b);
    if (left && right) {
        return *left < *right ? -1 : static_cast<int>(*left > *right);
    }
    if (a.is_string() && b.is_string()) {
        return a.get_string().compare(b.get_string());
    }
    return std::nullopt;
}

bool equal(const json::value& a, const json::value& b) {
    return (a.is_null() && b.is_null()) || compare(a, b) == 0;
}

bool among(const json::value& value, const json::value& list) {
    const auto& members = list.get_array();
    return std::ranges::any_of(
        members, [&value](const json::value& member) { return equal(value, member); });
}

bool passes_one(const json::value& value, std::string_view op, const json::value& operand) {
    if (op == "eq") {
        return equal(value, operand);
    }
    if (op == "neq") {
        return !equal(value, operand);
    }
    if (op == "in") {
        return among(value, operand);
    }
    if (op == "notin") {
        return !among(value, operand);
    }
    const auto order = compare(value, operand);
    if (!order) {
        return false;
    }
    return (op == "gt" && *order > 0) || (op == "gte" && *order >= 0) ||
           (op == "lt" && *order < 0) || (op == "lte" && *order <= 0);
}

int rank(const json::value& value) {
    if (value.is_null()) {
        return 0;
    }
    return value.is_string() ? 2 : 1;
}

}  // namespace

std::string filter_fault(const json::object& filters) {
    for (const auto& filter : filters) {
        if (!filter.value().is_object()) {
            return fmt::format("filter of {} is not an object", std::string{filter.key()});
        }
        for (const auto& condition : filter.value().get_object()) {
            const std::string_view op = condition.key();
            if (std::ranges::find(operators, op) == operators.end()) {
                return fmt::format("{} is not a valid operator", op);
            }
            if ((op == "in" || op == "notin") && !condition.value().is_array()) {
                return fmt::format("{} needs a list", op);
            }
        }
    }
    return {};
}

bool passes(const json::object& filters, const ColumnReader& read) {
    for (const auto& filter : filters) {
        const json::value value = read(filter.key());
        for (const auto& condition : filter.value().get_object()) {
            if (!passes_one(value, condition.key(), condition.value())) {
                return false;
            }
        }
    }
    return true;
}

bool sorts_before(const json::value& a, const json::value& b) {
    if (rank(a) != rank(b)) {
        return rank(a) < rank(b);
    }
    const auto order = compare(a, b);
    return order && *order < 0;
}

}  // namespace vastwatch::vastsim
