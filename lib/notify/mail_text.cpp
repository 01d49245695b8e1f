// The plain text part of a mail.
#include "base/text.hpp"
#include "notify/email_message.hpp"
#include "notify/presentation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vastwatch::notify {
namespace {

constexpr std::size_t rows_shown = 100;
constexpr std::size_t widest_column = 44;

std::string padded(const std::string& text, std::size_t width) {
    const auto have = display_width(text);
    return have < width ? text + std::string(width - have, ' ') : text;
}

std::string fact_lines(const std::vector<Fact>& list) {
    std::size_t width = 0;
    for (const auto& fact : list) {
        width = std::max(width, display_width(fact.name));
    }
    std::string out;
    for (const auto& fact : list) {
        out += fmt::format("{}  {}\n", padded(fact.name, width), fact.value);
    }
    return out;
}

std::string instance_lines(const std::vector<InstanceRow>& rows) {
    std::vector<std::array<std::string, 6>> lines;
    lines.push_back({"ID", "LABEL", "GPU", "RATE", "IDLE", "ACTION"});
    for (const auto& row : rows) {
        const auto label = printable(row.label, widest_column);
        lines.push_back({row.id, label, row.gpu, row.rate, row.idle, row.action});
    }
    std::array<std::size_t, 6> widths{};
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            widths[i] = std::max(widths[i], display_width(line[i]));
        }
    }
    std::string out;
    for (const auto& line : lines) {
        std::string text;
        for (std::size_t i = 0; i < line.size(); ++i) {
            text += padded(line[i], widths[i]) + "  ";
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + "\n";
    }
    return out;
}

}  // namespace

std::string mail_text(const alerts::Alert& alert, const MailContext& context) {
    const auto title = headline(alert);
    auto out = fmt::format("{}\n{}\n\n", title, std::string(display_width(title), '='));
    out += fact_lines(facts(alert, context.calendar));
    for (const auto& paragraph : paragraphs(alert)) {
        out += fmt::format("\n{}\n", paragraph);
    }
    const auto rows = instance_rows(alert, rows_shown);
    if (!rows.empty()) {
        out += "\n" + instance_lines(rows);
    }
    const auto rest = omission(alert, rows.size());
    if (!rest.empty()) {
        out += rest + "\n";
    }
    out += "\n";
    for (const auto& step : next_steps(alert)) {
        out += fmt::format("{}  ({})\n", step.command, step.purpose);
    }
    out += fmt::format(
        "\n-- \nvastwatch, {} alert {}, to notifier {}\n",
        policy::to_string(alert.severity),
        printable(alert.id.str(), 60),
        printable(context.notifier.str(), 60));
    return out;
}

}  // namespace vastwatch::notify
