// The server's filter language: {"column": {"op": value, …}, …}, and'ed.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace vastwatch::vastsim {

/// Reads the value of a column.
using ColumnReader = std::function<boost::json::value(std::string_view)>;

/// What is wrong with a filter's shape; empty when nothing is.
std::string filter_fault(const boost::json::object& filters);

/// Whether something passes a filter of sound shape. A number equals its text, as in searches.
bool passes(const boost::json::object& filters, const ColumnReader& read);

/// Less than, for sorting: null before numbers before text.
bool sorts_before(const boost::json::value& a, const boost::json::value& b);

}  // namespace vastwatch::vastsim
