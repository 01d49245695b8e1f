// One instance, explained to a person.
#include "base/text.hpp"
#include "web/page_parts.hpp"
#include "web/page_text.hpp"

namespace vastwatch::web {

void append_explanation(
    std::string& out,
    const engine::View& view,
    const PageQuery& query,
    const std::optional<engine::Explanation>& explained) {
    auto closed = query;
    closed.instance.reset();
    const auto id = query.instance->value();
    add(out,
        "<section id=\"explained\" class=\"whole\" tabindex=\"-1\" "
        "aria-labelledby=\"h-explained\"><h2 id=\"h-explained\">Instance {} <small>"
        "<a href=\"{}\">close</a></small></h2><div class=\"card explained\">",
        id,
        escape_html(closed.address()));
    if (!explained) {
        add(out, "<p>There is no instance {} any more.</p></div></section>", id);
        return;
    }
    add(out,
        "<p><b>{}</b></p><p class=\"soft\">{} · {} · {}</p>",
        escape_html(explained->headline),
        short_text(explained->instance.instance->row.label, 80),
        escape_html(explained->instance.instance->team.str()),
        explained->instance.rate_known ? format_rate(explained->instance.rate)
                                       : std::string{"rate unknown"});
    for (const auto& paragraph : explained->paragraphs) {
        add(out, "<p>{}</p>", with_code(paragraph));
    }
    if (!explained->finding_reasons.empty()) {
        out += "<ul>";
        for (std::size_t i = 0; i < explained->finding_reasons.size(); ++i) {
            const auto& finding = explained->findings[i];
            add(out,
                "<li>{}: {} <span class=\"soft\">since {}</span></li>",
                rules::to_string(finding.rule),
                escape_html(explained->finding_reasons[i]),
                clock_time(finding.since, view));
        }
        out += "</ul>";
    }
    add(out,
        "<p class=\"soft\"><a href=\"/api/v1/instances/{}\">All there is to know, as JSON</a></p>"
        "</div></section>",
        id);
}

}  // namespace vastwatch::web
