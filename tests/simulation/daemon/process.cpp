#include "daemon/process.hpp"

#include <boost/asio/co_spawn.hpp>

#include <sqlite3.h>

#include <exception>
#include <utility>

namespace vastwatch::simulation {
namespace {

namespace asio = boost::asio;

/// SQLite's own randomness (the salts of its log) follows the seed as well.
void seed_sqlite(std::uint64_t seed) {
    sqlite3* none = nullptr;
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed & 0x7FFFFFFFU) | 1, none);
}

}  // namespace

Process::Process(Surroundings surroundings)
    : surroundings_(std::move(surroundings)),
      loop_(std::make_unique<asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE)),
      clock_(std::make_unique<runtime::VirtualClock>(*loop_, surroundings_.clock)),
      random_(surroundings_.seed),
      delays_(surroundings_.seed + 1),
      manager_("", std::nullopt) {}

Process::~Process() {
    // Coroutines first, while all that they refer to is still there; then, from the last to the
    // first, what the service is made of.
    clock_->abandon();
    for (const auto& worker : slow_workers_) {
        worker->abandon();
    }
    loop_.reset();
    service_.reset();
    state_.reset();
    files_.reset();
    http_.reset();
}

Now Process::truth() const {
    const auto ran = clock_->now().mono - surroundings_.clock.mono;
    return Now{surroundings_.true_wall + ran, surroundings_.true_mono + ran};
}

void Process::step_wall(Duration step) {
    clock_->step_wall(step);
}

void Process::spawn(asio::awaitable<void> coroutine) {
    const auto rethrow = [](const std::exception_ptr& error) {
        if (error) {
            std::rethrow_exception(error);
        }
    };
    asio::co_spawn(*loop_, std::move(coroutine), rethrow);
}

std::shared_ptr<runtime::Worker> Process::make_worker() {
    if (surroundings_.disk.most <= Duration{0}) {
        return std::make_shared<runtime::InlineWorker>();
    }
    auto worker = std::make_shared<SlowWorker>(*clock_, delays_, surroundings_.disk);
    slow_workers_.push_back(worker);
    spawn(worker->run());
    return worker;
}

watch::World Process::world() {
    auto truth = [this]() { return this->truth(); };
    auto make_mailer = [this, truth](const config::Smtp&) -> std::unique_ptr<notify::Mailer> {
        return std::make_unique<SimulatedMailer>(surroundings_.network, *clock_, truth);
    };
    auto set_level = [this](config::LogLevel level) {
        surroundings_.log.set_level(watch::level_of(level));
    };
    return watch::World{
        *loop_,
        *clock_,
        random_,
        surroundings_.log,
        *http_,
        *state_->store,
        *state_->audit,
        *files_,
        manager_,
        metrics_,
        surroundings_.state_directory,
        surroundings_.boot,
        make_mailer,
        surroundings_.load_config,
        set_level,
        std::chrono::hours{1},
        Duration{0}};
}

bool Process::start() {
    seed_sqlite(surroundings_.seed);
    auto loaded = surroundings_.load_config();
    if (const auto* mistakes = std::get_if<config::Mistakes>(&loaded)) {
        for (const auto& mistake : mistakes->list) {
            problem_ += mistake.to_string() + "\n";
        }
        return false;
    }
    config_ = std::get<std::shared_ptr<const config::Config>>(std::move(loaded));
    surroundings_.log.set_level(watch::level_of(config_->daemon.log_level));
    auto worker = make_worker();
    state_ = watch::open_state(surroundings_.state_directory, surroundings_.log, worker);
    if (!state_) {
        const auto& lines = surroundings_.log.latest();
        problem_ = lines.empty() ? "the state cannot be opened" : lines.back();
        return false;
    }
    files_ = make_worker();
    auto truth = [this]() { return this->truth(); };
    http_ = std::make_unique<SimulatedHttp>(surroundings_.network, *clock_, truth);
    service_ = std::make_unique<watch::Service>(
        world(), config_, std::move(state_->stored), std::move(state_->found));
    service_->start();
    spawn(live());
    return true;
}

asio::awaitable<void> Process::live() {
    co_await service_->run();
    ended_ = true;
}

void Process::execute(web::Command command, std::function<void(const web::CommandResult&)> done) {
    spawn(carry_out(std::move(command), std::move(done)));
}

asio::awaitable<void> Process::carry_out(
    web::Command command,
    std::function<void(const web::CommandResult&)> done) {
    auto result = co_await service_->backend().execute(std::move(command));
    done(result);
}

}  // namespace vastwatch::simulation
