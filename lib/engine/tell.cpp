#include "engine/tell.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine {
namespace {

constexpr std::size_t max_listed = 100;
constexpr std::size_t max_alerts = 2000;
constexpr Duration keep_alerts = std::chrono::hours{30 * 24};

}  // namespace

namespace {

void add_condition(State& state, alerts::Condition condition) {
    if (condition.forget) {
        state.next_forget = std::min(state.next_forget, *condition.forget);
    }
    state.changes.keep(condition);
    auto key = condition.key;
    state.conditions.insert_or_assign(std::move(key), std::move(condition));
}

/// Drops what is over, and notes when there will be more of it.
void forget_ended(State& state, Instant now) {
    if (now < state.next_forget) {
        return;
    }
    Instant next = Instant::max();
    std::vector<std::string> over;
    for (const auto& [key, condition] : state.conditions) {
        if (condition.forget && *condition.forget <= now) {
            over.push_back(key);
        } else if (condition.forget) {
            next = std::min(next, *condition.forget);
        }
    }
    for (const auto& key : over) {
        forget(state, key);
    }
    std::erase_if(state.outbox, [&](const auto& entry) {
        return entry.second.ended && *entry.second.ended + keep_delivered < now;
    });
    for (const auto& [key, entry] : state.outbox) {
        if (entry.ended) {
            next = std::min(next, *entry.ended + keep_delivered);
        }
    }
    state.next_forget = next;
}

}  // namespace

AlertId tell(State& state, Effects& effects, alerts::Alert draft, Now now) {
    draft.id = state.make_alert_id(now.wall);
    draft.time = now.wall;
    if (!draft.resolved) {
        draft.dry_run = !state.policy->enforcement.enforce;
    }
    std::vector<NotifierName> wanted;
    for (const auto& name : draft.notify) {
        const auto notifier = state.notifiers.find(name);
        const bool listed = std::find(wanted.begin(), wanted.end(), name) != wanted.end();
        if (notifier != state.notifiers.end() && notifier->second <= draft.severity && !listed) {
            wanted.push_back(name);
        }
    }
    draft.notify = wanted;
    for (const auto& name : wanted) {
        alerts::OutboxEntry entry;
        entry.alert = draft.id;
        entry.notifier = name;
        entry.created = now.wall;
        entry.next_attempt = now.wall;
        put_outbox(state, entry);
        state.changes.outbox.push_back(entry);
        effects.new_deliveries = true;
    }
    state.changes.alerts.push_back(draft);
    const AlertId id = draft.id;
    state.alerts.insert_or_assign(id, std::move(draft));
    return id;
}

bool fire(
    State& state,
    Effects& effects,
    alerts::Alert draft,
    std::optional<Instant> forget,
    Now now) {
    if (is_firing(state, draft.condition)) {
        return false;
    }
    const std::string key = draft.condition;
    alerts::Condition condition;
    condition.key = key;
    condition.alert = tell(state, effects, std::move(draft), now);
    condition.since = now.wall;
    condition.told = now.wall;
    condition.forget = forget;
    add_condition(state, std::move(condition));
    return true;
}

void note_told(State& state, const std::string& key, std::optional<Instant> forget, Now now) {
    alerts::Condition condition;
    condition.key = key;
    condition.since = now.wall;
    condition.told = now.wall;
    condition.forget = forget;
    add_condition(state, std::move(condition));
}

std::optional<Instant> forget_window(std::optional<Instant> end) {
    constexpr Duration longer = std::chrono::hours{24};
    return end ? std::optional{*end + longer} : std::nullopt;
}

bool is_firing(const State& state, std::string_view key) {
    return state.conditions.contains(key);
}

void resolve(State& state, Effects& effects, alerts::Alert draft, Now now) {
    if (!is_firing(state, draft.condition)) {
        return;
    }
    const std::string key = draft.condition;
    draft.dry_run = !state.policy->enforcement.enforce;
    // Whoever got the firing form gets this one, and services that merge the two by their labels
    // find them equal.
    const auto fired = state.alerts.find(state.conditions.at(key).alert);
    if (fired != state.alerts.end()) {
        draft.severity = fired->second.severity;
        draft.team = fired->second.team;
        draft.account = fired->second.account;
        draft.window = fired->second.window;
        draft.window_start = fired->second.window_start;
        draft.threshold = fired->second.threshold;
        draft.dry_run = fired->second.dry_run;
        draft.notify = fired->second.notify;
    }
    draft.resolved = true;
    tell(state, effects, std::move(draft), now);
    forget(state, key);
}

void forget(State& state, const std::string& key) {
    if (state.conditions.erase(key) > 0) {
        state.changes.forget_condition(key);
    }
}

alerts::AlertInstance
listed(const State& state, const fleet::Instance& instance, std::optional<policy::Action> action) {
    alerts::AlertInstance entry;
    entry.id = instance.id;
    entry.label = printable(instance.row.label, 128);
    entry.gpu_name = printable(instance.row.gpu_name, 64);
    entry.num_gpus = instance.row.num_gpus.value_or(0);
    entry.dph = state.ledger.instance_rates(instance.id).value_or(fleet::Rates{}).total();
    entry.idle = instance.idle.length();
    entry.action = action;
    return entry;
}

alerts::AlertInstance listed(const enforcement::Case& item) {
    alerts::AlertInstance entry;
    entry.id = item.instance;
    entry.label = printable(item.label, 128);
    entry.gpu_name = printable(item.gpu_name, 64);
    entry.num_gpus = item.num_gpus;
    entry.dph = item.rate;
    entry.idle = item.idle;
    entry.action = item.action;
    return entry;
}

void list_instances(alerts::Alert& alert, std::vector<alerts::AlertInstance> instances) {
    std::sort(instances.begin(), instances.end(), [](const auto& a, const auto& b) {
        return a.dph != b.dph ? a.dph > b.dph : a.id < b.id;
    });
    if (instances.size() > max_listed) {
        alert.instances_omitted = instances.size() - max_listed;
        instances.resize(max_listed);
    }
    alert.instances = std::move(instances);
}

/// "instance 312 (ml-research/llama)" or "3 instances".
std::string named(const std::vector<alerts::AlertInstance>& instances) {
    if (instances.size() != 1) {
        return fmt::format("{} instances", instances.size());
    }
    const auto& only = instances.front();
    return only.label.empty()
               ? fmt::format("instance {}", only.id.value())
               : fmt::format("instance {} ({})", only.id.value(), printable(only.label, 60));
}

UsdPerHour total_rate(const std::vector<alerts::AlertInstance>& instances) {
    UsdPerHour total;
    for (const auto& instance : instances) {
        total += instance.dph;
    }
    return total;
}

std::vector<NotifierName> notify_of(const State& state, const TeamName& team) {
    return state.policy->team_or_unassigned(team).rules.notify;
}

void forget_old(State& state, Now now) {
    forget_ended(state, now.wall);
    while (!state.alerts.empty()) {
        const auto& oldest = state.alerts.begin()->second;
        const bool old = oldest.time + keep_alerts < now.wall;
        if (!old && state.alerts.size() <= max_alerts) {
            break;
        }
        const bool owed =
            std::any_of(oldest.notify.begin(), oldest.notify.end(), [&](const NotifierName& name) {
                const auto entry = state.outbox.find({oldest.id, name});
                return entry != state.outbox.end() &&
                       entry->second.state == alerts::Delivery::pending;
            });
        if (owed) {
            break;
        }
        state.alerts.erase(state.alerts.begin());
    }
}

}  // namespace vastwatch::engine
