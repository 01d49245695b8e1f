// `audit`: records as lines a person can read, and the verdict on the chain.
#include "base/text.hpp"
#include "ctl/views.hpp"

#include <fmt/format.h>

namespace vastwatch::ctl {
namespace {

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const auto& text : texts) {
        out += (out.empty() ? "" : "; ") + text;
    }
    return out;
}

std::string details(const Fields& record) {
    auto text = joined(record.texts("reasons"));
    if (const auto detail = record.text("detail")) {
        text += (text.empty() ? "" : "; ") + *detail;
    }
    return text;
}

/// "instance 312 ml-research/llama (8x H100 SXM, $18.40/h)", as far as it is recorded.
std::string subject(const Fields& record) {
    std::string text;
    if (const auto id = record.whole("instance_id")) {
        text = fmt::format("{}", *id);
    }
    if (const auto label = record.text("label")) {
        text += (text.empty() ? "" : " ") + *label;
    }
    std::string more = record.has("gpu") ? gpu(record, "gpu") : std::string{};
    if (const auto dph = record.number("dph")) {
        more += (more.empty() ? "" : ", ") + rate(dph);
    }
    return more.empty() ? text : fmt::format("{} ({})", text, more);
}

Style weight(const Fields& record) {
    const auto outcome = record.word("outcome");
    if (outcome == "failed") {
        return Style::bad;
    }
    const auto action = record.word("action");
    return action == "destroy" || action == "stop" ? Style::warn : Style::plain;
}

Text line_of(const Fields& record, const Look& look) {
    const auto time = record.time("timestamp");
    Text line{time ? look.calendar.format(*time) : std::string{unknown}, Style::soft};
    line.add("  ").add(record.word("action"), weight(record));
    if (const auto outcome = record.text("outcome")) {
        line.add(" " + *outcome, weight(record));
    }
    const auto what = subject(record);
    line.add(what.empty() ? "" : "  " + what);
    if (const auto team = record.text("team")) {
        line.add("  team " + *team);
    } else if (const auto account = record.text("account")) {
        line.add("  account " + *account);
    }
    line.add("  by " + record.word("actor"), Style::soft);
    const auto more = details(record);
    return line.add(more.empty() ? "" : ": " + more);
}

}  // namespace

Lines audit_lines(const std::vector<std::string>& records, const Look& look) {
    Page page{look};
    if (records.empty()) {
        page.line(Text{"No records.", Style::soft});
    }
    for (const auto& text : records) {
        const auto record = parse_object(text);
        page.line(record ? line_of(Fields{*record}, look) : Text{printable(text), Style::bad});
    }
    return page.take();
}

Lines verify_lines(const Fields& answer, const Look& look) {
    Page page{look};
    const auto count = [&answer](std::string_view name, std::string_view one) {
        const auto number = answer.amount(name);
        return number ? plural(*number, one) : fmt::format("? {}s", one);
    };
    const auto extent = fmt::format("{} in {}", count("records", "record"), count("files", "file"));
    if (answer.flag("ok")) {
        page.line(
            Text{"✓", Style::good}.add(" The audit log is whole and unaltered: " + extent + "."));
        return page.take();
    }
    page.line(Text{"✗", Style::bad}.add(" The audit log is not whole: " + extent + "."));
    for (const auto& problem : answer.texts("problems")) {
        page.paragraph(Text{"  "}, problem);
    }
    return page.take();
}

}  // namespace vastwatch::ctl
