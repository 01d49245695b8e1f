// `alerts`: what was told, to whom, and whether it arrived.
#include "ctl/views.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::ctl {
namespace {

Text severity(const Fields& alert) {
    if (alert.word("status") == "resolved") {
        return Text{"resolved", Style::good};
    }
    const auto word = alert.word("severity");
    if (word == "critical") {
        return Text{word, Style::bad};
    }
    return Text{word, word == "warning" ? Style::warn : Style::accent};
}

/// "ops, chat"; who has not got it is named with what became of it.
Text delivered(const Fields& alert) {
    Text text;
    for (const auto& delivery : alert.objects("deliveries")) {
        text.add(text.empty() ? "" : ", ", Style::soft);
        const auto state = delivery.word("state");
        const auto name = delivery.word("notifier");
        if (state == "delivered") {
            text.add(name, Style::good);
        } else {
            text.add(
                fmt::format("{} {}", name, state), state == "pending" ? Style::warn : Style::bad);
        }
    }
    return text.empty() ? Text{"nobody", Style::soft} : text;
}

std::string title_of(const Fields& alert) {
    return alert.text("title").value_or(alert.word("kind")) +
           (alert.flag("dry_run") ? " (dry run)" : "");
}

Table table_of(const std::vector<Fields>& alerts, std::size_t most, Instant now, const Look& look) {
    Table table{{
        Column{"WHEN", Align::left},
        Column{"SEVERITY", Align::left},
        Column{"ALERT", Align::left, 24},
        Column{"TOLD", Align::left, 10, 1},
    }};
    for (std::size_t i = 0; i < std::min(alerts.size(), most); ++i) {
        const auto& alert = alerts[i];
        const auto at = alert.time("time");
        table.row({
            Text{at ? clock_time(*at, now, look.calendar) : std::string{unknown}},
            severity(alert),
            Text{title_of(alert)},
            delivered(alert),
        });
    }
    return table;
}

}  // namespace

void add_alerts(Page& page, const std::vector<Fields>& alerts, Instant now, std::size_t most) {
    if (alerts.empty()) {
        page.line(Text{"None.", Style::soft});
        return;
    }
    page.table(table_of(alerts, most, now, page.look()));
    if (alerts.size() > most) {
        page.line(Text{
            fmt::format("… and {} more: vastwatchctl alerts", alerts.size() - most), Style::soft});
    }
}

Lines alerts_lines(const Fields& answer, const Look& look) {
    Page page{look};
    const auto alerts = answer.objects("alerts");
    if (alerts.empty()) {
        page.line(Text{"No alerts.", Style::soft});
        return page.take();
    }
    const auto now = answer.time("time").value_or(Instant{});
    constexpr std::size_t roomy = 110;
    if (look.width == 0 || look.width >= roomy) {
        page.table(table_of(alerts, alerts.size(), now, look));
        return page.take();
    }
    // What was told is shown in full, on lines of its own where there is no room beside the rest.
    for (const auto& alert : alerts) {
        const auto at = alert.time("time");
        page.line(Text{at ? clock_time(*at, now, look.calendar) : std::string{unknown}, Style::soft}
                      .add("  ")
                      .append(severity(alert))
                      .add("  told ", Style::soft)
                      .append(delivered(alert)));
        page.paragraph(Text{"  "}, title_of(alert));
    }
    return page.take();
}

}  // namespace vastwatch::ctl
