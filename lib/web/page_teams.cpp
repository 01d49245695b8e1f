// The whole in figures, and a card per team.
#include "base/text.hpp"
#include "metrics/savings.hpp"
#include "web/curve.hpp"
#include "web/page_parts.hpp"
#include "web/page_text.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace vastwatch::web {
namespace {

/// More teams than this are easier to read in a table than as cards.
constexpr std::size_t most_cards = 12;

void append_figure(
    std::string& out,
    std::string_view name,
    std::string_view figure,
    std::string_view more) {
    add(out, "<div><dt>{}</dt><dd><b>{}</b> <small>{}</small></dd></div>", name, figure, more);
}

std::string credit_text(const engine::View& view, std::string& more) {
    Usd credit;
    bool known = !view.accounts.empty();
    std::optional<Duration> runway;
    for (const auto& account : view.accounts) {
        known = known && account.credit.has_value();
        credit += account.credit.value_or(Usd{});
        if (account.runway && (!runway || *account.runway < *runway)) {
            runway = account.runway;
        }
    }
    more = runway ? "lasts " + humanize(*runway) : "";
    return known ? format_usd(credit) : "unknown";
}

/// What enforcement spared this month; in dry run, what it would have.
void append_saved(std::string& out, const engine::View& view) {
    Usd today;
    Usd month;
    for (const auto& [team, savings] : metrics::savings_of(view)) {
        today += view.health.enforce ? savings.day.done : savings.day.dry_run;
        month += view.health.enforce ? savings.month.done : savings.month.dry_run;
    }
    append_figure(
        out,
        view.health.enforce ? "Saved this month" : "Would have saved",
        format_usd(month),
        format_usd(today) + " today");
}

std::string_view window_name(policy::Window window) {
    switch (window) {
        case policy::Window::day:
            return "today";
        case policy::Window::month:
            return "this month";
        case policy::Window::lifetime:
            break;
    }
    return "in all";
}

/// What the window comes to: the moment of the crossing, or the projection.
std::string outlook(const engine::WindowView& window, const engine::View& view) {
    if (window.cap && window.spend >= *window.cap) {
        return "<span class=\"bad\">cap reached</span>";
    }
    if (window.cap && window.crossing) {
        return fmt::format(
            "<span class=\"warn\">cap at {}, {}</span>",
            clock_time(*window.crossing, view),
            countdown(*window.crossing, view));
    }
    return window.projected ? "heading for " + format_usd(*window.projected) : std::string{};
}

void append_window(std::string& out, const engine::WindowView& window, const engine::View& view) {
    const bool day = window.window == policy::Window::day;
    add(out, "<div class=\"window{}\"><p><b>{}</b>", day ? " day" : "", format_usd(window.spend));
    if (window.cap) {
        add(out,
            " <span>of {}</span><b class=\"share {}\">{:.0f}%</b>",
            format_usd(*window.cap),
            urgency(window),
            std::floor(percent_of(window.spend, *window.cap)));
    }
    out += "</p>";
    if (window.cap) {
        append_bar(out, window);
    }
    const auto ahead = outlook(window, view);
    add(out,
        "<p class=\"soft\">{}{}{}</p></div>",
        window_name(window.window),
        ahead.empty() ? "" : ", ",
        ahead);
}

/// What the page adds up over a team's instances.
struct Tally {
    std::size_t due = 0;
    std::size_t kept = 0;
    UsdPerHour kept_cost;
};

Tally tally_of(const engine::TeamView& team, const engine::View& view) {
    Tally tally;
    for (const auto& one : view.instances) {
        if (one.instance->team == team.name) {
            tally.due += is_due(one) ? 1U : 0U;
            tally.kept += is_kept(one) ? 1U : 0U;
            tally.kept_cost += is_kept(one) ? one.rate : UsdPerHour{};
        }
    }
    return tally;
}

std::string address_of(const TeamName& team, Show show = Show::all) {
    PageQuery query;
    query.team = team;
    query.show = show;
    return escape_html(query.address());
}

/// "13 running, 1 exited": every status there is.
std::string statuses(const engine::TeamView& team) {
    std::string out;
    for (const auto& [status, count] : team.by_status) {
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, short_text(status, 40));
    }
    return out;
}

