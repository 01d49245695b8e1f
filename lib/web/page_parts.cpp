#include "web/page_parts.hpp"

#include "base/text.hpp"
#include "http/target.hpp"
#include "web/curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

namespace vastwatch::web {
namespace {

constexpr std::size_t most_entries = 10;  // of actions, and of alerts
/// A notifier that has had something to say for this long has a problem.
constexpr Duration late_delivery = std::chrono::minutes{10};

template <class... Arguments>
void add(std::string& out, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
}

/// "in 12m" or "3m ago".
std::string relative(Instant at, Instant now) {
    return at >= now ? "in " + humanize(at - now) : humanize(now - at) + " ago";
}

/// "19:04 UTC", with the date in front when it is not today.
std::string clock_time(Instant at, const engine::View& view) {
    if (view.calendar.day_start(at) == view.calendar.day_start(view.at)) {
        return view.calendar.format_time(at);
    }
    const auto date = view.calendar.date_of(at);
    return fmt::format(
        "{:04}-{:02}-{:02} {}",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        view.calendar.format_time(at));
}

std::string plural(std::size_t count, std::string_view one) {
    return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

/// A line at the top; `html` is escaped already.
void note(std::string& out, std::string_view kind, std::string_view html) {
    add(out, "<p class=\"note {}\">{}</p>", kind, html);
}

std::string hold_note(const enforcement::Hold& hold) {
    return fmt::format(
        "<b>{} in {} held</b> ({}, {}): approve with <code>vastwatchctl approve "
        "{}</code> or dismiss with <code>vastwatchctl dismiss {}</code>.",
        plural(hold.instances.size(), "action"),
        escape_html(hold.account.str()),
        hold.kind == enforcement::Hold::Kind::mass_idle ? "too many idle at once"
                                                        : "after a change of the configuration",
        format_rate(hold.cost),
        hold.id.value(),
        hold.id.value());
}

void append_health_notes(std::string& out, const engine::View& view) {
    const auto& health = view.health;
    if (!health.store_writable) {
        note(
            out,
            "bad",
            "<b>State cannot be written:</b> " + escape_html(health.store_problem) +
                ". Nothing destructive is done.");
    }
    if (health.pause) {
        const auto& pause = *health.pause;
        const auto end =
            pause.until ? "until " + clock_time(*pause.until, view) : std::string{"until resumed"};
        note(
            out,
            "warn",
            fmt::format(
                "<b>Paused</b> by {} since {}, {}: no action is taken. {}",
                escape_html(pause.actor),
                clock_time(pause.since, view),
                end,
                escape_html(pause.reason)));
    }
    if (!health.config_reload_successful) {
        note(
            out,
            "warn",
            "<b>The latest configuration was rejected</b>, the one before is in force: " +
                escape_html(health.config_problem));
    }
    if (!health.enforce) {
        note(
            out,
            "info",
            "<b>Dry run:</b> vastwatch decides, records and alerts, and acts on nothing.");
    }
}

void append_account_notes(std::string& out, const engine::View& view) {
    for (const auto& account : view.accounts) {
        const auto name = escape_html(account.name.str());
        const auto problem = escape_html(account.problem);
        if (account.key_rejected) {
            note(
                out,
                "bad",
                fmt::format("<b>Account {}:</b> Vast.ai rejects the key. {}", name, problem));
        } else if (account.stale) {
            const auto age = account.last_poll
                                 ? "figures are from " + relative(*account.last_poll, view.at)
                                 : std::string{"not yet listed"};
            note(out, "bad", fmt::format("<b>Account {}:</b> {}. {}", name, age, problem));
        }
    }
    if (!view.health.ready && !view.health.not_ready_because.empty()) {
        std::string reasons;
        for (const auto& reason : view.health.not_ready_because) {
            reasons += (reasons.empty() ? "" : "; ") + escape_html(reason);
        }
        note(out, "warn", "<b>Not ready:</b> " + reasons);
    }
    for (const auto& notifier : view.notifiers) {
        if (notifier.oldest_pending && view.at - *notifier.oldest_pending > late_delivery) {
            note(
                out,
                "warn",
                fmt::format(
                    "<b>Notifier {}:</b> {} undelivered since {}. {}",
                    escape_html(notifier.name.str()),
                    plural(notifier.pending, "alert"),
                    clock_time(*notifier.oldest_pending, view),
                    escape_html(notifier.last_answer)));
        }
    }
}

void tile(std::string& out, std::string_view name, std::string_view figure, std::string_view more) {
    add(out,
        "<div class=\"card tile\"><span class=\"soft\">{}</span><b>{}</b>"
        "<span class=\"soft\">{}</span></div>",
        name,
        figure,
        more);
}

const engine::WindowView* find_window(
    const std::vector<engine::WindowView>& windows,
    policy::Window wanted) {
    const auto found =
        std::find_if(windows.begin(), windows.end(), [wanted](const engine::WindowView& window) {
            return window.window == wanted;
        });
    return found == windows.end() ? nullptr : &*found;
}

Usd spend_in(const std::vector<engine::WindowView>& windows, policy::Window wanted) {
    const auto* window = find_window(windows, wanted);
    return window != nullptr ? window->spend : Usd{};
}

double percent_of(Usd part, Usd whole) {
    return whole > Usd{} ? 100.0 * to_double(part) / to_double(whole) : 100.0;
}

std::string_view window_name(policy::Window window) {
    switch (window) {
        case policy::Window::day:
            return "today";
        case policy::Window::month:
            return "this month";
        case policy::Window::lifetime:
            break;
    }
    return "in all";
}

/// What the window comes to: the moment of the crossing, or the projection.
std::string outlook(const engine::WindowView& window, const engine::View& view) {
    if (window.cap && window.spend >= *window.cap) {
        return "<span class=\"bad\">cap reached</span>";
    }
    if (window.cap && window.crossing) {
        return fmt::format(
            "<span class=\"warn\">cap at {}, {}</span>",
            clock_time(*window.crossing, view),
            relative(*window.crossing, view.at));
    }
    return window.projected ? "heading for " + format_usd(*window.projected) : std::string{};
}

void append_bar(std::string& out, const engine::WindowView& window) {
    const auto spent = std::clamp(percent_of(window.spend, *window.cap), 0.0, 100.0);
    const auto ahead =
        std::clamp(percent_of(window.projected.value_or(window.spend), *window.cap), 0.0, 100.0);
    constexpr double worth_a_look = 80;
    std::string_view kind;
    if (window.spend >= *window.cap) {
        kind = " bad";
    } else if (window.crossing || spent >= worth_a_look) {
        kind = " warn";
    }
    add(out,
        "<svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" "
        "aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"8\"/>"
        "<rect class=\"ahead-fill\" width=\"{:.2f}\" height=\"8\"/>"
        "<rect class=\"fill{}\" width=\"{:.2f}\" height=\"8\"/></svg>",
        ahead,
        kind,
        spent);
}

void append_window(std::string& out, const engine::WindowView& window, const engine::View& view) {
    add(out,
        "<div class=\"window\"><div class=\"row\"><span><b>{}</b>{} <span class=\"soft\">{}"
        "</span></span>",
        format_usd(window.spend),
        window.cap ? " of " + format_usd(*window.cap) : std::string{},
        window_name(window.window));
    if (!window.cap) {
        add(out, "<span class=\"soft\">{}</span></div></div>", outlook(window, view));
        return;
    }
    add(out, "<b>{:.0f}%</b></div>", std::floor(percent_of(window.spend, *window.cap)));
    append_bar(out, window);
    add(out, "<div class=\"soft\">{}</div></div>", outlook(window, view));
}

void append_team(std::string& out, const engine::TeamView& team, const engine::View& view) {
    std::string details = plural(team.instances, "instance");
    if (team.idle_instances > 0) {
        details += fmt::format(
            ", <span class=\"warn\">{} idle at {}</span>",
            team.idle_instances,
            format_rate(team.idle_burn));
    }
    if (team.serverless_workers > 0) {
        details += ", " + plural(team.serverless_workers, "serverless worker");
    }
    add(out,
        "<article class=\"card team\"><div class=\"row\"><h3><a href=\"/?team={}#instances\">{}"
        "</a></h3><b>{}{}</b></div><div class=\"soft\">{}</div>",
        http::percent_encode(team.name.str()),
        escape_html(team.name.str()),
        team.estimated ? "about " : "",
        format_rate(team.burn),
        details);
    for (const auto& window : team.windows) {
        // A lifetime without a limit says little at a glance.
        if (window.window != policy::Window::lifetime || window.cap) {
            append_window(out, window, view);
        }
    }
    out += day_curve(team, view.at);
    out += "</article>";
}

std::string status_of(const engine::InstanceView& instance) {
    const auto& row = instance.instance->row;
    if (fleet::is_queued(row)) {
        return "queued";
    }
    const bool raw = row.status == fleet::Status::other && !row.status_text.empty();
    return raw ? escape_html(row.status_text) : std::string{fleet::to_string(row.status)};
}

std::string gpu_of(const fleet::Observation& row) {
    const auto name = row.gpu_name.empty() ? std::string{"unknown"} : escape_html(row.gpu_name);
    return row.num_gpus ? fmt::format("{}× {}", *row.num_gpus, name) : name;
}

void append_util(std::string& out, const engine::InstanceView& instance) {
    if (!instance.gpu_util) {
        out += "<td data-name=\"load\" class=\"soft\">unknown</td>";
        return;
    }
    const auto percent = std::clamp(*instance.gpu_util, 0.0, 100.0);
    add(out,
        "<td class=\"load\" data-name=\"load\"><svg class=\"util\" viewBox=\"0 0 100 8\" "
        "preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" width=\"100\" "
        "height=\"8\"/><rect class=\"fill\" width=\"{:.0f}\" height=\"8\"/></svg>{:.0f}%</td>",
        percent,
        percent);
}

/// What happens next to the instance, and why.
void append_next(std::string& out, const engine::InstanceView& instance, const engine::View& view) {
    std::string text;
    if (instance.deadline) {
        const auto& deadline = *instance.deadline;
        const bool harsh = deadline.action >= policy::Action::stop;
        add(text,
            "<b class=\"{}\">{} {}</b><small>at {}: {}</small>",
            harsh ? "bad" : "warn",
            policy::to_string(deadline.action),
            deadline.at > view.at ? relative(deadline.at, view.at) : std::string{"due"},
            clock_time(deadline.at, view),
            escape_html(deadline.reason));
    }
    if (!instance.case_text.empty()) {
        add(text, "<small>{}</small>", escape_html(instance.case_text));
    }
    if (!instance.protection.empty()) {
        add(text, "<small class=\"good\">{}</small>", escape_html(instance.protection));
    }
    const bool unclear =
        instance.doubt != fleet::Doubt::none && instance.doubt != fleet::Doubt::not_running;
    if (unclear) {
        add(text, "<small>{}</small>", escape_html(fleet::explain(instance.doubt)));
    }
    add(out, "<td class=\"next wide{}\">{}</td>", text.empty() ? " none" : "", text);
}

void append_instance(
    std::string& out,
    const engine::InstanceView& view_of_one,
    const engine::View& view) {
    const auto& instance = *view_of_one.instance;
    const auto& row = instance.row;
    add(out,
        "<tr><td class=\"wide\"><a href=\"/api/v1/instances/{0}\"><b>{0}</b></a><small>{1}"
        "</small></td><td class=\"word\" data-name=\"team\">{2}</td><td>{3}</td>"
        "<td data-name=\"is\">{4}</td>",
        instance.id.value(),
        escape_html(row.label),
        escape_html(instance.team.str()),
        gpu_of(row),
        status_of(view_of_one));
    append_util(out, view_of_one);
    const auto rate = view_of_one.rate_known
                          ? (view_of_one.estimated ? "~" : "") + format_rate(view_of_one.rate)
                          : std::string{"unknown"};
    add(out,
        "<td class=\"number\" data-name=\"costs\">{}</td>"
        "<td class=\"number\" data-name=\"today\">{}</td>",
        rate,
        format_usd(view_of_one.spend_today));
    if (view_of_one.idle > Duration{0}) {
        add(out, "<td class=\"number\" data-name=\"idle\">{}</td>", humanize(view_of_one.idle));
    } else {
        out += "<td class=\"none\"></td>";
    }
    append_next(out, view_of_one, view);
    out += "</tr>";
}

/// Those about to be acted upon first, in the order of their turn; then the dearest.
bool listed_before(const engine::InstanceView* a, const engine::InstanceView* b) {
    if (a->deadline.has_value() != b->deadline.has_value()) {
        return a->deadline.has_value();
    }
    if (a->deadline && a->deadline->at != b->deadline->at) {
        return a->deadline->at < b->deadline->at;
    }
    if (a->rate != b->rate) {
        return a->rate > b->rate;
    }
    return a->instance->id < b->instance->id;
}

std::string case_line(const enforcement::Case& action, const engine::View& view) {
    const auto when = action.closed_at.value_or(action.opened);
    std::string why;
    for (const auto& reason : action.reasons) {
        why += (why.empty() ? "" : " ") + escape_html(reason.text);
    }
    std::string state{enforcement::to_string(action.step)};
    std::replace(state.begin(), state.end(), '_', ' ');
    if (action.step == enforcement::Step::pending && action.wait != enforcement::Wait::none) {
        state = escape_html(enforcement::explain(action.wait));
    }
    return fmt::format(
        "<p><b>{} {}</b> {} <span class=\"soft\">· {} · {} · {}</span><small>{}</small></p>",
        policy::to_string(action.action),
        action.instance.value(),
        escape_html(printable(action.label, 60)),
        format_rate(action.rate),
        state,
        clock_time(when, view),
        why);
}

std::string alert_line(const engine::AlertView& alert, const engine::View& view) {
    std::string trouble;
    for (const auto& delivery : alert.deliveries) {
        if (delivery.state != alerts::Delivery::delivered) {
            trouble += fmt::format(
                " · {} {}",
                escape_html(delivery.notifier.str()),
                alerts::to_string(delivery.state));
        }
    }
    return fmt::format(
        "<p><span class=\"dot {}\"></span><b>{}</b><small>{}{}{}</small></p>",
        alert.alert.resolved ? std::string_view{"resolved"}
                             : policy::to_string(alert.alert.severity),
        escape_html(alert.alert.title),
        clock_time(alert.alert.time, view),
        alert.alert.dry_run ? " · dry run" : "",
        trouble);
}

std::string enforcement_of(const engine::AccountView& account) {
    if (account.enforcing) {
        return "<span class=\"good\">enforcing</span>";
    }
    return "not enforcing<small>" + escape_html(account.not_enforcing_because) + "</small>";
}

void append_account(
    std::string& out,
    const engine::AccountView& account,
    const engine::View& view) {
    const auto polled =
        account.last_poll ? relative(*account.last_poll, view.at) : std::string{"never"};
    add(out,
        "<tr><td class=\"wide\"><b>{}</b></td><td class=\"number\" data-name=\"instances\">{}</td>"
        "<td class=\"number\" data-name=\"costs\">{}</td>"
        "<td class=\"number\" data-name=\"today\">{}</td>"
        "<td class=\"number\" data-name=\"this month\">{}</td>",
        escape_html(account.name.str()),
        account.instances,
        format_rate(account.burn),
        format_usd(spend_in(account.windows, policy::Window::day)),
        format_usd(spend_in(account.windows, policy::Window::month)));
    const auto credit = account.credit ? format_usd(*account.credit) : std::string{"unknown"};
    const auto runway =
        account.runway ? "<small>lasts " + humanize(*account.runway) + "</small>" : std::string{};
    add(out,
        "<td class=\"number\" data-name=\"credit\">{}{}</td>"
        "<td data-name=\"looked at\"{}>{}</td><td class=\"wide\">{}</td></tr>",
        credit,
        runway,
        account.stale ? " class=\"bad\"" : "",
        polled,
        enforcement_of(account));
}

}  // namespace

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
        "<header><h1>vastwatch</h1><span class=\"badge {}\">{}</span>"
        "<span class=\"soft\">as of {}</span></header>",
        kind,
        mode,
        view.calendar.format(std::chrono::floor<std::chrono::seconds>(view.at)));
    append_health_notes(out, view);
    append_account_notes(out, view);
    for (const auto& hold : view.holds) {
        note(out, "warn", hold_note(hold));
    }
}

