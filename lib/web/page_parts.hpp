// The parts of the status page, each appended as HTML. Every text from outside is escaped there.
#pragma once

#include "engine/view.hpp"
#include "web/page_query.hpp"

#include <optional>
#include <string>

namespace vastwatch::web {

/// Name, mode and the time of the figures.
void append_head(std::string& out, const engine::View& view);

/// What an operator should know first, worst first; one calm line when there is nothing.
void append_attention(std::string& out, const engine::View& view);

/// How many lines of that ask for somebody: all but those that only inform.
std::size_t attention_count(const engine::View& view);

/// The figures of the whole: burn rate, today, instances, idle, credit.
void append_figures(std::string& out, const engine::View& view);

/// A card per team: spend against cap in each window, and today's curve. Teams whose cap is reached
/// or will be come first; what does not fit among the cards is in a table below them.
void append_teams(std::string& out, const engine::View& view, const PageQuery& query);

/// Search, filters, and the table of instances.
void append_instances(std::string& out, const engine::View& view, const PageQuery& query);

/// Why the instance of the query is, or is not, going to be acted upon.
void append_explanation(
    std::string& out,
    const engine::View& view,
    const PageQuery& query,
    const std::optional<engine::Explanation>& explained);

/// What waits for a decision, and what is exempt, with its cost.
void append_kept(std::string& out, const engine::View& view, const PageQuery& query);

void append_actions(std::string& out, const engine::View& view, const PageQuery& query);
void append_alerts(std::string& out, const engine::View& view, const PageQuery& query);
void append_accounts(std::string& out, const engine::View& view);

}  // namespace vastwatch::web
