// An alert as the pieces that every message for people is made of: headline, key figures, rows of
// instances, paragraphs, commands to run next. All text that comes out is printable; escaping for
// the place where it goes is the caller's. Pure.
#pragma once

#include "alerts/alert.hpp"
#include "base/calendar.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::notify {

/// The title with its marks: "[resolved] [dry run] ml-research has spent …", at most 200
/// characters.
std::string headline(const alerts::Alert& alert);

/// "Burn rate", "$12.4000/h".
struct Fact {
    std::string name;
    std::string value;
};

/// What is known of team, account, window, spend, cap, burn rate, crossing and time, in that order;
/// times in the calendar's zone.
std::vector<Fact> facts(const alerts::Alert& alert, const Calendar& calendar);

/// One instance, each member ready to be shown; "–" where there is nothing to say.
struct InstanceRow {
    std::string id;
    std::string label;
    std::string gpu;
    std::string rate;
    std::string idle;
    std::string action;
};

/// The first `limit` instances.
std::vector<InstanceRow> instance_rows(const alerts::Alert& alert, std::size_t limit);

/// "and 41 more": how many instances `rows_shown` rows leave out; empty when none.
std::string omission(const alerts::Alert& alert, std::size_t rows_shown);

/// The text's paragraphs, each printable but for '\n'.
std::vector<std::string> paragraphs(const alerts::Alert& alert);

/// A command and what it is good for.
struct NextStep {
    std::string command;
    std::string purpose;
};

std::vector<NextStep> next_steps(const alerts::Alert& alert);

/// The instance that the alert's condition is about ("idle/instance/312"); nothing when it is about
/// something else.
std::optional<InstanceId> condition_instance(const alerts::Alert& alert);

/// `text` made ready by `escape` code point by code point, cut so that the result has at most
/// `limit` characters (UTF-16 units, as the services count), the last of them "…" when something
/// was left out. `limit` is at least 1.
std::string fit(std::string_view text, std::size_t limit, std::string (*escape)(std::string_view));

/// Valid UTF-8 and printable, line breaks kept.
std::string printable_lines(std::string_view text);

/// What another side said, for `Attempt::answer`: one printable line of at most 300 bytes.
std::string short_answer(std::string_view text);

}  // namespace vastwatch::notify
