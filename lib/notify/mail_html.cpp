// The HTML part of a mail. Mail programs drop style sheets and know little CSS, so: tables, inline
// styles, no image, no link, no script. No background and no text colour of its own either, except
// in accents that can be read on white and on black, so that it follows the reader's light or dark.
#include "base/text.hpp"
#include "notify/email_message.hpp"
#include "notify/presentation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::notify {
namespace {

constexpr std::size_t rows_shown = 50;
constexpr std::string_view line = "1px solid rgba(128,128,128,0.35)";
constexpr std::string_view quiet = "opacity:0.7;";

std::string_view accent(const alerts::Alert& alert) {
    if (alert.resolved) {
        return "#2e9e5b";
    }
    switch (alert.severity) {
        case policy::Severity::critical:
            return "#e0453c";
        case policy::Severity::warning:
            return "#d98a00";
        case policy::Severity::info:
            break;
    }
    return "#3b82d6";
}

std::string_view badge(const alerts::Alert& alert) {
    return alert.resolved ? "resolved" : policy::to_string(alert.severity);
}

std::string header(const alerts::Alert& alert) {
    return fmt::format(
        "<div style=\"border-left:4px solid {0};padding:2px 0 2px 14px;margin:0 0 18px 0;\">\n"
        "<div style=\"font-size:12px;font-weight:600;letter-spacing:0.06em;"
        "text-transform:uppercase;color:{0};\">{1}{2}</div>\n"
        "<h1 style=\"font-size:20px;line-height:1.3;font-weight:600;margin:4px 0 0 0;\">{3}</h1>\n"
        "</div>\n",
        accent(alert),
        badge(alert),
        alert.dry_run ? " · dry run" : "",
        escape_html(printable(alert.title, 200)));
}

/// Spend against cap as a bar; nothing when either is not known.
std::string spend_bar(const alerts::Alert& alert) {
    if (!alert.spend || !alert.cap || *alert.cap <= Usd{}) {
        return {};
    }
    const double percent =
        std::clamp(100.0 * to_double(*alert.spend) / to_double(*alert.cap), 0.0, 100.0);
    return fmt::format(
        "<div style=\"height:8px;border-radius:4px;background:rgba(128,128,128,0.25);"
        "margin:0 0 16px 0;overflow:hidden;\">"
        "<div style=\"height:8px;width:{:.1f}%;background:{};\"></div></div>\n",
        percent,
        accent(alert));
}

std::string fact_table(const std::vector<Fact>& list) {
    std::string out =
        "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" "
        "style=\"border-collapse:collapse;margin:0 0 18px 0;font-size:14px;\">\n";
    for (const auto& fact : list) {
        out += fmt::format(
            "<tr><td style=\"padding:3px 20px 3px 0;{}white-space:nowrap;vertical-align:top;\">"
            "{}</td><td style=\"padding:3px 0;font-variant-numeric:tabular-nums;\">{}</td></tr>\n",
            quiet,
            escape_html(fact.name),
            escape_html(fact.value));
    }
    return out + "</table>\n";
}

std::string paragraph_html(std::string_view paragraph) {
    std::string out;
    while (!paragraph.empty()) {
        const auto end = std::min(paragraph.find('\n'), paragraph.size());
        out += out.empty() ? "" : "<br>\n";
        out += escape_html(paragraph.substr(0, end));
        paragraph.remove_prefix(std::min(end + 1, paragraph.size()));
    }
    return fmt::format(
        "<p style=\"margin:0 0 12px 0;font-size:15px;line-height:1.5;\">{}</p>\n", out);
}

std::string cell(std::string_view content, bool wraps) {
    return fmt::format(
        "<td style=\"padding:7px 14px 7px 0;border-bottom:{};vertical-align:top;{}\">{}</td>",
        line,
        wraps ? "word-break:break-word;" : "white-space:nowrap;",
        content);
}

/// What names an instance goes into one cell, so that the table fits a phone.
std::string instance_row(const InstanceRow& row) {
    const auto name = fmt::format(
        "<b style=\"font-weight:600;\">{}</b> {}<br><span style=\"{}\">{}</span>",
        escape_html(row.id),
        escape_html(row.label),
        quiet,
        escape_html(row.gpu));
    return fmt::format(
        "<tr>{}{}{}{}</tr>\n",
        cell(name, true),
        cell(escape_html(row.rate), false),
        cell(escape_html(row.idle), false),
        cell(escape_html(row.action), false));
}

std::string instance_table(const alerts::Alert& alert) {
    const auto rows = instance_rows(alert, rows_shown);
    if (rows.empty()) {
        return {};
    }
    std::string out =
        "<table cellpadding=\"0\" cellspacing=\"0\" style=\"border-collapse:collapse;width:100%;"
        "margin:6px 0 12px 0;font-size:13px;font-variant-numeric:tabular-nums;\">\n<tr>";
    for (const std::string_view title : {"Instance", "Rate", "Idle", "Action"}) {
        out += fmt::format(
            "<th align=\"left\" style=\"padding:6px 14px 6px 0;border-bottom:{};{}"
            "font-weight:600;white-space:nowrap;\">{}</th>",
            line,
            quiet,
            title);
    }
    out += "</tr>\n";
    for (const auto& row : rows) {
        out += instance_row(row);
    }
    out += "</table>\n";
    const auto rest = omission(alert, rows.size());
    if (!rest.empty()) {
        out +=
            fmt::format("<p style=\"margin:0 0 12px 0;font-size:13px;{}\">… {}</p>\n", quiet, rest);
    }
    return out;
}

std::string footer(const alerts::Alert& alert, const MailContext& context) {
    auto out = fmt::format(
        "<div style=\"border-top:{};margin:18px 0 0 0;padding:12px 0 0 0;font-size:13px;"
        "line-height:1.7;\">\n",
        line);
    for (const auto& step : next_steps(alert)) {
        out += fmt::format(
            "<div><code style=\"font-family:ui-monospace,Menlo,Consolas,monospace;"
            "font-size:12px;\">{}</code> <span style=\"{}\">– {}</span></div>\n",
            escape_html(step.command),
            quiet,
            escape_html(step.purpose));
    }
    out += fmt::format(
        "<div style=\"{}font-size:12px;margin:8px 0 0 0;\">vastwatch · alert {} · notifier {}"
        "</div>\n</div>\n",
        quiet,
        escape_html(printable(alert.id.str(), 60)),
        escape_html(printable(context.notifier.str(), 60)));
    return out;
}

}  // namespace

std::string mail_html(const alerts::Alert& alert, const MailContext& context) {
    auto out = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta name=\"supported-color-schemes\" content=\"light dark\">\n"
        "<title>{}</title>\n</head>\n<body style=\"margin:0;padding:0;\">\n"
        "<div style=\"max-width:680px;margin:0 auto;padding:24px 20px;"
        "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;\">\n",
        escape_html(headline(alert)));
    out += header(alert);
    out += spend_bar(alert);
    out += fact_table(facts(alert, context.calendar));
    for (const auto& paragraph : paragraphs(alert)) {
        out += paragraph_html(paragraph);
    }
    out += instance_table(alert);
    out += footer(alert, context);
    return out + "</div>\n</body>\n</html>\n";
}

}  // namespace vastwatch::notify
