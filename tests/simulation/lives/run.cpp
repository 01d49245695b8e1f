#include "lives/run.hpp"

#include "audit/audit.hpp"
#include "core/open_cases.hpp"
#include "core/setting.hpp"
#include "daemon/scratch.hpp"
#include "store/store.hpp"
#include "world/load.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration inspect_every = hours{3};
constexpr Duration slow_answer = seconds{5};
const std::string heartbeat =
    "[heartbeat]\nurl = \"https://alive.test/ping\"\ninterval = \"15m\"\n";

/// The last part of a life is without trouble, so that one can see it recover.
Duration rest_of(Duration length) {
    return std::min<Duration>(hours{4}, length / 4);
}

Plan plan_of(const Options& options) {
    auto plan = draw_plan(options);
    for (auto& account : plan.accounts) {
        account.url = "https://api.vast.test";
    }
    return plan;
}

}  // namespace

Options daemon_options() {
    Options options;
    options.length = hours{24 * 4};
    options.most_accounts = 2;
    options.most_instances = 25;
    return options;
}

DaemonRun::DaemonRun(const Options& options, bool keep_story)
    : options_(options),
      plan_(plan_of(options)),
      story_(keep_story),
      rest_at_(plan_.end() - rest_of(options.length)),
      operator_random_(stream(options.seed, "operator")),
      next_operation_(plan_.begin + draw_wait(operator_random_, 4)),
      next_inspection_(plan_.begin + inspect_every) {
    const bool reloads = options.troubles.has(Trouble::reloads);
    next_reload_ = reloads ? plan_.begin + draw_wait(operator_random_, 1) : Instant::max();
    if (!options.troubles.has(Trouble::operators)) {
        next_operation_ = Instant::max();
    }
    prepare();
}

DaemonRun::~DaemonRun() = default;

void DaemonRun::prepare() {
    std::vector<vastsim::AccountSpec> specs;
    MachineSettings settings;
    for (const auto& account : plan_.accounts) {
        specs.push_back(account.spec);
        settings.environment["KEY_" + account.name] = "key-of-" + account.name;
        users_.emplace_back(plan_, account);
    }
    world_ = std::make_unique<vastsim::World>(
        std::move(specs), plan_.begin, options_.seed * 16, vastsim::Settings{});
    for (const auto& account : world_->accounts()) {
        accounts_.push_back(account.get());
    }
    settings.directory = scratch_directory() / "machine";
    settings.seed = options_.seed;
    settings.begin = plan_.begin;
    settings.config = config_text(plan_, variant_) + heartbeat;
    auto random = stream(options_.seed, "machine");
    if (random.chance(0.5)) {
        settings.disk =
            Span{milliseconds{1}, draw_length(random, milliseconds{2}, milliseconds{80})};
    }
    settings.network.latency =
        Span{milliseconds{10}, draw_length(random, milliseconds{50}, seconds{2})};
    machine_ = std::make_unique<Machine>(std::move(settings), *world_, *this);
    judge_ = std::make_unique<Judge>(judge_setting(plan_), accounts_, verdicts_);
    const auto take_order = [this](bool destroy, const auto& ids, bool taken, Instant at) {
        ordered(destroy, ids, taken, at);
    };
    testimony_ = std::make_unique<Testimony>(accounts_, slow_answer, *judge_, take_order);
    audit_ = std::make_unique<AuditTail>(
        machine_->state_directory(), [this](const auto& record) { take_record(record); });
    Mischief::Listeners listeners;
    listeners.told = [this](const std::string& what) { story("{}", what); };
    listeners.disturbed = [this]() { judge_->disturbed(now()); };
    listeners.clock_moved = [this](Duration by, bool wrong) {
        judge_->clock_moved(by, wrong, now());
        if (machine_->process() == nullptr) {
            moved_while_off_ += by;
        } else if (pause_ends_) {
            *pause_ends_ += by;
        }
    };
    listeners.blinded = [this]() {
        for (std::size_t i = 0; i < accounts_.size(); ++i) {
            judge_->charges_missed(i, now());
        }
    };
    mischief_ = std::make_unique<Mischief>(plan_, *machine_, *world_, std::move(listeners));
}

