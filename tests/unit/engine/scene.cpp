#include "scene.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::engine::testing {

Instant at(std::string_view time_of_day) {
    return parse_rfc3339("2026-11-21T" + std::string{time_of_day} + ":00Z").value();
}

// --- Machine

Machine& Machine::busy(double util) {
    row.status = fleet::Status::running;
    row.intended = row.current = row.next = fleet::State::running;
    row.telemetry.gpu_util = util;
    row.telemetry.gpu_temp = 61;
    return *this;
}

Machine& Machine::idle() {
    busy(0);
    row.telemetry.gpu_temp = 38;
    return *this;
}

Machine& Machine::costs(double gpu, double disk) {
    row.prices.gpu = dph(gpu);
    row.prices.storage = dph(disk);
    row.prices.search_total = dph(gpu + disk);
    return *this;
}

Machine& Machine::labelled(std::string label) {
    row.label = std::move(label);
    return *this;
}

Machine& Machine::begun(Instant start_date) {
    row.start_date = start_date;
    return *this;
}

Machine& Machine::of_account(const AccountName& name) {
    account = name;
    return *this;
}

Machine& Machine::stopped() {
    row.status = fleet::Status::exited;
    row.intended = row.current = row.next = fleet::State::stopped;
    return *this;
}

Machine& Machine::queued() {
    stopped();
    row.intended = fleet::State::running;
    return *this;
}

Machine& Machine::loading() {
    busy();
    row.status = fleet::Status::loading;
    row.telemetry = {};
    return *this;
}

Machine& Machine::offline() {
    row.status = fleet::Status::offline;
    return *this;
}

// --- Scene: the engine and its clock

Scene::Scene(policy::Policy policy, Instant start)
    : policy_(std::make_shared<policy::Policy>(std::move(policy))),
      wall_(start),
      mono_(MonoTime{} + 1000s) {
    start_engine({});
}

void Scene::start_engine(Changes stored) {
    ++process_;
    next_polls_.clear();
    Seams seams;
    seams.make_alert_id = [this](Instant) {
        return AlertId{fmt::format("alert-{:06}", ++alert_number_)};
    };
    seams.jitter = []() { return 0.5; };
    seams.boot = boot;
    std::map<NotifierName, policy::Severity> notifiers;
    for (const auto& name : policy_->all_notifiers) {
        notifiers.emplace(name, policy::Severity::info);
    }
    engine_ = std::make_unique<Engine>(policy_, notifiers, seams, std::move(stored), now());
    for (const auto& account : policy_->accounts) {
        schedule_poll(account.name, wall_);
    }
    settle(engine_->on_start(std::exchange(damage, FoundDamage{}), now()));
}

void Scene::schedule_poll(const AccountName& account, Instant when) {
    const auto mono = mono_ + (when - wall_);
    auto& next = next_polls_[account];
    next = next == MonoTime{} ? mono : std::min(next, mono);
}

void Scene::after(Duration span, Event event) {
    events_.emplace(mono_ + span, std::move(event));
}

std::optional<Instant> Scene::next_event() {
    std::optional<Instant> next;
    const auto consider = [&](Instant when) { next = next ? std::min(*next, when) : when; };
    for (const auto& [account, when] : next_polls_) {
        consider(wall_ + (when - mono_));
    }
    if (!events_.empty()) {
        consider(wall_ + (events_.begin()->first - mono_));
    }
    wake_ = engine_->next_wake(now());
    if (wake_) {
        consider(*wake_);
    }
    for (const auto& name : policy_->all_notifiers) {
        if (const auto when = engine_->next_delivery(name); when && *when > wall_) {
            consider(*when);
        }
    }
    return next;
}

void Scene::step_to(Instant when) {
    if (when > wall_) {
        mono_ += when - wall_;
        wall_ = when;
    }
}

void Scene::run_for(Duration span) {
    run_until(wall_ + span);
}

void Scene::run_until(Instant when) {
    for (;;) {
        const auto next = next_event();
        if (!next || *next > when) {
            break;
        }
        step_to(*next);
        do_due();
    }
    step_to(when);
}

void Scene::do_due() {
    if (!events_.empty() && events_.begin()->first <= mono_) {
        const auto event = events_.begin()->second;
        events_.erase(events_.begin());
        event();
        return;
    }
    for (auto& [account, when] : next_polls_) {
        if (when <= mono_) {
            const auto name = account;
            when = mono_ + policy_->find_account(name)->poll_interval;
            poll(name);
            return;
        }
    }
    wake();
    deliver();
}

