// What the control port tells: figures, journal, statistics.
#include "model/control.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

std::string nanoseconds(Instant instant) {
    return std::to_string(instant.time_since_epoch().count());
}

ExactUsd of(const ExactItems& items, Item item) {
    return items[static_cast<std::size_t>(item)];
}

void add_money(json::object& to, const ExactItems& items) {
    to["spend"] = to_decimal(total(items).usd());
    to["gpu"] = to_decimal(of(items, Item::gpu).usd());
    to["disk"] = to_decimal(of(items, Item::disk).usd());
    to["bandwidth"] = to_decimal((of(items, Item::down) + of(items, Item::up)).usd());
}

// What one label prefix stands for.
struct Team {
    ExactItems items;
    UsdPerHour burn;
    std::int64_t instances = 0;
    std::int64_t billing = 0;
};

using Teams = std::map<std::string, Team>;

std::string prefix_of(const std::string& label) {
    return label.substr(0, label.find('/'));
}

bool alive(const Instance& instance, Instant at) {
    return instance.start_date <= at && (!instance.gone_at || *instance.gone_at > at);
}

void add_to_teams(Teams& teams, const Instance& instance, Instant from, Instant at) {
    const Meter::Segment* last = nullptr;
    instance.meter.visit(from, at, [&](const Meter::Segment& segment, Duration span) {
        Team& team = teams[prefix_of(instance.meter.label_of(segment))];
        for (std::size_t i = 0; i < item_count; ++i) {
            team.items[i] += ExactUsd::accrued(segment.rates[i], span);
        }
        last = &segment;
    });
    if (alive(instance, at)) {
        const std::string label =
            last == nullptr ? instance.spec.label.value_or("") : instance.meter.label_of(*last);
        Team& team = teams[prefix_of(label)];
        const UsdPerHour burn = total(instance.meter.rates_at(at));
        team.burn += burn;
        ++team.instances;
        team.billing += burn.is_zero() ? 0 : 1;
    }
}

json::object instance_truth(const Instance& instance, Instant from, Instant at) {
    const Rates rates = instance.meter.rates_at(at);
    json::object entry;
    entry["id"] = instance.id();
    entry["label"] = instance.spec.label ? json::value(*instance.spec.label) : json::value(nullptr);
    entry["gpu_name"] = instance.spec.gpu_name;
    entry["num_gpus"] = instance.spec.num_gpus;
    entry["alive"] = alive(instance, at);
    entry["billing"] = !total(rates).is_zero();
    entry["gpu_billing"] = !rates[static_cast<std::size_t>(Item::gpu)].is_zero();
    entry["burn"] = to_decimal(total(rates));
    entry["start_ns"] = nanoseconds(instance.start_date);
    entry["gone_ns"] =
        instance.gone_at ? json::value(nanoseconds(*instance.gone_at)) : json::value(nullptr);
    entry["state"] = std::string{name_of(instance.state)};
    entry["actual_status"] =
        instance.condition.actual ? json::value(*instance.condition.actual) : json::value(nullptr);
    entry["cur_state"] = instance.condition.current;
    entry["intended_status"] = instance.condition.intended;
    add_money(entry, instance.meter.between(from, at));
    return entry;
}

json::object account_truth(const Account& account, Instant from, Instant at, bool with_instances) {
    Teams teams;
    json::array instances;
    for (const auto* some : {&account.instances(), &account.gone()}) {
        for (const auto& [id, instance] : *some) {
            add_to_teams(teams, instance, from, at);
            if (with_instances) {
                instances.push_back(instance_truth(instance, from, at));
            }
        }
    }
    ExactItems volumes;
    for (const auto& [id, volume] : account.volumes()) {
        volumes = volumes + volume.meter.between(from, at);
    }
    json::object by_team;
    std::int64_t listed = 0;
    for (const auto& [prefix, team] : teams) {
        json::object entry;
        add_money(entry, team.items);
        entry["burn"] = to_decimal(team.burn);
        entry["instances"] = team.instances;
        entry["billing"] = team.billing;
        listed += team.instances;
        by_team[prefix] = std::move(entry);
    }
    json::object truth;
    truth["name"] = account.spec().name;
    add_money(truth, account.spent(at) - account.spent(from));
    truth["volumes"] = to_decimal(total(volumes).usd());
    truth["burn"] = to_decimal(account.burn_rate(at));
    truth["credit"] = to_decimal(account.credit(at));
    truth["total_spend"] = to_decimal(-account.lifetime_spend(at));
    truth["settled_until_ns"] = nanoseconds(account.settled_until());
    truth["listed"] = listed;
    truth["teams"] = std::move(by_team);
    if (with_instances) {
        truth["instances"] = std::move(instances);
    }
    return truth;
}

