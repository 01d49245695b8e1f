// What can happen to the engine, as values from the edge, in its own words: the API client's and
// the operator's doings without their machinery.
#pragma once

#include "alerts/outbox.hpp"
#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/time.hpp"
#include "fleet/observation.hpp"
#include "ledger/ledger.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vastwatch::engine {

/// A poll of an account that gave no complete sweep.
struct PollFailed {
    AccountName account;
    bool key_rejected = false;
    std::string message;  // for people
};

struct ChargeRow {
    std::string source;  // "instance-123"
    std::optional<InstanceId> instance;
    std::string label;
    ledger::Amounts amounts;
};

/// Charges of one account for one UTC day.
struct ChargesRead {
    AccountName account;
    Instant day;
    std::vector<ChargeRow> rows;
};

/// Charges from before the ledger, to be read once: UTC days first_day to last_day, counted from
/// `start` on.
struct Backfill {
    Instant start;
    Instant first_day;
    Instant last_day;

    friend bool operator==(const Backfill&, const Backfill&) = default;
};

/// Charges of everything that Engine::backfills() named, in its order.
struct BackfillRead {
    struct Part {
        Backfill range;
        std::vector<ChargeRow> rows;
    };

    AccountName account;
    std::vector<Part> parts;
};

/// The user object and the account's own rates.
struct MoneyRead {
    AccountName account;
    std::optional<Usd> credit;
    std::optional<Usd> total_spend;
    std::optional<UsdPerHour> reported_rate;  // gpu and container storage of spend-rate
};

enum class RequestOutcome {
    accepted,  // 200 success
    gone,      // none of them exists any more
    unclear,   // may have had its effect
    failed,    // surely had none
};

struct RequestAnswered {
    AccountName account;
    policy::Action action = policy::Action::destroy;
    std::vector<InstanceId> ids;
    RequestOutcome outcome = RequestOutcome::accepted;
    std::string message;  // for people
};

/// One attempt to deliver an alert to one notifier.
struct DeliveryTried {
    AlertId alert;
    NotifierName notifier;
    alerts::Delivery outcome = alerts::Delivery::pending;  // pending = to be tried again
    bool reached_somebody = false;                         // also when only some addressees were
    std::optional<Duration> retry_after;
    std::string answer;  // for people
};

/// What was damaged in the state directory when the process started.
struct FoundDamage {
    std::string database;   // where the one that could not be read is kept; empty = it was whole
    std::string audit_log;  // where its chain is broken, for people; empty = it is whole
};

/// What an operator asked for, checked for form.
struct Protect {
    InstanceId instance;
    std::optional<Duration> duration;
    std::string reason;
};

struct Answer {
    bool ok = false;
    std::string message;
};

}  // namespace vastwatch::engine
