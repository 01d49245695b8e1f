// One Vast.ai account played through time: instances with their scripts, what they cost, what the
// user did to them. Time enters as an argument and never goes back; there is no clock, no I/O and
// no hidden randomness, so the same account and the same calls give the same history.
#pragma once

#include "model/instance.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <queue>
#include <string>
#include <vector>

namespace vastwatch::vastsim {

struct Volume {
    VolumeSpec spec;
    Instant start_date;
    std::optional<Instant> gone_at;
    std::map<std::int64_t, std::optional<Instant>> attached;  ///< instance → still in use until
    Meter meter;
};

/// Something that happened, or that was asked for.
struct JournalEntry {
    std::uint64_t sequence = 0;
    Instant at;
    std::string kind;
    std::int64_t id = 0;  ///< of the instance or volume; 0 = none
    std::string label;
    boost::json::object detail;
};

enum class StartOutcome : std::uint8_t { started, queued, no_credit };

/// Called by one thread; references stay valid until the next call that changes something.
class Account {
  public:
    /// Plays what lies before `begin`, so that instances stand where their scripts say. The
    /// credit of the specification is that of `begin`.
    Account(AccountSpec spec, Instant begin, std::uint64_t seed);

    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;
    Account(Account&&) = delete;
    Account& operator=(Account&&) = delete;
    ~Account() = default;

    /// Plays on until `instant`; an earlier one changes nothing.
    void advance_to(Instant instant);

    Instant now() const { return now_; }

    std::uint64_t seed() const { return seed_; }

    const AccountSpec& spec() const { return spec_; }

    AccountSpec& mutable_spec() { return spec_; }

    /// What is listed now, and what is no more, by id.
    const std::map<std::int64_t, Instance>& instances() const { return instances_; }

    const std::map<std::int64_t, Instance>& gone() const { return gone_; }

    const std::map<std::int64_t, Volume>& volumes() const { return volumes_; }

    /// How many listed instances carry each label; "" for none.
    const std::map<std::string, std::int64_t>& label_counts() const { return label_counts_; }

    const Instance* find(std::int64_t id) const;

    /// Also the gone ones.
    const Instance* find_any(std::int64_t id) const;

    /// Counts a row served, which moves scripted gaps in the telemetry on.
    void count_read(std::int64_t id);

    /// Everything spent until `instant`, volumes included, since the oldest contract began.
    ExactItems spent(Instant instant) const { return meter_.until(instant); }

    UsdPerHour burn_rate(Instant instant) const { return total(meter_.rates_at(instant)); }

    Usd credit(Instant instant) const;

    /// The user object's lifetime counter, as a positive amount.
    Usd lifetime_spend(Instant instant) const;

    /// Charges reach up to here.
    Instant settled_until() const;

    // What the user may do; all at now(). Unknown and unloading ids answer false or nothing.

    std::int64_t create(InstanceSpec spec);
    bool destroy(std::int64_t id, std::optional<Duration> delay = std::nullopt);
    bool stop(std::int64_t id);
    std::optional<StartOutcome> start(std::int64_t id, bool gpu_taken = false);
    bool set_label(std::int64_t id, std::optional<std::string> label);
    std::int64_t create_volume(VolumeSpec spec);

    /// False when it is still in use.
    bool destroy_volume(std::int64_t id);

    /// False when no such increase is pending.
    bool answer_increase(std::int64_t pending_id, bool accept);

    // What only the world may do.

    /// Puts an instance into a state until somebody changes it.
    bool put(std::int64_t id, State state);

    /// Changes what an instance is; its cost follows at once.
    bool change(std::int64_t id, const std::function<void(Instance&)>& edit);

    /// A new script, from now on.
    bool play(std::int64_t id, std::vector<Phase> behaviour, bool repeat);

    /// Makes the credit of now() this amount.
    void set_credit(Usd credit);

    const std::vector<JournalEntry>& journal() const { return journal_; }

    // For simulations of years: what is no longer looked at need not be kept.

    /// Forgets the journal so far.
    void forget_journal() { journal_.clear(); }

    /// Forgets instances gone before `instant`: charges no longer list them. What they cost stays
    /// in the account's own sums.
    void forget_gone(Instant instant);

    void record(std::string kind, std::int64_t id, boost::json::object detail);

  private:
    enum class Happening : std::uint8_t {
        appear,
        phase_end,
        halted,
        loaded,
        gone,
        increase_pending,
        increase_accepted,
        credit_check,
        volume_appears,
        end_date,
    };

    struct Event {
        Instant at;
        std::uint64_t sequence = 0;
        Happening what = Happening::appear;
        std::int64_t id = 0;
        std::uint32_t generation = 0;

        friend bool operator>(const Event& a, const Event& b) {
            return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
        }
    };

    void schedule(Instant at, Happening what, std::int64_t id, std::uint32_t generation = 0);
    void play_events(Instant until);
    void happen(const Event& event);
    void happen_to(Instance& instance, const Event& event);
    void insert(InstanceSpec spec, Instant start);
    void appear(Instance& instance);
    void enter_phase(Instance& instance, std::size_t phase);
    void run_phase(Instance& instance, const Phase& phase, std::optional<Duration> length);
    void enter(Instance& instance, State state, Condition condition);
    void rest(Instance& instance);
    void resume(Instance& instance);
    void halt(Instance& instance);
    void remove(std::int64_t id);
    void update_rates(Instance& instance);
    void update_total(const Rates& before, const Rates& after);
    void volume_appears(Volume& volume);
    void check_credit();
    void watch_credit();
    void note(const Instance& instance, std::string kind, boost::json::object detail = {});
    void count_label(const std::optional<std::string>& label, std::int64_t by);
    std::int64_t next_id();

    AccountSpec spec_;
    std::uint64_t seed_;
    Instant now_;
    bool begun_ = false;  // before it, the past is played: no journal, no end of credit
    Usd funds_;           // credit + everything spent
    std::map<std::int64_t, Instance> instances_;
    std::map<std::int64_t, Instance> coming_;
    std::map<std::int64_t, Instance> gone_;
    std::map<std::int64_t, Volume> volumes_;
    std::map<std::string, std::int64_t> label_counts_;
    Meter meter_;
    Rates rates_;
    std::optional<Instant> credit_watched_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::uint64_t event_count_ = 0;
    std::int64_t last_id_ = 0;
    std::vector<JournalEntry> journal_;
};

}  // namespace vastwatch::vastsim