void Scene::wake() {
    if (!wake_ || *wake_ > wall_) {
        return;
    }
    wake_.reset();
    if (wall_ - wakes_since_ > 1s) {
        wakes_since_ = wall_;
        wakes_ = 0;
    }
    ++wakes_;
    REQUIRE_MESSAGE(wakes_ < 100, "the engine asks to be woken again and again");
    settle(engine_->on_time(now()));
}

void Scene::poll(const AccountName& account) {
    if (at_poll) {
        at_poll();
    }
    if (blind || key_rejected || account == blind_account) {
        settle(engine_->on_poll_failed(
            {account, key_rejected, key_rejected ? "key rejected" : "timed out"}, now()));
        return;
    }
    fleet::Sweep sweep;
    sweep.account = account;
    sweep.began = {wall_ - sweep_takes, mono_ - sweep_takes};
    sweep.repeated = sweep_repeats;
    sweep.ended = now();
    for (auto& [id, machine] : machines_) {
        if (machine.account == account && nameless.contains(id)) {
            ++sweep.skipped_rows;
        } else if (machine.account == account) {
            sweep.rows.push_back(shown(machine));
        }
    }
    last_sweep = now();
    settle(engine_->on_sweep(sweep, now()));
}

fleet::Observation Scene::shown(Machine& machine) {
    if (!machine.frozen) {
        // A living host's figures move a little from reading to reading.
        machine.row.telemetry.cpu_util = 0.1 + 0.001 * (++reading_ % 97);
    }
    auto row = machine.row;
    if (machine.unloaded_until) {
        row.current = fleet::State::unloaded;
    }
    return row;
}

void Scene::settle(Effects effects) {
    const bool orders = !effects.requests.empty();
    if (orders && crash_before_commit) {
        crash_before_commit = false;
        restart();
        return;
    }
    const auto newest = engine_->newest_alert();
    auto changes = engine_->take_changes();
    if (disk_full) {
        changes.instances.clear();
        changes.idle_clocks.clear();
        auto more = engine_->on_not_durable(
            std::move(changes), effects.requests, "no space left on device", now());
        CHECK(more.requests.empty());
        effects.requests.clear();
        deliver();
        carry_out(effects);
        return;
    }
    for (const auto& alert : changes.alerts) {
        if (known_alerts_.insert(alert.id).second) {
            told.push_back(alert);
        }
    }
    store_.commit(std::move(changes));
    engine_->on_durable(newest);
    audit.insert(audit.end(), effects.audit.begin(), effects.audit.end());
    if (orders && crash_before_send) {
        crash_before_send = false;
        restart();
        return;
    }
    carry_out(effects);
    deliver();
}

void Scene::carry_out(const Effects& effects) {
    for (std::size_t i = 0; i < effects.cap_overshoots.size(); ++i) {
        overshoots.emplace_back(effects.cap_overshoot_windows[i], effects.cap_overshoots[i]);
    }
    for (const auto& order : effects.requests) {
        if (order_waits == 0s) {
            leave(order);
            continue;
        }
        after(order_waits, [this, order, process = process_]() {
            if (process == process_) {
                leave(order);
            }
        });
    }
    for (const auto& order : effects.verify) {
        asked.push_back({wall_, order});
        // Page by page, one order after the other, as the API's pace allows.
        const auto pages = static_cast<int>((order.ids.size() + 24) / 25);
        reader_free_ = std::max(reader_free_, mono_) + verify_takes + (pages - 1) * 1s;
        after(reader_free_ - mono_, [this, order, process = process_]() {
            if (process == process_) {
                read(order);
            }
        });
    }
    for (const auto& account : effects.poll_soon) {
        schedule_poll(account, wall_ + 1s);
    }
}

void Scene::leave(RequestOrder order) {
    for (auto left = order.ids.size() + 1; order.ids.size() < left;) {
        left = order.ids.size();
        auto effects = engine_->withdraw(order, now());
        if (order.ids.size() < left) {
            settle(std::move(effects));
        }
    }
    if (order.ids.empty()) {
        return;
    }
    check_order(order);
    if (at_send) {
        at_send(order);
    }
    send(order);
}

void Scene::check_order(const RequestOrder& order) {
    CHECK(engine_->may_leave(order, now()));
    CHECK(policy_->enforcement.enforce);
    CHECK_FALSE(view()->health.pause);
    CHECK(!order.ids.empty());
    CHECK(order.ids.size() <= 64);
    CHECK((order.action == Action::destroy || order.action == Action::stop));
}

void Scene::send(const RequestOrder& order) {
    sent.push_back({wall_, order});
    const auto outcome = answer;
    const bool effective = takes_effect;
    after(request_takes, [this, order, outcome, effective, process = process_]() {
        if (effective) {
            execute(order);
        }
        if (!answers_lost && process == process_) {
            settle(engine_->on_answered(
                {order.account, order.action, order.ids, outcome, "as the story says"}, now()));
        }
    });
}

