#include "engine/unseen.hpp"

#include <algorithm>

namespace vastwatch::engine {
namespace {

using rules::Finding;
using rules::Rule;

/// Since when nobody has seen what an account has; nothing when that is not too long.
std::optional<Instant>
unseen_since(const State& state, const AccountName& name, const LiveAccount& live, Instant now) {
    if (fresh(state, name, now)) {
        return std::nullopt;
    }
    const Instant seen = seen_at(state, live);
    return live.swept_this_run ? seen : std::min(seen, live.state.last_sweep.value_or(seen));
}

/// What instances of `team` are taken to have cost since `start` while nobody saw them.
Usd assumed_spend(const State& state, const TeamName& team, Instant start, Instant now) {
    Usd sum;
    for (const auto& [name, live] : state.accounts) {
        const auto since = unseen_since(state, name, live, now);
        if (!since) {
            continue;
        }
        for (const auto& [id, slot] : state.instances) {
            const auto rates = slot->account == name && slot->team == team
                                   ? state.ledger.instance_rates(id)
                                   : std::nullopt;
            if (rates) {
                sum += accrue(rates->total(), now - std::max(start, *since));
            }
        }
    }
    return sum;
}

bool of_team_budget(Rule rule) {
    return rule == Rule::daily_cap || rule == Rule::monthly_cap || rule == Rule::spending_limit ||
           rule == Rule::shed;
}

bool was_seen(const State& state, const Finding& finding, Instant now) {
    const auto& team = state.policy->team_or_unassigned(finding.team);
    const auto whole = state.ledger.team_spend(team.name, *finding.window, team.since, now);
    const Usd assumed = assumed_spend(state, team.name, whole.start, now);
    if (assumed == Usd{}) {
        return true;
    }
    // Shedding is for what is yet to come; once it has come, the cap itself acts.
    return finding.rule != Rule::shed && finding.cap && whole.spend - assumed >= *finding.cap;
}

}  // namespace

bool rests_on_what_was_seen(const State& state, const enforcement::Case& item, Instant now) {
    const auto findings = state.acting.find(item.instance);
    const bool all_seen = std::ranges::all_of(
        state.accounts, [&](const auto& account) { return fresh(state, account.first, now); });
    if (all_seen || !of_team_budget(item.rule) || findings == state.acting.end()) {
        return true;
    }
    return std::ranges::any_of(findings->second, [&](const Finding* finding) {
        if (finding->action != item.action || finding->rule == Rule::idle) {
            return false;
        }
        return of_team_budget(finding->rule) && finding->window ? was_seen(state, *finding, now)
                                                                : finding->holds(now);
    });
}

}  // namespace vastwatch::engine