// --- Time.

Instant DaemonRun::next_moment() const {
    Instant next = plan_.end();
    const auto consider = [&](const std::optional<Instant>& at) {
        next = std::min(next, at.value_or(next));
    };
    for (const auto& users : users_) {
        consider(users.next());
    }
    consider(mischief_->next());
    consider(next_operation_);
    consider(next_reload_);
    consider(next_inspection_);
    consider(mend_file_at_);
    consider(look_at_);
    if (pause_ends_) {
        consider(*pause_ends_ - mischief_->skew());
    }
    if (!resting_) {
        consider(rest_at_);
    }
    return next;
}

Report DaemonRun::run() {
    machine_->start();
    while (now() < plan_.end() && verdicts_.violations().empty()) {
        if (just_started_) {
            started(now());
        }
        machine_->run_until(next_moment());
        if (verdicts_.violations().empty()) {
            happen();
        }
    }
    const auto hash = machine_->trace().hash();
    if (verdicts_.violations().empty()) {
        judge_end();
    } else {
        tell_cases();
    }
    auto done = report();
    done.hash = hash;
    return done;
}

void DaemonRun::happen() {
    const auto at = now();
    for (std::size_t i = 0; i < users_.size(); ++i) {
        while (users_[i].next() <= at) {
            world_->advance_to(at);
            const auto what = users_[i].act(*world_->accounts()[i]);
            ++acts_;
            if (!what.empty()) {
                story("{}", what);
            }
        }
    }
    if (pause_ends_ && *pause_ends_ - mischief_->skew() <= at) {
        pause_ends_.reset();
        judge_->paused(false, at);
    }
    if (look_at_ && *look_at_ <= at) {
        look();
    }
    if (!resting_ && rest_at_ <= at) {
        rest();
    }
    if (mend_file_at_ && *mend_file_at_ <= at) {
        story("somebody mends the configuration file");
        configure(variant_ + 1);
        machine_->reload();
    }
    if (mischief_->next() <= at) {
        mischief_->act();
    }
    if (next_operation_ <= at) {
        next_operation_ = at + draw_wait(operator_random_, 4);
        operate();
    }
    if (next_reload_ <= at) {
        next_reload_ = at + draw_wait(operator_random_, 1);
        reload();
    }
    if (next_inspection_ <= at) {
        next_inspection_ += inspect_every;
        inspect();
    }
}

void DaemonRun::rest() {
    resting_ = true;
    next_operation_ = next_reload_ = Instant::max();
    mischief_->end();
    if (file_broken_) {
        configure(variant_ + 1);
        machine_->reload();
    }
    machine_->start();
}

// --- People.

void DaemonRun::configure(int variant) {
    variant_ = variant;
    file_broken_ = false;
    mend_file_at_.reset();
    machine_->configure(config_text(plan_, variant_) + heartbeat);
}

void DaemonRun::reload() {
    ++reloads_;
    if (file_broken_) {
        return;
    }
    if (operator_random_.chance(0.15)) {
        ++kinds_["broken file"];
        story("somebody breaks the configuration file");
        file_broken_ = true;
        machine_->configure(config_text(plan_, variant_) + "[team.ml]\nlables = [\"x\"]\n");
        mend_file_at_ = now() + draw_length(operator_random_, minutes{1}, hours{5});
    } else {
        story("the configuration file is now variant {}", variant_ + 1);
        configure(variant_ + 1);
    }
    if (operator_random_.chance(0.5)) {
        machine_->reload();
        return;
    }
    web::Command wish;
    wish.name = "reload";
    command(std::move(wish));
}

void DaemonRun::take_policy(Instant at) {
    if (in_force_ == variant_) {
        return;  // a daemon that begins again goes on under the same one
    }
    in_force_ = variant_;
    judge_->take_policy(load_config(plan_, variant_)->policy, at);
}

// --- The end.

void DaemonRun::inspect() {
    const auto seen = view();
    judge_records();
    world_->advance_to(now());
    if (seen && mischief_->skew() == Duration{0} && seen->at == now()) {
        judge_->shown(*seen, now());
    }
    for (const auto& account : world_->accounts()) {
        account->forget_journal();
    }
}

