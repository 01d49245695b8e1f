// JSON as the server writes it: numbers in their shortest form, whole floating point numbers with
// ".0"; and base64, in which its page tokens travel.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::vastsim {

std::string to_text(const boost::json::value& value);
/// Without the copy that making a value of it would take.
std::string to_text(const boost::json::object& object);

std::string to_base64(std::string_view bytes);

/// Nothing when the text is not base64.
std::optional<std::string> from_base64(std::string_view text);

/// Percent-decoded, with '+' for a space; broken escapes stay as they are.
std::string decode_query(std::string_view text);

}  // namespace vastwatch::vastsim
