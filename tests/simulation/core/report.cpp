#include "core/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::simulation {
namespace {

template <class Map>
std::string listed(const Map& counts) {
    std::string text;
    for (const auto& [name, count] : counts) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
    }
    return text.empty() ? "none" : text;
}

constexpr double year_hours = 24 * 365;

double hours_of(Duration span) {
    return std::chrono::duration<double, std::ratio<3600>>(span).count();
}

}  // namespace

void Totals::add(const Report& report) {
    ++runs_;
    account_years_ += hours_of(report.lived) / year_hours * static_cast<double>(report.accounts);
    seconds_ += report.seconds;
    violations_ += report.violations.size();
    sum_.polls += report.polls;
    sum_.rows += report.rows;
    sum_.steps += report.steps;
    sum_.people_acts += report.people_acts;
    sum_.kills += report.kills;
    sum_.alerts += report.alerts;
    for (std::size_t i = 0; i < trouble_count; ++i) {
        sum_.troubles[i] += report.troubles[i];
    }
    for (std::size_t i = 0; i < invariant_count; ++i) {
        sum_.checks[i] += report.checks[i];
    }
    for (const auto& [name, count] : report.kinds) {
        sum_.kinds[name] += count;
    }
    for (const auto& [name, count] : report.reasons) {
        sum_.reasons[name] += count;
    }
    for (const auto& [name, count] : report.alert_kinds) {
        sum_.alert_kinds[name] += count;
    }
    sum_.lateness.idle_actions += report.lateness.idle_actions;
    sum_.lateness.cap_actions += report.lateness.cap_actions;
    sum_.lateness.overshoot = std::max(sum_.lateness.overshoot, report.lateness.overshoot);
    worst_idle_ = std::max(worst_idle_, report.lateness.idle);
}

std::string Totals::text() const {
    std::map<std::string, std::uint64_t> troubles;
    for (std::size_t i = 0; i < trouble_count; ++i) {
        troubles[std::string{to_string(static_cast<Trouble>(i))}] = sum_.troubles[i];
    }
    std::map<std::string, std::uint64_t> checks;
    for (std::size_t i = 0; i < invariant_count; ++i) {
        if (sum_.checks[i] > 0) {
            checks[std::string{to_string(static_cast<Invariant>(i))}] = sum_.checks[i];
        }
    }
    std::string text = fmt::format(
        "simulated   {:.3f} account-years in {} runs; {} listings, {} rows, {} steps, {} acts of "
        "people\n",
        account_years_,
        runs_,
        sum_.polls,
        sum_.rows,
        sum_.steps,
        sum_.people_acts);
    text += fmt::format("troubles    {}\n", listed(troubles));
    if (!sum_.kinds.empty()) {
        text += fmt::format("of them     {}\n", listed(sum_.kinds));
    }
    text += fmt::format("actions     {} (condemned by: {})\n", sum_.kills, listed(sum_.reasons));
    text += fmt::format("alerts      {} ({})\n", sum_.alerts, listed(sum_.alert_kinds));
    text += fmt::format(
        "lateness    undisturbed, at worst: an idle instance {}, a cap {} beyond it\n",
        humanize(worst_idle_),
        format_usd(sum_.lateness.overshoot));
    text += fmt::format("checks      {}\n", listed(checks));
    text += fmt::format("violations  {}\n", violations_);
    text += fmt::format(
        "wall time   {:.1f} s, {:.2f} s an account-year, {:.0f} ns a row\n",
        seconds_,
        account_years_ > 0 ? seconds_ / account_years_ : 0,
        sum_.rows > 0 ? seconds_ * 1e9 / static_cast<double>(sum_.rows) : 0);
    return text;
}

}  // namespace vastwatch::simulation
