// The table of instances, with its search and filters.
#include "base/text.hpp"
#include "web/instance_list.hpp"
#include "web/page_parts.hpp"
#include "web/page_text.hpp"
#include "web/sparkline.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_set>

namespace vastwatch::web {
namespace {

constexpr std::size_t rows_of_a_page = 40;
/// What makes a document that is still sent and patched without a pause. Searching reaches all.
constexpr std::size_t most_rows = 1000;
constexpr std::size_t longest_label = 80;

struct Column {
    std::string_view name;
    std::optional<Sort> sort;
    bool number;
};

constexpr std::array<Column, 8> columns{{
    {"Instance", Sort::name, false},
    {"Team", Sort::team, false},
    {"GPUs", Sort::gpu, false},
    {"Load", Sort::load, false},
    {"Costs", Sort::costs, true},
    {"Today", Sort::today, true},
    {"Idle", Sort::idle, true},
    {"Next", Sort::next, false},
}};

struct Choice {
    std::string_view value;
    std::string_view text;
};

constexpr std::array<Choice, 7> shows{{
    {"all", "any state"},
    {"due", "to go"},
    {"idle", "idle now"},
    {"running", "running"},
    {"stopped", "stopped"},
    {"kept", "protected"},
    {"unknown", "load unknown"},
}};

constexpr std::array<Choice, 13> sorts{{
    {"next", "next to go"},
    {"costs", "dearest"},
    {"-costs", "cheapest"},
    {"today", "most today"},
    {"idle", "longest idle"},
    {"load", "least load"},
    {"-load", "most load"},
    {"name", "label A to Z"},
    {"-name", "label Z to A"},
    {"team", "team"},
    {"gpu", "GPU"},
    {"age", "newest"},
    {"-age", "oldest"},
}};

/// What all rows of one page share.
struct Rows {
    const engine::View& view;
    std::string address;  // of the same page with one instance explained, less its number
    Duration span;
    std::unordered_set<InstanceId> waiting;  // a case only waits for the deadline that is shown
};

void append_option(std::string& out, std::string_view value, std::string_view text, bool selected) {
    add(out,
        "<option value=\"{}\"{}>{}</option>",
        escape_html(value),
        selected ? " selected" : "",
        escape_html(text));
}

template <std::size_t N>
void append_select(
    std::string& out,
    std::string_view name,
    std::string_view label,
    const std::array<Choice, N>& choices,
    std::string_view selected) {
    add(out, "<select name=\"{}\" aria-label=\"{}\">", name, label);
    for (const auto& choice : choices) {
        append_option(out, choice.value, choice.text, choice.value == selected);
    }
    out += "</select>";
}

void append_form(std::string& out, const engine::View& view, const PageQuery& query) {
    add(out,
        "<form role=\"search\" action=\"/#instances\"><input type=\"search\" name=\"q\" "
        "value=\"{}\" "
        "placeholder=\"Search id, label, GPU …\" aria-label=\"Search instances\" "
        "aria-keyshortcuts=\"/\" maxlength=\"100\" autocomplete=\"off\" spellcheck=\"false\">"
        "<select name=\"team\" aria-label=\"Team\">",
        escape_html(query.search));
    append_option(out, "", "all teams", !query.team);
    for (const auto& team : view.teams) {
        append_option(out, team.name.str(), team.name.str(), query.team == team.name);
    }
    out += "</select>";
    append_select(out, "state", "State", shows, to_string(query.show));
    const auto order = (query.reversed ? "-" : "") + std::string{to_string(query.sort)};
    append_select(out, "sort", "Order", sorts, order);
    if (query.every_row) {
        out += "<input type=\"hidden\" name=\"rows\" value=\"all\">";
    }
    out += "<button>Show</button></form>";
}

void append_heads(std::string& out, const PageQuery& query, Duration span) {
    out += "<thead><tr>";
    for (const auto& column : columns) {
        const bool current = column.sort == query.sort;
        auto other = query;
        other.sort = *column.sort;
        other.reversed = current && !query.reversed && query.sort != Sort::next;
        // The figures' columns begin with the most, names and loads with the least.
        const bool rising = column.number == query.reversed;
        add(out,
            "<th scope=\"col\"{}{}><a href=\"{}#instances\">{}</a>",
            column.number ? " class=\"n\"" : "",
            !current ? ""
            : rising ? " aria-sort=\"ascending\""
                     : " aria-sort=\"descending\"",
            escape_html(other.address()),
            column.name);
        if (column.sort == Sort::load) {
            add(out, " <small>last {}</small>", humanize(span));
        }
        out += "</th>";
    }
    out += "</tr></thead>";
}

std::string gpu_of(const fleet::Observation& row) {
    const auto name = row.gpu_name.empty() ? std::string{"unknown"} : short_text(row.gpu_name, 40);
    return row.num_gpus ? fmt::format("{}× {}", *row.num_gpus, name) : name;
}

void append_load(std::string& out, const engine::InstanceView& one, const Rows& rows) {
    out += "<td class=\"load\">";
    out += sparkline(*one.instance, rows.view.at, rows.span);
    if (one.gpu_util) {
        add(out, "<b>{:.0f}%</b>", std::clamp(*one.gpu_util, 0.0, 100.0));
    } else {
        out += "<span class=\"soft\">unknown</span>";
    }
    out += "</td>";
}

/// What happens next to the instance, and why.
void append_next(std::string& out, const engine::InstanceView& one, const Rows& rows) {
    std::string text;
    if (one.deadline) {
        const auto& deadline = *one.deadline;
        std::string rule{rules::to_string(deadline.rule)};
        std::replace(rule.begin(), rule.end(), '_', ' ');
        add(text,
            "<b class=\"{}\">{} {}</b><details><summary>at {}: {}</summary>{}</details>",
            deadline.action >= policy::Action::stop ? "bad" : "warn",
            policy::to_string(deadline.action),
            countdown(deadline.at, rows.view),
            clock_time(deadline.at, rows.view),
            rule,
            escape_html(deadline.reason));
    }
    if (!one.case_text.empty() && !(one.deadline && rows.waiting.contains(one.instance->id))) {
        add(text, "<small>{}</small>", with_code(one.case_text));
    }
    if (is_kept(one)) {
        add(text, "<small class=\"good\">{}</small>", escape_html(one.protection));
    }
    const bool unclear = one.doubt != fleet::Doubt::none && one.doubt != fleet::Doubt::not_running;
    if (unclear) {
        add(text, "<small>{}</small>", escape_html(fleet::explain(one.doubt)));
    }
    add(out, "<td class=\"{}\">{}</td></tr>", text.empty() ? "none" : "next", text);
}

void append_row(std::string& out, const engine::InstanceView& one, const Rows& rows) {
    const auto& instance = *one.instance;
    const auto& row = instance.row;
    const auto label =
        row.label.empty() ? std::string{"no label"} : short_text(row.label, longest_label);
    add(out,
        "<tr id=\"i{0}\"><th scope=\"row\"><a href=\"{4}{0}#explained\">{1}</a>"
        "<small>{0}</small></th><td>{2}</td><td>{3}",
        instance.id.value(),
        label,
        escape_html(instance.team.str()),
        gpu_of(row),
        rows.address);
    if (row.status != fleet::Status::running) {
        add(out, "<small>{}</small>", short_text(status_word(row), 40));
    }
    out += "</td>";
    append_load(out, one, rows);
    const auto rate = one.rate_known ? (one.estimated ? "~" : "") + format_rate(one.rate)
                                     : std::string{"unknown"};
    add(out,
        "<td class=\"n\">{}</td><td class=\"n\" data-name=\"today\">{}</td>",
        rate,
        format_usd(one.spend_today));
    if (one.idle > Duration{0}) {
        add(out, "<td class=\"n\" data-name=\"idle\">{}</td>", humanize(one.idle));
    } else {
        out += "<td class=\"none\"></td>";
    }
    append_next(out, one, rows);
}

Rows rows_of(const engine::View& view, PageQuery query) {
    query.instance.reset();
    const auto address = query.address();
    const auto mark = address.find('?') == std::string::npos ? '?' : '&';
    Rows rows{view, escape_html(address + mark + "instance="), sparkline_span(view), {}};
    for (const auto& item : view.cases) {
        if (item.step == enforcement::Step::pending && item.wait == enforcement::Wait::deadline) {
            rows.waiting.insert(item.instance);
        }
    }
    return rows;
}

/// "40 of 1003 shown."; and how to see the others.
void append_rest(std::string& out, const PageQuery& query, std::size_t shown, std::size_t found) {
    if (shown == found) {
        return;
    }
    auto whole = query;
    whole.every_row = true;
    add(out, "<p class=\"soft rest\">{} of {} shown. ", shown, found);
    if (query.every_row) {
        out += "Search to find the others, or <code>vastwatchctl instances</code>.</p>";
    } else {
        add(out,
            "<a href=\"{}#instances\">Show {}</a></p>",
            escape_html(whole.address()),
            found > most_rows ? fmt::format("{}", most_rows) : std::string{"all"});
    }
}

}  // namespace

void append_instances(std::string& out, const engine::View& view, const PageQuery& query) {
    std::size_t found = 0;
    const auto listed =
        list_instances(view, query, query.every_row ? most_rows : rows_of_a_page, found);
    const auto rows = rows_of(view, query);
    UsdPerHour cost;
    for (const auto* one : listed) {
        cost += one->rate;
    }
    add(out,
        "<section id=\"instances\" aria-labelledby=\"h-instances\"><h2 id=\"h-instances\">"
        "Instances <small id=\"count\">{}{}</small></h2>",
        found == view.instances.size() ? fmt::format("{}", found)
                                       : fmt::format("{} of {}", found, view.instances.size()),
        listed.size() == found && found != view.instances.size() ? ", " + format_rate(cost) : "");
    append_form(out, view, query);
    if (listed.empty()) {
        add(out,
            "<div class=\"card empty\">{}</div></section>",
            view.instances.empty() ? "There are none."
                                   : "None is like that. <a href=\"/#instances\">Show all</a>");
        return;
    }
    out +=
        "<div class=\"card\"><table class=\"instances\">"
        "<caption class=\"hidden\">Instances</caption>";
    append_heads(out, query, rows.span);
    out += "<tbody>";
    for (const auto* one : listed) {
        append_row(out, *one, rows);
    }
    out += "</tbody></table></div>";
    append_rest(out, query, listed.size(), found);
    out += "</section>";
}

}  // namespace vastwatch::web
