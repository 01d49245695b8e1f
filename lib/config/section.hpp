// One table of the file together with the keys it may have: reads values by name, reports what is
// wrong at the right place.
#pragma once

#include "config/document.hpp"
#include "config/problems.hpp"
#include "config/values.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::config {

/// Refers to the document and the problems, which outlive it.
class Section {
  public:
    /// `schema` is the name in the table of keys ("team"), `path` the one for messages ("team.a").
    /// Unknown keys are reported here and now.
    Section(const Node& table, std::string path, std::string_view schema, Problems& problems);

    const std::string& path() const { return path_; }

    std::string_view schema() const { return schema_; }

    /// "a" of "team.a".
    std::string name() const { return path_.substr(path_.find('.') + 1); }

    bool has(std::string_view key) const { return table_->find(key) != nullptr; }

    /// The value of a key, nullptr when it is not there.
    const Node* node(std::string_view key) const;

    /// Where a key's value stands; without it, where the table begins.
    Place place(std::string_view key) const;

    /// Leaves `out` as it is when the key is absent or wrong; true when it was read.
    template <class T>
    bool read(std::string_view key, T& out) const {
        std::optional<T> value;
        read(key, value);
        if (value) {
            out = std::move(*value);
        }
        return value.has_value();
    }

    template <class T>
    void read(std::string_view key, std::optional<T>& out) const {
        if (const auto* found = node(key)) {
            const std::string full = path_ + "." + std::string{key};
            std::optional<T> value;
            ValueReader{spec(key), full, *problems_}.read(*found, value);
            if (value) {
                out = std::move(value);
            }
        }
    }

    /// Reports at a key's value or, without it, at the table.
    void mistake(std::string_view key, std::string text) const;

    /// Reports at the table that a key is missing, when everything that there is could be read.
    void missing(std::string_view key, std::string text) const;

    /// Reports at one element of a key's list.
    void mistake_at(const Node& element, std::string_view key, std::string text) const;

    /// Reports at the first of `keys` that is there: for values that contradict one another.
    void contradiction(std::initializer_list<std::string_view> keys, std::string text) const;

    bool has_any(std::initializer_list<std::string_view> keys) const;

  private:
    const KeySpec& spec(std::string_view key) const;
    void report_unknown(const Entry& entry) const;

    const Node* table_;
    std::string path_;
    std::string_view schema_;
    Problems* problems_;
};

}  // namespace vastwatch::config
