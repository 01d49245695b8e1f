// `vastwatchctl status`: accounts and teams with their money, what is exempt, what was told.
#include "ctl/views.hpp"

#include <fmt/format.h>

#include <utility>

namespace vastwatch::ctl {
namespace {

constexpr std::size_t newest_alerts = 5;

Fields window_of(const Fields& owner, std::string_view name) {
    for (const auto& window : owner.objects("windows")) {
        if (window.text("window") == name) {
            return window;
        }
    }
    return Fields{};
}

/// Spent, as a share of the cap; nothing without a cap that can be divided by.
std::optional<double> share(const Fields& window) {
    const auto spend = window.number("spend");
    const auto cap = window.number("cap");
    if (!spend || !cap) {
        return std::nullopt;
    }
    if (*cap <= 0) {
        return 1.0;
    }
    return *spend / *cap;
}

Text month(const Fields& window) {
    Text text{money(window.number("spend"))};
    if (const auto part = share(window)) {
        const auto style = *part >= 1.0 ? Style::bad : Style::soft;
        text.add(
            fmt::format(" ({} of {})", percent(*part * 100.0), money(window.number("cap"))),
            *part >= 0.8 && *part < 1.0 ? Style::warn : style);
    }
    return text;
}

/// The name of a window where it stands before "cap".
std::string window_name(const Fields& window) {
    const auto name = window.word("window");
    return name == "lifetime" ? "spending limit" : name == "day" ? "daily cap" : name + "ly cap";
}

/// When the first of the caps will be reached, or which one has been.
Text crossing(const Fields& owner, Instant now, const Calendar& calendar) {
    bool capped = false;
    std::optional<std::pair<Instant, std::string>> first;
    for (const auto& window : owner.objects("windows")) {
        capped = capped || window.has("cap");
        if (const auto part = share(window); part && *part >= 1.0) {
            return Text{window_name(window) + " reached", Style::bad};
        }
        const auto at = window.time("projected_crossing");
        if (at && (!first || *at < first->first)) {
            first.emplace(*at, window_name(window));
        }
    }
    if (!first) {
        return Text{capped ? "no cap in sight" : "no cap", Style::soft};
    }
    return Text{
        fmt::format("{} {}", first->second, moment(first->first, now, calendar)), Style::warn};
}

/// TODAY, CAP, USED, PROJECTED, MONTH, NEXT CAP
std::vector<Column> money_columns() {
    return {
        Column{"TODAY", Align::right},
        Column{"CAP", Align::right, 0, 3},
        Column{"USED", Align::left},
        Column{"PROJECTED", Align::right, 0, 7},
        Column{"MONTH", Align::left, 0, 6},
        Column{"NEXT CAP", Align::left, 28},
    };
}

void add_money(
    std::vector<Text>& cells,
    const Fields& owner,
    Instant now,
    const Calendar& calendar) {
    const auto day = window_of(owner, "day");
    const auto used = share(day);
    cells.emplace_back(money(day.number("spend")));
    cells.emplace_back(day.has("cap") ? Text{money(day.number("cap"))} : Text{none, Style::soft});
    cells.push_back(used ? bar(*used) : Text{none, Style::soft});
    cells.emplace_back(money(day.number("projected")));
    cells.push_back(month(window_of(owner, "month")));
    cells.push_back(crossing(owner, now, calendar));
}

Text count_of(const Fields& owner, std::string_view name) {
    const auto count = owner.amount(name);
    return count ? Text{fmt::format("{}", *count)} : Text{unknown, Style::warn};
}

Text idle_of(const Fields& team) {
    const auto count = team.amount("idle_instances");
    if (!count) {
        return Text{unknown, Style::warn};
    }
    if (*count == 0) {
        return Text{"0", Style::soft};
    }
    return Text{fmt::format("{} ({})", *count, rate(team.number("idle_burn_rate"))), Style::warn};
}

Text polled(const Fields& account, Instant now) {
    const auto at = account.time("last_poll");
    const bool bad = account.flag("stale") || account.flag("key_rejected");
    return Text{at ? relative(*at, now) : "never", bad || !at ? Style::bad : Style::plain};
}

/// Without a burn rate the credit lasts for ever, which is not the same as unknown.
Text runway(const Fields& account) {
    if (const auto left = account.seconds("runway_seconds")) {
        const bool short_of = *left < std::chrono::hours{24};
        return Text{humanize(*left), short_of ? Style::bad : Style::plain};
    }
    const auto burn = account.number("burn_rate");
    const bool endless = burn && *burn == 0.0 && account.number("credit");
    return endless ? Text{none, Style::soft} : Text{unknown, Style::warn};
}

}  // namespace

void add_accounts(Page& page, const Fields& status) {
    const auto accounts = status.objects("accounts");
    if (accounts.empty()) {
        page.line(Text{"No account.", Style::soft});
        return;
    }
    const auto now = status.time("time").value_or(Instant{});
    std::vector<Column> columns{
        Column{"ACCOUNT", Align::left, 8},
        Column{"POLLED", Align::left},
        Column{"INST", Align::right, 0, 10},
        Column{"RATE", Align::right},
        Column{"CREDIT", Align::right},
        Column{"RUNWAY", Align::right, 0, 1},
    };
    for (auto& column : money_columns()) {
        // Of an account the credit matters more than how far its caps are used.
        column.rank += column.title == "TODAY" ? 1 : 4;
        columns.push_back(std::move(column));
    }
    Table table{std::move(columns)};
    for (const auto& account : accounts) {
        std::vector<Text> cells{
            Text{account.word("name")},
            polled(account, now),
            count_of(account, "instances"),
            Text{rate(account.number("burn_rate"))},
            Text{money(account.number("credit"))},
            runway(account),
        };
        add_money(cells, account, now, page.look().calendar);
        table.row(std::move(cells));
    }
    page.table(table);
}

void add_teams(Page& page, const Fields& status) {
    const auto teams = status.objects("teams");
    if (teams.empty()) {
        page.line(Text{"No team.", Style::soft});
        return;
    }
    const auto now = status.time("time").value_or(Instant{});
    std::vector<Column> columns{
        Column{"TEAM", Align::left, 8},
        Column{"INST", Align::right, 0, 4},
        Column{"IDLE", Align::left, 0, 5},
        Column{"RATE", Align::right},
    };
    for (auto& column : money_columns()) {
        columns.push_back(std::move(column));
    }
    Table table{std::move(columns)};
    for (const auto& team : teams) {
        const auto estimated = team.flag("estimated") ? "~" : "";
        std::vector<Text> cells{
            Text{team.word("name")},
            count_of(team, "instances"),
            idle_of(team),
            Text{estimated + rate(team.number("burn_rate"))},
        };
        add_money(cells, team, now, page.look().calendar);
        table.row(std::move(cells));
        const auto lifetime = window_of(team, "lifetime");
        if (const auto part = share(lifetime)) {
            table.note(fmt::format(
                "{} of the spending limit of {} ({})",
                money(lifetime.number("spend")),
                money(lifetime.number("cap")),
                percent(*part * 100.0)));
        }
    }
    page.table(table);
}

void add_protections(Page& page, const Fields& status) {
    const auto protections = status.objects("protections");
    if (protections.empty()) {
        return;
    }
    const auto now = status.time("time").value_or(Instant{});
    page.heading("Protected");
    Table table{{
        Column{"INSTANCE", Align::right},
        Column{"UNTIL", Align::left},
        Column{"BY", Align::left, 8, 1},
        Column{"REASON", Align::left, 10},
    }};
    for (const auto& protection : protections) {
        const auto id = protection.whole("instance");
        const auto until = protection.time("until");
        table.row({
            Text{id ? fmt::format("{}", *id) : std::string{unknown}},
            Text{until ? moment(*until, now, page.look().calendar) : std::string{unknown}},
            Text{protection.word("actor")},
            Text{protection.text("reason").value_or(std::string{none})},
        });
    }
    page.table(table);
}

Lines status_lines(const Fields& status, const Fields& alerts, const Look& look) {
    Page page{look};
    page.line(summary(status, look));
    add_notices(page, status);
    page.heading("Accounts");
    add_accounts(page, status);
    page.heading("Teams");
    add_teams(page, status);
    add_protections(page, status);
    page.heading("Recent alerts");
    add_alerts(
        page, alerts.objects("alerts"), status.time("time").value_or(Instant{}), newest_alerts);
    return page.take();
}

}  // namespace vastwatch::ctl
