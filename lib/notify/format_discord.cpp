// Discord: https://discord.com/developers/docs/resources/webhook#execute-webhook. An embed may hold
// 6000 characters in all; every character that Discord's markdown knows is escaped.
#include "notify/presentation.hpp"
#include "notify/webhook_payload.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

namespace vastwatch::notify {
namespace {

namespace json = boost::json;

constexpr std::size_t title_limit = 256;
constexpr std::size_t description_limit = 2400;
constexpr std::size_t value_limit = 200;
constexpr std::size_t instances_limit = 1024;
constexpr std::size_t instances_shown = 10;
constexpr std::size_t line_limit = 96;

std::string escape(std::string_view text) {
    constexpr std::string_view markup = "\\*_~`|<>[]()#@:-";
    std::string out;
    for (const char c : text) {
        if (markup.find(c) != std::string_view::npos) {
            out += '\\';
        }
        out += c;
    }
    return out;
}

int colour(const alerts::Alert& alert) {
    if (alert.resolved) {
        return 0x2E9E5B;
    }
    switch (alert.severity) {
        case policy::Severity::critical:
            return 0xE0453C;
        case policy::Severity::warning:
            return 0xD98A00;
        case policy::Severity::info:
            break;
    }
    return 0x3B82D6;
}

json::object field(std::string_view name, std::string_view value, bool beside) {
    json::object out;
    out["name"] = name;
    out["value"] = value;
    out["inline"] = beside;
    return out;
}

std::string description(const alerts::Alert& alert) {
    std::string text;
    for (const auto& paragraph : paragraphs(alert)) {
        text += (text.empty() ? "" : "\n\n") + paragraph;
    }
    return fit(text, description_limit, escape);
}

std::string instance_text(const alerts::Alert& alert) {
    constexpr std::size_t room_for_rest = 40;
    std::string out;
    std::size_t shown = 0;
    for (; shown < alert.instances.size() && shown < instances_shown; ++shown) {
        auto line = fit(instance_line(alert, shown), line_limit, escape) + "\n";
        if (out.size() + line.size() > instances_limit - room_for_rest) {
            break;
        }
        out += line;
    }
    const auto rest = omission(alert, shown);
    return rest.empty() ? out : fmt::format("{}… {}", out, rest);
}

std::string commands(const alerts::Alert& alert) {
    std::string out;
    for (const auto& step : next_steps(alert)) {
        out += fmt::format("`{}`\n", step.command);
    }
    return out;
}

}  // namespace

json::value discord_payload(const alerts::Alert& alert, const Calendar& calendar) {
    json::array fields;
    for (const auto& fact : facts(alert, calendar)) {
        fields.push_back(field(fact.name, fit(fact.value, value_limit, escape), true));
    }
    const auto instances = instance_text(alert);
    if (!instances.empty()) {
        fields.push_back(field("Instances", instances, false));
    }
    fields.push_back(field("Next", commands(alert), false));
    json::object footer;
    footer["text"] = "vastwatch alert " + fit(alert.id.str(), 60, escape);
    json::object embed;
    embed["title"] = fit(headline(alert), title_limit, escape);
    embed["description"] = description(alert);
    embed["color"] = colour(alert);
    embed["fields"] = std::move(fields);
    embed["footer"] = std::move(footer);
    embed["timestamp"] = format_rfc3339(alert.time);
    json::object nobody;
    nobody["parse"] = json::array{};
    json::object out;
    out["username"] = "vastwatch";
    out["embeds"] = json::array{std::move(embed)};
    out["allowed_mentions"] = std::move(nobody);
    return out;
}

}  // namespace vastwatch::notify
