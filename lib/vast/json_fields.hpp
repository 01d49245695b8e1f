// Tolerant readers of single fields. Everything the service sends may be null, missing, a string
// where a number belongs, -1 for "unknown", out of any range, or nested (API section 14 no. 15);
// whatever cannot be used is absent, never zero.
#pragma once

#include "base/money.hpp"
#include "base/time.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::vast {

/// One JSON value that is not looked into: what a field held. Text is a view of the parsed bytes.
struct Scalar {
    enum class Kind { missing, null, boolean, integer, number, text, nested };

    Kind kind = Kind::missing;
    bool boolean = false;
    std::int64_t integer = 0;
    double number = 0;
    std::string_view text;

    static Scalar of_null();
    static Scalar of_boolean(bool value);
    static Scalar of_integer(std::int64_t value);
    static Scalar of_number(double value);
    static Scalar of_text(std::string_view value);
    static Scalar of_nested();
};

Scalar scalar_of(const boost::json::value& value);

/// The field of that name; missing when the object has none.
Scalar field(const boost::json::object& object, std::string_view name);

/// The object or array under that name; null when there is none or it is something else.
const boost::json::object* object_field(const boost::json::object& object, std::string_view name);
const boost::json::array* array_field(const boost::json::object& object, std::string_view name);

/// What a number may be, both ends included.
struct Bounds {
    double least = std::numeric_limits<double>::lowest();
    double most = std::numeric_limits<double>::max();
};

/// A finite number within bounds: integer, floating point, or text that is wholly a number.
std::optional<double> read_number(const Scalar& value, Bounds bounds = Bounds());

/// A whole number within bounds, in any of those forms ("12", 12.0).
std::optional<std::int64_t> read_integer(
    const Scalar& value,
    std::int64_t least,
    std::int64_t most = std::numeric_limits<std::int64_t>::max());

/// true, false, 1, 0, "true", "false".
std::optional<bool> read_boolean(const Scalar& value);

/// Text without white space at its ends, not yet bounded; nothing for what is not text.
std::optional<std::string_view> read_text(const Scalar& value);

/// An identifier for people: text as it is, an integer in decimal; empty otherwise.
std::string read_identifier(const Scalar& value, std::size_t most_bytes);

/// Unix seconds after 2001; before that lie only nonsense and "unknown".
std::optional<Instant> read_instant(const Scalar& value);

/// Dollars within +-`most`.
std::optional<Usd> read_usd(const Scalar& value, double most);

/// Dollars per hour, not negative and at most a hundred thousand.
std::optional<UsdPerHour> read_rate(const Scalar& value);

/// The same for dollars per second.
std::optional<UsdPerHour> read_rate_per_second(const Scalar& value);

/// A copy in valid UTF-8 of at most `most_bytes` bytes, cut between characters.
std::string bounded_text(std::string_view text, std::size_t most_bytes);

}  // namespace vastwatch::vast
