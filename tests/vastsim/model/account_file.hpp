// Reads accounts and instances from JSON: the account file, and what the control port is told.
// The format is described in tests/vastsim/README.md. All mistakes are reported at once.
#pragma once

#include "model/behaviour.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <vector>

namespace vastwatch::vastsim {

/// The accounts of a file: one object, or {"accounts": [object, …]}. Mistakes are appended to
/// `errors`, each with the path of the key; the result means nothing then.
std::vector<AccountSpec> read_accounts(
    const boost::json::value& file,
    std::vector<std::string>& errors);

/// Sets on `spec` what the object names; keys of an instance as in the account file.
void read_instance(
    const boost::json::object& object,
    InstanceSpec& spec,
    std::vector<std::string>& errors);

/// A list of phases.
std::vector<Phase> read_behaviour(const boost::json::value& list, std::vector<std::string>& errors);

/// A number, null, a text, {"jitter": [low, high]} or {"flap": "2m", "low": 0, "high": 90}.
Signal read_signal(const boost::json::value& value, std::vector<std::string>& errors);

/// The names of the columns that a signal may drive.
bool is_signal(std::string_view column);

}  // namespace vastwatch::vastsim