json::object entry_object(const JournalEntry& entry, const std::string& account) {
    json::object object;
    object["sequence"] = entry.sequence;
    object["account"] = account;
    object["at"] = format_rfc3339_millis(entry.at);
    object["at_ns"] = nanoseconds(entry.at);
    object["kind"] = entry.kind;
    object["id"] = entry.id;
    object["label"] = entry.label;
    object["detail"] = entry.detail;
    return object;
}

}  // namespace

std::optional<Instant> parse_instant(std::string_view text) {
    const bool exact = text.ends_with("ns");
    if (exact) {
        text.remove_suffix(2);
    }
    const char* end = text.data() + text.size();
    if (exact) {
        std::int64_t count = 0;
        // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the end is given beside it
        const auto result = std::from_chars(text.data(), end, count);
        const bool whole = result.ec == std::errc{} && result.ptr == end;
        return whole ? std::optional{Instant{Duration{count}}} : std::nullopt;
    }
    double seconds = 0;
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the end is given beside it
    const auto result = std::from_chars(text.data(), end, seconds);
    if (result.ec == std::errc{} && result.ptr == end) {
        return instant_from_unix_seconds(seconds);
    }
    return parse_rfc3339(text);
}

json::object truth_of(const World& world, Instant from, Instant at, bool with_instances) {
    json::array accounts;
    for (const auto& account : world.accounts()) {
        accounts.push_back(account_truth(*account, from, at, with_instances));
    }
    json::object truth;
    truth["at"] = format_rfc3339_millis(at);
    truth["at_ns"] = nanoseconds(at);
    truth["now_ns"] = nanoseconds(world.now());
    truth["accounts"] = std::move(accounts);
    return truth;
}

json::array journal_of(
    const World& world,
    std::uint64_t after,
    std::string_view kind,
    std::string_view account) {
    std::vector<std::pair<const JournalEntry*, const std::string*>> entries;
    for (const auto& candidate : world.accounts()) {
        const std::string& name = candidate->spec().name;
        if (!account.empty() && name != account) {
            continue;
        }
        for (const JournalEntry& entry : candidate->journal()) {
            if (entry.sequence > after && entry.kind.starts_with(kind)) {
                entries.emplace_back(&entry, &name);
            }
        }
    }
    std::ranges::sort(entries, [](const auto& a, const auto& b) {
        return std::tie(a.first->at, *a.second, a.first->sequence) <
               std::tie(b.first->at, *b.second, b.first->sequence);
    });
    json::array list;
    for (const auto& [entry, name] : entries) {
        list.push_back(entry_object(*entry, *name));
    }
    return list;
}

json::object statistics_of(const World& world) {
    json::object all;
    for (const auto& [endpoint, statistics] : world.statistics()) {
        json::object statuses;
        for (const auto& [status, count] : statistics.statuses) {
            statuses[std::to_string(status)] = count;
        }
        json::object entry;
        entry["requests"] = statistics.requests;
        entry["statuses"] = std::move(statuses);
        entry["interval"] = statistics.interval_seconds;
        entry["least_interval"] = nullptr;
        if (statistics.least_interval) {
            entry["least_interval"] =
                std::chrono::duration<double>(*statistics.least_interval).count();
        }
        entry["too_frequent"] = statistics.too_frequent;
        all[endpoint] = std::move(entry);
    }
    return all;
}

}  // namespace vastwatch::vastsim