void append_tiles(std::string& out, const engine::View& view) {
    UsdPerHour burn;
    UsdPerHour idle_burn;
    Usd today;
    Usd month;
    std::size_t idle = 0;
    std::size_t running = 0;
    for (const auto& team : view.teams) {
        burn += team.burn;
        idle_burn += team.idle_burn;
        idle += team.idle_instances;
        today += spend_in(team.windows, policy::Window::day);
        month += spend_in(team.windows, policy::Window::month);
        const auto found = team.by_status.find("running");
        running += found == team.by_status.end() ? 0 : found->second;
    }
    constexpr int hours_a_day = 24;
    const auto a_day = accrue(burn, std::chrono::hours{hours_a_day});
    out += "<section class=\"tiles\">";
    tile(out, "Burning now", format_rate(burn), fmt::format("{} a day", format_usd(a_day)));
    tile(out, "Spent today", format_usd(today), fmt::format("{} this month", format_usd(month)));
    tile(
        out,
        "Instances",
        std::to_string(view.instances.size()),
        fmt::format("{} running", running));
    tile(out, "Idle", std::to_string(idle), fmt::format("{} for nothing", format_rate(idle_burn)));
    out += "</section>";
}

void append_teams(std::string& out, const engine::View& view) {
    out += "<h2>Teams</h2><section class=\"teams\">";
    for (const auto& team : view.teams) {
        append_team(out, team, view);
    }
    out += "</section>";
}

