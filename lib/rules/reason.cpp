#include "base/text.hpp"
#include "rules/evaluate.hpp"

#include <fmt/format.h>

namespace vastwatch::rules {
namespace {

std::string budget_reason(const Finding& finding, const Calendar& calendar) {
    const auto spend = format_usd(finding.spend.value_or(Usd{}));
    const auto cap = format_usd(finding.cap.value_or(Usd{}));
    const bool account =
        finding.rule == Rule::account_daily_cap || finding.rule == Rule::account_monthly_cap;
    const auto owner = account ? "account " + finding.account.str() : "team " + finding.team.str();
    const auto window = finding.window == policy::Window::day     ? "daily cap"
                        : finding.window == policy::Window::month ? "monthly cap"
                                                                  : "spending limit";
    if (finding.rule == Rule::shed) {
        return fmt::format(
            "{} has spent {} of its {} of {} and would exceed it before {}; what is least missed "
            "is taken down first (cap_strategy = \"shed\")",
            owner,
            spend,
            window,
            cap,
            finding.window_end ? calendar.format(*finding.window_end) : "the end");
    }
    if (finding.spend >= finding.cap) {
        return fmt::format("{} has spent {} and reached its {} of {}", owner, spend, window, cap);
    }
    return fmt::format(
        "{} has spent {} and will reach its {} of {} at {}",
        owner,
        spend,
        window,
        cap,
        calendar.format(finding.due));
}

std::string idle_reason(
    const Finding& finding,
    const fleet::Instance& instance,
    const policy::Team& team,
    const Calendar& calendar) {
    const auto gpus = instance.row.num_gpus.value_or(1) > 1
                          ? " (one figure for all its GPUs is all that the API gives)"
                          : "";
    return fmt::format(
        "GPU utilisation has stayed below {:g}% for {} since {}{}; known samples cover {:.0f}% of "
        "that time, and the limit is {}",
        team.rules.idle_below.value(),
        humanize(instance.idle.length()),
        calendar.format(finding.since),
        gpus,
        instance.idle.coverage().value(),
        humanize(team.rules.idle_for));
}

std::string rate_text(std::optional<UsdPerHour> rate) {
    return rate ? format_rate(*rate) : "an unknown price";
}

std::string instance_reason(
    const Finding& finding,
    const fleet::Instance& instance,
    const policy::Team& team,
    const Calendar& calendar) {
    const auto name = team.name.str();
    switch (finding.rule) {
        case Rule::gpu_types:
            return fmt::format(
                "its GPU, {}, is not among those that team {} may use",
                printable(instance.row.gpu_name, 60),
                name);
        case Rule::max_dph:
            return fmt::format(
                "it costs {}, and team {} allows {} per instance",
                rate_text(finding.rate),
                name,
                rate_text(team.max_dph));
        case Rule::max_instances:
            return fmt::format(
                "team {} may have {} instances and this one is above that, being among the newest",
                name,
                team.max_instances.value_or(0));
        case Rule::interruptible_only:
            return fmt::format("team {} may use interruptible instances only", name);
        case Rule::stopped:
            return fmt::format(
                "it has been stopped since {} and its storage costs {} all the while",
                calendar.format(finding.since),
                rate_text(finding.rate));
        case Rule::loading:
            return fmt::format(
                "it has not come to run since {} ({}{}{})",
                calendar.format(finding.since),
                fleet::to_string(instance.row.status),
                instance.row.status_message.empty() ? "" : ": ",
                printable(instance.row.status_message, 120));
        case Rule::queued_start:
            return fmt::format(
                "it is stopped but wanted running: it will start by itself when its GPU is free, "
                "and then cost {}",
                rate_text(finding.rate));
        case Rule::serverless:
            return fmt::format(
                "its GPU is idle, but it is a worker of the serverless endpoint {}, which would "
                "only make another one: change min_workers or cold_workers of that endpoint",
                printable(fleet::serverless_endpoint(instance.row), 60));
        default:
            return std::string{to_string(finding.rule)};
    }
}

}  // namespace

std::string reason(
    const Finding& finding,
    const fleet::Instance* instance,
    const policy::Team& team,
    const Calendar& calendar) {
    if (is_cap(finding.rule)) {
        return budget_reason(finding, calendar);
    }
    if (instance == nullptr) {
        return std::string{to_string(finding.rule)};
    }
    if (finding.rule == Rule::idle) {
        return idle_reason(finding, *instance, team, calendar);
    }
    return instance_reason(finding, *instance, team, calendar);
}

}  // namespace vastwatch::rules
