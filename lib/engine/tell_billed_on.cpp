// Charges that show that a destroyed instance goes on billing (spec section 7, step 6).
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

/// The charge of a destroyed instance keeps growing for some minutes after it is gone (API 3).
constexpr Duration settlement = std::chrono::minutes{30};

Usd held_by(const ledger::Amounts& amounts) {
    return amounts.gpu + amounts.disk;
}

void tell_one(State& state, Effects& effects, const enforcement::Case& item, Usd excess, Now now) {
    alerts::Alert draft;
    draft.kind = alerts::Kind::action_failed;
    draft.severity = policy::Severity::critical;
    draft.account = item.account;
    draft.team = item.team;
    draft.notify = notify_of(state, item.team);
    draft.condition = fmt::format("billed_on/{}", item.instance.value());
    draft.title =
        fmt::format("Instance {} was destroyed and is still billed", item.instance.value());
    draft.text = fmt::format(
        "Its destruction was requested at {} and two listings confirmed it, but charges read since "
        "hold {} more than it cost until then. It cost {}. Look at it in the service's console.",
        state.policy->calendar.format(*item.requested_at),
        format_usd(excess),
        format_rate(item.rate));
    list_instances(draft, {listed(item)});
    fire(state, effects, std::move(draft), now.wall + std::chrono::hours{72}, now);
}

}  // namespace

std::map<InstanceId, Usd>
spend_of_destroyed(const State& state, const ChargesRead& charges, Now now) {
    std::map<InstanceId, Usd> spend;
    for (const auto& row : charges.rows) {
        if (row.instance && state.destroyed.contains(*row.instance)) {
            spend[*row.instance] = held_by(state.ledger.instance_spend(*row.instance, now.wall));
        }
    }
    return spend;
}

void tell_billed_on(
    State& state,
    Effects& effects,
    const ChargesRead& charges,
    const std::map<InstanceId, Usd>& before,
    Now now) {
    for (const auto& row : charges.rows) {
        const auto known = row.instance ? before.find(*row.instance) : before.end();
        if (known == before.end()) {
            continue;
        }
        const auto& item = *state.destroyed.at(*row.instance);
        Usd excess = held_by(state.ledger.instance_spend(*row.instance, now.wall)) - known->second;
        // A small difference is settlement and rounding of what it did cost; on a day after the
        // one on which it went it is none of these.
        Usd allowed = accrue(item.rate, settlement) + share(known->second, 5, 100);
        if (charges.day > *item.requested_at) {
            excess = held_by(row.amounts);
            allowed = accrue(item.rate, settlement);
        }
        if (excess > allowed + Usd::from_nanos(10'000'000)) {
            tell_one(state, effects, item, excess, now);
        }
    }
}

}  // namespace vastwatch::engine
