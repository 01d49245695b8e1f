#include "watch/watch.hpp"

#include "runtime/loop_lag.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::watch {
namespace {

namespace asio = boost::asio;

web::CommandResult result_of(engine::Answer answer) {
    web::CommandResult result;
    result.ok = answer.ok;
    result.message = std::move(answer.message);
    return result;
}

void log_command(runtime::Log& log, const web::Command& command, const web::CommandResult& result) {
    std::vector<runtime::Field> fields{
        runtime::field("action", command.name), runtime::field("actor", command.actor)};
    if (command.instance) {
        fields.push_back(runtime::field("instance", command.instance->value()));
    }
    log.notice(
        "command",
        fmt::format("{} by {}: {}", command.name, command.actor, result.message),
        std::move(fields));
}

std::string joined(const config::Mistakes& mistakes) {
    std::string text;
    for (const auto& mistake : mistakes.list) {
        text += text.empty() ? "" : "\n";
        text += mistake.to_string();
    }
    return text;
}

}  // namespace

Watch::Watch(
    World world,
    std::shared_ptr<const config::Config> config,
    engine::Changes stored,
    engine::FoundDamage found)
    : core_(std::move(world), config, std::move(stored), std::move(found)),
      config_(config),
      courier_(core_, config) {
    for (const auto& access : config_->accounts) {
        accounts_.emplace(access.name, std::make_unique<AccountWatch>(core_, access));
    }
}

void Watch::spawn_account(AccountWatch& account) {
    const auto& name = account.name().str();
    tasks_->spawn("poll " + name, account.poll_loop());
    tasks_->spawn("billing " + name, account.billing_loop());
    tasks_->spawn("verify " + name, account.verify_loop());
    tasks_->spawn("request " + name, account.request_loop());
}

void Watch::start(runtime::TaskGroup& tasks) {
    tasks_ = &tasks;
    tasks.spawn("decide", core_.decide_loop());
    for (auto& [name, account] : accounts_) {
        spawn_account(*account);
    }
    for (const auto& notifier : config_->notifiers) {
        tasks.spawn("deliver " + notifier.name.str(), courier_.deliver_loop(notifier.name));
    }
    auto present = [this]() { return config_; };
    tasks.spawn("heartbeat", heartbeat_loop(core_, present));
    auto& metrics = core_.world().metrics;
    auto lag = [&metrics](Duration late) { metrics.loop_lag(late); };
    const auto lag_interval = core_.world().lag_interval;
    tasks.spawn("loop lag", runtime::measure_lag(core_.world().clock, lag_interval, lag));
    if (core_.world().manager.watchdog_interval()) {
        auto progress = [this]() { return core_.progress(); };
        tasks.spawn(
            "watchdog",
            runtime::run_watchdog(core_.world().clock, core_.world().manager, progress));
    }
}

asio::awaitable<void> Watch::finish() {
    co_await core_.flush();
}

// --- Reload.

void Watch::take(std::shared_ptr<const config::Config> config) {
    for (auto& [name, account] : accounts_) {
        const bool kept =
            std::any_of(config->accounts.begin(), config->accounts.end(), [&](const auto& access) {
                return access.name == name;
            });
        if (!kept) {
            account->retire();
        }
    }
    for (const auto& access : config->accounts) {
        const auto it = accounts_.find(access.name);
        if (it != accounts_.end()) {
            it->second->renew(access);
            continue;
        }
        auto& account =
            accounts_.emplace(access.name, std::make_unique<AccountWatch>(core_, access))
                .first->second;
        spawn_account(*account);
    }
    for (const auto& name : courier_.renew(config)) {
        tasks_->spawn("deliver " + name.str(), courier_.deliver_loop(name));
    }
    core_.world().set_log_level(config->daemon.log_level);
    config_ = std::move(config);
}

asio::awaitable<web::CommandResult> Watch::reload() {
    auto& world = core_.world();
    world.manager.reloading();
    auto load = world.load_config;
    auto loaded = co_await runtime::run_on(world.files, std::move(load));
    web::CommandResult result;
    engine::Effects effects;
    if (auto* config = std::get_if<std::shared_ptr<const config::Config>>(&loaded)) {
        const auto restart = config::summarize_changes(*config_, **config);
        take(*config);
        effects = core_.engine().on_policy(config_->policy, severities(*config_), core_.now());
        result.ok = true;
        result.message = "the configuration is reloaded";
        result.message += restart.empty() ? "" : "; " + restart;
        world.log.notice("config_reloaded", result.message);
    } else {
        result.message = joined(std::get<config::Mistakes>(loaded));
        effects = core_.engine().on_config_rejected(result.message, core_.now());
        world.log.error(
            "config_rejected", "the old configuration stays in force: " + result.message);
    }
    view_.reset();
    world.metrics.config_reloaded(result.ok);
    co_await core_.settle(std::move(effects));
    world.manager.ready(status_line());
    co_return result;
}

