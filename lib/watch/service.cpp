#include "watch/service.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>

namespace vastwatch::watch {
namespace {

namespace asio = boost::asio;

/// Loops get this long to end after a stop; with the last commit it stays below five seconds.
constexpr Duration stop_limit = std::chrono::seconds{3};

}  // namespace

runtime::Level level_of(config::LogLevel level) {
    switch (level) {
        case config::LogLevel::debug:
            return runtime::Level::debug;
        case config::LogLevel::info:
            return runtime::Level::info;
        case config::LogLevel::notice:
            return runtime::Level::notice;
        case config::LogLevel::warning:
            return runtime::Level::warning;
        case config::LogLevel::error:
            break;
    }
    return runtime::Level::error;
}

std::optional<State> open_state(
    const std::filesystem::path& directory,
    runtime::Log& log,
    const std::shared_ptr<runtime::Worker>& worker) {
    auto opened = store::open(directory, worker);
    if (const auto* error = std::get_if<store::StoreError>(&opened)) {
        log.error("start_failed", error->message);
        return std::nullopt;
    }
    auto& state = std::get<store::Opened>(opened);
    if (state.set_aside) {
        log.error(
            "state_corrupt",
            "the state database was corrupt and is set aside as " + state.set_aside->string() +
                "; a new one is filled from charges");
    }
    auto audit = audit::open(directory, audit::default_rotate_at, worker);
    if (const auto* error = std::get_if<audit::AuditError>(&audit)) {
        log.error("start_failed", error->message);
        return std::nullopt;
    }
    auto& audit_opened = std::get<audit::Opened>(audit);
    if (!audit_opened.problem.empty()) {
        log.error("audit_broken", audit_opened.problem);
    }
    if (audit_opened.repaired) {
        log.warning("audit_repaired", "a torn last line of the audit log was set aside");
    }
    if (state.stored.audit) {
        state.stored.audit = audit::missing(directory, std::move(*state.stored.audit));
        if (!state.stored.audit->empty()) {
            log.notice(
                "audit_completed",
                fmt::format(
                    "{} records that the audit log lacks, for the process ended while they were "
                    "on their way, are appended now",
                    state.stored.audit->size()));
        }
    }
    State result;
    result.found.database = state.set_aside ? state.set_aside->string() : "";
    result.found.audit_log = audit_opened.problem;
    result.store = std::move(state.store);
    result.audit = std::move(audit_opened.log);
    result.stored = std::move(state.stored);
    return result;
}

Service::Service(
    World world,
    std::shared_ptr<const config::Config> config,
    engine::Changes stored,
    engine::FoundDamage found)
    : log_(world.log),
      manager_(world.manager),
      wake_(world.clock),
      watch_(world, std::move(config), std::move(stored), std::move(found)),
      tasks_(
          world.loop,
          world.clock,
          [this](const std::string& name, const std::exception_ptr& error) {
              fault_ =
                  fmt::format("loop \"{}\" ended: {}", name, runtime::TaskGroup::describe(error));
              log_.error("loop_ended", fault_);
              stop();
          }) {}

void Service::start() {
    watch_.start(tasks_);
}

void Service::spawn(std::string name, asio::awaitable<void> loop) {
    tasks_.spawn(std::move(name), std::move(loop));
}

void Service::reload() {
    reload_wanted_ = true;
    wake_.notify();
}

void Service::stop() {
    stop_wanted_ = true;
    wake_.notify();
}

asio::awaitable<void> Service::run() {
    while (!stop_wanted_) {
        if (reload_wanted_) {
            reload_wanted_ = false;
            co_await watch_.reload();
            continue;
        }
        co_await wake_.wait();
    }
    manager_.stopping("stopping");
    log_.notice("stopping", fault_.empty() ? "asked to stop" : "stopping because " + fault_);
    tasks_.stop();
    auto ended = co_await tasks_.join(stop_limit);
    if (!ended) {
        log_.warning("stop_slow", "some loops did not end in time and are left behind");
    }
    co_await watch_.finish();
    log_.notice("stopped", "the state is on disk");
}

}  // namespace vastwatch::watch
