// What needs somebody, as lines: worst first.
#include "base/text.hpp"
#include "enforcement/gate.hpp"
#include "web/page_parts.hpp"
#include "web/page_text.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace vastwatch::web {
namespace {

enum class Level { act, soon, know };

/// One line; `html` is escaped already.
struct Line {
    Level level = Level::know;
    std::string_view word;  // what it is, so that colour is not the only sign
    std::string html;
};

using Lines = std::vector<Line>;

constexpr std::size_t most_lines = 12;
/// A notifier that has had something to say for this long has a problem.
constexpr Duration late_delivery = std::chrono::minutes{10};
/// A month's or a lifetime's cap further away than this is no news for today.
constexpr Duration far_ahead = std::chrono::hours{48};
/// What goes within this time is told beforehand.
constexpr Duration soon_to_go = std::chrono::hours{1};

std::string_view cap_name(policy::Window window) {
    switch (window) {
        case policy::Window::day:
            return "daily cap";
        case policy::Window::month:
            return "monthly cap";
        case policy::Window::lifetime:
            break;
    }
    return "spending limit";
}

/// What somebody else said about it.
std::string in_brackets(std::string_view text) {
    constexpr std::size_t longest = 200;
    return text.empty() ? std::string{}
                        : " <span class=\"soft\">(" + short_text(text, longest) + ")</span>";
}

void add_state(Lines& lines, const engine::View& view) {
    const auto& health = view.health;
    if (!health.store_writable) {
        lines.push_back(
            {Level::act,
             "State",
             "<b>State cannot be written:</b> " + escape_html(health.store_problem) +
                 ". Nothing destructive is done."});
    }
    if (!health.database_set_aside.empty()) {
        lines.push_back(
            {Level::soon,
             "State",
             "<b>The database was damaged</b> and a new one begun; the old one is " +
                 escape_html(health.database_set_aside) + "."});
    }
    if (!health.audit_problem.empty()) {
        lines.push_back(
            {Level::soon,
             "Audit",
             "<b>The audit log is not whole:</b> " + short_text(health.audit_problem, 200)});
    }
    if (!health.config_reload_successful) {
        lines.push_back(
            {Level::soon,
             "Config",
             "<b>The latest configuration was rejected</b>, the one before is in force: " +
                 escape_html(health.config_problem)});
    }
    if (health.pause) {
        const auto& pause = *health.pause;
        const auto end = pause.until ? "until " + clock_time(*pause.until, view)
                                     : std::string{"until <code>vastwatchctl resume</code>"};
        lines.push_back(
            {Level::soon,
             "Paused",
             fmt::format(
                 "<b>Paused</b> by {} since {}, {}: no action is taken.{}",
                 escape_html(pause.actor),
                 clock_time(pause.since, view),
                 end,
                 in_brackets(pause.reason))});
    }
    if (!health.enforce) {
        lines.push_back(
            {Level::know,
             "Dry run",
             "<b>Dry run:</b> vastwatch decides, records and alerts, and acts on nothing."});
    }
}

void add_accounts(Lines& lines, const engine::View& view) {
    bool told = false;
    for (const auto& account : view.accounts) {
        const auto name = escape_html(account.name.str());
        const auto problem = in_brackets(account.problem);
        told = told || account.key_rejected || account.stale;
        if (account.key_rejected) {
            lines.push_back(
                {Level::act,
                 "Blind",
                 fmt::format("<b>Account {}: Vast.ai rejects the key.</b>{}", name, problem)});
        } else if (account.stale && account.last_poll) {
            lines.push_back(
                {Level::act,
                 "Blind",
                 fmt::format(
                     "<b>Account {}: the figures are from {}.</b> What was there then costs {}.{}",
                     name,
                     age(*account.last_poll, view),
                     format_rate(account.burn),
                     problem)});
        } else if (account.stale) {
            lines.push_back(
                {Level::act,
                 "Blind",
                 fmt::format("<b>Account {} has not been listed yet.</b>{}", name, problem)});
        }
    }
    if (!view.health.ready && !view.health.not_ready_because.empty() && !told) {
        std::string reasons;
        for (const auto& reason : view.health.not_ready_because) {
            reasons += (reasons.empty() ? "" : "; ") + escape_html(reason);
        }
        lines.push_back({Level::soon, "Not ready", "<b>Not ready:</b> " + reasons});
    }
}

void add_notifiers(Lines& lines, const engine::View& view) {
    for (const auto& notifier : view.notifiers) {
        if (notifier.oldest_pending && view.at - *notifier.oldest_pending > late_delivery) {
            lines.push_back(
                {Level::soon,
                 "Untold",
                 fmt::format(
                     "<b>Notifier {}: {} undelivered</b> since {}.{}",
                     escape_html(notifier.name.str()),
                     plural(notifier.pending, "alert"),
                     clock_time(*notifier.oldest_pending, view),
                     in_brackets(notifier.last_answer))});
        }
    }
}

void add_windows(
    Lines& lines,
    const std::string& whose,
    const std::vector<engine::WindowView>& windows,
    UsdPerHour burn,
    const engine::View& view) {
    for (const auto& window : windows) {
        if (!window.cap) {
            continue;
        }
        const auto cap = cap_name(window.window);
        if (window.spend >= *window.cap) {
            lines.push_back(
                {Level::act,
                 "Cap reached",
                 fmt::format(
                     "<b>{} has reached its {}:</b> {} of {}, {}.",
                     whose,
                     cap,
                     format_usd(window.spend),
                     format_usd(*window.cap),
                     burn > UsdPerHour{} ? "still burning " + format_rate(burn)
                                         : std::string{"and nothing burns any more"})});
        } else if (
            window.crossing &&
            (window.window == policy::Window::day || *window.crossing - view.at <= far_ahead)) {
            lines.push_back(
                {Level::soon,
                 "Crossing",
                 fmt::format(
                     "<b>{} reaches its {} of {} at {}</b>, {}: {} spent, burning {}.",
                     whose,
                     cap,
                     format_usd(*window.cap),
                     clock_time(*window.crossing, view),
                     countdown(*window.crossing, view),
                     format_usd(window.spend),
                     format_rate(burn))});
        }
    }
}

void add_caps(Lines& lines, const engine::View& view) {
    for (const auto& account : view.accounts) {
        const auto whose = "Account " + escape_html(account.name.str());
        add_windows(lines, whose, account.windows, account.burn, view);
    }
    for (const auto& team : view.teams) {
        add_windows(lines, escape_html(team.name.str()), team.windows, team.burn, view);
    }
}

void add_holds(Lines& lines, const engine::View& view) {
    for (const auto& hold : view.holds) {
        lines.push_back(
            {Level::soon,
             "Held",
             fmt::format(
                 "<b>{} in {} held</b> ({}, {}): approve with <code>vastwatchctl approve {}</code> "
                 "or dismiss with <code>vastwatchctl dismiss {}</code>.",
                 plural(hold.instances.size(), "action"),
                 escape_html(hold.account.str()),
                 hold.kind == enforcement::Hold::Kind::mass_idle
                     ? "too many idle at once"
                     : "after a change of the configuration",
                 format_rate(hold.cost),
                 hold.id.value(),
                 hold.id.value())});
    }
}

/// What was asked for several times and does not happen.
void add_failures(Lines& lines, const engine::View& view) {
    for (const auto& item : view.cases) {
        if (!enforcement::is_end(item.step) &&
            item.attempts >= enforcement::attempts_before_alarm) {
            lines.push_back(
                {Level::act,
                 "Failing",
                 fmt::format(
                     "<b>Instance {} does not go:</b> {} after {}, still burning {}.{}",
                     item.instance.value(),
                     policy::to_string(item.action),
                     plural(static_cast<std::size_t>(item.attempts), "request"),
                     format_rate(item.rate),
                     in_brackets(item.detail))});
        }
    }
}

/// The next ones to be taken down, in one line. In dry run nothing goes.
void add_departures(Lines& lines, const engine::View& view) {
    if (!view.health.enforce || view.health.pause) {
        return;
    }
    std::size_t count = 0;
    UsdPerHour cost;
    const engine::InstanceView* first = nullptr;
    for (const auto& one : view.instances) {
        if (is_due(one) && one.deadline->at - view.at <= soon_to_go) {
            ++count;
            cost += one.rate;
            first = first == nullptr || one.deadline->at < first->deadline->at ? &one : first;
        }
    }
    if (first == nullptr) {
        return;
    }
    PageQuery due;
    due.show = Show::due;
    lines.push_back(
        {Level::know,
         "Going",
         fmt::format(
             "<b><a href=\"{}#instances\">{} within the hour</a></b>, {}: the first is {} {}, {}.",
             escape_html(due.address()),
             plural(count, "instance") + (count == 1 ? " goes" : " go"),
             format_rate(cost),
             first->instance->id.value(),
             short_text(first->instance->row.label, 60),
             countdown(first->deadline->at, view))});
}

/// Conditions that have no place of their own in a View: the newest alert about each tells.
void add_open_alerts(Lines& lines, const engine::View& view) {
    std::set<std::string_view> seen;
    for (const auto& one : view.alerts) {
        const auto& alert = one.alert;
        const bool told_here = alert.kind == alerts::Kind::credit_low ||
                               alert.kind == alerts::Kind::billing_mismatch ||
                               alert.kind == alerts::Kind::price_unknown;
        if (told_here && seen.insert(alert.condition).second && !alert.resolved) {
            lines.push_back(
                {Level::soon,
                 alert.kind == alerts::Kind::credit_low ? "Credit" : "Billing",
                 "<b>" + escape_html(alert.title) + "</b>, " + age(alert.time, view) + "."});
        }
    }
}

/// Worst first, those of one level in the order in which they were added.
Lines by_level(const Lines& lines) {
    Lines sorted;
    for (const auto level : {Level::act, Level::soon, Level::know}) {
        std::copy_if(
            lines.begin(), lines.end(), std::back_inserter(sorted), [level](const Line& line) {
                return line.level == level;
            });
    }
    return sorted;
}

Lines lines_of(const engine::View& view) {
    Lines lines;
    add_state(lines, view);
    add_accounts(lines, view);
    add_failures(lines, view);
    add_holds(lines, view);
    add_caps(lines, view);
    add_open_alerts(lines, view);
    add_notifiers(lines, view);
    add_departures(lines, view);
    return by_level(lines);
}

std::string_view class_of(Level level) {
    switch (level) {
        case Level::act:
            return "bad";
        case Level::soon:
            return "warn";
        case Level::know:
            break;
    }
    return "know";
}

}  // namespace