// --- What is shown.

std::shared_ptr<const engine::View> Watch::view() {
    const auto now = core_.now();
    if (!view_ || now.mono - view_made_ >= core_.world().view_age) {
        view_ = core_.engine().view(now);
        view_made_ = now.mono;
    }
    return view_;
}

std::optional<engine::Explanation> Watch::explain(InstanceId id) {
    return core_.engine().explain(id, core_.now());
}

std::vector<web::SpendSeries>
Watch::spend(const std::optional<TeamName>& team, Instant from, Instant to, Duration step) {
    std::vector<web::SpendSeries> all;
    for (auto& [name, steps] : core_.engine().spend_series(team, from, to, step)) {
        web::SpendSeries series;
        series.team = name;
        series.steps = std::move(steps);
        all.push_back(std::move(series));
    }
    return all;
}

std::string Watch::config_text() {
    return config::to_toml(*config_);
}

std::string Watch::process_metrics() {
    return core_.world().metrics.text();
}

asio::awaitable<std::vector<std::string>>
Watch::audit(std::optional<TeamName> team, std::optional<Instant> since, std::size_t limit) {
    auto& world = core_.world();
    auto read = [directory = world.state_directory, team, since, limit]() {
        return audit::read(directory, team, since, limit);
    };
    auto lines = co_await runtime::run_on(world.files, std::move(read));
    co_return lines;
}

asio::awaitable<boost::json::value> Watch::verify_audit() {
    auto& world = core_.world();
    auto verify = [directory = world.state_directory]() { return audit::verify(directory); };
    auto verdict = co_await runtime::run_on(world.files, std::move(verify));
    boost::json::object answer;
    answer["ok"] = verdict.problems.empty();
    answer["records"] = verdict.records;
    answer["files"] = verdict.files;
    boost::json::array problems;
    for (const auto& problem : verdict.problems) {
        problems.emplace_back(problem);
    }
    answer["problems"] = std::move(problems);
    co_return answer;
}

// --- Commands.

web::CommandResult Watch::poll_all() {
    web::CommandResult result;
    for (auto& [name, account] : accounts_) {
        if (account->client()) {
            account->poll_now();
            account->bill_soon();
        }
    }
    result.ok = true;
    result.message = "looking now";
    return result;
}

asio::awaitable<web::CommandResult> Watch::test_notifier(NotifierName name) {
    web::CommandResult result;
    if (!courier_.knows(name)) {
        result.message = "there is no notifier " + name.str();
        co_return result;
    }
    auto attempt = co_await courier_.test(name);
    result.ok = attempt.verdict == notify::Verdict::delivered;
    result.message = fmt::format(
        "notifier {} {}: {}",
        name.str(),
        result.ok ? "took the test alert" : "did not take the test alert",
        attempt.answer.empty() ? "no answer" : attempt.answer);
    co_return result;
}

asio::awaitable<web::CommandResult> Watch::execute(web::Command command) {
    auto& engine = core_.engine();
    const auto now = core_.now();
    const auto& actor = command.actor;
    std::optional<std::pair<engine::Answer, engine::Effects>> done;
    if (command.name == "reload") {
        auto result = co_await reload();
        co_return result;
    }
    if (command.name == "test-notifier") {
        NotifierName name{command.notifier};
        auto result = co_await test_notifier(std::move(name));
        co_return result;
    }
    if (command.name == "poll") {
        co_return poll_all();
    }
    if (command.name == "protect") {
        engine::Protect wish;
        wish.instance = command.instance.value_or(InstanceId{});
        wish.duration = command.duration;
        wish.reason = command.reason;
        done = engine.protect(wish, actor, now);
    } else if (command.name == "unprotect") {
        done = engine.unprotect(command.instance.value_or(InstanceId{}), actor, now);
    } else if (command.name == "approve" || command.name == "dismiss") {
        done = engine.decide_hold(command.hold, command.name == "approve", actor, now);
    } else if (command.name == "pause") {
        done = engine.pause(command.duration, command.reason, actor, now);
    } else if (command.name == "resume") {
        done = engine.resume(actor, now);
    }
    web::CommandResult result;
    if (!done) {
        result.message = "there is no command " + command.name;
        co_return result;
    }
    result = result_of(std::move(done->first));
    log_command(core_.world().log, command, result);
    auto effects = std::move(done->second);
    co_await core_.settle(std::move(effects));
    view_.reset();
    if (result.ok && core_.failing()) {
        result.ok = result.kept = false;
        result.message +=
            "; but the state cannot be written, and it is forgotten if vastwatchd ends before it "
            "can be";
    }
    co_return result;
}

}  // namespace vastwatch::watch
