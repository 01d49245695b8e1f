#include "daemon/machine.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace vastwatch::simulation {
namespace {

namespace fs = std::filesystem;

fs::path fresh_state_directory(const fs::path& directory) {
    fs::remove_all(directory);
    const auto state = directory / "state";
    fs::create_directories(state);
    return state;
}

}  // namespace

Machine::Machine(MachineSettings settings, vastsim::World& world, Observer& observer)
    : settings_(std::move(settings)),
      observer_(observer),
      state_directory_(fresh_state_directory(settings_.directory)),
      truth_{settings_.begin, MonoTime{std::chrono::hours{1}}},
      disk_(state_directory_, settings_.seed + 11, trace_, [this]() { return clock().wall; }),
      network_(world, settings_.network, settings_.seed + 12, trace_, observer),
      log_(observer, [this]() { return truth().wall; }),
      config_(settings_.config) {}

Machine::~Machine() {
    disk_.end(Harm::kill);
    process_.reset();
    std::error_code ignored;
    fs::remove_all(settings_.directory, ignored);
}

// --- Time.

Now Machine::truth() const {
    return process_ ? process_->truth() : truth_;
}

Now Machine::clock() const {
    if (process_) {
        return process_->clock();
    }
    return Now{truth_.wall + ahead_, MonoTime{truth_.mono - booted_}};
}

void Machine::step_wall(Duration step) {
    ahead_ += step;
    if (process_) {
        process_->step_wall(step);
    }
}

void Machine::suspend(Duration duration) {
    if (process_) {
        process_->suspend(duration);
    } else {
        pass(truth_.wall + duration);
    }
}

/// Time goes by while no process is there.
void Machine::pass(Instant until) {
    const auto by = std::max(until - truth_.wall, Duration{0});
    truth_.wall += by;
    truth_.mono += by;
}

// --- Starting and ending.

void Machine::turn(Turn turn, std::string_view text) {
    trace_.add(to_string(turn));
    trace_.add(static_cast<std::uint64_t>(truth().wall.time_since_epoch().count()));
    observer_.on_turn(truth().wall, turn, text);
}

std::variant<std::shared_ptr<const config::Config>, config::Mistakes> Machine::load() {
    const auto known = loaded_.find(config_);
    if (known != loaded_.end()) {
        return known->second;
    }
    const auto file = settings_.directory / "vastwatch.conf";
    std::ofstream{file, std::ios::binary} << config_;
    config::Surroundings surroundings;
    surroundings.environment = [this](const std::string& name) -> std::optional<std::string> {
        if (name == "STATE_DIRECTORY") {
            return state_directory_.string();
        }
        const auto found = settings_.environment.find(name);
        return found == settings_.environment.end() ? std::nullopt : std::optional{found->second};
    };
    auto loaded = config::load(file, surroundings);
    if (const auto* good = std::get_if<std::shared_ptr<const config::Config>>(&loaded)) {
        loaded_.emplace(config_, *good);
    }
    return loaded;
}

void Machine::start_process() {
    Surroundings surroundings{
        network_,
        observer_,
        log_,
        state_directory_,
        fmt::format("boot-{}", booted_.time_since_epoch().count()),
        settings_.seed * 1'000'003 + ++starts_,
        clock(),
        truth_.wall,
        truth_.mono,
        settings_.disk,
        [this]() { return load(); }};
    start_at_.reset();
    process_ = std::make_unique<Process>(std::move(surroundings));
    const bool started = process_->start();
    if (disk_.dead()) {
        die();
    } else if (!started) {
        const auto problem = process_->problem();
        end_process(Turn::start_failed, problem, settings_.restart_after);
    } else {
        turn(Turn::started, "");
    }
}

