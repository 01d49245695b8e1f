// State into what is shown. Reads only.
#pragma once

#include "engine/state.hpp"

#include <memory>
#include <optional>
#include <string>

namespace vastwatch::engine {

/// `ledger.counters` moves its high-water marks, hence not const.
std::shared_ptr<const View> make_view(State& state, Now now);

std::optional<Explanation> make_explanation(const State& state, InstanceId id, Now now);

std::string make_status_line(const State& state, Now now);

/// One instance as shown.
InstanceView view_instance(const State& state, const Slot& slot, Now now);

}  // namespace vastwatch::engine
