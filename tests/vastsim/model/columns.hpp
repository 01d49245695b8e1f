// The columns of an instance's row: every key of the v1 list, how it is worked out, and whether
// the server lets one filter and sort by it.
#pragma once

#include "model/account.hpp"

#include <boost/json/object.hpp>
#include <span>
#include <string_view>

namespace vastwatch::vastsim {

/// One instance as of one instant.
struct RowSource {
    RowSource(const Account& of, const Instance& shown);

    const Account& account;
    const Instance& instance;
    Sample sample;
    UsdPerHour gpu;   ///< list prices, undiscounted
    UsdPerHour disk;
};

struct Column {
    std::string_view name;
    bool searchable;
    boost::json::value (*read)(const RowSource& row);
};

/// In the order in which the server lists them.
std::span<const Column> instance_columns();

/// Nothing for an unknown name.
const Column* find_column(std::string_view name);

/// The value of one column, hand-set ones included; null for an unknown name.
boost::json::value read_column(const RowSource& row, std::string_view name);

/// All columns.
boost::json::object full_row(const RowSource& row);

}  // namespace vastwatch::vastsim
