// Microsoft Teams: an Adaptive Card posted to a "Workflows" webhook. All text goes into TextRuns,
// which know no markdown, unlike TextBlock and FactSet: nothing of it can become a link.
#include "notify/presentation.hpp"
#include "notify/webhook_payload.hpp"
#include "wire/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <array>

namespace vastwatch::notify {
namespace {

namespace json = boost::json;

constexpr std::size_t bytes_limit = std::size_t{27} * 1024;

/// How much text goes in: as it is wanted, and what fits even when every character is four bytes.
struct Room {
    std::size_t paragraph;
    std::size_t paragraphs;
    std::size_t instances;
};

constexpr std::array rooms{Room{2000, 8, 20}, Room{500, 3, 5}};

std::string unchanged(std::string_view text) {
    return std::string{text};
}

std::string_view colour(const alerts::Alert& alert) {
    if (alert.resolved) {
        return "good";
    }
    switch (alert.severity) {
        case policy::Severity::critical:
            return "attention";
        case policy::Severity::warning:
            return "warning";
        case policy::Severity::info:
            break;
    }
    return "accent";
}

json::object run(std::string_view text, std::size_t limit) {
    json::object out;
    out["type"] = "TextRun";
    out["text"] = fit(text, limit, unchanged);
    return out;
}

json::object line(json::array runs) {
    json::object out;
    out["type"] = "RichTextBlock";
    out["inlines"] = std::move(runs);
    return out;
}

json::object title(const alerts::Alert& alert) {
    auto text = run(headline(alert), 200);
    text["weight"] = "bolder";
    text["size"] = "large";
    text["color"] = colour(alert);
    json::array runs;
    runs.push_back(std::move(text));
    return line(std::move(runs));
}

json::object fact_line(const Fact& fact) {
    json::array runs;
    auto name = run(fact.name + ":  ", 40);
    name["isSubtle"] = true;
    runs.push_back(std::move(name));
    runs.push_back(run(fact.value, 200));
    auto out = line(std::move(runs));
    out["spacing"] = "none";
    return out;
}

json::object text_line(std::string_view text, std::size_t limit, bool small) {
    auto content = run(text, limit);
    if (small) {
        content["size"] = "small";
    }
    json::array runs;
    runs.push_back(std::move(content));
    return line(std::move(runs));
}

json::array body(const alerts::Alert& alert, const Calendar& calendar, const Room& room) {
    json::array out;
    out.push_back(title(alert));
    for (const auto& fact : facts(alert, calendar)) {
        out.push_back(fact_line(fact));
    }
    std::size_t told = 0;
    for (const auto& paragraph : paragraphs(alert)) {
        if (told++ == room.paragraphs) {
            break;
        }
        out.push_back(text_line(paragraph, room.paragraph, false));
    }
    std::size_t shown = 0;
    for (; shown < alert.instances.size() && shown < room.instances; ++shown) {
        out.push_back(text_line(instance_line(alert, shown), 200, true));
    }
    const auto rest = omission(alert, shown);
    if (!rest.empty()) {
        out.push_back(text_line("… " + rest, 60, true));
    }
    for (const auto& step : next_steps(alert)) {
        auto command = run(step.command + "  (" + step.purpose + ")", 200);
        command["fontType"] = "monospace";
        command["size"] = "small";
        json::array runs;
        runs.push_back(std::move(command));
        out.push_back(line(std::move(runs)));
    }
    return out;
}

json::object message(json::array content) {
    json::object width;
    width["width"] = "Full";
    json::object card;
    card["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json";
    card["type"] = "AdaptiveCard";
    card["version"] = "1.4";
    card["msteams"] = std::move(width);
    card["body"] = std::move(content);
    json::object attachment;
    attachment["contentType"] = "application/vnd.microsoft.card.adaptive";
    attachment["contentUrl"] = nullptr;
    attachment["content"] = std::move(card);
    json::array attachments;
    attachments.push_back(std::move(attachment));
    json::object out;
    out["type"] = "message";
    out["attachments"] = std::move(attachments);
    return out;
}

}  // namespace

json::value teams_payload(const alerts::Alert& alert, const Calendar& calendar) {
    json::object out;
    for (const auto& room : rooms) {
        out = message(body(alert, calendar, room));
        if (wire::to_text(out).size() <= bytes_limit) {
            break;
        }
    }
    return out;
}

}  // namespace vastwatch::notify