void append_counts(std::string& out, const engine::TeamView& team, const engine::View& view) {
    const auto tally = tally_of(team, view);
    add(out, "<p class=\"soft\">{}", plural(team.instances, "instance"));
    if (!team.by_status.empty()) {
        add(out, ": {}", statuses(team));
    }
    if (team.serverless_workers > 0) {
        add(out, " · {}", plural(team.serverless_workers, "serverless worker"));
    }
    if (team.idle_instances > 0) {
        add(out,
            " · <a class=\"warn\" href=\"{}#instances\">{} idle</a> at {}",
            address_of(team.name, Show::idle),
            team.idle_instances,
            format_rate(team.idle_burn));
    }
    if (tally.due > 0) {
        add(out,
            " · <a href=\"{}#instances\">{} to go</a>",
            address_of(team.name, Show::due),
            tally.due);
    }
    if (tally.kept > 0) {
        add(out,
            " · <a href=\"{}#instances\">{} protected</a> at {}",
            address_of(team.name, Show::kept),
            tally.kept,
            format_rate(tally.kept_cost));
    }
    out += "</p>";
}

/// A number for the element's id: names may be anything.
std::size_t number_of(const engine::TeamView& team, const engine::View& view) {
    return static_cast<std::size_t>(&team - view.teams.data());
}

void append_card(std::string& out, const engine::TeamView& team, const engine::View& view) {
    add(out,
        "<article class=\"card team\" id=\"t{}\"><header><h3><a href=\"{}\">{}</a></h3>"
        "<b class=\"rate\">{}{}</b></header>",
        number_of(team, view),
        address_of(team.name),
        escape_html(team.name.str()),
        team.estimated ? "about " : "",
        format_rate(team.burn));
    for (const auto& window : team.windows) {
        // A lifetime without a limit says little at a glance.
        if (window.window != policy::Window::lifetime || window.cap) {
            append_window(out, window, view);
        }
        if (window.window == policy::Window::day) {
            out += day_curve(team, view);
        }
    }
    append_counts(out, team, view);
    out += "</article>";
}

void append_cell(std::string& out, const engine::WindowView* window, std::string_view name) {
    if (window == nullptr) {
        out += "<td class=\"none\"></td>";
        return;
    }
    add(out,
        "<td class=\"n\" data-name=\"{}\">{}{}</td>",
        name,
        format_usd(window->spend),
        window->cap ? fmt::format(
                          "<small class=\"{}\">{:.0f}% of {}</small>",
                          urgency(*window),
                          std::floor(percent_of(window->spend, *window->cap)),
                          format_usd(*window->cap))
                    : std::string{});
}

void append_table(
    std::string& out,
    const std::vector<const engine::TeamView*>& teams,
    const engine::View& view) {
    out +=
        "<div class=\"card\"><table><caption class=\"hidden\">More teams</caption><thead><tr>"
        "<th scope=\"col\">Team</th><th scope=\"col\" class=\"n\">Costs</th>"
        "<th scope=\"col\" class=\"n\">Today</th><th scope=\"col\" class=\"n\">This month</th>"
        "<th scope=\"col\" class=\"n\">Instances</th></tr></thead><tbody>";
    for (const auto* team : teams) {
        add(out,
            "<tr id=\"t{}\"><th scope=\"row\"><a href=\"{}\">{}</a></th>"
            "<td class=\"n\" data-name=\"costs\">{}</td>",
            number_of(*team, view),
            address_of(team->name),
            escape_html(team->name.str()),
            format_rate(team->burn));
        append_cell(out, find_window(team->windows, policy::Window::day), "today");
        append_cell(out, find_window(team->windows, policy::Window::month), "this month");
        add(out, "<td class=\"n\" data-name=\"instances\">{}</td></tr>", team->instances);
    }
    out += "</tbody></table></div>";
}

