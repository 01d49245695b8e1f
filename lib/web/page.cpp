#include "web/page.hpp"

#include "base/text.hpp"
#include "web/content_hash.hpp"
#include "web/page_parts.hpp"

#include <fmt/format.h>

#include <string_view>

namespace vastwatch::web {
namespace {

constexpr std::size_t most_instances = 200;

// Without JavaScript comments or indentation to spare: it is sent with every page.
constexpr std::string_view script = R"js(
(() => {
  let busy = false;
  const update = async () => {
    if (busy || document.hidden || String(getSelection())) return;
    busy = true;
    try {
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), 10000);
      const answer = await fetch(location.href, {cache: 'no-store', signal: stop.signal});
      const text = await answer.text();
      clearTimeout(timer);
      const next = new DOMParser().parseFromString(text, 'text/html');
      const main = next.querySelector('main');
      if (!answer.ok || !main) throw new Error('no page');
      document.querySelector('main').replaceWith(document.adoptNode(main));
      document.title = next.title;
      document.body.classList.remove('lost');
    } catch (problem) {
      document.body.classList.add('lost');
    }
    busy = false;
  };
  setInterval(update, 5000);
  document.addEventListener('visibilitychange', update);
})();
)js";

constexpr std::string_view style = R"css(
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --text: #171a1f; --soft: #5d6673; --line: #e3e6eb;
  --track: #e9ecf1; --blue: #2c66dc; --blue-soft: #2c66dc24; --green: #17784a; --amber: #a15c00;
  --red: #c22f3a; --amber-back: #fff5e0; --red-back: #fdecec; --blue-back: #eaf1ff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1115; --card: #161a20; --text: #e4e8ee; --soft: #94a0ae; --line: #272d36;
    --track: #262c35; --blue: #6a9bff; --blue-soft: #6a9bff2b; --green: #4cc38a; --amber: #f0b252;
    --red: #ff7b82; --amber-back: #2c2312; --red-back: #331a1d; --blue-back: #172338;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  font-variant-numeric: tabular-nums;
}
main, footer { max-width: 1240px; margin: 0 auto; padding: 0 20px; }
a { color: inherit; text-decoration: none; }
a:hover { text-decoration: underline; }
header { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; padding: 18px 0 14px; }
h1 { margin: 0; font-size: 20px; letter-spacing: -.01em; }
h2 { margin: 30px 0 10px; font-size: 16px; }
h2 small, .soft { color: var(--soft); font-weight: 400; font-size: 13px; }
header .soft { margin-left: auto; }
.badge {
  padding: 1px 9px; border: 1px solid currentColor; border-radius: 99px;
  font-size: 12px; font-weight: 600;
}
.good { color: var(--green); } .warn { color: var(--amber); } .bad { color: var(--red); }
.note { margin: 0 0 8px; padding: 9px 14px; border-radius: 8px; border-left: 4px solid; }
.note.info { background: var(--blue-back); border-color: var(--blue); color: var(--text); }
.note.warn { background: var(--amber-back); border-color: var(--amber); color: var(--text); }
.note.bad { background: var(--red-back); border-color: var(--red); color: var(--text); }
code { font-size: 13px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 12px; margin-top: 14px; }
.tile { padding: 12px 16px; }
.tile b { display: block; font-size: 24px; line-height: 1.25; letter-spacing: -.02em; }
.teams { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 12px; }
.team { padding: 14px 16px 12px; }
.team h3 { margin: 0; font-size: 15px; overflow-wrap: anywhere; }
.row { display: flex; justify-content: space-between; gap: 12px; align-items: baseline; }
.row > :last-child { text-align: right; }
.window { margin-top: 10px; font-size: 14px; }
.window .soft, .util { white-space: nowrap; }
.bar { display: block; width: 100%; height: 8px; margin: 4px 0 2px; border-radius: 4px; }
.track { fill: var(--track); } .ahead-fill { fill: var(--blue-soft); }
.fill { fill: var(--blue); } .fill.warn { fill: var(--amber); } .fill.bad { fill: var(--red); }
.curve { display: block; width: 100%; height: 64px; margin-top: 12px; }
.curve polyline { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
.area { fill: var(--blue-soft); } .spent { stroke: var(--blue); }
.ahead { stroke: var(--blue); stroke-dasharray: 3 4; }
.cap { stroke: var(--red); stroke-dasharray: 7 4; }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
th { color: var(--soft); font-size: 12px; font-weight: 600; text-align: left; }
th, td { padding: 8px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { padding-left: 16px; }
th:last-child, td:last-child { padding-right: 16px; }
.number { text-align: right; white-space: nowrap; }
td { overflow-wrap: break-word; }
td.wide { overflow-wrap: anywhere; }
td.load { white-space: nowrap; }
td small { display: block; color: var(--soft); font-size: 12.5px; }
td.next { min-width: 220px; max-width: 320px; }
.util { display: inline-block; width: 40px; height: 6px; margin-right: 6px; border-radius: 3px; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 16px; }
.list { padding: 2px 16px; }
.list p { margin: 0; padding: 9px 0; border-bottom: 1px solid var(--line); font-size: 14px; }
.list p:last-child { border-bottom: 0; }
.list small { display: block; color: var(--soft); font-size: 12.5px; }
.dot { display: inline-block; width: 8px; height: 8px; margin-right: 7px; border-radius: 50%; }
.dot { background: var(--blue); }
.dot.warning { background: var(--amber); } .dot.critical { background: var(--red); }
.dot.resolved { background: var(--green); }
.empty { padding: 16px; color: var(--soft); }
footer { padding-top: 24px; padding-bottom: 32px; color: var(--soft); font-size: 13px; }
footer a { text-decoration: underline; }
#lost { display: none; position: sticky; top: 0; padding: 8px; text-align: center; z-index: 1; }
#lost { background: var(--red); color: var(--page); font-weight: 600; }
.lost #lost { display: block; }
@media (max-width: 900px) {
  .tiles { grid-template-columns: 1fr 1fr; }
  .pair { grid-template-columns: 1fr; }
}
@media (max-width: 760px) {
  main, footer { padding-left: 12px; padding-right: 12px; }
  .teams { grid-template-columns: 1fr; }
  .tile b { font-size: 20px; }
  header .soft { margin-left: 0; width: 100%; }
  thead { display: none; }
  tr { display: grid; grid-template-columns: 1fr 1fr; gap: 4px 14px; padding: 10px 16px; }
  tr { border-bottom: 1px solid var(--line); }
  tr:last-child { border-bottom: 0; }
  th, td, td:first-child, td:last-child { padding: 0; border: 0; }
  td.number { text-align: left; }
  td[data-name]::before { content: attr(data-name) " "; color: var(--soft); font-size: 12.5px; }
  td.wide { grid-column: 1 / -1; }
  td.next { min-width: 0; max-width: none; }
  td.none { display: none; }
}
)css";

constexpr std::string_view icon =
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle "
    "cx='8' cy='8' r='6' fill='none' stroke='%232c66dc' stroke-width='3'/%3E%3Ccircle cx='8' "
    "cy='8' r='2' fill='%232c66dc'/%3E%3C/svg%3E";

UsdPerHour total_burn(const engine::View& view) {
    UsdPerHour total;
    for (const auto& team : view.teams) {
        total += team.burn;
    }
    return total;
}

}  // namespace

