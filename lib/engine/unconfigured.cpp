#include "engine/unconfigured.hpp"

#include "engine/departed.hpp"
#include "engine/enforce.hpp"
#include "engine/tell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace vastwatch::engine {
namespace {

bool configured(const State& state, const AccountName& account) {
    return state.policy->find_account(account) != nullptr;
}

/// When it was last listed, which is as far as anybody knows that its instances cost anything.
Instant known_until(const State& state, const AccountName& account, Instant now) {
    const auto live = state.accounts.find(account);
    const auto last = live == state.accounts.end() ? std::nullopt : live->second.state.last_sweep;
    return std::min(last.value_or(now), now);
}

void leave_instances(State& state, Effects& effects, Now now) {
    std::vector<InstanceId> left;
    for (const auto& [id, slot] : state.instances) {
        if (!configured(state, slot->account)) {
            left.push_back(id);
        }
    }
    for (const auto id : left) {
        constexpr auto why = "its account is not configured any more";
        close(state, effects, id, enforcement::Step::dropped, why, now);
        auto& instance = change(state, id);
        const Instant end = known_until(state, instance.account, now.wall);
        state.ledger.close(id, end);
        auto& slot = state.instances.at(id);
        slot.unmetered_since = slot.unmetered_since.value_or(end);
        instance.missed_sweeps = std::max(instance.missed_sweeps, 2);
        depart(state, id);
    }
}

void end_alerts(State& state, Effects& effects, const AccountName& account, Now now) {
    constexpr std::array kinds{
        alerts::Kind::api_key_rejected, alerts::Kind::api_unreachable, alerts::Kind::credit_low};
    for (const auto kind : kinds) {
        alerts::Alert over;
        over.kind = kind;
        over.condition = fmt::format("{}/account/{}", alerts::to_string(kind), account.str());
        over.title = fmt::format("Account {} is not configured any more", account.str());
        over.text =
            "The configuration was changed; nothing of this account is watched from now on.";
        resolve(state, effects, std::move(over), now);
    }
}

}  // namespace

void leave_unconfigured(State& state, Effects& effects, Now now) {
    leave_instances(state, effects, now);
    for (auto it = state.accounts.begin(); it != state.accounts.end();) {
        if (configured(state, it->first)) {
            ++it;
            continue;
        }
        const auto name = it->first;
        end_alerts(state, effects, name, now);
        std::erase_if(state.price_increases, [&](const PriceIncreaseFact& fact) {
            return fact.account == name;
        });
        state.to_judge.erase(name);
        state.former_accounts.insert_or_assign(name, std::move(it->second.state));
        it = state.accounts.erase(it);
    }
}

void take_configured(State& state, Now now) {
    for (const auto& account : state.policy->accounts) {
        const auto [live, is_new] = state.accounts.try_emplace(account.name);
        auto former = state.former_accounts.extract(account.name);
        if (is_new && !former.empty()) {
            live->second.state = std::move(former.mapped());
        }
        live->second.state.name = account.name;
        if (is_new) {
            live->second.added = now;
        }
    }
}

}  // namespace vastwatch::engine
