// The machine on which the daemon runs, and what systemd does for it: a disk, two clocks, a
// network, a configuration file, and one process after the other. Driven by true time; every way in
// which a process or the machine can end is an operation here. One machine at a time, one thread.
#pragma once

#include "daemon/disk.hpp"
#include "daemon/log.hpp"
#include "daemon/network.hpp"
#include "daemon/process.hpp"
#include "daemon/trace.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace vastwatch::simulation {

struct MachineSettings {
    /// Where its files are: emptied at the beginning, removed at the end. Best on tmpfs.
    std::filesystem::path directory;
    std::uint64_t seed = 1;
    Instant begin;
    /// The configuration file's text; state_directory is left to $STATE_DIRECTORY.
    std::string config;
    std::map<std::string, std::string> environment;
    NetworkSettings network;
    /// How long a commit, an append or a reload's reading takes; zero = they are done at once.
    Span disk{Duration{0}, Duration{0}};
    Duration restart_after = std::chrono::seconds{5};  // as the unit has it
    Duration stop_timeout = std::chrono::seconds{30};
    Duration boot = std::chrono::seconds{45};  // from power to the service's start
};

class Machine {
  public:
    Machine(MachineSettings settings, vastsim::World& world, Observer& observer);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    /// Runs until that true instant; a process that ends meanwhile is started again as systemd does
    /// it. The service is off until start().
    void run_until(Instant until);

    /// For an observer: run_until() returns after the handler that runs now.
    void interrupt() { interrupted_ = true; }

    // --- Time.

    /// The true time.
    Now truth() const;
    /// The machine's own clocks.
    Now clock() const;
    /// Sets the wall clock forward or back.
    void step_wall(Duration step);
    /// Sleeps; nothing runs meanwhile, and all is late afterwards.
    void suspend(Duration duration);

    // --- What an operator does; all of it now, to be carried out as the machine runs on.

    void start();
    /// SIGTERM; stays off. `again` starts it once it is off.
    void stop(bool again = false);

    /// Writes the configuration file; takes effect at reload or start.
    void configure(std::string text) { config_ = std::move(text); }

    /// SIGHUP. False when no process is there to get it.
    bool reload();
    /// False when no process is there; the result goes to the observer.
    bool execute(const web::Command& command);

    // --- How it ends.

    /// SIGKILL; systemd starts the service again.
    void kill();
    /// Off at once, and on again after so long.
    void cut_power(Duration off);
    /// The process is killed, or the power cut, after so many handlers more.
    void end_after_handlers(std::uint64_t count, Harm mishap);

    /// How long the power stays off when a plan cuts it.
    void set_power_off(Duration off) { power_off_ = off; }

    // --- Its parts.

    Disk& disk() { return disk_; }

    Network& network() { return network_; }

    /// The log of all processes so far.
    const BoundedLog& log() const { return log_; }

    /// Null while the service is off.
    Process* process() { return process_.get(); }

    const Trace& trace() const { return trace_; }

    const std::filesystem::path& state_directory() const { return state_directory_; }

    /// How many handlers all processes have run so far.
    std::uint64_t handlers() const { return handlers_; }

    /// How many processes there have been.
    std::uint64_t starts() const { return starts_; }

  private:
    enum class Wanted : std::uint8_t { off, on, off_then_on };

    void start_process();
    void end_process(Turn turn, std::string_view text, Duration until_next);
    void die();
    bool die_if_planned();
    void pass(Instant until);
    std::variant<std::shared_ptr<const config::Config>, config::Mistakes> load();
    void turn(Turn turn, std::string_view text);

    MachineSettings settings_;
    Observer& observer_;
    Trace trace_;
    std::filesystem::path state_directory_;
    Now truth_;          // while no process is there
    Duration ahead_{0};  // of the machine's wall clock
    MonoTime booted_;    // the true mono time of the latest boot
    Disk disk_;
    Network network_;
    BoundedLog log_;
    std::string config_;
    std::map<std::string, std::shared_ptr<const config::Config>> loaded_;  // by text
    Wanted wanted_ = Wanted::off;
    std::optional<Instant> start_at_;
    std::optional<Instant> stop_by_;
    Duration power_off_ = std::chrono::minutes{2};
    std::map<std::uint64_t, Harm> handler_plans_;
    std::uint64_t handlers_ = 0;
    std::uint64_t starts_ = 0;
    bool interrupted_ = false;
    std::unique_ptr<Process> process_;  // ends before all that it refers to
};

}  // namespace vastwatch::simulation
