// The control port's answers: the truth to compare with, what was asked and what happened, and the
// means to make things go wrong. Never part of what is under test.
#pragma once

#include "model/world.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::vastsim {

/// RFC 3339, Unix seconds with a fraction, or nanoseconds with the suffix "ns".
std::optional<Instant> parse_instant(std::string_view text);

/// Exact figures of all accounts between two instants; money as decimal texts.
boost::json::object truth_of(const World& world, Instant from, Instant at, bool with_instances);

/// Journal entries of all accounts after a sequence number, oldest first.
boost::json::array journal_of(
    const World& world,
    std::uint64_t after,
    std::string_view kind,
    std::string_view account);

boost::json::object statistics_of(const World& world);

/// Changes one instance by hand. Mistakes are appended to `errors`, and then nothing is changed.
void change_instance(
    Account& account,
    std::int64_t id,
    const boost::json::object& change,
    std::vector<std::string>& errors);

}  // namespace vastwatch::vastsim
