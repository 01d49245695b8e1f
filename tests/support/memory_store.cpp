#include "support/memory_store.hpp"

#include "base/assert.hpp"

namespace vastwatch::testing {
namespace {

template <class Map>
auto values(const Map& map) {
    std::vector<typename Map::mapped_type> all;
    all.reserve(map.size());
    for (const auto& [key, value] : map) {
        all.push_back(value);
    }
    return all;
}

}  // namespace

/// In the order of the database: what goes first, then what is there.
void MemoryStore::commit(engine::Changes changes) {
    for (const auto id : changes.gone_instances) {
        instances_.erase(id);
    }
    for (auto& instance : changes.instances) {
        instance.fresh_samples = 0;  // not stored
        instances_.insert_or_assign(instance.id, std::move(instance));
    }
    for (auto& clock : changes.idle_clocks) {
        const auto it = instances_.find(clock.id);
        VW_ASSERT(it != instances_.end());  // an idle clock of an instance never stored
        it->second.last_seen = clock.last_seen;
        it->second.still = clock.still;
        it->second.idle = clock.idle;
        it->second.samples = std::move(clock.samples);
    }
    commit_ledger(std::move(changes.ledger));
    for (auto& item : changes.cases) {
        cases_.insert_or_assign(item.number, std::move(item));
    }
    for (auto& hold : changes.holds) {
        holds_.insert_or_assign(hold.id, std::move(hold));
    }
    for (const auto id : changes.ended_protections) {
        protections_.erase(id);
    }
    for (auto& protection : changes.protections) {
        protections_.insert_or_assign(protection.instance, std::move(protection));
    }
    if (changes.pause_ended) {
        pause_.reset();
    }
    if (changes.pause) {
        pause_ = std::move(changes.pause);
    }
    for (auto& alert : changes.alerts) {
        alerts_.insert_or_assign(alert.id, std::move(alert));
    }
    for (auto& entry : changes.outbox) {
        outbox_.insert_or_assign(std::pair(entry.alert, entry.notifier), std::move(entry));
    }
    for (const auto& key : changes.forgotten_conditions) {
        conditions_.erase(key);
    }
    for (auto& condition : changes.conditions) {
        conditions_.insert_or_assign(condition.key, std::move(condition));
    }
    for (auto& account : changes.accounts) {
        accounts_.insert_or_assign(account.name, std::move(account));
    }
    for (auto& point : changes.spend_points) {
        points_.insert_or_assign(std::pair(point.at, point.team), std::move(point));
    }
    if (changes.policy_fingerprint) {
        fingerprint_ = std::move(changes.policy_fingerprint);
    }
    if (changes.clock) {
        clock_ = std::move(changes.clock);
    }
    if (changes.audit) {
        audit_ = std::move(*changes.audit);
    }
}

void MemoryStore::commit_ledger(ledger::Changes changes) {
    for (const auto id : changes.closed_meters) {
        meters_.erase(id);
    }
    for (auto& meter : changes.meters) {
        meters_.insert_or_assign(meter.instance, std::move(meter));
    }
    for (auto& day : changes.days) {
        SourceDay key{day.contract.account, day.contract.source, day.day};
        if (day.settled) {
            days_.erase(key);  // history, which nobody reads again
        } else {
            days_.insert_or_assign(std::move(key), std::move(day));
        }
    }
    for (auto& day : changes.account_days) {
        account_days_.insert_or_assign(std::pair(day.account, day.day), std::move(day));
    }
    for (auto& day : changes.team_days) {
        team_days_.insert_or_assign(std::tuple(day.account, day.team, day.start), std::move(day));
    }
    for (auto& total : changes.contract_totals) {
        totals_.insert_or_assign(total.contract, std::move(total));
    }
    for (auto& mark : changes.counter_marks) {
        marks_.insert_or_assign(std::pair(mark.account, mark.team), std::move(mark));
    }
}

ledger::Changes MemoryStore::load_ledger() const {
    ledger::Changes all;
    all.meters = values(meters_);
    all.days = values(days_);
    all.account_days = values(account_days_);
    all.team_days = values(team_days_);
    all.contract_totals = values(totals_);
    all.counter_marks = values(marks_);
    return all;
}

engine::Changes MemoryStore::load() const {
    engine::Changes all;
    all.instances = values(instances_);
    all.ledger = load_ledger();
    all.cases = values(cases_);
    all.holds = values(holds_);
    all.protections = values(protections_);
    all.pause = pause_;
    all.alerts = values(alerts_);
    all.outbox = values(outbox_);
    all.conditions = values(conditions_);
    all.accounts = values(accounts_);
    all.spend_points = values(points_);
    all.policy_fingerprint = fingerprint_;
    all.clock = clock_;
    if (!audit_.empty()) {
        all.audit = audit_;
    }
    return all;
}

void MemoryStore::prune(Instant now) {
    constexpr Duration month = std::chrono::hours{24 * 30};
    constexpr Duration fortnight = std::chrono::hours{24 * 14};
    std::erase_if(cases_, [&](const auto& entry) {
        return entry.second.closed_at && *entry.second.closed_at + month < now;
    });
    std::erase_if(holds_, [&](const auto& entry) {
        const bool in_force = entry.second.kind == enforcement::Hold::Kind::reload &&
                              entry.second.decision == enforcement::Hold::Decision::dismissed;
        return !in_force && entry.second.decided && *entry.second.decided + month < now;
    });
    std::erase_if(outbox_, [&](const auto& entry) {
        return entry.second.ended && *entry.second.ended + fortnight / 2 < now;
    });
    std::erase_if(alerts_, [&](const auto& entry) {
        const auto waiting = outbox_.lower_bound(std::pair{entry.first, NotifierName{}});
        const bool awaited = waiting != outbox_.end() && waiting->first.first == entry.first &&
                             !waiting->second.ended;
        return entry.second.time + month < now && !awaited;
    });
    std::erase_if(points_, [&](const auto& entry) { return entry.first.first + month < now; });
    std::erase_if(totals_, [&](const auto& entry) {
        const bool instance = entry.first.source.starts_with("instance-");
        return instance && entry.second.last_day + fortnight < now;
    });
}

std::size_t MemoryStore::size() const {
    return instances_.size() + cases_.size() + holds_.size() + protections_.size() +
           alerts_.size() + outbox_.size() + conditions_.size() + accounts_.size() +
           points_.size() + meters_.size() + days_.size() + account_days_.size() +
           team_days_.size() + totals_.size() + marks_.size();
}

}  // namespace vastwatch::testing
