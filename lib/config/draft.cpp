#include "config/draft.hpp"

#include "base/text.hpp"
#include "config/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vastwatch::config {

std::optional<Section> Draft::section(std::string_view name) const {
    const auto* entry = root.find(name);
    if (entry == nullptr) {
        return std::nullopt;
    }
    if (entry->node.as<Node::Table>() == nullptr) {
        problems.add(
            entry->node.place,
            entry->key,
            fmt::format("expected a table [{}]; found {}", name, describe(entry->node, true)));
        return std::nullopt;
    }
    return Section{entry->node, std::string{name}, name, problems};
}

std::vector<Section> Draft::named_sections(std::string_view name) const {
    std::vector<Section> found;
    const auto* parent = root.find(name);
    if (parent == nullptr) {
        return found;
    }
    const auto* table = parent->node.as<Node::Table>();
    if (table == nullptr) {
        problems.add(
            parent->node.place,
            parent->key,
            fmt::format("expected tables [{}.NAME]; found {}", name, describe(parent->node, true)));
        return found;
    }
    for (const auto& entry : *table) {
        const auto path = fmt::format("{}.{}", name, entry.key);
        if (entry.node.as<Node::Table>() == nullptr) {
            const bool known = find_key(name, entry.key) != nullptr;
            problems.add(
                entry.place,
                path,
                known ? fmt::format("this key belongs into a table [{}.NAME]", name)
                      : fmt::format("expected a table; found {}", describe(entry.node, true)));
            continue;
        }
        if (!is_valid_name(entry.key)) {
            problems.add(
                entry.place,
                path,
                "not a name: expected 1 to 63 of A-Z, a-z, 0-9, '.', '_' and '-', beginning with "
                "a letter or digit");
            continue;
        }
        found.emplace_back(entry.node, path, name, problems);
    }
    return found;
}

std::vector<Section> Draft::listed_sections(std::string_view name) const {
    std::vector<Section> found;
    const auto* entry = root.find(name);
    if (entry == nullptr) {
        return found;
    }
    if (!is_table_list(entry->node)) {
        problems.add(
            entry->node.place,
            entry->key,
            fmt::format(
                "expected tables [[{}]], in double brackets; found {}",
                name,
                describe(entry->node, true)));
        return found;
    }
    for (const auto& element : *entry->node.as<Node::List>()) {
        found.emplace_back(element, std::string{name}, name, problems);
    }
    return found;
}

std::vector<std::string_view> Draft::names_of(std::string_view name) const {
    std::vector<std::string_view> names;
    const auto* parent = root.find(name);
    const auto* table = parent == nullptr ? nullptr : parent->node.as<Node::Table>();
    if (table != nullptr) {
        for (const auto& entry : *table) {
            if (entry.node.as<Node::Table>() != nullptr) {
                names.push_back(entry.key);
            }
        }
    }
    return names;
}

bool Draft::check_reference(
    const Section& section,
    std::string_view key,
    const Node& node,
    std::string_view kind,
    const std::string& name) const {
    const auto names = names_of(kind);
    if (!problems.complete() || std::find(names.begin(), names.end(), name) != names.end()) {
        return true;
    }
    if (kind == "team" && name == policy::unassigned().str()) {
        return true;
    }
    std::string advice;
    if (const auto near = nearest(name, names); !near.empty()) {
        advice = fmt::format("; did you mean \"{}\"?", near);
    } else if (!names.empty() && names.size() <= 10) {
        advice = fmt::format("; defined: {}", fmt::join(names, ", "));
    }
    section.mistake_at(
        node, key, fmt::format("there is no [{}.{}]{}", kind, printable(name, 60), advice));
    return false;
}

void Draft::read_notify(const Section& section, std::vector<NotifierName>& out) const {
    std::vector<std::string> names;
    if (!section.read("notify", names)) {
        return;
    }
    out.clear();
    for (const auto& element : *section.node("notify")->as<Node::List>()) {
        const auto* name = element.as<std::string>();
        const bool sound =
            name != nullptr && std::find(names.begin(), names.end(), *name) != names.end();
        const NotifierName notifier{sound ? *name : std::string{}};
        if (sound && std::find(out.begin(), out.end(), notifier) == out.end() &&
            check_reference(section, "notify", element, "notifier", *name)) {
            out.push_back(notifier);
        }
    }
}

bool Draft::names_nobody(const Section& section) const {
    const auto* node = section.node("notify");
    if (node == nullptr && defaults) {
        node = defaults->node("notify");
    }
    if (node == nullptr) {
        return problems.complete();
    }
    const auto* list = node->as<Node::List>();
    return list != nullptr && list->empty();
}

void Draft::read_file_path(
    const Section& section,
    std::string_view key,
    std::optional<std::string>& out) const {
    constexpr std::size_t largest = std::size_t{4} * 1024 * 1024;
    std::string path;
    if (!section.read(key, path)) {
        return;
    }
    const auto content = read_file(path, largest);
    if (const auto* reason = std::get_if<std::string>(&content)) {
        section.mistake(key, fmt::format("{} cannot be read: {}", path, *reason));
    } else {
        out = path;
    }
}

void Draft::read_action(const Section& section, std::string_view key, policy::Action& out) const {
    using policy::Action;
    std::string word;
    if (section.read(key, word)) {
        for (const auto action : {Action::off, Action::alert, Action::stop, Action::destroy}) {
            if (policy::to_string(action) == word) {
                out = action;
            }
        }
    }
}

void read_caps(const Section& section, policy::Caps& caps) {
    section.read("daily_cap", caps.daily);
    section.read("monthly_cap", caps.monthly);
    if (caps.daily && caps.monthly && *caps.daily > *caps.monthly) {
        section.mistake(
            "daily_cap",
            fmt::format(
                "{} a day can never be reached under monthly_cap = {}",
                format_usd(*caps.daily),
                format_usd(*caps.monthly)));
    }
}

}  // namespace vastwatch::config
