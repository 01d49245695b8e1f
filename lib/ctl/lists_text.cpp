// `findings` and `actions`: what is the matter, and what was done about it.
#include "ctl/views.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::ctl {
namespace {

std::string id_of(const Fields& item, std::string_view name) {
    const auto id = item.whole(name);
    return id ? fmt::format("{}", *id) : std::string{none};
}

std::string words(std::string name) {
    std::replace(name.begin(), name.end(), '_', ' ');
    return name;
}

Style weight(const std::string& action) {
    if (action == "destroy") {
        return Style::bad;
    }
    return action == "stop" ? Style::warn : Style::plain;
}

Text due_cell(const Fields& finding, Instant now) {
    if (const auto exemption = finding.text("exemption")) {
        const auto until = finding.time("exempt_until");
        return Text{
            "exempt: " + words(*exemption) + (until ? ", ends " + relative(*until, now) : ""),
            Style::accent};
    }
    const auto due = finding.time("due");
    if (!due) {
        return Text{unknown, Style::warn};
    }
    return *due > now ? Text{relative(*due, now)} : Text{"due", Style::warn};
}

void add_finding(Table& table, const Fields& finding, Instant now) {
    const auto since = finding.time("since");
    const auto action = finding.word("action");
    const bool team_wide = !finding.has("instance");
    table.row({
        Text{words(finding.word("rule")), Style::strong},
        Text{finding.text("team").value_or("account " + finding.word("account"))},
        Text{team_wide ? "all" : id_of(finding, "instance")},
        since && *since > now ? Text{"not yet", Style::soft}
                              : Text{since ? relative(*since, now) : std::string{unknown}},
        Text{action, weight(action)},
        due_cell(finding, now),
    });
    if (const auto reason = finding.text("reason")) {
        table.note(*reason);
    }
}

/// The moment at which a case got to where it is.
std::optional<Instant> latest(const Fields& action) {
    for (const auto* name : {"closed_at", "requested_at", "intended_at", "verified_at"}) {
        if (const auto at = action.time(name)) {
            return at;
        }
    }
    return action.time("opened");
}

Text step_cell(const Fields& action) {
    const auto step = action.word("step");
    auto style = Style::warn;
    if (step == "confirmed") {
        style = Style::good;
    } else if (!action.flag("open")) {
        style = Style::soft;
    }
    Text text{words(step), style};
    const auto attempts = action.whole("attempts");
    if (attempts && *attempts > 1) {
        text.add(fmt::format(" (try {})", *attempts), Style::bad);
    }
    return text;
}

void add_action(Table& table, const Fields& action, Instant now, const Calendar& calendar) {
    const auto at = latest(action);
    const auto verb = action.word("action");
    table.row({
        Text{at ? clock_time(*at, now, calendar) : std::string{unknown}},
        Text{verb, weight(verb)},
        step_cell(action),
        Text{id_of(action, "instance")},
        Text{action.word("team")},
        Text{action.text("label").value_or(std::string{none})},
        Text{gpu(action)},
        Text{rate(action.number("dph"))},
    });
    for (const auto& reason : action.objects("reasons")) {
        table.note(words(reason.word("rule")) + ": " + reason.word("text"));
    }
    const auto due = action.time("due");
    if (action.flag("open") && due) {
        const auto wait = action.text("wait_text");
        table.note(
            (*due > now ? "due " + relative(*due, now)
                        : "due since " + clock_time(*due, now, calendar)) +
            (wait ? "; " + *wait : std::string{}));
    }
    if (const auto hold = action.whole("hold"); hold && action.flag("open")) {
        table.note(fmt::format("waits for `vastwatchctl approve {}`", *hold));
    }
    if (const auto detail = action.text("detail")) {
        table.note(*detail);
    }
}

}  // namespace

Lines findings_lines(const Fields& answer, const Look& look) {
    Page page{look};
    const auto findings = answer.objects("findings");
    if (findings.empty()) {
        page.line(Text{"No findings: every rule is content.", Style::good});
        return page.take();
    }
    const auto now = answer.time("time").value_or(Instant{});
    Table table{{
        Column{"RULE", Align::left},
        Column{"TEAM", Align::left, 8},
        Column{"INSTANCE", Align::right},
        Column{"SINCE", Align::left, 0, 1},
        Column{"ACTION", Align::left},
        Column{"DUE", Align::left, 8},
    }};
    for (const auto& finding : findings) {
        add_finding(table, finding, now);
    }
    page.table(table);
    return page.take();
}

Lines actions_lines(const Fields& answer, const Look& look) {
    Page page{look};
    const auto actions = answer.objects("actions");
    if (actions.empty()) {
        page.line(Text{"No actions, done or under way.", Style::soft});
        return page.take();
    }
    const auto now = answer.time("time").value_or(Instant{});
    Table table{{
        Column{"WHEN", Align::left},
        Column{"ACTION", Align::left},
        Column{"STEP", Align::left},
        Column{"INSTANCE", Align::right},
        Column{"TEAM", Align::left, 8, 1},
        Column{"LABEL", Align::left, 10},
        Column{"GPU", Align::left, 8, 2},
        Column{"RATE", Align::right, 0, 3},
    }};
    for (const auto& action : actions) {
        add_action(table, action, now, look.calendar);
    }
    page.table(table);
    return page.take();
}

}  // namespace vastwatch::ctl
