#include "web/page.hpp"

#include "base/text.hpp"
#include "web/assets.hpp"
#include "web/content_hash.hpp"
#include "web/page_parts.hpp"
#include "web/page_text.hpp"

#include <algorithm>
#include <string_view>

namespace vastwatch::web {
namespace {

constexpr std::string_view icon =
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle "
    "cx='8' cy='8' r='6' fill='none' stroke='%232c66dc' stroke-width='3'/%3E%3Ccircle cx='8' "
    "cy='8' r='2' fill='%232c66dc'/%3E%3C/svg%3E";

/// What a tab shows: whether somebody is needed, and the rate.
std::string title_of(const engine::View& view) {
    UsdPerHour burn;
    for (const auto& team : view.teams) {
        burn += team.burn;
    }
    const auto waiting = attention_count(view);
    const auto count = waiting > 0 ? fmt::format("({}) ", waiting) : std::string{};
    return fmt::format("{}{} · vastwatch", count, format_rate(burn));
}

void append_footer(std::string& out, const engine::View& view) {
    add(out,
        "<footer>vastwatch {}, started {} · <a href=\"/metrics\">metrics</a> · "
        "<a href=\"/api/v1/status\">API</a> · <a href=\"/-/ready\">readiness</a></footer>",
        escape_html(view.health.version),
        view.calendar.format(std::chrono::floor<std::chrono::seconds>(view.health.started)));
}

/// All that a page is made from.
struct Scene {
    const engine::View& view;
    const PageQuery& query;
    const std::optional<engine::Explanation>& explained;
};

/// The element that changes.
void append_live(std::string& out, const Scene& scene, std::string_view build) {
    const auto& [view, query, explained] = scene;
    const auto since_epoch = view.at.time_since_epoch();
    add(out,
        "<div id=\"live\" data-build=\"{}\" data-now=\"{}\" data-title=\"{}\">",
        build,
        std::chrono::floor<std::chrono::milliseconds>(since_epoch).count(),
        title_of(view));
    append_head(out, view);
    out += "<main id=\"main\">";
    append_attention(out, view);
    if (query.instance) {
        append_explanation(out, view, query, explained);
    }
    out += "<div class=\"whole\">";
    append_figures(out, view);
    out += "</div><div>";
    append_teams(out, view, query);
    append_instances(out, view, query);
    out += "</div><div class=\"side\">";
    append_kept(out, view, query);
    out += "<div class=\"pair\">";
    append_actions(out, view, query);
    append_alerts(out, view, query);
    out += "</div></div><div class=\"whole\">";
    append_accounts(out, view);
    out += "</div></main>";
    append_footer(out, view);
    out += "</div>";
}

}  // namespace

Page::Page()
    : security_policy_(fmt::format(
          "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; img-src data:; "
          "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
          csp_hash(page_style),
          csp_hash(page_script))),
      build_(csp_hash(std::string{page_style} + std::string{page_script}).substr(8, 12)) {}

std::string Page::render(
    const engine::View& view,
    const PageQuery& query,
    const std::optional<engine::Explanation>& explained) const {
    std::string out;
    if (query.part) {
        append_live(out, Scene{view, query, explained}, build_);
        return out;
    }
    add(out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<title>{}</title><link rel=\"icon\" href=\"{}\">"
        "<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>"
        "<style>{}</style></head>\n"
        "<body><a class=\"skip\" href=\"#instances\">Skip to the instances</a>"
        "<div id=\"lost\" role=\"alert\"></div><div id=\"news\" class=\"hidden\" role=\"status\">"
        "</div>\n",
        title_of(view),
        icon,
        page_style);
    append_live(out, Scene{view, query, explained}, build_);
    add(out, "\n<script>{}</script></body></html>\n", page_script);
    return out;
}

void append_head(std::string& out, const engine::View& view) {
    std::string_view mode = "dry run";
    std::string_view kind = "warn";
    const bool any = std::any_of(
        view.accounts.begin(), view.accounts.end(), [](const engine::AccountView& account) {
            return account.enforcing;
        });
    if (view.health.pause) {
        mode = "paused";
    } else if (view.health.enforce) {
        mode = any ? "enforcing" : "not enforcing";
        kind = any ? "good" : "bad";
    }
    add(out,
        "<header><h1><a href=\"/\">vastwatch</a></h1><span class=\"badge {}\">{}</span>"
        "<span id=\"as-of\" class=\"soft\">as of {}</span><nav aria-label=\"On this page\">"
        "<a href=\"#teams\">Teams</a><a href=\"#instances\">Instances</a>"
        "<a href=\"#kept\">Protected</a><a href=\"#actions\">Actions</a>"
        "<a href=\"#alerts\">Alerts</a><a href=\"#accounts\">Accounts</a></nav></header>",
        kind,
        mode,
        view.calendar.format(std::chrono::floor<std::chrono::seconds>(view.at)));
}

}  // namespace vastwatch::web
