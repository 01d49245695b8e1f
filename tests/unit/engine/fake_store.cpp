#include "fake_store.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
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

void FakeStore::commit(Changes changes) {
    for (auto& instance : changes.instances) {
        instance.fresh_samples = 0;  // not stored
        instances_.insert_or_assign(instance.id, std::move(instance));
    }
    for (auto& clock : changes.idle_clocks) {
        const auto it = instances_.find(clock.id);
        REQUIRE_MESSAGE(it != instances_.end(), "an idle clock of an instance never stored");
        it->second.last_seen = clock.last_seen;
        it->second.still = clock.still;
        it->second.idle = clock.idle;
        it->second.samples = std::move(clock.samples);
    }
    for (const auto id : changes.gone_instances) {
        instances_.erase(id);
    }
    commit_ledger(std::move(changes.ledger));
    for (auto& item : changes.cases) {
        cases_.insert_or_assign(item.number, std::move(item));
    }
    for (auto& hold : changes.holds) {
        holds_.insert_or_assign(hold.id, std::move(hold));
    }
    for (auto& protection : changes.protections) {
        protections_.insert_or_assign(protection.instance, std::move(protection));
    }
    for (const auto id : changes.ended_protections) {
        protections_.erase(id);
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
    for (auto& condition : changes.conditions) {
        conditions_.insert_or_assign(condition.key, std::move(condition));
    }
    for (const auto& key : changes.forgotten_conditions) {
        conditions_.erase(key);
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
}

void FakeStore::commit_ledger(ledger::Changes changes) {
    for (auto& meter : changes.meters) {
        meters_.insert_or_assign(meter.instance, std::move(meter));
    }
    for (const auto id : changes.closed_meters) {
        meters_.erase(id);
    }
    for (auto& day : changes.days) {
        SourceDay key{day.contract.account, day.contract.source, day.day};
        days_.insert_or_assign(std::move(key), std::move(day));
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

ledger::Changes FakeStore::load_ledger() const {
    ledger::Changes all;
    all.meters = values(meters_);
    all.days = values(days_);
    all.account_days = values(account_days_);
    all.team_days = values(team_days_);
    all.contract_totals = values(totals_);
    all.counter_marks = values(marks_);
    return all;
}

Changes FakeStore::load() const {
    Changes all;
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
    return all;
}

}  // namespace vastwatch::engine::testing
