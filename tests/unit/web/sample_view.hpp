// A View with something of everything in it, for tests of what is shown. All of it is made up, and
// the same every time.
#pragma once

#include "engine/view.hpp"

#include <memory>
#include <string>

namespace vastwatch::sample {

/// 2026-11-21 19:04:05.25 UTC.
inline constexpr Instant now{std::chrono::milliseconds{1'795'287'845'250}};

/// Text that tries everything at once: HTML, quotes, backslashes, newlines, bytes that are not
/// UTF-8, a terminal's control sequence and a right-to-left override.
inline const std::string hostile = "<script>alert(\"x\")</script>'\\\n\r\x1b[31m\xff\xe2\x80\xae&";

inline engine::WindowView window(policy::Window kind, std::int64_t spend, std::int64_t cap) {
    engine::WindowView out;
    out.window = kind;
    const Calendar utc;
    out.start = kind == policy::Window::day ? utc.day_start(now) : utc.month_start(now);
    if (kind != policy::Window::lifetime) {
        out.end = kind == policy::Window::day ? utc.next_day_start(now) : utc.next_month_start(now);
        out.projected = Usd::dollars(spend) + Usd::dollars(spend / 4);
    }
    out.spend = Usd::dollars(spend) + Usd::from_nanos(20'000'001);
    if (cap > 0) {
        out.cap = Usd::dollars(cap);
        if (out.projected && *out.projected >= *out.cap) {
            out.crossing = now + std::chrono::minutes{193};
        }
    }
    return out;
}

inline engine::TeamView team(const std::string& name, std::int64_t today, std::int64_t cap) {
    engine::TeamView out;
    out.name = TeamName{name};
    out.windows = {
        window(policy::Window::day, today, cap),
        window(policy::Window::month, today * 17, cap * 20),
        window(policy::Window::lifetime, today * 300, 0)};
    out.burn = UsdPerHour::from_nanos(today * 52'300'000);
    out.instances = 15;
    out.by_status = {{"running", 13}, {"exited", 1}, {"queued", 1}};
    out.idle_instances = today % 3 == 0 ? 2 : 0;
    out.idle_burn = UsdPerHour::from_nanos(today % 3 == 0 ? 3'120'000'000 : 0);
    const auto start = out.windows.front().start;
    for (int quarter = 0; start + quarter * std::chrono::minutes{15} < now; ++quarter) {
        engine::SpendPoint point;
        point.at = start + quarter * std::chrono::minutes{15};
        point.team = out.name;
        // Slow in the morning, fast in the afternoon.
        const auto share = quarter < 32 ? quarter * 4 : 128 + (quarter - 32) * 19;
        point.today = vastwatch::share(out.windows.front().spend, share, 128 + 44 * 19 + 19);
        out.curve.push_back(point);
    }
    return out;
}

inline engine::InstanceView instance(std::int64_t id, const std::string& team) {
    auto made = std::make_shared<fleet::Instance>();
    made->id = InstanceId{id};
    made->account = AccountName{"main"};
    made->team = TeamName{team};
    auto& row = made->row;
    row.id = made->id;
    row.label = team + "/job-" + std::to_string(id);
    row.gpu_name = id % 2 == 0 ? "H100 SXM" : "RTX 4090";
    row.num_gpus = static_cast<int>(1 + id % 8);
    row.machine_id = 5000 + id;
    row.status = fleet::Status::running;
    row.status_text = "running";
    row.intended = fleet::State::running;
    row.current = fleet::State::running;
    row.start_date = now - std::chrono::hours{30};
    row.interruptible = id % 3 == 0;
    row.disk_gb = 64.5;
    row.image = "pytorch/pytorch:2.4";
    row.telemetry.gpu_temp = 61;
    made->first_seen = now - std::chrono::hours{30};
    made->last_seen = now - std::chrono::seconds{20};
    made->running_since = made->first_seen;
    engine::InstanceView out;
    out.rate = UsdPerHour::from_nanos(410'000'000 * (1 + id % 8) + id);
    out.spend = accrue(out.rate, std::chrono::hours{30});
    out.spend_today = accrue(out.rate, std::chrono::hours{19});
    out.evidence = fleet::Evidence::busy;
    out.gpu_util = static_cast<double>(40 + id * 7 % 60);
    out.coverage = Percent{100};
    out.instance = std::move(made);
    return out;
}

/// An instance whose idle time is nearly up.
inline engine::InstanceView idle_instance(std::int64_t id, const std::string& team) {
    auto out = instance(id, team);
    auto changed = std::make_shared<fleet::Instance>(*out.instance);
    changed->idle.began = now - std::chrono::minutes{106};
    changed->idle.last_idle = now - std::chrono::seconds{20};
    changed->idle.last_known = changed->idle.last_idle;
    changed->idle.idle = std::chrono::minutes{100};
    fleet::SampleRun run;
    run.first = *changed->idle.began;
    run.last = changed->idle.last_idle;
    run.count = 105;
    run.evidence = fleet::Evidence::idle;
    run.lowest = 0;
    run.highest = 2.5;
    changed->samples.push_back(run);
    out.instance = std::move(changed);
    out.evidence = fleet::Evidence::idle;
    out.gpu_util = 1;
    out.idle = std::chrono::minutes{106};
    out.coverage = Percent{94};
    engine::Deadline deadline;
    deadline.at = now + std::chrono::minutes{14};
    deadline.action = policy::Action::destroy;
    deadline.rule = rules::Rule::idle;
    deadline.reason = "GPU below 5% for 1h 46m; the limit is 2h";
    out.deadline = deadline;
    return out;
}

/// One of which next to nothing is known.
inline engine::InstanceView unknown_instance(std::int64_t id, const std::string& label) {
    auto made = std::make_shared<fleet::Instance>();
    made->id = InstanceId{id};
    made->account = AccountName{"main"};
    made->team = TeamName{"unassigned"};
    made->row.id = made->id;
    made->row.label = label;
    made->row.gpu_name = label;
    made->row.status = fleet::Status::other;
    made->row.status_text = label;
    made->row.status_message = label;
    made->row.image = label;
    made->first_seen = now;
    made->last_seen = now;
    engine::InstanceView out;
    out.rate_known = false;
    out.doubt = fleet::Doubt::no_value;
    out.instance = std::move(made);
    return out;
}

inline engine::AccountView account(const std::string& name) {
    engine::AccountView out;
    out.name = AccountName{name};
    out.windows = {
        window(policy::Window::day, 371, 500), window(policy::Window::month, 6307, 10000)};
    out.burn = UsdPerHour::from_nanos(19'403'300'000);
    out.instances = 62;
    out.last_poll = now - std::chrono::seconds{20};
    out.sweep_took = std::chrono::milliseconds{2'750};
    out.credit = Usd::dollars(1204);
    out.runway = std::chrono::hours{62};
    out.billing_difference = 0.0125;
    out.unexplained = Usd::from_nanos(-310'000'000);
    out.enforcing = true;
    return out;
}

inline enforcement::Case action(std::int64_t number, enforcement::Step step) {
    enforcement::Case out;
    out.number = number;
    out.instance = InstanceId{300 + number};
    out.account = AccountName{"main"};
    out.team = TeamName{"ml-research"};
    out.action = policy::Action::destroy;
    out.rule = rules::Rule::idle;
    enforcement::Reason reason;
    reason.rule = rules::Rule::idle;
    reason.text = "GPU utilisation below 5% for 2h 1m.";
    out.reasons.push_back(reason);
    out.step = step;
    out.label = "ml-research/llama-" + std::to_string(number);
    out.gpu_name = "H100 SXM";
    out.num_gpus = 8;
    out.rate = UsdPerHour::from_nanos(18'400'000'000);
    out.idle = std::chrono::minutes{121};
    out.opened = now - std::chrono::minutes{20 * number};
    out.due = out.opened + std::chrono::minutes{15};
    if (enforcement::is_end(step)) {
        out.closed_at = out.due + std::chrono::minutes{3};
    } else {
        out.wait = enforcement::Wait::warning;
    }
    return out;
}

inline engine::AlertView alert(int number, policy::Severity severity) {
    engine::AlertView out;
    out.alert.id = AlertId{"01JD00000000000000000000" + std::to_string(10 + number)};
    out.alert.kind = alerts::Kind::budget_threshold;
    out.alert.severity = severity;
    out.alert.resolved = number == 3;
    out.alert.time = now - std::chrono::hours{number};
    out.alert.team = TeamName{"ml-research"};
    out.alert.title = "ml-research has spent 80% of its daily cap";
    out.alert.text = "At present rates the cap is reached at 22:17 UTC.";
    alerts::OutboxEntry delivery;
    delivery.alert = out.alert.id;
    delivery.notifier = NotifierName{"ops"};
    delivery.state = number == 1 ? alerts::Delivery::pending : alerts::Delivery::delivered;
    delivery.attempts = number;
    delivery.created = out.alert.time;
    delivery.next_attempt = now + std::chrono::minutes{2};
    delivery.answer = "250 queued";
    out.deliveries.push_back(delivery);
    return out;
}

inline rules::Finding finding(rules::Rule rule, Duration in) {
    rules::Finding out;
    out.rule = rule;
    out.account = AccountName{"main"};
    out.team = TeamName{"ml-research"};
    out.instance = InstanceId{312};
    out.action = policy::Action::destroy;
    out.since = now - std::chrono::hours{1};
    out.due = now + in;
    return out;
}

inline void add_records(engine::View& view) {
    view.cases = {
        action(1, enforcement::Step::pending),
        action(2, enforcement::Step::confirmed),
        action(3, enforcement::Step::dropped),
        action(4, enforcement::Step::dry_run)};
    view.alerts = {
        alert(1, policy::Severity::warning),
        alert(2, policy::Severity::critical),
        alert(3, policy::Severity::critical),
        alert(4, policy::Severity::info)};
    view.findings = {
        finding(rules::Rule::idle, std::chrono::minutes{14}),
        finding(rules::Rule::max_dph, -std::chrono::hours{1}),
        finding(rules::Rule::max_dph, -std::chrono::hours{2})};
    view.finding_reasons = {"idle soon", "too dear", "too dear as well"};
    engine::NotifierView notifier;
    notifier.name = NotifierName{"ops"};
    notifier.pending = 1;
    notifier.oldest_pending = now - std::chrono::minutes{5};
    notifier.last_answer = "250 queued";
    view.notifiers.push_back(notifier);
    ledger::CounterValue counter;
    counter.account = AccountName{"main"};
    counter.team = TeamName{"ml-research"};
    counter.amounts.gpu = Usd::from_nanos(123'456'789'012);
    counter.amounts.disk = Usd::from_nanos(1);
    view.counters.push_back(counter);
    engine::ActionCount count;
    count.team = TeamName{"ml-research"};
    count.action = policy::Action::destroy;
    count.outcome = "done";
    count.count = 12;
    view.action_counts.push_back(count);
}

/// `instances` ordinary ones, and three of note.
inline std::shared_ptr<engine::View> view(int instances = 57) {
    auto out = std::make_shared<engine::View>();
    out->at = now;
    out->health.ready = true;
    out->health.enforce = true;
    out->health.started = now - std::chrono::hours{100};
    out->health.version = "0.1.0";
    out->accounts = {account("main")};
    out->teams = {
        team("ml-research", 160, 200),
        team("vision", 93, 90),
        team("inference", 75, 400),
        team("unassigned", 2, 0)};
    const std::vector<std::string> names{"ml-research", "vision", "inference"};
    for (int id = 0; id < instances; ++id) {
        out->instances.push_back(instance(1000 + id, names[static_cast<std::size_t>(id) % 3]));
    }
    out->instances.push_back(idle_instance(900'000'001, "ml-research"));
    out->instances.push_back(unknown_instance(900'000'002, "mystery box"));
    auto kept = idle_instance(900'000'003, "vision");
    kept.deadline.reset();
    kept.protection = "protected by uid:1000 until 2026-11-22 04:00 UTC: long evaluation";
    out->instances.push_back(kept);
    add_records(*out);
    return out;
}

/// Samples of the last three hours: work with a pause now and then, a hole, or for one in seven
/// nothing at all for the last half hour.
inline void add_samples(engine::InstanceView& one) {
    auto changed = std::make_shared<fleet::Instance>(*one.instance);
    const auto id = static_cast<int>(changed->id.value() % 1000);
    changed->samples.clear();
    for (int part = 0; part < 12; ++part) {
        fleet::SampleRun run;
        run.first = now - std::chrono::minutes{15 * (12 - part)};
        run.last = run.first + std::chrono::minutes{14};
        run.count = 14;
        const int mix = (id * 37 + part * 53) % 100;
        const bool rests = id % 7 == 0 ? part > 9 : mix < 12;
        run.evidence = rests ? fleet::Evidence::idle : fleet::Evidence::busy;
        run.lowest = rests ? 0 : 30 + mix % 50;
        run.highest = rests ? 3 : 60 + mix % 40;
        if (mix > 94) {
            run.evidence = fleet::Evidence::unknown;
            run.lowest.reset();
            run.highest.reset();
        }
        changed->samples.push_back(run);
    }
    one.instance = std::move(changed);
}

/// A morning on which nobody is needed.
inline std::shared_ptr<engine::View> quiet_view() {
    auto out = view(24);
    out->teams = {team("ml-research", 61, 200), team("vision", 33, 90), team("inference", 75, 400)};
    for (auto& one : out->instances) {
        one.deadline.reset();
        one.protection.clear();
        add_samples(one);
    }
    out->cases.clear();
    out->alerts.resize(1);
    out->notifiers.clear();
    out->accounts[0].windows[0].crossing.reset();
    out->accounts[0].windows[0].projected = Usd::dollars(420);
    return out;
}

/// A thousand instances, each with samples.
inline std::shared_ptr<engine::View> thousand_view() {
    auto out = view(997);
    for (auto& one : out->instances) {
        add_samples(one);
    }
    return out;
}

/// A day on which much is wrong at once.
inline std::shared_ptr<engine::View> busy_view() {
    auto out = view();
    for (auto& one : out->instances) {
        add_samples(one);
    }
    for (int i = 0; i < 6; ++i) {
        auto soon = idle_instance(800'000'000 + i, i % 2 == 0 ? "vision" : "inference");
        add_samples(soon);
        soon.deadline->at = now + std::chrono::seconds{95 + 600 * i};
        out->instances.push_back(soon);
    }
    auto labelled = instance(700'000'001, "ml-research");
    labelled.protection = "its label is protected from the idle rule until 2026-11-25 08:00 UTC";
    out->instances.push_back(labelled);
    enforcement::Hold hold;
    hold.id = HoldId{7};
    hold.account = AccountName{"main"};
    hold.created = now - std::chrono::minutes{22};
    hold.instances.resize(9);
    hold.cost = UsdPerHour::from_nanos(31'240'000'000);
    out->holds.push_back(hold);
    out->cases[0].attempts = 3;
    out->cases[0].step = enforcement::Step::requested;
    out->cases[0].detail = "the API says that it is done, and two sweeps still list it";
    auto second = account("vision-lab");
    second.stale = true;
    second.last_poll = now - std::chrono::minutes{11};
    second.problem = "the request timed out after 30s";
    second.enforcing = false;
    second.not_enforcing_because = "its data are older than 5m";
    out->accounts.push_back(second);
    return out;
}

/// The same with hostile text wherever strangers can write, and in names.
inline std::shared_ptr<engine::View> hostile_view() {
    auto out = view(2);
    out->teams[0].name = TeamName{hostile};
    out->teams[0].by_status = {{hostile, 1}, {"a\xff", 1}, {"a\xfe", 2}};
    out->accounts[0].name = AccountName{hostile};
    out->accounts[0].stale = true;
    out->accounts[0].problem = hostile;
    out->instances.push_back(unknown_instance(900'000'004, hostile));
    out->instances[0].case_text = hostile;
    out->instances[0].protection = hostile;
    out->instances[0].deadline.emplace().reason = hostile;
    out->cases[0].label = hostile;
    out->cases[0].reasons[0].text = hostile;
    out->alerts[0].alert.title = hostile;
    out->alerts[0].deliveries[0].notifier = NotifierName{hostile};
    out->notifiers[0].name = NotifierName{hostile};
    out->notifiers[0].oldest_pending = now - std::chrono::hours{1};
    out->notifiers[0].last_answer = hostile;
    out->finding_reasons[0] = hostile;
    out->findings[1].team = TeamName{hostile};
    out->counters[0].team = TeamName{hostile};
    out->action_counts[0].team = TeamName{hostile};
    out->health.store_writable = false;
    out->health.store_problem = hostile;
    out->health.database_set_aside = hostile;
    out->health.audit_problem = hostile;
    out->health.config_reload_successful = false;
    out->health.config_problem = hostile;
    out->health.ready = false;
    out->health.not_ready_because = {hostile};
    enforcement::Pause pause;
    pause.since = now - std::chrono::hours{1};
    pause.actor = hostile;
    pause.reason = hostile;
    out->health.pause = pause;
    enforcement::Hold hold;
    hold.id = HoldId{7};
    hold.account = AccountName{hostile};
    hold.created = now;
    hold.instances = {InstanceId{312}};
    out->holds.push_back(hold);
    return out;
}

}  // namespace vastwatch::sample