void append_instances(
    std::string& out,
    const engine::View& view,
    const std::optional<TeamName>& team,
    std::size_t most) {
    std::vector<const engine::InstanceView*> listed;
    for (const auto& instance : view.instances) {
        if (!team || instance.instance->team == *team) {
            listed.push_back(&instance);
        }
    }
    const auto shown = std::min(most, listed.size());
    std::partial_sort(
        listed.begin(),
        listed.begin() + static_cast<std::ptrdiff_t>(shown),
        listed.end(),
        listed_before);
    add(out, "<h2 id=\"instances\">Instances <small>");
    if (team) {
        add(out, "of {} · <a href=\"/#instances\">show all</a> · ", escape_html(team->str()));
    }
    add(out,
        "{}</small></h2>",
        shown < listed.size() ? fmt::format("{} of {}", shown, listed.size())
                              : std::to_string(listed.size()));
    if (listed.empty()) {
        out += "<div class=\"card empty\">There are none.</div>";
        return;
    }
    out +=
        "<div class=\"card\"><table><thead><tr><th>Instance</th><th>Team</th><th>GPUs</th>"
        "<th>Status</th><th>Load</th><th class=\"number\">Costs</th><th class=\"number\">Today"
        "</th><th class=\"number\">Idle</th><th>Next</th></tr></thead><tbody>";
    for (std::size_t i = 0; i < shown; ++i) {
        append_instance(out, *listed[i], view);
    }
    out += "</tbody></table></div>";
    if (shown < listed.size()) {
        out += "<p class=\"soft\">The rest: <code>vastwatchctl instances</code>.</p>";
    }
}

