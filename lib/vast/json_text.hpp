// JSON as the service may write it: with a byte order mark, or with the NaN and Infinity of
// Python's encoder (API section 1.5). Both are made into what a strict parser takes.
#pragma once

#include <boost/json/parse_options.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::vast {

/// How every answer is parsed: nested values to a depth that no answer has, and text that is not
/// UTF-8 let through, because it is made valid where it is kept: one bad label must not blind us
/// to the rest of the account.
boost::json::parse_options tolerant_options();

/// Without a byte order mark at the beginning.
std::string_view without_bom(std::string_view body);

/// A copy in which NaN, Infinity, -Infinity and numbers with an absurd exponent are null; nothing
/// when there was nothing to replace. Text inside strings stays.
std::optional<std::string> with_nulls(std::string_view body);

/// The whole body as one JSON value; nothing when it is not JSON even after the above.
std::optional<boost::json::value> parse_json(
    std::string_view body,
    boost::json::storage_ptr storage);

}  // namespace vastwatch::vast
