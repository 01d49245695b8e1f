// One run of the daemon, from its start to its end: the very wiring of lib/watch on a virtual clock
// that goes on where the machine's stands. It is stepped handler by handler, so that it can end
// between any two. Destroying it destroys all its coroutines without running them.
#pragma once

#include "daemon/http.hpp"
#include "daemon/log.hpp"
#include "daemon/network.hpp"
#include "daemon/worker.hpp"
#include "metrics/process_metrics.hpp"
#include "runtime/seeded_random.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/virtual_clock.hpp"
#include "watch/service.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace vastwatch::simulation {

using LoadConfig =
    std::function<std::variant<std::shared_ptr<const config::Config>, config::Mistakes>()>;

/// What a process finds when it begins.
struct Surroundings {
    Network& network;
    Observer& observer;
    BoundedLog& log;
    std::filesystem::path state_directory;
    std::string boot;  // the machine's present one
    std::uint64_t seed = 0;
    Now clock;          // the machine's
    Instant true_wall;  // the true time of the same moment
    MonoTime true_mono;
    Span disk;  // how long a commit or an append takes; zero = no time at all
    LoadConfig load_config;
};

class Process {
  public:
    explicit Process(Surroundings surroundings);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    /// Reads the configuration, opens the state, starts the loops. False, with the reason in
    /// problem(), when that fails.
    bool start();

    const std::string& problem() const { return problem_; }

    /// Runs one handler; false when there is none until the machine's mono time `end`, which it is
    /// then.
    bool step(MonoTime end) { return clock_->step(end); }

    /// It has come to its end by itself: asked to, or by a fault.
    bool ended() const { return ended_; }

    const watch::Service& service() const { return *service_; }

    Now clock() const { return clock_->now(); }

    /// The true time, which differs from its clock's where that one is wrong.
    Now truth() const;

    void suspend(Duration duration) { clock_->suspend(duration); }

    void step_wall(Duration step);

    void reload() { service_->reload(); }

    void stop() { service_->stop(); }

    /// Carries a command out as if it came over the control socket; `done` gets the result, unless
    /// the process ends before.
    void execute(web::Command command, std::function<void(const web::CommandResult&)> done);

    web::Backend& backend() { return service_->backend(); }

  private:
    std::shared_ptr<runtime::Worker> make_worker();
    watch::World world();
    boost::asio::awaitable<void> live();
    boost::asio::awaitable<void> carry_out(
        web::Command command,
        std::function<void(const web::CommandResult&)> done);
    void spawn(boost::asio::awaitable<void> coroutine);

    Surroundings surroundings_;
    std::unique_ptr<boost::asio::io_context> loop_;
    std::unique_ptr<runtime::VirtualClock> clock_;
    runtime::SeededRandom random_;
    runtime::SeededRandom delays_;
    metrics::ProcessMetrics metrics_;
    runtime::ServiceManager manager_;
    std::unique_ptr<SimulatedHttp> http_;
    std::vector<std::shared_ptr<SlowWorker>> slow_workers_;
    std::shared_ptr<runtime::Worker> files_;
    std::optional<watch::State> state_;
    std::shared_ptr<const config::Config> config_;
    std::unique_ptr<watch::Service> service_;
    std::string problem_;
    bool ended_ = false;
};

}  // namespace vastwatch::simulation
