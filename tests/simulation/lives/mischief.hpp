// What goes wrong around a daemon's life: its API, its network, its receivers, its disk, its
// machine. Each kind draws from a stream of its own, so that leaving one out leaves the rest as it
// was. It does; it does not judge.
#pragma once

#include "daemon/machine.hpp"
#include "model/world.hpp"
#include "world/spells.hpp"

#include <boost/json/object.hpp>

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace vastwatch::simulation {

class Mischief {
  public:
    /// What the judge and the story have to know.
    struct Listeners {
        /// Something was done: a line for the story.
        std::function<void(std::string)> told;
        /// From here on the daemon may be late.
        std::function<void()> disturbed;
        /// The wall clock was set by so much; `wrong`: it does not show the true time now.
        std::function<void(Duration by, bool wrong)> clock_moved;
        /// The daemon missed charges of all accounts.
        std::function<void()> blinded;
    };

    Mischief(const Plan& plan, Machine& machine, vastsim::World& world, Listeners listeners);

    /// When it does something next.
    Instant next() const;

    /// Does what is due at the machine's present moment.
    void act();

    /// An alert announces actions: some of their requests will go wrong.
    void expect_actions();

    /// Requests of an action were taken: now and then the daemon ends in the middle of it.
    void acted();

    /// A fresh read arrived: now and then the intents that follow cannot be stored.
    void verified();

    /// A listing arrived: now and then the read that may follow fails.
    void listed();

    /// Ends all trouble for good.
    void end();

    /// By how much the machine's wall clock is ahead of the truth.
    Duration skew() const { return skew_; }

    bool disk_full() const { return disk_full_; }

    /// How often, by kind.
    const std::array<std::uint64_t, trouble_count>& troubles() const { return troubles_; }

    const std::map<std::string, std::uint64_t>& kinds() const { return kinds_; }

  private:
    using Random = vastsim::Random;

    /// Something that lasts.
    struct Ill {
        Trouble trouble = Trouble::blind;
        Spells spells;
        std::function<void(Instant until)> begin;
        std::function<void()> end;
        bool on = false;
    };

    /// Something that strikes.
    struct Stroke {
        Trouble trouble = Trouble::crash;
        Random random;
        double per_day = 0;
        Instant next;
        std::function<void(Random&)> strike;
    };

    void add_ill(
        Trouble trouble,
        const std::string& subject,
        Spell spell,
        std::function<void(Instant until)> begin,
        std::function<void()> end);
    void add_stroke(
        Trouble trouble,
        const std::string& subject,
        double per_day,
        std::function<void(Random&)> strike);
    void add_api_ills(const std::string& account);
    void add_telemetry_ills(const std::string& account);
    void add_machine_ills();
    void add_notifier_ills();
    void add_api_strokes(const std::string& account);
    void add_disk_strokes();
    void add_crashes();

    std::uint64_t fault(boost::json::object fault, const std::string& account);
    boost::json::object bad_answer(Random& random, bool lasting);
    boost::json::object bad_listing(Random& random);
    void blind(const std::string& account, Instant until);
    void spoil_action(Random& random);
    void set_clock(Duration skew);
    void strike_disk(Random& random);
    void crash(Random& random);
    void count(Trouble trouble, std::string_view kind);

    Random& random(std::string_view purpose);

    const Plan& plan_;
    Machine& machine_;
    vastsim::World& world_;
    Listeners listeners_;
    std::vector<Ill> ills_;
    std::deque<Stroke> strokes_;  ///< what strikes may add one
    std::map<std::string, Random, std::less<>> randoms_;
    std::map<std::string, std::vector<std::uint64_t>> faults_;  ///< those on, by ill
    Mishap failed_read_;
    Duration skew_{0};
    bool disk_full_ = false;
    bool ended_ = false;
    std::array<std::uint64_t, trouble_count> troubles_{};
    std::map<std::string, std::uint64_t> kinds_;
};

}  // namespace vastwatch::simulation
