#include "base/assert.hpp"
#include "config/draft.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::config {
namespace {

using policy::BudgetAlert;
using policy::Threshold;
using policy::Window;

/// What an alert watches, as far as it could be found out.
struct Target {
    std::string path;                  // "team.a"; empty when unknown
    const Section* section = nullptr;  // its table, if it has one
    policy::Caps caps;
    std::vector<NotifierName> notify;  // when the alert says nothing of its own
};

Window window_of(std::string_view word) {
    if (word == "month") {
        return Window::month;
    }
    return word == "lifetime" ? Window::lifetime : Window::day;
}

std::string_view cap_key(Window window) {
    switch (window) {
        case Window::day:
            return "daily_cap";
        case Window::month:
            return "monthly_cap";
        case Window::lifetime:
            return "spending_limit";
    }
    return "daily_cap";
}

const Section* find_section(const std::vector<Section>& sections, const std::string& name) {
    const auto it = std::find_if(sections.begin(), sections.end(), [&](const Section& section) {
        return section.name() == name;
    });
    return it == sections.end() ? nullptr : &*it;
}

/// Reads `team` and `account`, of which there is exactly one.
Target read_target(const Draft& draft, const Section& section, BudgetAlert& alert) {
    Target target;
    if (section.has("team") && section.has("account")) {
        section.mistake("account", "only one of team and account can be given");
        return target;
    }
    std::string name;
    if (section.read("team", name)) {
        draft.check_reference(section, "team", *section.node("team"), "team", name);
        alert.team = TeamName{name};
        if (const auto* team = draft.policy.find_team(*alert.team)) {
            target.path = "team." + name;
            target.caps = team->caps;
            target.notify = team->rules.notify;
            target.section = find_section(draft.teams, name);
        }
    } else if (section.read("account", name)) {
        draft.check_reference(section, "account", *section.node("account"), "account", name);
        alert.account = AccountName{name};
        if (const auto* account = draft.policy.find_account(*alert.account)) {
            target.path = "account." + name;
            target.caps = account->caps;
            target.notify = draft.config.defaults.notify;
            target.section = find_section(draft.accounts, name);
        }
    } else if (!section.has_any({"team", "account"})) {
        section.missing("team", "exactly one of team and account is needed; found none");
    }
    return target;
}

/// Shares need a cap to be a share of; a cap that is there but wrong has been reported.
void check_shares(const Section& section, const BudgetAlert& alert, const Target& target) {
    const bool capped = target.caps.of(alert.window).has_value();
    const bool meant = target.section != nullptr && target.section->has(cap_key(alert.window));
    if (capped || meant) {
        return;
    }
    for (const auto& element : *section.node("at")->as<Node::List>()) {
        if (element.as<std::string>() == nullptr) {
            continue;
        }
        const bool lifetime_of_account = alert.account && alert.window == Window::lifetime;
        section.mistake_at(
            element,
            "at",
            lifetime_of_account
                ? "an account has no lifetime cap to take a share of; give US dollars"
                : fmt::format(
                      "{} of what? {} has no {}; set one, or give US dollars",
                      describe(element),
                      target.path,
                      cap_key(alert.window)));
    }
}

/// Puts the thresholds in rising order; two of the same amount are a mistake.
void sort_thresholds(const Section& section, BudgetAlert& alert, const Target& target) {
    const auto cap = target.caps.of(alert.window);
    std::sort(alert.at.begin(), alert.at.end(), [&](const Threshold& a, const Threshold& b) {
        return a.resolve(cap) < b.resolve(cap);
    });
    const auto same = std::adjacent_find(
        alert.at.begin(), alert.at.end(), [&](const Threshold& a, const Threshold& b) {
            return a.resolve(cap) && a.resolve(cap) == b.resolve(cap);
        });
    if (same != alert.at.end()) {
        section.mistake(
            "at",
            fmt::format("{} and {} are the same amount", same->text(), std::next(same)->text()));
    }
}

void read_thresholds(const Section& section, BudgetAlert& alert, const Target& target) {
    if (!section.has("at")) {
        section.missing("at", R"(needed: an array such as ["50%", "80%"] or [1000, 4000])");
        return;
    }
    const bool known = !target.path.empty() && section.has("window");
    if (!section.read("at", alert.at) || !known) {
        return;
    }
    if (alert.at.size() == section.node("at")->as<Node::List>()->size()) {
        check_shares(section, alert, target);
        sort_thresholds(section, alert, target);
    }
}

bool nobody_is_told(const Draft& draft, const Section& alert, const Target& target) {
    if (alert.has("notify") || target.path.empty()) {
        return alert.has("notify") && draft.names_nobody(alert);
    }
    const bool of_team = target.section != nullptr && target.section->schema() == "team";
    return draft.names_nobody(of_team ? *target.section : alert);
}

void read_alert(Draft& draft, const Section& section) {
    BudgetAlert alert;
    const auto target = read_target(draft, section, alert);
    std::string window;
    if (section.read("window", window)) {
        alert.window = window_of(window);
    } else if (!section.has("window")) {
        section.missing("window", R"(needed: "day", "month" or "lifetime")");
    }
    section.read("forecast", alert.forecast);
    if (alert.forecast && alert.window == Window::lifetime) {
        section.mistake("forecast", "a lifetime has no end that could be forecast");
    }
    if (window.empty() && section.has("window")) {
        return;  // nothing that follows can be judged without the window
    }
    read_thresholds(section, alert, target);
    alert.notify = target.notify;
    draft.read_notify(section, alert.notify);
    if (nobody_is_told(draft, section, target)) {
        section.mistake(
            "notify", "nobody would be told: name notifiers here, or at the team or [defaults]");
    }
    draft.policy.alerts.push_back(std::move(alert));
}

/// 80% and 100% of every cap, for who has a cap and no [[alert]].
void add_default_alerts(
    const policy::Caps& caps,
    const BudgetAlert& target,
    std::vector<BudgetAlert>& alerts) {
    for (const auto window : {Window::day, Window::month, Window::lifetime}) {
        if (!caps.of(window)) {
            continue;
        }
        BudgetAlert alert = target;
        alert.window = window;
        for (const double share : {80.0, 100.0}) {
            Threshold threshold;
            threshold.percent = Percent{share};
            alert.at.push_back(threshold);
        }
        alerts.push_back(std::move(alert));
    }
}

void complete_alerts(Draft& draft) {
    auto& alerts = draft.policy.alerts;
    const auto written = alerts;
    const auto has_alert = [&](const auto& matches) {
        return std::any_of(written.begin(), written.end(), matches);
    };
    for (const auto& team : draft.policy.teams) {
        BudgetAlert target;
        target.team = team.name;
        target.notify = team.rules.notify;
        if (!has_alert([&](const BudgetAlert& alert) { return alert.team == team.name; })) {
            add_default_alerts(team.caps, target, alerts);
        }
    }
    for (const auto& account : draft.policy.accounts) {
        BudgetAlert target;
        target.account = account.name;
        target.notify = draft.config.defaults.notify;
        if (!has_alert([&](const BudgetAlert& alert) { return alert.account == account.name; })) {
            add_default_alerts(account.caps, target, alerts);
        }
    }
}

}  // namespace

void read_alerts(Draft& draft) {
    for (const auto& section : draft.listed_sections("alert")) {
        read_alert(draft, section);
    }
    draft.config.written_alerts = draft.policy.alerts.size();
    complete_alerts(draft);
}

}  // namespace vastwatch::config
