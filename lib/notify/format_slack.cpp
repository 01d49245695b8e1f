// Slack: https://docs.slack.dev/reference/block-kit. Text is escaped for mrkdwn (&, < and > are
// what mentions and links are made of) and marked verbatim, so that Slack links nothing by itself.
#include "notify/presentation.hpp"
#include "notify/webhook_payload.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

namespace vastwatch::notify {
namespace {

namespace json = boost::json;

constexpr std::size_t header_limit = 150;
constexpr std::size_t field_limit = 2000;
constexpr std::size_t fields_limit = 10;
constexpr std::size_t text_limit = 3000;
constexpr std::size_t instances_shown = 15;
constexpr std::size_t line_limit = 190;

std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string_view mark(const alerts::Alert& alert) {
    if (alert.resolved) {
        return "✅ ";
    }
    switch (alert.severity) {
        case policy::Severity::critical:
            return "🔴 ";
        case policy::Severity::warning:
            return "🟠 ";
        case policy::Severity::info:
            break;
    }
    return "🔵 ";
}

json::object plain_text(std::string_view text) {
    json::object out;
    out["type"] = "plain_text";
    out["text"] = text;
    out["emoji"] = false;
    return out;
}

json::object markup(std::string_view text) {
    json::object out;
    out["type"] = "mrkdwn";
    out["text"] = text;
    out["verbatim"] = true;
    return out;
}

json::object block(std::string_view type, std::string_view key, json::value content) {
    json::object out;
    out["type"] = type;
    out[key] = std::move(content);
    return out;
}

json::array fields(const alerts::Alert& alert, const Calendar& calendar) {
    json::array out;
    for (const auto& fact : facts(alert, calendar)) {
        if (out.size() == fields_limit) {
            break;
        }
        const auto value = fit(fact.value, field_limit / 2, escape);
        out.push_back(markup(fmt::format("*{}*\n{}", fact.name, value)));
    }
    return out;
}

std::string body_text(const alerts::Alert& alert) {
    std::string text;
    for (const auto& paragraph : paragraphs(alert)) {
        text += (text.empty() ? "" : "\n\n") + paragraph;
    }
    return fit(text, text_limit, escape);
}

std::string instance_text(const alerts::Alert& alert) {
    std::string out;
    std::size_t shown = 0;
    for (; shown < alert.instances.size() && shown < instances_shown; ++shown) {
        out += fmt::format("• {}\n", fit(instance_line(alert, shown), line_limit, escape));
    }
    const auto rest = omission(alert, shown);
    return rest.empty() ? out : fmt::format("{}… {}", out, rest);
}

std::string footer(const alerts::Alert& alert) {
    std::string out;
    for (const auto& step : next_steps(alert)) {
        out += fmt::format("`{}` {}\n", escape(step.command), escape(step.purpose));
    }
    return out + "vastwatch alert " + fit(alert.id.str(), 60, escape);
}

}  // namespace

json::value slack_payload(const alerts::Alert& alert, const Calendar& calendar) {
    const auto title = fmt::format("{}{}", mark(alert), headline(alert));
    json::array blocks;
    blocks.push_back(block("header", "text", plain_text(fit(title, header_limit, escape))));
    blocks.push_back(block("section", "fields", fields(alert, calendar)));
    const auto text = body_text(alert);
    if (!text.empty()) {
        blocks.push_back(block("section", "text", markup(text)));
    }
    const auto instances = instance_text(alert);
    if (!instances.empty()) {
        blocks.push_back(block("section", "text", markup(instances)));
    }
    json::array context;
    context.push_back(markup(footer(alert)));
    blocks.push_back(block("context", "elements", std::move(context)));
    json::object out;
    out["text"] = fit(title, text_limit, escape);
    out["blocks"] = std::move(blocks);
    return out;
}

}  // namespace vastwatch::notify
