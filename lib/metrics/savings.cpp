#include "metrics/savings.hpp"

#include <algorithm>

namespace vastwatch::metrics {
namespace {

using enforcement::Case;
using enforcement::Step;

/// What the instance costs now; nothing when it is no longer there.
UsdPerHour rate_now(const engine::View& view, InstanceId id) {
    const auto at = std::lower_bound(
        view.instances.begin(),
        view.instances.end(),
        id,
        [](const engine::InstanceView& one, InstanceId sought) {
            return one.instance->id < sought;
        });
    return at != view.instances.end() && at->instance->id == id ? at->rate : UsdPerHour{};
}

struct Span {
    Instant from;
    Instant to;
};

Usd within(const Span& span, Instant window_start, UsdPerHour rate) {
    const auto from = std::max(span.from, window_start);
    return span.to > from ? accrue(rate, span.to - from) : Usd{};
}

}  // namespace

std::map<TeamName, Savings> savings_of(const engine::View& view) {
    const auto day = view.calendar.day_start(view.at);
    const auto month = view.calendar.month_start(view.at);
    std::map<TeamName, Savings> out;
    // Newer cases come first: when an instance comes again, its older case ends there.
    std::map<InstanceId, Instant> next_case;
    for (const Case& item : view.cases) {
        const auto [newer, first] = next_case.try_emplace(item.instance, view.at);
        const Instant until = newer->second;
        newer->second = std::min(until, item.opened);
        const bool dry_run = item.step == Step::dry_run;
        const bool done = item.step == Step::confirmed && item.closed_at;
        const Instant from = done ? *item.closed_at : item.due;
        if ((!dry_run && !done) || from < month) {
            continue;
        }
        const Span span{from, dry_run ? std::min(until, item.closed_at.value_or(until)) : until};
        const auto left = done && first ? rate_now(view, item.instance) : UsdPerHour{};
        const auto rate = std::max(item.rate - left, UsdPerHour{});
        auto& team = out[item.team];
        (dry_run ? team.day.dry_run : team.day.done) += within(span, day, rate);
        (dry_run ? team.month.dry_run : team.month.done) += within(span, month, rate);
    }
    return out;
}

}  // namespace vastwatch::metrics
