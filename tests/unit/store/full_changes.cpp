#include "support.hpp"

#include <algorithm>

namespace vastwatch::store::test {
namespace {

/// Makes values of every type from one text and one number.
struct Make {
    std::string text;
    std::int64_t number;

    Instant at() const { return Instant{Duration{number}}; }

    Duration span() const { return Duration{number}; }

    Usd usd() const { return Usd::from_nanos(number); }

    UsdPerHour rate() const { return UsdPerHour::from_nanos(number); }

    int small() const { return static_cast<int>(number); }

    double real() const { return static_cast<double>(number) / 3.0; }

    AccountName account() const { return AccountName{text}; }

    TeamName team() const { return TeamName{text}; }

    InstanceId id() const { return InstanceId{number}; }

    ledger::Amounts amounts() const { return ledger::Amounts{usd(), usd(), usd(), usd()}; }

    ledger::Slice slice() const {
        return ledger::Slice{at(), team(), usd(), usd(), amounts(), {usd(), usd(), {}, {}}};
    }

    ledger::Contract contract() const { return ledger::Contract{account(), text}; }
};

fleet::Telemetry telemetry(const Make& make) {
    const double value = make.real();
    return fleet::Telemetry{value, value, value, value, value, value};
}

fleet::Observation observation(const Make& make) {
    fleet::Observation row;
    row.id = make.id();
    row.label = make.text;
    row.gpu_name = make.text;
    row.num_gpus = make.small();
    row.machine_id = make.number;
    row.host_id = make.number;
    row.status = fleet::Status::other;
    row.status_text = make.text;
    row.intended = fleet::State::running;
    row.current = fleet::State::unloaded;
    row.next = fleet::State::frozen;
    row.status_message = make.text;
    row.start_date = make.at();
    row.end_date = make.at();
    row.interruptible = true;
    row.disk_gb = make.real();
    row.telemetry = telemetry(make);
    row.prices = fleet::Prices{
        make.rate(), make.rate(), make.real(), make.rate(), make.rate(), make.real(), make.real()};
    row.image = make.text;
    row.runtype = make.text;
    row.template_hash = make.text;
    row.verification = make.text;
    return row;
}

fleet::Instance instance(const Make& make) {
    fleet::Instance one;
    one.id = make.id();
    one.account = make.account();
    one.team = make.team();
    one.row = observation(make);
    one.first_seen = make.at();
    one.last_seen = make.at();
    one.missed_sweeps = make.small();
    one.found_at_start = true;
    one.known_rates = fleet::Rates{make.rate(), make.rate(), true};
    one.ever_ran = true;
    one.running_since = make.at();
    one.stopped_since = make.at();
    one.loading_since = make.at();
    one.label_protected_since = make.at();
    one.still = fleet::StillRow{telemetry(make), make.small()};
    one.idle = fleet::IdlePeriod{
        make.at(),
        make.at(),
        make.at(),
        make.at(),
        make.span(),
        make.span(),
        make.span(),
        make.span(),
        make.span(),
        make.real(),
        make.span()};
    one.samples = {fleet::SampleRun{
        make.at(),
        make.at(),
        make.small(),
        fleet::Evidence::busy,
        fleet::Doubt::frozen_row,
        make.real(),
        make.real()}};
    return one;
}

enforcement::Case a_case(const Make& make) {
    enforcement::Case one;
    one.number = make.number;
    one.instance = make.id();
    one.account = make.account();
    one.team = make.team();
    one.action = policy::Action::destroy;
    one.rule = rules::Rule::serverless;
    one.reasons = {{rules::Rule::shed, make.text}, {rules::Rule::idle, make.text}};
    one.step = enforcement::Step::requested;
    one.wait = enforcement::Wait::retry;
    one.label = make.text;
    one.start_date = make.at();
    one.gpu_name = make.text;
    one.num_gpus = make.small();
    one.rate = make.rate();
    one.idle = make.span();
    one.cap = true;
    one.opened = make.at();
    one.due = make.at();
    one.warned_at = make.at();
    one.warning_delivered_at = make.at();
    one.warning = AlertId{make.text};
    one.verified_at = make.at();
    one.intended_at = make.at();
    one.requested_at = make.at();
    one.closed_at = make.at();
    one.attempts = make.small();
    one.next_attempt = make.at();
    one.confirmations = make.small();
    one.failure_told = true;
    one.hold = HoldId{make.number};
    one.recipe = fleet::Recipe{
        make.text,
        make.text,
        make.text,
        make.text,
        make.real(),
        make.text,
        make.small(),
        true,
        make.number,
        {make.text, make.text},
        make.text};
    one.detail = make.text;
    return one;
}

alerts::Alert alert(const Make& make) {
    alerts::Alert one;
    one.id = AlertId{make.text};
    one.kind = alerts::Kind::cap_reached;
    one.severity = policy::Severity::critical;
    one.resolved = true;
    one.time = make.at();
    one.account = make.account();
    one.team = make.team();
    one.title = make.text;
    one.text = make.text;
    one.window = policy::Window::lifetime;
    one.window_start = make.at();
    one.spend = make.usd();
    one.cap = make.usd();
    one.threshold = make.text;
    one.burn_rate = make.rate();
    one.projected_crossing = make.at();
    one.instances = {alerts::AlertInstance{
        make.id(),
        make.text,
        make.text,
        make.small(),
        make.rate(),
        make.span(),
        policy::Action::stop}};
    one.instances_omitted = static_cast<std::size_t>(make.number);
    one.dry_run = true;
    one.condition = make.text;
    one.notify = {NotifierName{make.text}, NotifierName{make.text}};
    return one;
}

ledger::Changes money(const Make& make) {
    ledger::Changes changes;
    changes.meters = {ledger::Meter{
        make.id(), make.account(), make.team(), {make.rate(), make.rate(), true}, make.at()}};
    changes.days = {ledger::ContractDay{
        make.contract(),
        make.at(),
        {make.slice(), make.slice()},
        make.amounts(),
        make.at(),
        make.team(),
        false}};
    changes.account_days = {
        ledger::AccountDay{make.account(), make.at(), make.at(), make.at(), true}};
    changes.team_days = {ledger::TeamDay{make.account(), make.team(), make.at(), make.amounts()}};
    changes.contract_totals = {ledger::ContractTotal{make.contract(), make.amounts(), make.at()}};
    changes.counter_marks = {ledger::CounterMark{make.account(), make.team(), make.amounts()}};
    return changes;
}

bool same_instance(const fleet::Instance& a, const fleet::Instance& b) {
    return a.id == b.id && a.account == b.account && a.team == b.team && a.row == b.row &&
           a.first_seen == b.first_seen && a.last_seen == b.last_seen &&
           a.missed_sweeps == b.missed_sweeps && a.found_at_start == b.found_at_start &&
           a.known_rates == b.known_rates && a.ever_ran == b.ever_ran &&
           a.running_since == b.running_since && a.stopped_since == b.stopped_since &&
           a.loading_since == b.loading_since &&
           a.label_protected_since == b.label_protected_since && a.still.last == b.still.last &&
           a.still.repeats == b.still.repeats && a.idle == b.idle && a.samples == b.samples;
}

bool same_instances(const std::vector<fleet::Instance>& a, const std::vector<fleet::Instance>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_instance);
}

}  // namespace