/// Destroys the process, which is over, and says when the next one starts.
void Machine::end_process(Turn how, std::string_view text, Duration until_next) {
    truth_ = process_->truth();
    process_.reset();
    stop_by_.reset();
    handler_plans_.clear();
    turn(how, text);
    if (wanted_ == Wanted::off_then_on) {
        wanted_ = Wanted::on;
        until_next = Duration{0};
    }
    if (wanted_ == Wanted::on) {
        start_at_ = truth_.wall + until_next;
    }
}

/// The disk has ended: so do the process and perhaps the machine.
void Machine::die() {
    const bool power = disk_.power_lost();
    const auto until_next = power ? power_off_ + settings_.boot : settings_.restart_after;
    end_process(power ? Turn::power_cut : Turn::killed, "", until_next);
    if (power) {
        booted_ = MonoTime{(truth_.mono + power_off_).time_since_epoch()};
        // A machine that boots starts what is enabled, whether it had been stopped or not.
        wanted_ = Wanted::on;
        start_at_ = truth_.wall + until_next;
    }
    disk_.boot();
}

bool Machine::die_if_planned() {
    const auto planned = handler_plans_.begin();
    if (planned != handler_plans_.end() && planned->first <= handlers_) {
        disk_.end(planned->second);
    }
    if (disk_.dead()) {
        die();
        return true;
    }
    return false;
}

void Machine::run_until(Instant until) {
    interrupted_ = false;
    while (truth().wall < until && !interrupted_) {
        if (!process_) {
            const bool due = start_at_ && *start_at_ < until;
            pass(due ? std::max(*start_at_, truth_.wall) : until);
            if (due) {
                start_process();
            }
            continue;
        }
        const auto end = std::min(until, stop_by_.value_or(until));
        const bool ran = process_->step(process_->clock().mono + (end - truth().wall));
        handlers_ += ran ? 1 : 0;
        if (die_if_planned()) {
            continue;
        }
        if (process_->ended()) {
            const auto fault = process_->service().fault();
            end_process(
                fault.empty() ? Turn::stopped : Turn::fault, fault, settings_.restart_after);
            if (disk_.dead()) {
                disk_.boot();
            }
        } else if (!ran && stop_by_ && truth().wall >= *stop_by_) {
            disk_.end(Harm::kill);
            end_process(Turn::stop_slow, "", settings_.restart_after);
            disk_.boot();
        }
    }
}

// --- Operators.

void Machine::start() {
    if (process_) {
        if (wanted_ == Wanted::off) {
            wanted_ = Wanted::off_then_on;
        }
        return;
    }
    wanted_ = Wanted::on;
    start_process();
}

void Machine::stop(bool again) {
    wanted_ = again ? Wanted::off_then_on : Wanted::off;
    start_at_.reset();
    if (process_) {
        process_->stop();
        stop_by_ = truth().wall + settings_.stop_timeout;
    } else if (again) {
        start();
    }
}

bool Machine::reload() {
    if (process_) {
        process_->reload();
    }
    return process_ != nullptr;
}

bool Machine::execute(const web::Command& command) {
    if (!process_) {
        return false;
    }
    process_->execute(command, [this, command](const web::CommandResult& result) {
        observer_.on_command(truth().wall, command, result);
    });
    return true;
}

void Machine::kill() {
    if (process_) {
        disk_.end(Harm::kill);
        die();
    }
}

void Machine::cut_power(Duration off) {
    set_power_off(off);
    disk_.end(Harm::power_cut);
    if (process_) {
        die();
        return;
    }
    booted_ = MonoTime{(truth_.mono + off).time_since_epoch()};
    wanted_ = Wanted::on;
    start_at_ = truth_.wall + off + settings_.boot;
    turn(Turn::power_cut, "");
    disk_.boot();
}

void Machine::end_after_handlers(std::uint64_t count, Harm mishap) {
    VW_ASSERT(mishap == Harm::kill || mishap == Harm::power_cut);
    handler_plans_.insert_or_assign(handlers_ + count, mishap);
}

}  // namespace vastwatch::simulation