/// 0 = a cap of today is reached, 1 = one will be, 2 = there is spend or an instance, 3 = nothing.
int rank(const engine::TeamView& team) {
    const auto* day = find_window(team.windows, policy::Window::day);
    if (day != nullptr && day->cap && day->spend >= *day->cap) {
        return 0;
    }
    if (day != nullptr && day->crossing) {
        return 1;
    }
    const bool active = team.instances > 0 || (day != nullptr && day->spend > Usd{});
    return active ? 2 : 3;
}

/// In the order of their urgency; otherwise as in the operator's file.
std::vector<const engine::TeamView*> shown_teams(const engine::View& view, const PageQuery& query) {
    std::vector<const engine::TeamView*> out;
    for (const auto& team : view.teams) {
        if (concerns(query, team.name)) {
            out.push_back(&team);
        }
    }
    // The pointers rise as the teams do.
    std::sort(out.begin(), out.end(), [](const engine::TeamView* a, const engine::TeamView* b) {
        return std::pair{rank(*a), a} < std::pair{rank(*b), b};
    });
    return out;
}

}  // namespace

void append_figures(std::string& out, const engine::View& view) {
    UsdPerHour burn;
    UsdPerHour idle_burn;
    Usd today;
    Usd month;
    std::size_t idle = 0;
    std::size_t running = 0;
    for (const auto& team : view.teams) {
        burn += team.burn;
        idle_burn += team.idle_burn;
        idle += team.idle_instances;
        today += spend_in(team.windows, policy::Window::day);
        month += spend_in(team.windows, policy::Window::month);
        const auto found = team.by_status.find("running");
        running += found == team.by_status.end() ? 0 : found->second;
    }
    constexpr int hours_a_day = 24;
    const auto a_day = accrue(burn, std::chrono::hours{hours_a_day});
    std::string lasts;
    const auto credit = credit_text(view, lasts);
    out +=
        "<section aria-labelledby=\"h-figures\"><h2 id=\"h-figures\" class=\"hidden\">The whole"
        "</h2><dl class=\"card figures\">";
    append_figure(out, "Burning now", format_rate(burn), format_usd(a_day) + " a day");
    append_figure(out, "Spent today", format_usd(today), format_usd(month) + " this month");
    append_figure(
        out,
        "Instances",
        std::to_string(view.instances.size()),
        fmt::format("{} running", running));
    append_figure(out, "Idle", std::to_string(idle), format_rate(idle_burn) + " for nothing");
    append_saved(out, view);
    append_figure(out, "Credit", credit, lasts);
    out += "</dl></section>";
}

void append_teams(std::string& out, const engine::View& view, const PageQuery& query) {
    const auto teams = shown_teams(view, query);
    out += "<section id=\"teams\" aria-labelledby=\"h-teams\"><h2 id=\"h-teams\">";
    if (query.team) {
        add(out,
            "Team {} <small><a href=\"/\">show all teams</a></small></h2>",
            escape_html(query.team->str()));
    } else {
        add(out, "Teams <small>{}</small></h2>", teams.size());
    }
    if (teams.empty()) {
        add(out,
            "<div class=\"card empty\">{}</div>",
            query.team ? "There is no such team." : "There are none yet.");
    }
    const auto cards = std::min(teams.size(), most_cards);
    out += "<div class=\"teams\">";
    for (std::size_t i = 0; i < cards; ++i) {
        append_card(out, *teams[i], view);
    }
    out += "</div>";
    if (teams.size() > cards) {
        append_table(out, {teams.begin() + static_cast<std::ptrdiff_t>(cards), teams.end()}, view);
    }
    out += "</section>";
}

}  // namespace vastwatch::web
