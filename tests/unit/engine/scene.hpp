// Stories about the engine: an account with machines that do what the story says, an API that
// answers, a store that keeps, notifiers that deliver, and a clock that goes from event to event.
// What the scene checks by itself, at every step: no request without enforcement, while paused, or
// ahead of its commit; at most 64 ids in a request, dearest first; and no wake that changes nothing
// over and over.
#pragma once

#include "engine/engine.hpp"
#include "policies.hpp"
#include "support/memory_store.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace vastwatch::engine::testing {

/// An instant of the day in which most stories play.
Instant at(std::string_view time_of_day);

/// A machine as it really is; its row is what a listing shows.
struct Machine {
    fleet::Observation row;
    AccountName account = main_account;
    bool frozen = false;                    // the host repeats its last row
    std::optional<Instant> unloaded_until;  // a destroy is under way

    InstanceId id() const { return row.id; }

    Machine& busy(double util = 90);
    Machine& idle();
    Machine& costs(double gpu, double disk = 0);
    Machine& labelled(std::string label);
    Machine& begun(Instant start_date);
    Machine& of_account(const AccountName& name);
    Machine& stopped();
    Machine& queued();
    Machine& loading();
    Machine& offline();
};

struct Sent {
    Instant at;
    RequestOrder order;
};

struct Asked {
    Instant at;
    VerifyOrder order;
};

class Scene {
  public:
    explicit Scene(policy::Policy policy, Instant start = at("08:00"));
    ~Scene() = default;
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    Scene(Scene&&) = delete;
    Scene& operator=(Scene&&) = delete;

    // --- Who is there.
    /// A machine that has run since yesterday.
    Machine& rent(int id, std::string label = "ml/x", double dollars = 2.0);
    /// One that is created at this moment and runs at once.
    Machine& rent_now(int id, std::string label = "ml/x", double dollars = 2.0);
    Machine& machine(int id);

    bool exists(int id) const { return machines_.contains(InstanceId{id}); }

    void vanish(int id);

    // --- What happens.
    void run_for(Duration span);
    void run_until(Instant when);
    /// A sweep right now.
    void poll(const AccountName& account = main_account);
    /// Whatever an event gave: stored, then carried out.
    void settle(Effects effects);
    /// The process ends and, after `down`, begins again from what was stored.
    void restart(Duration down = Duration{0});
    /// The same, and the configuration was changed meanwhile.
    void restart_with(policy::Policy policy, Duration down = Duration{0});
    void reload(policy::Policy policy);
    void step_wall_clock(Duration by);
    /// Charges of a day, as the API would bill them.
    void charge(int id, double gpu, double bandwidth = 0);

    Answer protect(int id, std::optional<Duration> span = std::nullopt);
    Answer unprotect(int id);
    Answer approve(std::optional<HoldId> hold = std::nullopt);
    Answer dismiss(std::optional<HoldId> hold = std::nullopt);
    Answer pause(std::optional<Duration> span = std::nullopt);
    Answer resume();

    // --- How the world behaves.
    std::string boot = "boot";      // of the machine; changed, the monotonic clock says nothing
    bool blind = false;             // polls fail
    bool key_rejected = false;      // and this is why
    AccountName blind_account;      // polls of this one fail
    FoundDamage damage;             // what the next start finds
    std::set<InstanceId> nameless;  // listed without a usable id
    bool disk_full = false;         // nothing can be stored
    bool notifiers_down = false;    // no delivery succeeds
    bool verify_fails = false;      // fresh reads fail
    bool takes_effect = true;       // a request does what it says
    bool answers_lost = false;      // a request is never answered
    RequestOutcome answer = RequestOutcome::accepted;
    Duration sweep_takes = 1s;
    Duration sweep_repeats = 0s;  // of that, for asking again
    Duration verify_takes = 500ms;
    Duration request_takes = 500ms;
    Duration order_waits = 0s;   // for its turn to be sent
    Duration unload_takes = 0s;  // how long a destroyed one is still listed
    std::optional<Duration> retry_after;
    std::function<void(const VerifyOrder&)> before_read;  // the moment before a fresh read
    std::function<void()> at_poll;                        // the moment before a sweep
    std::function<void(const RequestOrder&)> at_send;     // the moment before a request
    bool crash_before_commit = false;                     // of the next step that has requests
    bool crash_before_send = false;                       // after its commit

    // --- What came of it.
    std::vector<Sent> sent;
    std::vector<Asked> asked;
    std::map<InstanceId, std::pair<Instant, fleet::Observation>> reads;  // the latest fresh ones
    Now last_sweep;                                                      // the latest complete one
    std::vector<AuditRecord> audit;
    std::vector<alerts::Alert> told;
    std::vector<std::pair<Instant, alerts::Alert>> delivered;
    std::vector<std::pair<policy::Window, Usd>> overshoots;

    Now now() const { return {wall_, mono_}; }

    Instant time() const { return wall_; }

    Engine& engine() { return *engine_; }

    std::shared_ptr<const View> view() { return engine_->view(now()); }

    const vastwatch::testing::MemoryStore& store() const { return store_; }

    policy::Policy policy() const { return *policy_; }

    /// When the first request for it left; nothing when none did.
    std::optional<Instant> sent_at(int id) const;
    std::size_t times_sent(int id) const;
    std::optional<Action> sent_action(int id) const;
    std::vector<alerts::Alert> all(alerts::Kind kind, bool resolved = false) const;
    std::size_t count(alerts::Kind kind, bool resolved = false) const;
    /// The latest one of that kind.
    alerts::Alert latest(alerts::Kind kind, bool resolved = false) const;
    const InstanceView& seen(int id);
    std::optional<enforcement::Case> open_case(int id);
    Usd spend(const TeamName& team, policy::Window window = policy::Window::day);
    std::vector<enforcement::Hold> holds();
    bool audited(const std::string& outcome, int id) const;
    std::uint64_t counted(const std::string& outcome);

  private:
    using Event = std::function<void()>;

    void start_engine(Changes stored);
    void after(Duration span, Event event);
    std::optional<Instant> next_event();
    void step_to(Instant when);
    void do_due();
    void wake();
    void deliver();
    void carry_out(const Effects& effects);
    void send(const RequestOrder& order);
    void leave(RequestOrder order);
    void execute(const RequestOrder& order);
    void read(const VerifyOrder& order);
    fleet::Observation shown(Machine& machine);
    void check_order(const RequestOrder& order);
    void schedule_poll(const AccountName& account, Instant when);

    std::shared_ptr<const policy::Policy> policy_;
    Instant wall_;
    MonoTime mono_;
    vastwatch::testing::MemoryStore store_;
    std::unique_ptr<Engine> engine_;
    std::map<InstanceId, Machine> machines_;
    std::map<AccountName, MonoTime> next_polls_;
    MonoTime reader_free_;  // when the latest fresh read will have been answered
    std::multimap<MonoTime, Event> events_;
    std::set<AlertId> known_alerts_;
    int alert_number_ = 0;
    int reading_ = 0;
    std::optional<Instant> wake_;  // what the engine last asked for
    Instant wakes_since_;
    int wakes_ = 0;
    int process_ = 0;
    bool delivering_ = false;
};

/// Instance 1 idles from 08:00 on, so it is warned at 09:45 and due at 10:00; 2 works.
class IdleScene : public Scene {
  public:
    explicit IdleScene(policy::Policy policy = idle_policy()) : Scene(std::move(policy)) {
        rent(1).idle();
        rent(2).busy();
    }
};

}  // namespace vastwatch::engine::testing
