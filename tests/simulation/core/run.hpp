// One life of the pure core: engine::Engine driven by a simulated account, without coroutines, JSON
// or disk, from event to event in virtual time. Everything that the shell does with what the engine
// gives (commit first, then the orders; one read and one request at a time, at the API's pace) is
// done here in the same order.
#pragma once

#include "config/config.hpp"
#include "core/listing.hpp"
#include "core/report.hpp"
#include "core/story.hpp"
#include "engine/engine.hpp"
#include "support/memory_store.hpp"
#include "world/spells.hpp"
#include "world/users.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <queue>

namespace vastwatch::simulation {

class CoreRun {
  public:
    /// `keep_story`: the latest lines of what happened are kept, for a report on a violation.
    CoreRun(const Options& options, bool keep_story);
    ~CoreRun();
    CoreRun(const CoreRun&) = delete;
    CoreRun& operator=(const CoreRun&) = delete;

    /// Lives until the end or the first violation.
    Report run();

  private:
    struct Tenant;  // an account, its users and what troubles it

    struct Event {
        Instant at;
        std::uint64_t sequence = 0;
        std::uint64_t incarnation = 0;  // of the daemon; 0 = the world's own
        std::function<void()> happen;

        friend bool operator>(const Event& a, const Event& b) {
            return std::pair{a.at, a.sequence} > std::pair{b.at, b.sequence};
        }
    };

    // --- Time.
    Now now() const { return Now{now_ + skew_, mono_}; }

    Instant true_time(Instant wall) const { return wall - skew_; }

    void move_to(Instant at);
    Instant next_moment();
    void happen_at(Instant at);
    void tell_cases();
    void after(Duration span, std::function<void()> happen, bool of_the_world = false);

    // --- The daemon's life.
    void start();
    void die(Duration down, std::string_view why);
    void settle(engine::Effects effects);
    void not_stored(engine::Changes changes, engine::Effects& effects);
    void tell_judge(const engine::Changes& changes, const engine::Effects& effects);
    void carry_out(engine::Effects& effects);
    void take_standing(const engine::AuditRecord& record);
    bool held_as_mass(InstanceId id);
    void deliver();
    void reload();

    // --- The account's side.
    void poll(Tenant& tenant);
    void bill(Tenant& tenant);
    void read_charges(Tenant& tenant);
    void read(Tenant& tenant, const engine::VerifyOrder& order, Now began);
    void leave(Tenant& tenant, engine::RequestOrder order);
    void send(Tenant& tenant, const engine::RequestOrder& order);
    void next_read(Tenant& tenant);
    void next_request(Tenant& tenant);
    Lies lies_of(Tenant& tenant);
    Tenant* tenant_of(const AccountName& account);

    // --- People and trouble.
    void operate();
    void set_clock();
    void sleep();
    void inspect();

    void note(std::string_view what, std::int64_t number = 0);

    template <class... Parts>
    void story(fmt::format_string<Parts...> words, Parts&&... parts) {
        story_.add(now_, words, std::forward<Parts>(parts)...);
    }

    Report report();

    Options options_;
    Plan plan_;
    Verdicts verdicts_;
    std::vector<std::unique_ptr<Tenant>> tenants_;
    std::vector<const vastsim::Account*> accounts_;
    std::unique_ptr<Judge> judge_;

    Instant now_;  // true time
    Duration skew_{0};
    MonoTime mono_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::uint64_t sequence_ = 0;

    std::shared_ptr<const config::Config> config_;
    int variant_ = 0;
    testing::MemoryStore store_;
    std::unique_ptr<engine::Engine> engine_;  // null while the daemon is down
    std::uint64_t incarnation_ = 0;
    std::optional<Instant> wake_;      // true time
    std::optional<Instant> delivery_;  // true time
    std::uint64_t alert_number_ = 0;
    bool delivering_ = false;
    bool stored_ = true;                 // the latest step could be
    Instant stored_at_;                  // the latest step that was
    std::vector<std::string> unstored_;  // alerts made since then
    /// By the daemon's clock; what notices that the clock is set moves it along.
    std::optional<Instant> pause_ends_;

    vastsim::Random daemon_random_;
    vastsim::Random operator_random_;
    Instant next_operation_;
    Instant next_reload_;
    Instant next_inspection_;
    Instant next_pruning_;
    Instant next_crash_;
    Instant next_sleep_;
    Spells disk_full_;
    Spells clock_wrong_;
    std::vector<Spells> notifiers_down_;
    Mishap crash_in_step_;
    Mishap failed_read_;
    Mishap renamed_before_read_;
    Mishap lost_answer_;
    Mishap failed_request_;
    Mishap ignored_request_;
    Mishap slow_unload_;
    vastsim::Random crash_random_;
    vastsim::Random sleep_random_;
    std::uint64_t sleeps_ = 0;
    std::uint64_t crashes_ = 0;
    std::uint64_t operations_ = 0;
    std::uint64_t reloads_ = 0;
    std::uint64_t hash_ = 0x5eed;
    std::uint64_t polls_ = 0;
    std::uint64_t rows_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t acts_ = 0;
    Instant wake_burst_since_;
    int wake_burst_ = 0;
    Story story_;
};

}  // namespace vastwatch::simulation
