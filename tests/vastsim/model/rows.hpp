// An instance as the API shows it: all columns of a row of the v1 list, and the few of them by
// which the server lets one filter and sort.
#pragma once

#include "model/account.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::vastsim {

/// All columns, as of the account's now(); hand-set columns replace their own.
boost::json::object full_row(const Account& account, const Instance& instance);

/// Which columns are asked for.
class ColumnChoice {
  public:
    ColumnChoice(const Account& account, const std::vector<std::string>& columns);

    /// Whether the column of that place among all of a row's is.
    bool has(std::size_t place) const { return place < wanted_.size() && wanted_[place]; }

    std::size_t count() const { return count_; }

  private:
    std::vector<bool> wanted_;
    std::size_t count_ = 0;
};

/// As full_row(), but only those columns, and the hand-set ones.
boost::json::object
chosen_row(const Account& account, const Instance& instance, const ColumnChoice& choice);

/// Whether the server filters and sorts by that column.
bool is_searchable(std::string_view column);

/// The value of a searchable column; null for any other.
boost::json::value search_value(const Instance& instance, std::string_view column);

/// The row of GET volumes.
boost::json::object volume_row(const Volume& volume);

/// The row of GET pending-price-increases; the instance has one.
boost::json::object increase_row(const Instance& instance);

/// The object of GET users/current, for the holder of that key.
boost::json::object user_object(const Account& account, const KeySpec& key);

/// The object of GET users/spend-rate.
boost::json::object spend_rate_object(const Account& account);

}  // namespace vastwatch::vastsim
