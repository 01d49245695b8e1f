// What is kept back or exempt, what was done, and what was told.
#include "base/text.hpp"
#include "web/page_parts.hpp"
#include "web/page_text.hpp"

#include <algorithm>
#include <vector>

namespace vastwatch::web {
namespace {

constexpr std::size_t most_entries = 10;
constexpr std::size_t longest_alert = 900;

void append_hold(std::string& out, const enforcement::Hold& hold, const engine::View& view) {
    add(out,
        "<li id=\"hold{0}\"><p><b class=\"warn\">Held: {1}</b> {2} <small>{3}, since {4}. "
        "<code>vastwatchctl approve {0}</code> or <code>vastwatchctl dismiss {0}</code></small>"
        "</p><span class=\"n\">{5}</span></li>",
        hold.id.value(),
        plural(hold.instances.size(), "action"),
        escape_html(hold.account.str()),
        hold.kind == enforcement::Hold::Kind::mass_idle ? "too many idle at once"
                                                        : "after a change of the configuration",
        clock_time(hold.created, view),
        format_rate(hold.cost));
}

/// The pause, and what it costs: whatever would be acted upon now if it were not for it.
void append_pause(std::string& out, const enforcement::Pause& pause, const engine::View& view) {
    std::size_t count = 0;
    UsdPerHour cost;
    for (const auto& item : view.cases) {
        if (item.step == enforcement::Step::pending && item.wait == enforcement::Wait::paused) {
            ++count;
            cost += item.rate;
        }
    }
    add(out,
        "<li id=\"pause\"><p><b class=\"warn\">Paused: {} waiting</b> by {} <small>since {}, {}. "
        "<code>vastwatchctl resume</code></small></p><span class=\"n\">{}</span></li>",
        plural(count, "action"),
        short_text(pause.actor, 60),
        clock_time(pause.since, view),
        pause.until ? "until " + clock_time(*pause.until, view) : std::string{"without an end"},
        format_rate(cost));
}

void append_kept_one(std::string& out, const engine::InstanceView& one) {
    add(out,
        "<li id=\"k{0}\"><p><b>{1}</b> <small>{0} · {2} · {3}</small></p>"
        "<span class=\"n\">{4}</span></li>",
        one.instance->id.value(),
        one.instance->row.label.empty() ? "no label" : short_text(one.instance->row.label, 60),
        escape_html(one.instance->team.str()),
        escape_html(one.protection),
        one.rate_known ? format_rate(one.rate) : "unknown");
}

std::string_view words(enforcement::Step step) {
    using enforcement::Step;
    switch (step) {
        case Step::pending:
            return "to come";
        case Step::held:
            return "held";
        case Step::verifying:
            return "being verified";
        case Step::intended:
            return "on its way";
        case Step::requested:
            return "requested";
        case Step::confirmed:
            return "done";
        case Step::dropped:
            return "dropped";
        case Step::dry_run:
            return "dry run";
        case Step::vanished:
            return "already gone";
    }
    return "";
}

std::string_view colour(enforcement::Step step) {
    using enforcement::Step;
    if (step == Step::confirmed) {
        return "good";
    }
    return step == Step::held || step == Step::requested ? "warn" : "";
}

void append_action(std::string& out, const enforcement::Case& item, const engine::View& view) {
    std::string why;
    for (const auto& reason : item.reasons) {
        why += (why.empty() ? "" : " ") + escape_html(reason.text);
    }
    std::string state{words(item.step)};
    if (item.step == enforcement::Step::pending && item.wait != enforcement::Wait::none) {
        state = escape_html(enforcement::explain(item.wait));
    }
    add(out,
        "<li id=\"a{}\"><p><b>{} {}</b> {} <small>{} · <span class=\"{}\">{}</span> · {}</small>"
        "</p><span class=\"n\">{}</span></li>",
        item.number,
        item.action == policy::Action::stop ? "Stop" : "Destroy",
        item.instance.value(),
        short_text(item.label, 60),
        clock_time(item.closed_at.value_or(item.opened), view),
        colour(item.step),
        state,
        why,
        format_rate(item.rate));
}

/// Notifiers that have not been told yet, or never will be.
std::string trouble_of(const engine::AlertView& one) {
    std::string out;
    for (const auto& delivery : one.deliveries) {
        if (delivery.state != alerts::Delivery::delivered) {
            out += fmt::format(
                " · <span class=\"warn\">{} {}</span>",
                escape_html(delivery.notifier.str()),
                alerts::to_string(delivery.state));
        }
    }
    return out;
}

void append_alert(std::string& out, const engine::AlertView& one, const engine::View& view) {
    const auto& alert = one.alert;
    const auto kind =
        alert.resolved ? std::string_view{"resolved"} : policy::to_string(alert.severity);
    add(out,
        "<li id=\"al{}\"><details><summary><span class=\"word {}\">{}</span> {} "
        "<small>{}{}{}</small></summary><p class=\"text\">{}</p></details></li>",
        escape_html(alert.id.str()),
        kind,
        kind,
        escape_html(alert.title),
        clock_time(alert.time, view),
        alert.dry_run ? " · dry run" : "",
        trouble_of(one),
        // Its lines are kept by the style; each is escaped by itself.
        [&alert] {
            std::string text;
            std::string_view rest = std::string_view{alert.text}.substr(0, longest_alert);
            while (!rest.empty()) {
                const auto end = std::min(rest.find('\n'), rest.size());
                text += with_code(rest.substr(0, end)) + "\n";
                rest.remove_prefix(std::min(end + 1, rest.size()));
            }
            if (alert.text.size() > longest_alert) {
                text += "…";
            }
            return text;
        }());
}

void append_empty(std::string& out, std::string_view text) {
    add(out, "<div class=\"card empty\">{}</div></section>", text);
}

void open_section(std::string& out, std::string_view id, std::string_view title) {
    add(out, "<section id=\"{0}\" aria-labelledby=\"h-{0}\"><h2 id=\"h-{0}\">{1}</h2>", id, title);
}

}  // namespace

void append_kept(std::string& out, const engine::View& view, const PageQuery& query) {
    std::vector<const engine::InstanceView*> kept;
    UsdPerHour cost;
    for (const auto& one : view.instances) {
        if (is_kept(one) && concerns(query, one.instance->team)) {
            kept.push_back(&one);
            cost += one.rate;
        }
    }
    std::sort(
        kept.begin(), kept.end(), [](const engine::InstanceView* a, const engine::InstanceView* b) {
            return std::pair{b->rate, a->instance->id} < std::pair{a->rate, b->instance->id};
        });
    open_section(
        out,
        "kept",
        "Held, paused, protected" +
            (kept.empty()
                 ? std::string{}
                 : fmt::format(
                       " <small>{} protected, {}</small>", kept.size(), format_rate(cost))));
    if (kept.empty() && view.holds.empty() && !view.health.pause) {
        append_empty(out, "Nothing is held back and nothing is exempt.");
        return;
    }
    out += "<ul class=\"card list\">";
    if (view.health.pause) {
        append_pause(out, *view.health.pause, view);
    }
    for (const auto& hold : view.holds) {
        append_hold(out, hold, view);
    }
    const auto shown = std::min(most_entries, kept.size());
    for (std::size_t i = 0; i < shown; ++i) {
        append_kept_one(out, *kept[i]);
    }
    if (shown < kept.size()) {
        auto all = query;
        all.show = Show::kept;
        add(out,
            "<li><p><a href=\"{}#instances\">{} more</a></p></li>",
            escape_html(all.address()),
            kept.size() - shown);
    }
    out += "</ul></section>";
}

void append_actions(std::string& out, const engine::View& view, const PageQuery& query) {
    open_section(out, "actions", "Actions");
    std::string items;
    std::size_t shown = 0;
    for (const auto& item : view.cases) {
        if (shown < most_entries && concerns(query, item.team)) {
            append_action(items, item, view);
            ++shown;
        }
    }
    if (shown == 0) {
        append_empty(out, "None yet.");
        return;
    }
    out += "<ul class=\"card list\">" + items + "</ul></section>";
}

void append_alerts(std::string& out, const engine::View& view, const PageQuery& query) {
    open_section(out, "alerts", "Alerts");
    std::string items;
    std::size_t shown = 0;
    for (const auto& one : view.alerts) {
        // What is about an account, or about the daemon, concerns every team.
        const bool ours = !one.alert.team || concerns(query, *one.alert.team);
        if (shown < most_entries && ours) {
            append_alert(items, one, view);
            ++shown;
        }
    }
    if (shown == 0) {
        append_empty(out, "None yet.");
        return;
    }
    out += "<ul class=\"card list\">" + items + "</ul></section>";
}

}  // namespace vastwatch::web
