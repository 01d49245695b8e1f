// How a sound answer is made unsound: the faults that act on bodies and on rows.
#pragma once

#include "model/fault.hpp"
#include "model/http.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace vastwatch::vastsim {

/// Damages a whole reply.
void spoil_reply(HttpReply& reply, const Fault& fault);

/// Damages the telemetry of an instance's row; `chance` decides where the fault has a share only.
void spoil_row(boost::json::object& row, std::int64_t id, Fault& fault, std::uint64_t chance);

/// Damages the page of a listing: rows, totals, tokens.
void spoil_page(boost::json::object& page, const Fault& fault, const std::string& asked_token);

/// Takes the readable amounts from one row in three of a page of charges.
void spoil_amounts(boost::json::array& rows);

}  // namespace vastwatch::vastsim
