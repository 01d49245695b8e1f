#include "ledger/ledger.hpp"

#include "ledger/impl.hpp"

#include <utility>

namespace vastwatch::ledger {

Ledger::Ledger(Calendar calendar) : impl_(std::make_unique<Impl>(std::move(calendar))) {}

Ledger::~Ledger() = default;
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;

void Ledger::restore(Changes stored) {
    impl_->restore(std::move(stored));
}

void Ledger::observe(
    const AccountName& account,
    InstanceId id,
    const TeamName& team,
    fleet::Rates rates,
    Instant at) {
    impl_->observe(account, id, team, rates, at);
}

void Ledger::close(InstanceId id, Instant at) {
    impl_->close(id, at);
}

void Ledger::charge(
    const AccountName& account,
    Instant day,
    std::span<const DayCharge> charges,
    Instant read_at) {
    impl_->charge(account, day, charges, read_at);
}

void Ledger::backfill(
    const AccountName& account,
    Instant start,
    std::span<const DayCharge> charges) {
    impl_->backfill(account, start, charges);
}

void Ledger::begin(const AccountName& account, Instant at) {
    impl_->begin(account, at);
}

bool Ledger::shares_contracts(const AccountName& one, const AccountName& other) const {
    return impl_->shares_contracts(one, other);
}

bool Ledger::knows(const Contract& contract) const {
    return impl_->knows(contract);
}

void Ledger::advance(Instant at) {
    impl_->advance(at);
}

void Ledger::set_calendar(Calendar calendar, Instant at) {
    impl_->set_calendar(std::move(calendar), at);
}

WindowSpend Ledger::team_spend(
    const TeamName& team,
    policy::Window window,
    std::optional<std::chrono::year_month_day> since,
    Instant at) const {
    return impl_->team_spend(team, window, since, at);
}

WindowSpend Ledger::account_spend(const AccountName& account, policy::Window window, Instant at)
    const {
    return impl_->account_spend(account, window, at);
}

UsdPerHour Ledger::team_burn(const TeamName& team) const {
    return impl_->team_burn(team);
}

UsdPerHour Ledger::account_burn(const AccountName& account) const {
    return impl_->account_burn(account);
}

bool Ledger::team_estimated(const TeamName& team) const {
    return impl_->team_estimated(team);
}

Amounts Ledger::instance_spend(InstanceId id, Instant at) const {
    return impl_->instance_spend(id, at);
}

Usd Ledger::instance_spend_today(InstanceId id, Instant at) const {
    return impl_->instance_spend_today(id, at);
}

std::optional<fleet::Rates> Ledger::instance_rates(InstanceId id) const {
    return impl_->instance_rates(id);
}

std::vector<CounterValue> Ledger::counters(Instant at) {
    return impl_->counters(at);
}

Instant Ledger::first_day(const AccountName& account, Instant at) const {
    return impl_->first_day(account, at);
}

std::vector<Instant> Ledger::days_to_read(const AccountName& account, Instant at) const {
    return impl_->days_to_read(account, at);
}

Usd Ledger::accrued(const AccountName& account, Instant from, Instant to) const {
    return impl_->accrued(account, from, to);
}

Instant Ledger::next_change(Instant at) const {
    return impl_->next_change(at);
}

std::uint64_t Ledger::version() const {
    return impl_->version();
}

Changes Ledger::take_changes() {
    return impl_->take_changes();
}

void Ledger::retry(Changes changes) {
    impl_->retry(std::move(changes));
}

}  // namespace vastwatch::ledger
