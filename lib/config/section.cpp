#include "config/section.hpp"

#include "base/assert.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::config {
namespace {

constexpr std::size_t most_listed = 14;

std::string_view header_of(std::string_view section) {
    for (const auto& spec : sections()) {
        if (spec.name == section) {
            return spec.header;
        }
    }
    return section;
}

/// Where a key of that name would be known, for keys in the wrong table; empty when nowhere.
std::string home_of(std::string_view name) {
    std::string out;
    for (const auto& key : keys()) {
        if (key.name == name) {
            out += fmt::format("{}{}", out.empty() ? "" : " or ", header_of(key.section));
        }
    }
    return out;
}

std::string advice(std::string_view schema, std::string_view name) {
    if (name == "api_key" || name == "password" || name == "secret") {
        return fmt::format(
            "; a secret does not stand in this file: use {}_file, {}_env or "
            "{}_credential",
            name,
            name,
            name);
    }
    const auto names = key_names(schema);
    if (const auto near = nearest(name, names); !near.empty()) {
        return fmt::format("; did you mean \"{}\"?", near);
    }
    if (const auto home = home_of(name); !home.empty()) {
        return fmt::format(" here; it belongs to {}", home);
    }
    if (names.size() <= most_listed) {
        return fmt::format("; {} has {}", header_of(schema), fmt::join(names, ", "));
    }
    return {};
}

}  // namespace

Section::Section(const Node& table, std::string path, std::string_view schema, Problems& problems)
    : table_(&table), path_(std::move(path)), schema_(schema), problems_(&problems) {
    VW_ASSERT(table.as<Node::Table>() != nullptr);
    for (const auto& entry : *table.as<Node::Table>()) {
        if (find_key(schema_, entry.key) == nullptr) {
            report_unknown(entry);
        }
    }
}

void Section::report_unknown(const Entry& entry) const {
    const auto name = printable(entry.key, 60);
    problems_->add(entry.place, path_ + "." + name, "unknown key" + advice(schema_, name));
}

const KeySpec& Section::spec(std::string_view key) const {
    const auto* found = find_key(schema_, key);
    VW_ASSERT(found != nullptr);
    return *found;
}

const Node* Section::node(std::string_view key) const {
    const auto* entry = table_->find(key);
    return entry == nullptr ? nullptr : &entry->node;
}

Place Section::place(std::string_view key) const {
    const auto* found = node(key);
    return found == nullptr ? table_->place : found->place;
}

void Section::mistake(std::string_view key, std::string text) const {
    problems_->add(place(key), path_ + "." + std::string{key}, std::move(text));
}

void Section::missing(std::string_view key, std::string text) const {
    if (problems_->complete()) {
        mistake(key, std::move(text));
    }
}

void Section::mistake_at(const Node& element, std::string_view key, std::string text) const {
    problems_->add(element.place, path_ + "." + std::string{key}, std::move(text));
}

void Section::contradiction(std::initializer_list<std::string_view> names, std::string text) const {
    const auto it = std::find_if(names.begin(), names.end(), [&](auto name) { return has(name); });
    mistake(it == names.end() ? *names.begin() : *it, std::move(text));
}

bool Section::has_any(std::initializer_list<std::string_view> names) const {
    return std::any_of(names.begin(), names.end(), [&](auto name) { return has(name); });
}

}  // namespace vastwatch::config
