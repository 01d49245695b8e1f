#include "vast/json_fields.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace vastwatch::vast {
namespace {

constexpr double most_rate = 100'000;
constexpr double seconds_per_hour = 3600;
constexpr double earliest_unix_seconds = 1'000'000'000;

// Below this every whole double is exactly an integer.
constexpr double exact_integers = 9'007'199'254'740'992;

std::string_view view(boost::json::string_view text) {
    return {text.data(), text.size()};
}

const boost::json::value* find(const boost::json::object& object, std::string_view name) {
    return object.if_contains(boost::json::string_view(name.data(), name.size()));
}

std::optional<double> number_in_text(std::string_view text) {
    text = trim(text);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::int64_t> integer_in_text(std::string_view text) {
    text = trim(text);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

std::optional<double> any_number(const Scalar& value) {
    switch (value.kind) {
        case Scalar::Kind::integer:
            return static_cast<double>(value.integer);
        case Scalar::Kind::number:
            return value.number;
        case Scalar::Kind::text:
            return number_in_text(value.text);
        case Scalar::Kind::missing:
        case Scalar::Kind::null:
        case Scalar::Kind::boolean:
        case Scalar::Kind::nested:
            break;
    }
    return std::nullopt;
}

std::optional<std::int64_t> any_integer(const Scalar& value) {
    if (value.kind == Scalar::Kind::integer) {
        return value.integer;
    }
    if (value.kind == Scalar::Kind::text) {
        const auto exact = integer_in_text(value.text);
        if (exact) {
            return exact;
        }
    }
    const auto number = any_number(value);
    if (!number || !(std::abs(*number) < exact_integers) || std::trunc(*number) != *number) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(*number);
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80U; });
}

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::size_t cut_between_characters(std::string_view text, std::size_t most_bytes) {
    if (text.size() <= most_bytes) {
        return text.size();
    }
    std::size_t cut = most_bytes;
    // No character is longer than four bytes; what is, is no UTF-8 and may be cut anywhere.
    for (int back = 0; back < 3 && cut > 0 && is_continuation(text[cut]); ++back) {
        --cut;
    }
    return cut > 0 && is_continuation(text[cut]) ? most_bytes : cut;
}

}  // namespace

Scalar Scalar::of_null() {
    Scalar scalar;
    scalar.kind = Kind::null;
    return scalar;
}

Scalar Scalar::of_boolean(bool value) {
    Scalar scalar;
    scalar.kind = Kind::boolean;
    scalar.boolean = value;
    return scalar;
}

Scalar Scalar::of_integer(std::int64_t value) {
    Scalar scalar;
    scalar.kind = Kind::integer;
    scalar.integer = value;
    return scalar;
}

Scalar Scalar::of_number(double value) {
    Scalar scalar;
    scalar.kind = Kind::number;
    scalar.number = value;
    return scalar;
}

Scalar Scalar::of_text(std::string_view value) {
    Scalar scalar;
    scalar.kind = Kind::text;
    scalar.text = value;
    return scalar;
}

Scalar Scalar::of_nested() {
    Scalar scalar;
    scalar.kind = Kind::nested;
    return scalar;
}

Scalar scalar_of(const boost::json::value& value) {
    switch (value.kind()) {
        case boost::json::kind::null:
            return Scalar::of_null();
        case boost::json::kind::bool_:
            return Scalar::of_boolean(value.get_bool());
        case boost::json::kind::int64:
            return Scalar::of_integer(value.get_int64());
        case boost::json::kind::uint64:
            return Scalar::of_number(static_cast<double>(value.get_uint64()));
        case boost::json::kind::double_:
            return Scalar::of_number(value.get_double());
        case boost::json::kind::string:
            return Scalar::of_text(view(value.get_string()));
        case boost::json::kind::array:
        case boost::json::kind::object:
            break;
    }
    return Scalar::of_nested();
}

Scalar field(const boost::json::object& object, std::string_view name) {
    const auto* value = find(object, name);
    return value == nullptr ? Scalar() : scalar_of(*value);
}

const boost::json::object* object_field(const boost::json::object& object, std::string_view name) {
    const auto* value = find(object, name);
    return value == nullptr ? nullptr : value->if_object();
}

const boost::json::array* array_field(const boost::json::object& object, std::string_view name) {
    const auto* value = find(object, name);
    return value == nullptr ? nullptr : value->if_array();
}

std::optional<double> read_number(const Scalar& value, Bounds bounds) {
    const auto number = any_number(value);
    if (!number || !std::isfinite(*number) || *number < bounds.least || *number > bounds.most) {
        return std::nullopt;
    }
    return number;
}

std::optional<std::int64_t>
read_integer(const Scalar& value, std::int64_t least, std::int64_t most) {
    const auto integer = any_integer(value);
    if (!integer || *integer < least || *integer > most) {
        return std::nullopt;
    }
    return integer;
}

std::optional<bool> read_boolean(const Scalar& value) {
    if (value.kind == Scalar::Kind::boolean) {
        return value.boolean;
    }
    if (value.kind == Scalar::Kind::text) {
        const auto word = to_lower(trim(value.text));
        if (word == "true" || word == "false") {
            return word == "true";
        }
    }
    const auto integer = read_integer(value, 0, 1);
    if (!integer) {
        return std::nullopt;
    }
    return *integer == 1;
}

std::optional<std::string_view> read_text(const Scalar& value) {
    if (value.kind != Scalar::Kind::text) {
        return std::nullopt;
    }
    return trim(value.text);
}

std::string read_identifier(const Scalar& value, std::size_t most_bytes) {
    const auto text = read_text(value);
    if (text) {
        return bounded_text(*text, most_bytes);
    }
    const auto integer = any_integer(value);
    return integer ? std::to_string(*integer) : std::string();
}

std::optional<Instant> read_instant(const Scalar& value) {
    Bounds bounds;
    bounds.least = earliest_unix_seconds;
    const auto seconds = read_number(value, bounds);
    if (!seconds) {
        return std::nullopt;
    }
    return instant_from_unix_seconds(*seconds);
}

std::optional<Usd> read_usd(const Scalar& value, double most) {
    Bounds bounds;
    bounds.least = -most;
    bounds.most = most;
    const auto dollars = read_number(value, bounds);
    if (!dollars) {
        return std::nullopt;
    }
    return usd_from_double(*dollars);
}

std::optional<UsdPerHour> read_rate(const Scalar& value) {
    Bounds bounds;
    bounds.least = 0;
    bounds.most = most_rate;
    const auto rate = read_number(value, bounds);
    if (!rate) {
        return std::nullopt;
    }
    return rate_from_double(*rate);
}

std::optional<UsdPerHour> read_rate_per_second(const Scalar& value) {
    const auto per_second = read_number(value);
    if (!per_second) {
        return std::nullopt;
    }
    return read_rate(Scalar::of_number(*per_second * seconds_per_hour));
}

std::string bounded_text(std::string_view text, std::size_t most_bytes) {
    const auto cut = text.substr(0, cut_between_characters(text, most_bytes));
    if (is_ascii(cut)) {
        return std::string(cut);
    }
    // Each bad byte becomes three, so the bound is looked at again.
    auto valid = valid_utf8(cut);
    valid.resize(cut_between_characters(valid, most_bytes));
    return valid;
}

}  // namespace vastwatch::vast
