// Reading the daemon's answers without trusting them: a member that is absent, null or of another
// kind is unknown, and every text comes out printable.
#pragma once

#include "base/time.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::ctl {

/// One JSON object; refers to it, and must not outlive it.
class Fields {
  public:
    /// An object without members.
    Fields() = default;

    explicit Fields(const boost::json::object& object) : object_(&object) {}

    /// Whether the member is there and not null.
    bool has(std::string_view name) const { return find(name) != nullptr; }

    /// Printable; nothing when unknown or empty.
    std::optional<std::string> text(std::string_view name) const;
    /// Printable; "?" when unknown or empty.
    std::string word(std::string_view name) const;
    std::optional<double> number(std::string_view name) const;
    std::optional<std::int64_t> whole(std::string_view name) const;
    /// A whole number that is not negative.
    std::optional<std::size_t> amount(std::string_view name) const;
    std::optional<Instant> time(std::string_view name) const;
    /// A number of seconds, up to a hundred years.
    std::optional<Duration> seconds(std::string_view name) const;
    /// True only when it is true.
    bool flag(std::string_view name) const;

    Fields object(std::string_view name) const;
    /// The objects of an array; what is none is left out.
    std::vector<Fields> objects(std::string_view name) const;
    /// How many elements an array has.
    std::optional<std::size_t> count(std::string_view name) const;
    /// The strings of an array, printable.
    std::vector<std::string> texts(std::string_view name) const;

  private:
    const boost::json::value* find(std::string_view name) const;

    const boost::json::object* object_ = nullptr;
};

/// The JSON object in `text`; nothing for other text.
std::optional<boost::json::object> parse_object(std::string_view text);

/// JSON on one line, with everything that could act on a terminal written as \uXXXX: the same
/// value to a program, and harmless to a person.
std::string json_line(std::string_view json);

}  // namespace vastwatch::ctl