void DaemonRun::judge_end() {
    inspect();
    const auto seen = view();
    require(seen != nullptr && seen->health.ready, Invariant::recovers, [&] {
        return fmt::format(
            "hours after all trouble the daemon is not ready: {}",
            seen ? fmt::format("{}", fmt::join(seen->health.not_ready_because, "; "))
                 : "it is off");
    });
    judge_growth();
    machine_->stop();
    machine_->run_until(now() + minutes{2});
    require(machine_->process() == nullptr, Invariant::recovers, [] {
        return std::string{"the daemon does not stop"};
    });
    const auto verdict = audit::verify(machine_->state_directory());
    require(verdict.problems.empty(), Invariant::audit_whole, [&] {
        return fmt::format("the audit log: {}", fmt::join(verdict.problems, "; "));
    });
    const auto opened = store::open(machine_->state_directory());
    const auto* error = std::get_if<store::StoreError>(&opened);
    require(error == nullptr, Invariant::recovers, [&] {
        return fmt::format("the state cannot be opened: {}", error->message);
    });
}

void DaemonRun::judge_growth() {
    const auto& log = machine_->log();
    const double days = std::chrono::duration<double>(options_.length).count() / 86400;
    const auto told = judge_->alerts_told() + judge_->kills() + operations_ + reloads_;
    std::uint64_t troubles = machine_->starts() * 10;
    for (const auto count : mischief_->troubles()) {
        troubles += 6 * count;
    }
    const auto most = static_cast<std::uint64_t>(50 * days) + 4 * told + troubles;
    require(log.lines() <= most, Invariant::nothing_grows, [&] {
        return fmt::format("{} lines of log, where {} are reason enough", log.lines(), most);
    });
    constexpr std::uintmax_t most_bytes = std::uintmax_t{32} * 1024 * 1024;
    std::uintmax_t bytes = 0;
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator{machine_->state_directory(), error}) {
        bytes += entry.is_regular_file(error) ? entry.file_size(error) : 0;
    }
    require(bytes <= most_bytes, Invariant::nothing_grows, [&] {
        return fmt::format("the state directory holds {} bytes", bytes);
    });
}

void DaemonRun::tell_cases() {
    const auto seen = view();
    if (!seen) {
        return;
    }
    tell_open_cases(
        story_,
        *seen,
        verdicts_.violations().front().what,
        [this](InstanceId id) { return machine_->process()->backend().explain(id); },
        now());
}

Report DaemonRun::report() {
    Report report;
    report.options = options_;
    report.lived = now() - plan_.begin;
    report.accounts = accounts_.size();
    report.polls = testimony_->sweeps();
    report.rows = testimony_->rows();
    report.steps = machine_->handlers();
    report.people_acts = acts_;
    report.kills = judge_->kills();
    report.alerts = judge_->alerts_told();
    report.reasons = judge_->reasons();
    report.alert_kinds = judge_->alert_kinds();
    report.lateness = judge_->lateness();
    report.poll_interval = plan_.poll_interval;
    for (std::size_t i = 0; i < invariant_count; ++i) {
        report.checks[i] = verdicts_.checks(static_cast<Invariant>(i));
    }
    report.troubles = mischief_->troubles();
    report.troubles[static_cast<std::size_t>(Trouble::operators)] += operations_;
    report.troubles[static_cast<std::size_t>(Trouble::reloads)] += reloads_;
    report.kinds = kinds_;
    const auto add = [&](const auto& counts, std::string_view what) {
        for (const auto& [name, times] : counts) {
            report.kinds[fmt::format("{} {}", what, name)] += times;
        }
    };
    for (const auto& [name, times] : mischief_->kinds()) {
        report.kinds[name] += times;
    }
    add(machine_->network().failures(), "met:");
    add(testimony_->useless(), "useless:");
    for (const auto& [harm, times] : machine_->disk().mishaps()) {
        report.kinds[fmt::format("met: disk {}", to_string(harm))] += times;
    }
    report.violations = verdicts_.violations();
    report.story.assign(story_.lines().begin(), story_.lines().end());
    return report;
}

}  // namespace vastwatch::simulation
