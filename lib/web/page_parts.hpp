// The parts of the status page, each appended as HTML. Every text from outside is escaped here.
#pragma once

#include "engine/view.hpp"

#include <optional>
#include <string>

namespace vastwatch::web {

/// Mode, time of the figures, and a line for everything that an operator should know first.
void append_head(std::string& out, const engine::View& view);

/// The figures of the whole: burn rate, today, instances, idle.
void append_tiles(std::string& out, const engine::View& view);

/// A card per team: spend against cap in each window, and today's curve.
void append_teams(std::string& out, const engine::View& view);

/// The table of instances, at most `most` of them.
void append_instances(
    std::string& out,
    const engine::View& view,
    const std::optional<TeamName>& team,
    std::size_t most);

void append_actions(std::string& out, const engine::View& view);
void append_alerts(std::string& out, const engine::View& view);
void append_accounts(std::string& out, const engine::View& view);

}  // namespace vastwatch::web