void append_actions(std::string& out, const engine::View& view) {
    out += "<h2>Actions</h2>";
    if (view.cases.empty()) {
        out += "<div class=\"card empty\">None yet.</div>";
        return;
    }
    out += "<div class=\"card list\">";
    const auto shown = std::min(most_entries, view.cases.size());
    for (std::size_t i = 0; i < shown; ++i) {
        out += case_line(view.cases[i], view);
    }
    out += "</div>";
}

void append_alerts(std::string& out, const engine::View& view) {
    out += "<h2>Alerts</h2>";
    if (view.alerts.empty()) {
        out += "<div class=\"card empty\">None yet.</div>";
        return;
    }
    out += "<div class=\"card list\">";
    const auto shown = std::min(most_entries, view.alerts.size());
    for (std::size_t i = 0; i < shown; ++i) {
        out += alert_line(view.alerts[i], view);
    }
    out += "</div>";
}

void append_accounts(std::string& out, const engine::View& view) {
    out +=
        "<h2>Accounts</h2><div class=\"card\"><table><thead><tr><th>Account</th>"
        "<th class=\"number\">Instances</th><th class=\"number\">Costs</th>"
        "<th class=\"number\">Today</th><th class=\"number\">This month</th>"
        "<th class=\"number\">Credit</th><th>Looked at</th><th>Enforcement</th></tr></thead>"
        "<tbody>";
    for (const auto& account : view.accounts) {
        append_account(out, account, view);
    }
    out += "</tbody></table></div>";
}

}  // namespace vastwatch::web
