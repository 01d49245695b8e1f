// What one run of the simulation is about, drawn from a seed: who rents what, under which policy,
// and what goes wrong. The same seed and options give the same plan, and each part draws from a
// stream of its own, so that switching one kind of trouble off leaves the rest as it was.
#pragma once

#include "model/behaviour.hpp"
#include "model/noise.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::simulation {

/// The kinds of trouble, each of which can be left out to shrink a failing run.
enum class Trouble : std::uint8_t {
    blind,            ///< listings fail for a while
    failed_poll,      ///< single listings fail
    key_rejected,     ///< the key is refused for a while
    missing_row,      ///< a listing that lacks a row, or says that there is nothing at all
    zero_rows,        ///< telemetry filled with zeros, one row in seven
    null_rows,        ///< telemetry null or out of range
    frozen_host,      ///< a host repeats its last row
    failed_read,      ///< the fresh read before an action fails
    lost_answer,      ///< a request whose answer never comes, done or not
    failed_request,   ///< a request that is refused
    ignored_request,  ///< a request that is accepted and not done
    slow_unload,      ///< a destroyed instance that stays listed, and billed
    late_charges,     ///< charges that cannot be read for a while
    notifier_down,    ///< nobody can be told for a while
    disk_full,        ///< nothing can be stored for a while
    crash,            ///< the daemon dies and comes back
    clock_step,       ///< somebody sets the daemon's wall clock wrong, and right again
    suspend,          ///< the daemon's machine sleeps
    operators,        ///< protections, pauses, decisions on holds
    reloads,          ///< changed configurations
    relabelling,      ///< users change labels
};

inline constexpr std::size_t trouble_count = 21;

std::string_view to_string(Trouble trouble);
std::optional<Trouble> parse_trouble(std::string_view text);

/// A set of them.
class Troubles {
  public:
    static Troubles all();

    bool has(Trouble trouble) const { return (bits_ >> static_cast<unsigned>(trouble) & 1U) != 0; }

    void remove(Trouble trouble) { bits_ &= ~(1U << static_cast<unsigned>(trouble)); }

    void add(Trouble trouble) { bits_ |= 1U << static_cast<unsigned>(trouble); }

  private:
    std::uint32_t bits_ = 0;
};

/// What may be asked of a run beside its seed.
struct Options {
    std::uint64_t seed = 1;
    Duration length = std::chrono::hours{24 * 365};
    std::optional<std::size_t> instances;   ///< of one account; absent = drawn
    std::optional<Duration> poll_interval;  ///< absent = drawn
    std::size_t most_accounts = 3;
    std::size_t most_instances = 60;  ///< of one account, when drawn
    Troubles troubles = Troubles::all();
};

/// How often something happens, and how long it lasts.
struct Spell {
    double per_day = 0;
    Duration shortest{0};
    Duration longest{0};
};

struct AccountPlan {
    std::string name;
    vastsim::AccountSpec spec;
    std::size_t fleet = 0;  ///< about so many instances at a time
    std::optional<std::string> team;
    std::string url;  ///< of its API; empty = the real one's
};

/// A team's figures; those of a variant configuration differ.
struct TeamPlan {
    std::string name;
    double burn = 0;  ///< about what it costs per hour, to draw caps that matter
};

struct Plan {
    Options options;
    Instant begin;
    std::vector<AccountPlan> accounts;
    std::vector<TeamPlan> teams;
    std::string timezone;
    Duration poll_interval{0};
    Duration billing_interval{0};
    Duration lifetime{0};  ///< about how long users keep an instance

    Instant end() const { return begin + options.length; }
};

Plan draw_plan(const Options& options);

/// The configuration file: variant 0 at the start, others after reloads. The accounts' keys are in
/// environment variables named KEY_<account>.
std::string config_text(const Plan& plan, int variant);

/// A stream of random numbers for one purpose.
vastsim::Random stream(std::uint64_t seed, std::string_view purpose);

/// A time between two, drawn so that short ones are as likely as long ones.
Duration draw_length(vastsim::Random& random, Duration shortest, Duration longest);

/// The wait until something that happens `per_day` times a day, by chance, happens next.
Duration draw_wait(vastsim::Random& random, double per_day);

}  // namespace vastwatch::simulation
