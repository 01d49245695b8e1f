// The pure core as one object. Every call says what happened and when; it changes the state, and
// returns what has to be done about it. After each call take_changes() must be made durable before
// the effects' requests are sent. Single-threaded; no I/O, no clock.
#pragma once

#include "engine/events.hpp"
#include "engine/state.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::engine {

/// What the engine needs of the world as functions: ids for alerts (rising with time) and a number
/// in [0, 1) for jitter.
struct Seams {
    std::function<AlertId(Instant)> make_alert_id;
    std::function<double()> jitter;
    /// Names the boot that the monotonic clock counts from; empty when that is not known, and a
    /// wall clock set while no daemon ran is then believed.
    std::string boot;
};

/// One alert that is due to be delivered to one notifier.
struct DueDelivery {
    alerts::Alert alert;
    NotifierName notifier;
};

class Engine {
  public:
    /// `stored` is what the store had; empty at the very first start. When it was made under
    /// another policy, what the new one makes due at once is judged like a reload (spec 7).
    Engine(
        std::shared_ptr<const policy::Policy> policy,
        std::map<NotifierName, policy::Severity> notifiers,
        Seams seams,
        Changes stored,
        Now now);

    // --- What happens.
    /// The process has started; once, before anything else. Tells of damage.
    Effects on_start(FoundDamage found, Now now);
    Effects on_sweep(const fleet::Sweep& sweep, Now now);
    Effects on_poll_failed(const PollFailed& failure, Now now);
    Effects on_verified(const fleet::Verification& read, Now now);
    Effects on_verify_failed(const VerifyOrder& order, std::string message, Now now);
    Effects on_answered(const RequestAnswered& answer, Now now);
    Effects on_charges(const ChargesRead& charges, Now now);
    /// Counts them once: that they are counted becomes durable with the money. Takes nothing when
    /// backfills() would name other ranges by now.
    Effects on_backfill(const BackfillRead& read, Now now);
    /// All of charge_days() and backfills() were read.
    Effects on_charges_complete(const AccountName& account, Now now);
    Effects on_money(const MoneyRead& money, Now now);
    Effects on_price_increases(
        const AccountName& account,
        std::vector<PriceIncreaseFact> increases,
        Now now);
    /// A moment has come that next_wake() named; harmless at any other time.
    Effects on_time(Now now);
    Effects on_policy(
        std::shared_ptr<const policy::Policy> policy,
        std::map<NotifierName, policy::Severity> notifiers,
        Now now);
    Effects on_config_rejected(std::string mistakes, Now now);

    /// To be asked before every attempt to send an order, when nothing but its bytes is still to
    /// go: since it was made, somebody may have paused, protected or reloaded, the instance begun
    /// to work, or its fresh read grown old. False: nothing of it may be sent before withdraw().
    bool may_leave(const RequestOrder& order, Now now);
    /// Takes out of `order` what must not leave any more. When that is something, the effects are
    /// to be settled, and the rest to be asked about again.
    Effects withdraw(RequestOrder& order, Now now);

    /// The orders of a step that could not be made durable: they were not sent.
    /// `unwritten` may leave out instances and idle clocks: all of them are stored again.
    Effects on_not_durable(
        Changes unwritten,
        const std::vector<RequestOrder>& orders,
        std::string problem,
        Now now);
    /// Storing takes too long: what take_changes() gave may yet become durable or not. Nothing
    /// destructive is begun until on_durable().
    Effects on_stalled(std::string problem, Now now);
    /// These orders were not sent, and will not be.
    void on_unsent(const std::vector<RequestOrder>& orders, Now now);
    /// What take_changes() gave was made durable, up to and including that alert.
    void on_durable(const AlertId& newest_alert);
    /// The newest alert there is; to be read together with take_changes().
    AlertId newest_alert() const;

    // --- Deliveries.
    /// The next alert to deliver to `notifier` at `now`; nothing when none is due. Only alerts that
    /// are durable, so that none is told and then forgotten; all of them while nothing can be
    /// stored, since that itself has to be told.
    std::optional<DueDelivery> due_delivery(const NotifierName& notifier, Now now) const;
    /// When the next one will be due; nothing when the outbox has none for it.
    std::optional<Instant> next_delivery(const NotifierName& notifier) const;
    Effects on_delivery(const DeliveryTried& tried, Now now);

    // --- Commands.
    std::pair<Answer, Effects> protect(const Protect& wish, const std::string& actor, Now now);
    std::pair<Answer, Effects> unprotect(InstanceId id, const std::string& actor, Now now);
    std::pair<Answer, Effects>
    decide_hold(std::optional<HoldId> hold, bool approve, const std::string& actor, Now now);
    std::pair<Answer, Effects>
    pause(std::optional<Duration> duration, std::string reason, const std::string& actor, Now now);
    std::pair<Answer, Effects> resume(const std::string& actor, Now now);

    // --- What follows.
    /// The next moment at which on_time() would do something, 20 ms from now at the earliest.
    std::optional<Instant> next_wake(Now now) const;
    /// UTC days whose charges are to be read for that account, oldest first.
    std::vector<Instant> charge_days(const AccountName& account, Now now) const;
    /// Ranges before the first day that is counted which month and lifetime windows still need, one
    /// for each month and cut where a team's `since` lies, oldest first. Empty before the first
    /// sweep, and once on_backfill() has taken them, until a reload brings an earlier `since`.
    /// What was taken stays as it was cut: of a month that was read before, a `since` in the midst
    /// of it that comes later has nothing.
    std::vector<Backfill> backfills(const AccountName& account, Now now) const;
    std::size_t instance_count(const AccountName& account) const;

    /// What has to be stored since the last call.
    Changes take_changes();

    // --- What there is to see.
    std::shared_ptr<const View> view(Now now);
    std::optional<Explanation> explain(InstanceId id, Now now) const;
    /// Spend per step of [from, to) by curve points; at most 1,000 steps.
    std::vector<std::pair<TeamName, std::vector<std::pair<Instant, Usd>>>> spend_series(
        const std::optional<TeamName>& team,
        Instant from,
        Instant to,
        Duration step) const;
    /// Every account was listed lately with a key that is taken, and the state can be written: what
    /// a heartbeat says. Cheap.
    bool sees_and_can_act(Now now) const;
    /// One line for sd_notify: instances, $/h, teams near a cap.
    std::string status_line(Now now) const;

    const policy::Policy& policy() const { return *state_.policy; }

  private:
    Effects decide(Now now, Effects effects);
    bool knows(const AccountName& account) const;
    bool deliverable(const AlertId& alert) const;
    std::optional<std::pair<Instant, AlertId>> first_waiting(const NotifierName& notifier) const;

    State state_;
};

}  // namespace vastwatch::engine