std::size_t attention_count(const engine::View& view) {
    const auto lines = lines_of(view);
    return static_cast<std::size_t>(std::count_if(
        lines.begin(), lines.end(), [](const Line& line) { return line.level != Level::know; }));
}

void append_attention(std::string& out, const engine::View& view) {
    const auto lines = lines_of(view);
    const bool calm = std::none_of(
        lines.begin(), lines.end(), [](const Line& line) { return line.level != Level::know; });
    out +=
        "<section id=\"attention\" aria-labelledby=\"h-attention\"><h2 id=\"h-attention\" "
        "class=\"hidden\">What needs you</h2><ul class=\"lines\">";
    if (calm) {
        out +=
            "<li class=\"good\"><span class=\"word\">Quiet</span><p>Nothing is held or failing, "
            "and no cap is in sight.</p></li>";
    }
    for (std::size_t i = 0; i < std::min(lines.size(), most_lines); ++i) {
        add(out,
            "<li class=\"{}\"><span class=\"word\">{}</span><p>{}</p></li>",
            class_of(lines[i].level),
            lines[i].word,
            lines[i].html);
    }
    if (lines.size() > most_lines) {
        add(out,
            "<li class=\"know\"><span class=\"word\">More</span><p>And {} more: "
            "<code>vastwatchctl status</code>.</p></li>",
            lines.size() - most_lines);
    }
    out += "</ul></section>";
}

}  // namespace vastwatch::web
