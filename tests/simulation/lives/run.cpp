#include "lives/run.hpp"

#include "audit/audit.hpp"
#include "core/open_cases.hpp"
#include "core/setting.hpp"
#include "store/store.hpp"
#include "wire/alert_json.hpp"
#include "world/load.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>
#include <unistd.h>

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

std::string text_of(const boost::json::object& record, std::string_view member) {
    const auto* value = record.if_contains(member);
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::string{};
}

std::vector<std::string> texts_of(const boost::json::value* list) {
    std::vector<std::string> texts;
    if (list != nullptr && list->is_array()) {
        for (const auto& text : list->get_array()) {
            texts.emplace_back(text.is_string() ? std::string{text.get_string()} : "");
        }
    }
    return texts;
}

/// The time in an alert's id, to the millisecond before.
std::optional<Instant> ulid_time(std::string_view id) {
    constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    constexpr std::size_t time_digits = 10;
    std::int64_t count = 0;
    for (const char digit : id.substr(0, time_digits)) {
        const auto value = digits.find(digit);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        count = count * 32 + static_cast<std::int64_t>(value);
    }
    return id.size() < time_digits ? std::nullopt : std::optional{Instant{milliseconds{count}}};
}

/// Alerts after which something is stopped or destroyed.
bool announces_actions(alerts::Kind kind) {
    return kind == alerts::Kind::idle_warning || kind == alerts::Kind::cap_warning ||
           kind == alerts::Kind::policy_violation;
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
    settings.directory = fmt::format("/dev/shm/vastwatch-sim-{}", ::getpid());
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
    const auto take_order = [this](bool destroy, const auto& ids, Instant at) {
        ordered(destroy, ids, at);
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

// --- What is seen.

void DaemonRun::on_api_request(const ApiRequest& request) {
    testimony_->asked(request);
    std::uint64_t early = 0;
    for (const auto& [endpoint, statistics] : world_->statistics()) {
        early += statistics.too_frequent;
    }
    // One that has just begun cannot know when the one before it last asked.
    const bool begun = request.at - started_at_ < seconds{10};
    require(early == early_ || begun, Invariant::pace_kept, [&] {
        return fmt::format("{} {} came too early", request.request.method, request.target);
    });
    kinds_["met: early after a start"] += early - early_;
    early_ = early;
}

void DaemonRun::on_api_answer(const ApiAnswer& answer) {
    const auto sweeps = testimony_->sweeps();
    const auto verifications = testimony_->verifications();
    audit_->read(machine_->disk());
    if (!writable_ && mischief_->disk_full()) {
        judge_->disturbed(answer.at);  // nothing is done without a durable intent
    }
    testimony_->answered(answer);
    if (testimony_->verifications() != verifications) {
        mischief_->verified();
    }
    if (testimony_->sweeps() != sweeps) {
        mischief_->listed();
    }
}

void DaemonRun::ordered(bool destroy, const std::vector<std::int64_t>& ids, Instant at) {
    story("request: {} {}", destroy ? "destroy" : "stop", fmt::join(ids, " "));
    audit_->read(machine_->disk());
    judge_->ordered(destroy, ids, at);
    mischief_->acted();
    if (!verdicts_.violations().empty()) {
        machine_->interrupt();
    }
}

void DaemonRun::take_record(const boost::json::object& record) {
    const auto* instance = record.if_contains("instance_id");
    const auto action = text_of(record, "action");
    const auto outcome = text_of(record, "outcome");
    if (instance == nullptr || !instance->is_int64()) {
        return;
    }
    const auto id = instance->get_int64();
    const auto* reasons = record.if_contains("reasons");
    story(
        "audit: {} {} {} {} {}",
        action,
        id,
        outcome,
        text_of(record, "detail"),
        reasons == nullptr ? "" : boost::json::serialize(*reasons));
    if (action == "hold") {
        judge_->held(id, true, held_as_mass(InstanceId{id}));
    } else if (outcome == "intended") {
        judge_->intended(id, texts_of(reasons));
    } else if (outcome == "dropped" || outcome == "vanished" || outcome == "confirmed") {
        judge_->dropped(id);
        if (outcome == "confirmed") {
            confirmed_.insert(id);
        }
    }
}

bool DaemonRun::held_as_mass(InstanceId id) {
    const auto seen = view();
    for (const auto& hold : seen ? seen->holds : std::vector<enforcement::Hold>{}) {
        if (std::ranges::find(hold.instances, id) != hold.instances.end()) {
            return hold.kind == enforcement::Hold::Kind::mass_idle;
        }
    }
    return false;
}

void DaemonRun::on_log(
    Instant at,
    runtime::Level level,
    std::string_view event,
    std::string_view message) {
    story("log: {} {}: {}", runtime::to_string(level), event, message);
    if (event == "alert") {
        look_at_ = at;
        machine_->interrupt();
    } else if (event == "state_unwritable") {
        writable_ = false;
        broken_at_ = at;
        judge_->disturbed(at);
    } else if (event == "state_writable") {
        writable_ = true;
        unkept_.clear();
        judge_->disturbed(at);
        look_at_ = at;
    } else if (event == "config_reloaded") {
        take_policy(at);
        testimony_->forget_pending();
    }
}

std::shared_ptr<const engine::View> DaemonRun::view() {
    auto* process = machine_->process();
    return process == nullptr ? nullptr : process->backend().view();
}

void DaemonRun::tell(const alerts::Alert& alert, Instant at, bool durable) {
    auto& known = alerts_[alert.id.str()];
    const bool is_new = judge_->told(alert, at, durable);
    if (is_new) {
        story("alert {}{}: {}", alert.resolved ? "resolved " : "", alert.id.str(), alert.title);
        if (announces_actions(alert.kind) && !alert.resolved) {
            mischief_->expect_actions();
        }
        const bool says_done = alert.kind == alerts::Kind::instance_destroyed ||
                               alert.kind == alerts::Kind::instance_stopped;
        for (const auto& one : alert.instances) {
            if (says_done && !alert.dry_run && writable_ && at - broken_at_ > minutes{10}) {
                done_.push_back(Done{one.id.value(), at});
            }
        }
    }
    known.durable = known.durable || durable;
}

/// What was done and told, and is in no record.
void DaemonRun::judge_records() {
    audit_->read(machine_->disk());
    std::erase_if(done_, [this](const Done& done) {
        if (now() - done.at < minutes{1}) {
            return false;
        }
        // What dies between the two loses the record.
        const bool kept = confirmed_.contains(done.id) || broken_at_ >= done.at - minutes{1};
        require(kept, Invariant::audit_whole, [&] {
            return fmt::format("no record says what became of {}", done.id);
        });
        return true;
    });
}

/// An alert goes out for the first time: what is told has to survive whoever tells it.
void DaemonRun::judge_haste(const std::string& alert) {
    const auto made = ulid_time(alert);
    const Instant wall = machine_->clock().wall;
    if (!made || *made > wall) {
        return;  // made before the clock was set back
    }
    require(machine_->disk().synced_at() >= *made, Invariant::alert_delivered, [&] {
        return fmt::format(
            "alert {} goes out, and nothing was stored since {}",
            alert,
            format_rfc3339(machine_->disk().synced_at()));
    });
}

/// Reads what was told since, from the daemon's own list.
void DaemonRun::look() {
    look_at_.reset();
    const auto seen = view();
    if (!seen) {
        return;
    }
    const bool fresh = seen->at - mischief_->skew() >= now() - milliseconds{1};
    for (auto alert = seen->alerts.rbegin(); alert != seen->alerts.rend(); ++alert) {
        const auto known = alerts_.find(alert->alert.id.str());
        if (known == alerts_.end()) {
            tell(alert->alert, now(), false);
        } else if (!known->second.durable && writable_) {
            tell(alert->alert, now(), true);
        }
    }
    const bool open =
        std::ranges::any_of(alerts_, [](const auto& item) { return !item.second.durable; });
    if (!fresh) {
        look_at_ = now() + milliseconds{300};
    } else if (open && writable_) {
        look_at_ = now() + minutes{2};
    }
}

void DaemonRun::on_delivery(const Delivery& delivery) {
    const std::string id{delivery.id};
    const auto notifier = std::string{delivery.receiver.substr(0, delivery.receiver.find('.'))};
    const auto known = alerts_.find(id);
    const bool goes_out_first = known == alerts_.end() || (!known->second.durable && writable_);
    if (goes_out_first && writable_) {
        look();  // what was told before it became durable before it
    }
    if (goes_out_first) {
        boost::json::error_code error;
        const auto body = boost::json::parse(
            boost::json::string_view{delivery.body.data(), delivery.body.size()}, error);
        const auto alert = body.is_object() ? wire::alert_from_json(body.get_object())
                                            : std::optional<alerts::Alert>{};
        require(alert.has_value(), Invariant::alert_true, [&] {
            return fmt::format("{} gets a body that is no alert", notifier);
        });
        if (alert && writable_ && alert->kind != alerts::Kind::test) {
            judge_haste(id);
        }
        if (alert) {
            tell(*alert, delivery.at, writable_);
        }
    }
    story(
        "{} {} {}",
        notifier,
        delivery.confirmed ? "is told"
        : delivery.taken   ? "takes without a word"
                           : "refuses",
        id);
    if (delivery.taken) {
        judge_->delivered(id, notifier, delivery.at, delivery.confirmed);
    } else if (delivery.refused) {
        judge_->refused(id, notifier);
    }
    if (!delivery.confirmed) {
        judge_->disturbed(delivery.at);
    }
}

void DaemonRun::on_heartbeat(Instant at) {
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
        const auto listed = testimony_->listed_at(i);
        require(at - listed < minutes{5} + 3 * plan_.poll_interval, Invariant::nothing_stale, [&] {
            return fmt::format(
                "the heartbeat says that all is well; {} was listed at {}",
                plan_.accounts[i].name,
                format_rfc3339(listed));
        });
    }
}

// --- Beginning and end of a process.

void DaemonRun::on_turn(Instant at, Turn turn, std::string_view text) {
    story("the daemon: {} {}", to_string(turn), text);
    ++kinds_[fmt::format("turn {}", to_string(turn))];
    if (turn == Turn::started) {
        // The process is not yet reachable from here.
        just_started_ = true;
        started_at_ = at;
        take_policy(at);
        // What the one before intended and could not yet append is written down at the start.
        audit_->reread();
        audit_->read(machine_->disk());
        judge_->restarted(at);
        writable_ = true;
        machine_->interrupt();
        return;
    }
    ended(at, turn, text);
}

void DaemonRun::ended(Instant at, Turn turn, std::string_view text) {
    just_started_ = false;
    rebooted_ = rebooted_ || turn == Turn::power_cut;
    broken_at_ = at;
    testimony_->forget_pending();
    judge_->disturbed(at);
    judge_->died(machine_->disk().synced_at() - mischief_->skew(), at, turn == Turn::power_cut);
    for (auto& asked : asked_) {
        unclear_.push_back(std::move(asked));
    }
    asked_.clear();
    for (auto& unkept : unkept_) {
        if (unkept.command.name == "protect") {
            judge_->protect(unkept.command.instance->value(), std::nullopt);
        }
        unclear_.push_back(std::move(unkept));
    }
    unkept_.clear();
    const auto& harms = machine_->disk().mishaps();
    std::uint64_t count = 0;
    for (const auto& [harm, times] : harms) {
        count += times;
    }
    const bool harmed = count != harms_at_start_ || mischief_->disk_full() || file_broken_;
    harms_at_start_ = count;
    const bool bad =
        turn == Turn::fault || turn == Turn::stop_slow || (turn == Turn::start_failed && !harmed);
    require(!bad, Invariant::recovers, [&] {
        return fmt::format("the daemon: {} {}", to_string(turn), text);
    });
}

/// A clock that was set while the daemon was off is noticed, unless the machine was booted since.
void DaemonRun::take_moved_clock() {
    if (rebooted_) {
        judge_->clock_moved_unseen(moved_while_off_, now());
    } else if (pause_ends_) {
        *pause_ends_ += moved_while_off_;
    }
    moved_while_off_ = Duration{0};
    rebooted_ = false;
}

/// What a daemon that begins has read back.
void DaemonRun::started(Instant at) {
    just_started_ = false;
    take_moved_clock();
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
        judge_->charges_missed(i, at);
    }
    const auto seen = view();
    if (!seen) {
        return;
    }
    std::set<std::string> stored;
    for (auto alert = seen->alerts.rbegin(); alert != seen->alerts.rend(); ++alert) {
        stored.insert(alert->alert.id.str());
        const auto known = alerts_.find(alert->alert.id.str());
        if (known == alerts_.end() || !known->second.durable) {
            tell(alert->alert, at, true);
        }
    }
    for (auto known = alerts_.begin(); known != alerts_.end();) {
        if (!known->second.durable && !stored.contains(known->first)) {
            judge_->lost(known->first);
            known = alerts_.erase(known);
        } else {
            ++known;
        }
    }
    adopt(*seen);
}

/// What is held, and commands that were cut short and may have been carried out or not.
void DaemonRun::adopt(const engine::View& view) {
    // A hold that was stored in the moment of a crash is in no audit log.
    for (const auto& item : view.cases) {
        if (item.step == enforcement::Step::held) {
            judge_->held(item.instance.value(), true, held_as_mass(item.instance));
        }
    }
    for (const auto& asked : unclear_) {
        const auto& command = asked.command;
        for (const auto id : asked.held) {
            for (const auto& hold : view.holds) {
                if (std::ranges::find(hold.instances, id) != hold.instances.end()) {
                    judge_->held(id.value(), true);
                }
            }
        }
        if (command.instance) {
            for (const auto& protection : view.protections) {
                if (protection.instance == *command.instance) {
                    judge_->protect(
                        command.instance->value(), protection.until - mischief_->skew());
                }
            }
        }
        if (command.name == "pause" || command.name == "resume") {
            judge_->paused(view.health.pause.has_value(), now());
            pause_ends_ = view.health.pause ? view.health.pause->until : std::nullopt;
        }
    }
    unclear_.clear();
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
