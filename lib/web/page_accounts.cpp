// The health of each account.
#include "base/text.hpp"
#include "web/page_parts.hpp"
#include "web/page_text.hpp"

#include <cmath>

namespace vastwatch::web {
namespace {

/// Spec section 4: what a cross-check may differ by before it is worth a word.
constexpr double worth_a_word = 0.02;

std::string state_of(const engine::AccountView& account) {
    if (account.key_rejected) {
        return "<b class=\"bad\">key rejected</b>";
    }
    if (account.stale) {
        return "<b class=\"bad\">blind</b>";
    }
    return account.problem.empty() ? "<b class=\"good\">answers</b>"
                                   : "<b class=\"warn\">answers partly</b>";
}

void append_state(std::string& out, const engine::AccountView& account, const engine::View& view) {
    add(out, "<td class=\"wide\">{}<small>looked at ", state_of(account));
    out += account.last_poll ? age(*account.last_poll, view) : "never";
    if (account.sweep_took) {
        add(out, ", in {}", humanize(*account.sweep_took));
    }
    if (account.last_billing) {
        out += "; charges read " + age(*account.last_billing, view);
    }
    out += "</small>";
    if (!account.problem.empty()) {
        add(out, "<small>{}</small>", short_text(account.problem, 200));
    }
    if (account.billing_difference && std::abs(*account.billing_difference) > worth_a_word) {
        add(out,
            "<small class=\"warn\">Vast.ai's own rate differs by {:+.1f}%</small>",
            *account.billing_difference * 100);
    }
    out += "</td>";
}

void append_window(std::string& out, const engine::WindowView* window, std::string_view name) {
    if (window == nullptr) {
        out += "<td class=\"none\"></td>";
        return;
    }
    add(out, "<td class=\"n\" data-name=\"{}\">{}", name, format_usd(window->spend));
    if (window->cap) {
        add(out,
            "<small class=\"{}\">{:.0f}% of {}</small>",
            urgency(*window),
            std::floor(percent_of(window->spend, *window->cap)),
            format_usd(*window->cap));
    }
    out += "</td>";
}

void append_account(
    std::string& out,
    const engine::AccountView& account,
    const engine::View& view,
    std::size_t number) {
    add(out,
        "<tr id=\"acc{}\"><th scope=\"row\">{}<small>{}</small></th>",
        number,
        escape_html(account.name.str()),
        plural(account.instances, "instance"));
    append_state(out, account, view);
    add(out, "<td class=\"n\" data-name=\"costs\">{}</td>", format_rate(account.burn));
    append_window(out, find_window(account.windows, policy::Window::day), "today");
    append_window(out, find_window(account.windows, policy::Window::month), "this month");
    add(out,
        "<td class=\"n\" data-name=\"credit\">{}{}</td><td class=\"wide\">{}</td></tr>",
        account.credit ? format_usd(*account.credit) : "unknown",
        account.runway ? "<small>lasts " + humanize(*account.runway) + "</small>" : std::string{},
        account.enforcing
            ? "<span class=\"good\">enforcing</span>"
            : "not enforcing<small>" + escape_html(account.not_enforcing_because) + "</small>");
}

}  // namespace

void append_accounts(std::string& out, const engine::View& view) {
    out +=
        "<section id=\"accounts\" aria-labelledby=\"h-accounts\"><h2 id=\"h-accounts\">Accounts"
        "</h2><div class=\"card\"><table><caption class=\"hidden\">Accounts</caption><thead><tr>"
        "<th scope=\"col\">Account</th><th scope=\"col\">State</th>"
        "<th scope=\"col\" class=\"n\">Costs</th><th scope=\"col\" class=\"n\">Today</th>"
        "<th scope=\"col\" class=\"n\">This month</th><th scope=\"col\" class=\"n\">Credit</th>"
        "<th scope=\"col\">Enforcement</th></tr></thead><tbody>";
    for (std::size_t i = 0; i < view.accounts.size(); ++i) {
        append_account(out, view.accounts[i], view, i);
    }
    out += "</tbody></table></div></section>";
}

}  // namespace vastwatch::web