Page::Page()
    : security_policy_(fmt::format(
          "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; img-src data:; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
          csp_hash(style),
          csp_hash(script))) {}

std::string Page::render(const engine::View& view, const std::optional<TeamName>& team) const {
    std::string out = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<title>vastwatch · {}</title><link rel=\"icon\" href=\"{}\">"
        "<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>"
        "<style>{}</style></head>\n"
        "<body><div id=\"lost\">vastwatch does not answer: the figures below are old.</div>\n"
        "<main>",
        format_rate(total_burn(view)),
        icon,
        style);
    append_head(out, view);
    append_tiles(out, view);
    append_teams(out, view);
    append_instances(out, view, team, most_instances);
    out += "<div class=\"pair\"><section>";
    append_actions(out, view);
    out += "</section><section>";
    append_alerts(out, view);
    out += "</section></div>";
    append_accounts(out, view);
    fmt::format_to(
        std::back_inserter(out),
        "</main>\n<footer>vastwatch {} · <a href=\"/metrics\">metrics</a> · "
        "<a href=\"/api/v1/status\">API</a> · <a href=\"/-/ready\">readiness</a></footer>\n"
        "<script>{}</script></body></html>\n",
        escape_html(view.health.version),
        script);
    return out;
}

}  // namespace vastwatch::web