engine::Changes full_changes(const std::string& text, std::int64_t number) {
    const Make make{text, number};
    engine::Changes changes;
    changes.instances = {instance(make)};
    changes.ledger = money(make);
    changes.cases = {a_case(make)};
    changes.holds = {enforcement::Hold{
        HoldId{number},
        enforcement::Hold::Kind::reload,
        enforcement::Hold::Decision::lapsed,
        make.account(),
        make.at(),
        make.at(),
        text,
        {make.id(), InstanceId{0}},
        make.rate(),
        {{make.id(), rules::Rule::idle},
         {make.id(), rules::Rule::gpu_types},
         {InstanceId{0}, rules::Rule::shed}}}};
    changes.protections = {enforcement::Protection{make.id(), make.at(), make.at(), text, text}};
    changes.pause = enforcement::Pause{make.at(), make.at(), text, text, make.at()};
    changes.alerts = {alert(make)};
    changes.outbox = {alerts::OutboxEntry{
        AlertId{text},
        NotifierName{text},
        alerts::Delivery::failed,
        make.small(),
        make.at(),
        make.at(),
        make.at(),
        text}};
    changes.conditions = {
        alerts::Condition{text, AlertId{text}, false, make.at(), make.at(), make.at()}};
    changes.accounts = {engine::AccountState{
        make.account(),
        make.at(),
        make.at(),
        make.at(),
        true,
        make.usd(),
        make.at(),
        make.usd(),
        make.at(),
        make.usd(),
        make.at()}};
    changes.spend_points = {engine::SpendPoint{make.at(), make.team(), make.usd(), make.usd()}};
    changes.policy_fingerprint = text;
    changes.clock = engine::ClockMark{text, Duration{number}};
    changes.audit = {engine::AuditRecord{
        make.at(),
        text,
        text,
        make.account(),
        make.team(),
        make.id(),
        text,
        text,
        make.number,
        make.small(),
        make.rate(),
        make.real(),
        make.usd(),
        {text, text},
        text,
        text,
        text}};
    return changes;
}

std::string difference(const engine::Changes& a, const engine::Changes& b) {
    std::string differ;
    const auto note = [&differ](bool same, const char* what) { differ += same ? "" : what; };
    note(same_instances(a.instances, b.instances), "instances ");
    note(a.ledger.meters == b.ledger.meters, "meters ");
    note(a.ledger.days == b.ledger.days, "days ");
    note(a.ledger.account_days == b.ledger.account_days, "account_days ");
    note(a.ledger.team_days == b.ledger.team_days, "team_days ");
    note(a.ledger.contract_totals == b.ledger.contract_totals, "contract_totals ");
    note(a.ledger.counter_marks == b.ledger.counter_marks, "counter_marks ");
    note(a.cases == b.cases, "cases ");
    note(a.holds == b.holds, "holds ");
    note(a.protections == b.protections, "protections ");
    note(a.pause == b.pause, "pause ");
    note(a.alerts == b.alerts, "alerts ");
    note(a.outbox == b.outbox, "outbox ");
    note(a.conditions == b.conditions, "conditions ");
    note(a.accounts == b.accounts, "accounts ");
    note(a.spend_points == b.spend_points, "spend_points ");
    note(a.policy_fingerprint == b.policy_fingerprint, "policy_fingerprint ");
    note(a.clock == b.clock, "clock ");
    note(a.audit == b.audit, "audit ");
    return differ;
}

}  // namespace vastwatch::store::test
