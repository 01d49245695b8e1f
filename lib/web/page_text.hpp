// The words and small pieces that the parts of the status page share.
#pragma once

#include "engine/view.hpp"
#include "web/page_query.hpp"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace vastwatch::web {

template <class... Arguments>
void add(std::string& out, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
}

/// "1 instance", "3 instances".
std::string plural(std::size_t count, std::string_view one);

/// "19:04 UTC", with the date in front when it is not today.
std::string clock_time(Instant at, const engine::View& view);

/// A <time> saying "in 14m 3s", "due" once that has come. The script counts it down.
std::string countdown(Instant at, const engine::View& view);

/// A <time> saying "3m 2s ago". The script counts it up.
std::string age(Instant at, const engine::View& view);

/// At most so many characters of text from outside, escaped.
std::string short_text(std::string_view text, std::size_t most);

/// A sentence of ours, escaped, in which `what stands like this` becomes <code>.
std::string with_code(std::string_view sentence);

/// Whether the page is about this team.
bool concerns(const PageQuery& query, const TeamName& team);

const engine::WindowView* find_window(
    const std::vector<engine::WindowView>& windows,
    policy::Window wanted);

/// Spend in that window; nothing when there is none.
Usd spend_in(const std::vector<engine::WindowView>& windows, policy::Window wanted);

/// 80 for four fifths; 100 of nothing.
double percent_of(Usd part, Usd whole);

/// A bar: how much of the cap is spent, and how much will be; its colour tells how bad that is.
void append_bar(std::string& out, const engine::WindowView& window);

/// How bad it is: "bad" at the cap, "warn" when it will be reached or 80% is spent, else empty.
std::string_view urgency(const engine::WindowView& window);

/// What an instance does next or is exempt from, as far as the page sorts and filters by it.
bool is_kept(const engine::InstanceView& instance);
/// Stopped or destroyed it will be; a deadline that only alerts does not count.
bool is_due(const engine::InstanceView& instance);

}  // namespace vastwatch::web
