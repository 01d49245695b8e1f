// Faults that can be switched on and off while the simulator runs: what goes wrong, where, and
// how often.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <initializer_list>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::vastsim {

struct Fault {
    std::uint64_t id = 0;
    std::string kind;
    std::string endpoint = "*";        ///< "destroy" also means "destroy_bulk"
    std::string account;               ///< empty = any
    std::int64_t skip = 0;             ///< so many matching requests pass first
    std::optional<std::int64_t> left;  ///< nothing = until cleared
    std::int64_t used = 0;
    boost::json::object parameters;
    std::map<std::int64_t, boost::json::object> remembered;  ///< rows, for stale telemetry
};

class Faults {
  public:
    /// Adds a fault as the control port words it. Empty when done, else what is wrong with it.
    std::string add(const boost::json::object& request);

    /// Removes all faults of a kind ("" = all).
    void clear(std::string_view kind);

    /// The number of the fault that was added last, and the removal of one by its number.
    std::uint64_t latest() const { return last_id_; }

    void remove(std::uint64_t id);

    /// The oldest fault of one of these kinds that applies here; counts as used once.
    Fault* take(
        std::initializer_list<std::string_view> kinds,
        std::string_view endpoint,
        std::string_view account);

    boost::json::array describe() const;

  private:
    std::list<Fault> faults_;
    std::optional<Fault> spent_;
    std::uint64_t last_id_ = 0;
};

/// A parameter, or its default when it is absent or of another type.
std::string text_of(const boost::json::object& object, std::string_view key, std::string otherwise);
double number_of(const boost::json::object& object, std::string_view key, double otherwise);

}  // namespace vastwatch::vastsim
