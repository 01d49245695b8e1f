// The service from its opened state to its orderly end: everything between the start of the process
// and its exit that is not the process itself. The daemon brings arguments, signals and sockets; a
// simulation runs the same on another world. Lives on the loop's thread.
#pragma once

#include "runtime/task_group.hpp"
#include "watch/watch.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace vastwatch::watch {

/// What the log has to tell, as the configuration words it.
runtime::Level level_of(config::LogLevel level);

/// What is kept in a state directory, opened.
struct State {
    std::unique_ptr<store::Store> store;
    std::unique_ptr<audit::Log> audit;
    engine::Changes stored;  // what the service begins from
    engine::FoundDamage found;
};

/// Opens the database and the audit log in `directory` and tells `log` what was found damaged;
/// nothing, after a message, when one of them cannot be had. What is written later is written on
/// `worker`, on threads of their own when there is none. Blocks: call before the loop runs.
std::optional<State> open_state(
    const std::filesystem::path& directory,
    runtime::Log& log,
    const std::shared_ptr<runtime::Worker>& worker = nullptr);

class Service {
  public:
    /// `stored` and `found` as open_state() gave them.
    Service(
        World world,
        std::shared_ptr<const config::Config> config,
        engine::Changes stored,
        engine::FoundDamage found);

    web::Backend& backend() { return watch_; }

    /// Starts the loops; once, before run().
    void start();

    /// One loop more, like a server's, that is stopped with the others; its end is a fault.
    void spawn(std::string name, boost::asio::awaitable<void> loop);

    /// Reloads when told to until it is told to stop or a loop ends that should not, then stops the
    /// loops, within five seconds, and leaves the state on disk.
    boost::asio::awaitable<void> run();

    /// Has run() load the configuration anew, as SIGHUP wants it.
    void reload();
    /// Has run() come to its end, as SIGTERM wants it.
    void stop();

    /// The loop that ended although it should not have, and why; empty = none.
    const std::string& fault() const { return fault_; }

  private:
    runtime::Log& log_;
    const runtime::ServiceManager& manager_;
    runtime::Alarm wake_;
    bool reload_wanted_ = false;
    bool stop_wanted_ = false;
    std::string fault_;
    Watch watch_;
    runtime::TaskGroup tasks_;
};

}  // namespace vastwatch::watch
