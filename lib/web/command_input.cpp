#include "web/command_input.hpp"

#include "base/text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vastwatch::web {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_reason = 500;

/// What a command's body may and must hold.
struct Shape {
    std::string_view name;
    std::array<std::string_view, 3> members;  // unused ones are empty
    std::string_view required;                // empty = none
};

constexpr std::array<Shape, 9> shapes{{
    {"protect", {"instance", "duration", "reason"}, "instance"},
    {"unprotect", {"instance", "", ""}, "instance"},
    {"approve", {"hold", "", ""}, ""},
    {"dismiss", {"hold", "", ""}, ""},
    {"pause", {"duration", "reason", ""}, ""},
    {"resume", {"", "", ""}, ""},
    {"poll", {"", "", ""}, ""},
    {"reload", {"", "", ""}, ""},
    {"test-notifier", {"notifier", "", ""}, "notifier"},
}};

const Shape* find_shape(std::string_view name) {
    const auto* found = std::find_if(
        shapes.begin(), shapes.end(), [name](const Shape& shape) { return shape.name == name; });
    return found == shapes.end() ? nullptr : found;
}

BadInput bad(std::string message) {
    BadInput out;
    out.message = std::move(message);
    return out;
}

std::optional<BadInput> check_members(const Shape& shape, const json::object& body) {
    for (const auto& member : body) {
        const std::string_view key{member.key().data(), member.key().size()};
        const auto& known = shape.members;
        if (key.empty() || std::find(known.begin(), known.end(), key) == known.end()) {
            return bad(fmt::format("'{}' does not take '{}'", shape.name, printable(key, 40)));
        }
    }
    if (!shape.required.empty() && !body.contains(shape.required)) {
        return bad(fmt::format("'{}' needs '{}'", shape.name, shape.required));
    }
    return std::nullopt;
}

/// A positive whole number; nothing when the member is of another kind.
std::optional<std::int64_t> positive(const json::value& value) {
    const auto* number = value.if_int64();
    return number != nullptr && *number > 0 ? std::optional{*number} : std::nullopt;
}

std::optional<BadInput> read_ids(const json::object& body, Command& out) {
    if (const auto* value = body.if_contains("instance")) {
        const auto id = positive(*value);
        if (!id) {
            return bad("'instance' must be the id of an instance, a positive number");
        }
        out.instance = InstanceId{*id};
    }
    if (const auto* value = body.if_contains("hold")) {
        const auto id = positive(*value);
        if (!id && !value->is_null()) {
            return bad("'hold' must be the number of a hold");
        }
        if (id) {
            out.hold = HoldId{*id};
        }
    }
    return std::nullopt;
}

std::optional<BadInput> read_texts(const json::object& body, Command& out) {
    if (const auto* value = body.if_contains("duration"); value != nullptr && !value->is_null()) {
        const auto* text = value->if_string();
        const auto duration = text != nullptr ? parse_duration({text->data(), text->size()})
                                              : std::optional<Duration>{};
        if (!duration || *duration <= Duration{0}) {
            return bad("'duration' must be a text like \"4h\" or \"1h30m\", above zero");
        }
        out.duration = *duration;
    }
    if (const auto* value = body.if_contains("reason"); value != nullptr && !value->is_null()) {
        const auto* text = value->if_string();
        if (text == nullptr) {
            return bad("'reason' must be a text");
        }
        out.reason = printable(trim({text->data(), text->size()}), longest_reason);
    }
    if (const auto* value = body.if_contains("notifier")) {
        const auto* text = value->if_string();
        if (text == nullptr || text->empty()) {
            return bad("'notifier' must be the name of a notifier");
        }
        out.notifier = std::string{text->data(), text->size()};
    }
    return std::nullopt;
}

/// Names that must mean something here and now.
std::optional<BadInput> check_names(const Command& command, const engine::View& view) {
    if (command.name == "protect") {
        const auto id = *command.instance;
        const auto found = std::lower_bound(
            view.instances.begin(),
            view.instances.end(),
            id,
            [](const engine::InstanceView& instance, InstanceId wanted) {
                return instance.instance->id < wanted;
            });
        if (found == view.instances.end() || found->instance->id != id) {
            BadInput out;
            out.status = 404;
            out.message = fmt::format("there is no instance {}", id.value());
            return out;
        }
    }
    if (command.name == "test-notifier") {
        std::vector<std::string_view> known;
        known.reserve(view.notifiers.size());
        for (const auto& notifier : view.notifiers) {
            known.emplace_back(notifier.name.str());
        }
        if (std::find(known.begin(), known.end(), command.notifier) == known.end()) {
            return unknown_name("notifier", command.notifier, known);
        }
    }
    return std::nullopt;
}

}  // namespace

bool is_command(std::string_view name) {
    return find_shape(name) != nullptr;
}

std::variant<Command, BadInput>
parse_command(std::string_view name, std::string_view body, const engine::View& view) {
    const auto* shape = find_shape(name);
    if (shape == nullptr) {
        return bad("there is no such command");
    }
    json::error_code error;
    const auto trimmed = trim(body);
    const auto parsed = trimmed.empty() ? json::value(json::object{}) : json::parse(trimmed, error);
    const auto* object = parsed.if_object();
    if (error || object == nullptr) {
        return bad("the body must be a JSON object");
    }
    if (auto problem = check_members(*shape, *object)) {
        return std::move(*problem);
    }
    Command out;
    out.name = std::string{name};
    if (auto problem = read_ids(*object, out)) {
        return std::move(*problem);
    }
    if (auto problem = read_texts(*object, out)) {
        return std::move(*problem);
    }
    if (auto problem = check_names(out, view)) {
        return std::move(*problem);
    }
    return out;
}

}  // namespace vastwatch::web
