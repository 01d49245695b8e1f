#include "config/document.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::config {
namespace {

constexpr std::size_t longest_shown = 60;

std::string describe_date(std::chrono::year_month_day date) {
    return fmt::format(
        "date {:04}-{:02}-{:02}",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()));
}

struct TypeName {
    std::string operator()(bool) const { return "a boolean"; }

    std::string operator()(std::int64_t) const { return "an integer"; }

    std::string operator()(double) const { return "a number"; }

    std::string operator()(const std::string&) const { return "a string"; }

    std::string operator()(std::chrono::year_month_day) const { return "a date"; }

    std::string operator()(const Unused& other) const { return other.kind; }

    std::string operator()(const Node::List&) const { return "an array"; }

    std::string operator()(const Node::Table&) const { return "a table"; }
};

}  // namespace

const Entry* Node::find(std::string_view key) const {
    const auto* table = as<Table>();
    if (table == nullptr) {
        return nullptr;
    }
    const auto it = std::find_if(
        table->begin(), table->end(), [&](const Entry& entry) { return entry.key == key; });
    return it == table->end() ? nullptr : &*it;
}

Node make_table(Place place) {
    Node node;
    node.place = place;
    node.value = Node::Table{};
    return node;
}

bool is_table_list(const Node& node) {
    const auto* list = node.as<Node::List>();
    return list != nullptr && !list->empty() &&
           std::all_of(list->begin(), list->end(), [](const Node& element) {
               return element.as<Node::Table>() != nullptr;
           });
}

std::string describe(const Node& node, bool hidden) {
    if (!hidden) {
        if (const auto* text = node.as<std::string>()) {
            return fmt::format("\"{}\"", printable(*text, longest_shown));
        }
        if (const auto* flag = node.as<bool>()) {
            return *flag ? "boolean true" : "boolean false";
        }
        if (const auto* integer = node.as<std::int64_t>()) {
            return fmt::format("integer {}", *integer);
        }
        if (const auto* number = node.as<double>()) {
            // With the point that tells a number like 3.0 from an integer.
            const auto shown = fmt::format("number {}", *number);
            const auto digits = std::string_view{shown}.substr(7);
            return shown + (digits.find_first_of(".en") == std::string_view::npos ? ".0" : "");
        }
        if (const auto* date = node.as<std::chrono::year_month_day>()) {
            return describe_date(*date);
        }
    }
    return std::visit(TypeName{}, node.value);
}

}  // namespace vastwatch::config