void Scene::execute(const RequestOrder& order) {
    for (const auto id : order.ids) {
        const auto it = machines_.find(id);
        if (it == machines_.end()) {
            continue;
        }
        if (order.action == Action::stop) {
            it->second.stopped();
        } else if (unload_takes == 0s) {
            machines_.erase(it);
        } else {
            it->second.unloaded_until = wall_ + unload_takes;
            after(unload_takes, [this, id]() { machines_.erase(id); });
        }
    }
}

void Scene::read(const VerifyOrder& order) {
    if (before_read) {
        before_read(order);
    }
    if (verify_fails) {
        settle(engine_->on_verify_failed(order, "timed out", now()));
        return;
    }
    fleet::Verification read;
    read.account = order.account;
    read.asked = order.ids;
    read.read_at = now();
    for (const auto id : order.ids) {
        const auto it = machines_.find(id);
        if (it != machines_.end()) {
            read.rows.push_back(shown(it->second));
            reads.insert_or_assign(id, std::pair(wall_, read.rows.back()));
            fleet::Recipe recipe;
            recipe.image = it->second.row.image;
            recipe.label = it->second.row.label;
            recipe.gpu_name = it->second.row.gpu_name;
            recipe.environment_names = {"WANDB_API_KEY"};
            read.recipes.push_back(recipe);
        }
    }
    settle(engine_->on_verified(read, now()));
}

void Scene::deliver() {
    if (delivering_) {
        return;
    }
    delivering_ = true;
    for (const auto& name : policy_->all_notifiers) {
        for (int i = 0; i < 1000; ++i) {
            const auto due = engine_->due_delivery(name, now());
            if (!due) {
                break;
            }
            DeliveryTried tried;
            tried.alert = due->alert.id;
            tried.notifier = name;
            if (!notifiers_down) {
                tried.outcome = alerts::Delivery::delivered;
                tried.reached_somebody = true;
                delivered.emplace_back(wall_, due->alert);
            }
            tried.retry_after = retry_after;
            tried.answer = notifiers_down ? "connection refused" : "250 OK";
            settle(engine_->on_delivery(tried, now()));
        }
    }
    delivering_ = false;
}

void Scene::restart(Duration down) {
    wall_ += down;
    mono_ += down;
    start_engine(store_.load());
}

void Scene::restart_with(policy::Policy policy, Duration down) {
    policy_ = std::make_shared<policy::Policy>(std::move(policy));
    restart(down);
}

void Scene::reload(policy::Policy policy) {
    policy_ = std::make_shared<policy::Policy>(std::move(policy));
    std::map<NotifierName, policy::Severity> notifiers;
    for (const auto& name : policy_->all_notifiers) {
        notifiers.emplace(name, policy::Severity::info);
    }
    std::erase_if(next_polls_, [this](const auto& next) {
        return policy_->find_account(next.first) == nullptr;
    });
    for (const auto& account : policy_->accounts) {
        if (!next_polls_.contains(account.name)) {
            schedule_poll(account.name, wall_);
        }
    }
    settle(engine_->on_policy(policy_, notifiers, now()));
}

void Scene::step_wall_clock(Duration by) {
    wall_ += by;
}

void Scene::charge(int id, double gpu, double bandwidth) {
    ChargesRead charges;
    charges.account = main_account;
    charges.day = utc_day_start(wall_);
    ChargeRow row;
    row.source = fmt::format("instance-{}", id);
    row.instance = InstanceId{id};
    row.amounts.gpu = usd(gpu);
    row.amounts.bandwidth = usd(bandwidth);
    charges.rows = {row};
    settle(engine_->on_charges(charges, now()));
}

// --- Scene: the machines

Machine& Scene::rent(int id, std::string label, double dollars) {
    Machine machine;
    machine.row.id = InstanceId{id};
    machine.row.gpu_name = "H100 SXM";
    machine.row.num_gpus = 1;
    machine.row.start_date = wall_ - 24h - std::chrono::minutes{id % 1000};
    machine.row.interruptible = false;
    machine.row.image = "pytorch/pytorch:latest";
    machine.row.telemetry.mem_usage = 3.5;
    machine.row.telemetry.inet_down = 1000 + id;
    machine.busy().costs(dollars).labelled(std::move(label));
    return machines_.insert_or_assign(InstanceId{id}, std::move(machine)).first->second;
}

Machine& Scene::rent_now(int id, std::string label, double dollars) {
    return rent(id, std::move(label), dollars).begun(wall_);
}

