// A configuration file as a neutral tree: what was written and where, without any library's types.
// The checking code works on this; only toml_document.cpp knows how the tree comes about.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vastwatch::config {

/// A position: the file's number (see Problems::add_file), line and column, both 1-based, the
/// column in bytes. Line 0 means the file as a whole.
struct Place {
    std::uint32_t file = 0;
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    friend auto operator<=>(const Place&, const Place&) = default;
};

/// A value that TOML knows and the configuration has no use for: times, dates with times.
struct Unused {
    std::string kind;  // "a time of day"
};

struct Entry;

/// One value. Tables keep the order of the file.
struct Node {
    using List = std::vector<Node>;
    using Table = std::vector<Entry>;

    Place place;
    std::variant<
        bool,
        std::int64_t,
        double,
        std::string,
        std::chrono::year_month_day,
        Unused,
        List,
        Table>
        value;

    /// The value when it is of that type, nullptr otherwise. No conversions.
    template <class T>
    const T* as() const {
        return std::get_if<T>(&value);
    }

    /// The entry of that key when this is a table that has it, nullptr otherwise.
    const Entry* find(std::string_view key) const;
};

/// A key with its value.
struct Entry {
    std::string key;
    Place place;  // of the key
    Node node;
};

/// An empty table at `place`.
Node make_table(Place place);

/// True for a list that has elements, all of them tables ([[alert]]).
bool is_table_list(const Node& node);

/// What is there, for messages: `integer 90`, `"90 seconds"`, `a table`. Strings are made printable
/// and cut; with `hidden`, only the type is told.
std::string describe(const Node& node, bool hidden = false);

}  // namespace vastwatch::config