Machine& Scene::machine(int id) {
    const auto it = machines_.find(InstanceId{id});
    REQUIRE(it != machines_.end());
    return it->second;
}

void Scene::vanish(int id) {
    machines_.erase(InstanceId{id});
}

// --- Scene: commands

Answer Scene::protect(int id, std::optional<Duration> span) {
    auto [answer_given, effects] =
        engine_->protect({InstanceId{id}, span, "a long run"}, "uid:1000", now());
    settle(std::move(effects));
    return answer_given;
}

Answer Scene::unprotect(int id) {
    auto [answer_given, effects] = engine_->unprotect(InstanceId{id}, "uid:1000", now());
    settle(std::move(effects));
    return answer_given;
}

Answer Scene::approve(std::optional<HoldId> hold) {
    auto [answer_given, effects] = engine_->decide_hold(hold, true, "uid:1000", now());
    settle(std::move(effects));
    return answer_given;
}

Answer Scene::dismiss(std::optional<HoldId> hold) {
    auto [answer_given, effects] = engine_->decide_hold(hold, false, "uid:1000", now());
    settle(std::move(effects));
    return answer_given;
}

Answer Scene::pause(std::optional<Duration> span) {
    auto [answer_given, effects] = engine_->pause(span, "maintenance", "uid:1000", now());
    settle(std::move(effects));
    return answer_given;
}

Answer Scene::resume() {
    auto [answer_given, effects] = engine_->resume("uid:1000", now());
    settle(std::move(effects));
    return answer_given;
}

// --- Scene: what came of it

std::optional<Instant> Scene::sent_at(int id) const {
    for (const auto& item : sent) {
        if (std::count(item.order.ids.begin(), item.order.ids.end(), InstanceId{id}) > 0) {
            return item.at;
        }
    }
    return std::nullopt;
}

std::size_t Scene::times_sent(int id) const {
    std::size_t times = 0;
    for (const auto& item : sent) {
        times += static_cast<std::size_t>(
            std::count(item.order.ids.begin(), item.order.ids.end(), InstanceId{id}));
    }
    return times;
}

std::optional<Action> Scene::sent_action(int id) const {
    std::optional<Action> action;
    for (const auto& item : sent) {
        if (std::count(item.order.ids.begin(), item.order.ids.end(), InstanceId{id}) > 0) {
            action = item.order.action;
        }
    }
    return action;
}

std::vector<alerts::Alert> Scene::all(alerts::Kind kind, bool resolved) const {
    std::vector<alerts::Alert> found;
    std::copy_if(told.begin(), told.end(), std::back_inserter(found), [&](const auto& alert) {
        return alert.kind == kind && alert.resolved == resolved;
    });
    return found;
}

std::size_t Scene::count(alerts::Kind kind, bool resolved) const {
    return all(kind, resolved).size();
}

alerts::Alert Scene::latest(alerts::Kind kind, bool resolved) const {
    const auto found = all(kind, resolved);
    REQUIRE_MESSAGE(!found.empty(), "nothing told of kind ", std::string{to_string(kind)});
    return found.back();
}

const InstanceView& Scene::seen(int id) {
    static std::shared_ptr<const View> kept;
    kept = view();
    for (const auto& instance : kept->instances) {
        if (instance.instance->id == InstanceId{id}) {
            return instance;
        }
    }
    FAIL("not in view: ", id);
    return kept->instances.front();
}

std::optional<enforcement::Case> Scene::open_case(int id) {
    const auto now_seen = view();
    for (const auto& item : now_seen->cases) {
        if (item.instance == InstanceId{id} && !enforcement::is_end(item.step)) {
            return item;
        }
    }
    return std::nullopt;
}

Usd Scene::spend(const TeamName& team, policy::Window window) {
    const auto now_seen = view();
    for (const auto& one : now_seen->teams) {
        for (const auto& budget : one.windows) {
            if (one.name == team && budget.window == window) {
                return budget.spend;
            }
        }
    }
    FAIL("no such team or window");
    return {};
}

std::vector<enforcement::Hold> Scene::holds() {
    return view()->holds;
}

bool Scene::audited(const std::string& outcome, int id) const {
    return std::any_of(audit.begin(), audit.end(), [&](const AuditRecord& record) {
        return record.outcome == outcome && record.instance == InstanceId{id};
    });
}

std::uint64_t Scene::counted(const std::string& outcome) {
    std::uint64_t sum = 0;
    const auto now_seen = view();
    for (const auto& item : now_seen->action_counts) {
        sum += item.outcome == outcome ? item.count : 0;
    }
    return sum;
}

}  // namespace vastwatch::engine::testing
