#include "lives/mischief.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace vastwatch::simulation {
namespace {

namespace json = boost::json;

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using vastsim::Random;

const std::string api_host = "api.vast.test";

template <class T, std::size_t count>
const T& any(const std::array<T, count>& choices, Random& random) {
    return choices.at(random.below(count));
}

constexpr std::array<const char*, 9> money_endpoints{
    "charges",
    "charges",
    "charges",
    "charges",
    "user",
    "spend_rate",
    "price_increases",
    "charges",
    "charges"};

}  // namespace

Mischief::Mischief(const Plan& plan, Machine& machine, vastsim::World& world, Listeners listeners)
    : plan_(plan),
      machine_(machine),
      world_(world),
      listeners_(std::move(listeners)),
      failed_read_(plan.options, Trouble::failed_read, "", 0.02) {
    for (const auto& account : plan.accounts) {
        add_api_ills(account.name);
        add_telemetry_ills(account.name);
        add_api_strokes(account.name);
    }
    add_notifier_ills();
    add_machine_ills();
    add_disk_strokes();
    add_crashes();
}

vastsim::Random& Mischief::random(std::string_view purpose) {
    const auto found = randoms_.find(purpose);
    if (found != randoms_.end()) {
        return found->second;
    }
    return randoms_.emplace(purpose, stream(plan_.options.seed, purpose)).first->second;
}

void Mischief::count(Trouble trouble, std::string_view kind) {
    ++troubles_[static_cast<std::size_t>(trouble)];
    ++kinds_[std::string{kind}];
    listeners_.told(fmt::format("trouble: {} ({})", to_string(trouble), kind));
    listeners_.disturbed();
}

// --- What there is.

void Mischief::add_ill(
    Trouble trouble,
    const std::string& subject,
    Spell spell,
    std::function<void(Instant until)> begin,
    std::function<void()> end) {
    ills_.push_back(
        Ill{trouble,
            Spells{plan_.options, trouble, "life " + subject, spell, plan_.begin},
            std::move(begin),
            std::move(end)});
}

void Mischief::add_stroke(
    Trouble trouble,
    const std::string& subject,
    double per_day,
    std::function<void(Random&)> strike) {
    Stroke stroke{
        trouble,
        stream(plan_.options.seed, fmt::format("{} stroke {}", to_string(trouble), subject)),
        plan_.options.troubles.has(trouble) ? per_day : 0,
        {},
        std::move(strike)};
    stroke.next = plan_.begin + draw_wait(stroke.random, stroke.per_day);
    strokes_.push_back(std::move(stroke));
}

std::uint64_t Mischief::fault(json::object fault, const std::string& account) {
    fault["account"] = account;
    const auto problem = world_.faults().add(fault);
    if (!problem.empty()) {
        listeners_.told("the plan is wrong: " + problem);
    }
    listeners_.told("fault: " + json::serialize(fault));
    return world_.faults().latest();
}

/// An answer that is no use, whatever was asked.
json::object Mischief::bad_answer(Random& random, bool lasting) {
    constexpr std::array<const char*, 9> kinds{
        "hang",
        "reset",
        "truncate",
        "status",
        "html502",
        "301",
        "429",
        "bad-json",
        "success-false"};
    json::object fault;
    const std::string kind = any(kinds, random);
    fault["kind"] = kind;
    if (kind == "status") {
        constexpr std::array<int, 6> codes{500, 503, 504, 400, 408, 500};
        fault["code"] = any(codes, random);
        if (random.chance(0.3)) {
            fault["body"] = "upstream connect error or disconnect/reset before headers";
            fault["content_type"] = "text/plain";
        }
    } else if (kind == "429") {
        constexpr std::array<double, 4> thresholds{1, 2.5, 5, 20};
        fault["threshold"] = any(thresholds, random);
    } else if (kind == "bad-json" && random.chance(0.5)) {
        constexpr std::array<const char*, 5> bodies{
            "", "null", "[]", "{\"instances\": ", "{\"instances\": {}}"};
        fault["body"] = any(bodies, random);
    }
    if (!lasting) {
        fault["count"] = static_cast<std::int64_t>(1 + random.below(4));
    }
    return fault;
}

/// A listing that is wrong, or only slow.
json::object Mischief::bad_listing(Random& random) {
    constexpr std::array<const char*, 9> kinds{
        "latency",
        "drip",
        "nan",
        "non-utf8",
        "null-instances",
        "half-page",
        "repeat-token",
        "wrong-total",
        "wrong-type"};
    json::object fault;
    const std::string kind = any(kinds, random);
    fault["kind"] = kind;
    fault["endpoint"] = "instances";
    fault["count"] = static_cast<std::int64_t>(1 + random.below(4));
    if (kind == "latency") {
        fault["ms"] = static_cast<std::int64_t>(200 + random.below(40'000));
    } else if (kind == "half-page" && random.chance(0.5)) {
        fault["total"] = "adjust";
    } else if (kind == "wrong-type" && random.chance(0.6)) {
        constexpr std::array<const char*, 5> fields{
            "gpu_util", "label", "dph_base", "start_date", "gpu_temp"};
        constexpr std::array<const char*, 5> values{"{}", "[]", "\"n/a\"", "true", "null"};
        fault["field"] = any(fields, random);
        fault["value"] = json::parse(any(values, random));
    }
    return fault;
}

void Mischief::blind(const std::string& account, Instant until) {
    auto& from = random("blind " + account);
    if (from.chance(0.4)) {
        Outage outage;
        outage.host = api_host;
        outage.kind = static_cast<Break>(from.below(6));
        outage.from = machine_.truth().wall;
        outage.until = until;
        outage.share = from.chance(0.6) ? 1.0 : from.between(0.2, 0.8);
        count(Trouble::blind, fmt::format("network {}", to_string(outage.kind)));
        machine_.network().add(outage);
        return;
    }
    auto lasting = bad_answer(from, true);
    lasting["endpoint"] = from.chance(0.5) ? "*" : "instances";
    count(Trouble::blind, fmt::format("api {}", std::string_view{lasting["kind"].as_string()}));
    faults_["blind " + account].push_back(fault(std::move(lasting), account));
}

void Mischief::add_api_ills(const std::string& account) {
    const auto cure = [this, account](const std::string& ill) {
        return [this, name = ill + " " + account]() {
            for (const auto id : faults_[name]) {
                world_.faults().remove(id);
            }
            faults_[name].clear();
        };
    };
    add_ill(
        Trouble::blind,
        account,
        {0.8, minutes{1}, hours{3}},
        [this, account](Instant until) { blind(account, until); },
        cure("blind"));
    add_ill(
        Trouble::key_rejected,
        account,
        {0.2, minutes{2}, hours{1}},
        [this, account](Instant) {
            constexpr std::array<const char*, 3> forms{"401", "403", "404"};
            json::object lasting;
            lasting["kind"] = "auth";
            lasting["form"] = any(forms, random("auth " + account));
            count(Trouble::key_rejected, "api auth");
            faults_["auth " + account].push_back(fault(std::move(lasting), account));
        },
        cure("auth"));
    add_ill(
        Trouble::late_charges,
        account,
        {0.8, minutes{20}, hours{6}},
        [this, account](Instant) {
            auto& from = random("charges " + account);
            auto lasting = bad_answer(from, true);
            lasting["endpoint"] = any(money_endpoints, from);
            count(Trouble::late_charges, "api money");
            faults_["charges " + account].push_back(fault(std::move(lasting), account));
        },
        cure("charges"));
    add_ill(
        Trouble::late_charges,
        "amounts " + account,
        {0.6, hours{1}, hours{12}},
        [this, account](Instant) {
            json::object lasting;
            lasting["kind"] = "wrong-amounts";
            lasting["endpoint"] = "charges";
            count(Trouble::late_charges, "api wrong-amounts");
            faults_["amounts " + account].push_back(fault(std::move(lasting), account));
        },
        cure("amounts"));
    add_ill(
        Trouble::null_rows,
        "prices " + account,
        {0.4, minutes{20}, hours{8}},
        [this, account](Instant) {
            constexpr std::array<const char*, 3> values{"null", "\"n/a\"", "{}"};
            json::object lasting;
            lasting["kind"] = "wrong-type";
            lasting["endpoint"] = "instances";
            lasting["field"] = "dph_base";
            lasting["value"] = json::parse(any(values, random("prices " + account)));
            count(Trouble::null_rows, "api no price");
            faults_["prices " + account].push_back(fault(std::move(lasting), account));
        },
        cure("prices"));
}

void Mischief::add_telemetry_ills(const std::string& account) {
    const auto add = [&](Trouble trouble, double per_day, std::vector<std::string> modes) {
        const auto name = fmt::format("{} {}", to_string(trouble), account);
        add_ill(
            trouble,
            account,
            {per_day, minutes{10}, hours{18}},
            [this, trouble, name, account, modes](Instant) {
                auto& from = random(name);
                json::object lasting;
                const auto& mode = modes[from.below(modes.size())];
                lasting["kind"] = "telemetry";
                lasting["mode"] = mode;
                lasting["share"] = trouble == Trouble::zero_rows ? 0.14 : from.between(0.05, 0.5);
                const auto& instances = world_.find_account(account)->instances();
                if (trouble == Trouble::frozen_host && !instances.empty()) {
                    auto at = instances.begin();
                    std::advance(at, static_cast<std::ptrdiff_t>(from.below(instances.size())));
                    lasting["ids"] = json::array{at->first};
                }
                count(trouble, "telemetry " + mode);
                faults_[name].push_back(fault(std::move(lasting), account));
            },
            [this, name]() {
                for (const auto id : faults_[name]) {
                    world_.faults().remove(id);
                }
                faults_[name].clear();
            });
    };
    add(Trouble::zero_rows, 0.6, {"zeros"});
    add(Trouble::null_rows, 0.5, {"nulls", "text", "negative", "missing"});
    add(Trouble::frozen_host, 0.6, {"stale"});
}

void Mischief::add_notifier_ills() {
    for (const std::string name : {"ops", "finance"}) {
        add_ill(
            Trouble::notifier_down,
            name,
            {0.8, minutes{2}, hours{6}},
            [this, name](Instant until) {
                auto& from = random("mood " + name);
                const auto receiver = name + ".example.com";
                const auto now = machine_.truth().wall;
                if (from.chance(0.3)) {
                    Outage outage;
                    outage.host = receiver;
                    outage.kind = static_cast<Break>(from.below(6));
                    outage.from = now;
                    outage.until = until;
                    count(
                        Trouble::notifier_down, fmt::format("receiver {}", to_string(outage.kind)));
                    machine_.network().add(outage);
                    return;
                }
                Mood mood;
                mood.manner = static_cast<Manner>(1 + from.below(7));
                mood.from = now;
                mood.until = until;
                mood.retry_after = draw_length(from, seconds{1}, minutes{20});
                count(Trouble::notifier_down, fmt::format("receiver {}", to_string(mood.manner)));
                machine_.network().add(receiver, mood);
            },
            []() {});
    }
}

void Mischief::set_clock(Duration skew) {
    if (skew == skew_) {
        return;
    }
    const Duration by = skew - skew_;
    machine_.step_wall(by);
    skew_ = skew;
    listeners_.told(fmt::format(
        "the wall clock is now {} {}",
        humanize(std::chrono::abs(skew)),
        skew < Duration{0} ? "behind" : "ahead"));
    listeners_.clock_moved(by, skew != Duration{0});
}

void Mischief::add_machine_ills() {
    add_ill(
        Trouble::disk_full,
        "full",
        {0.5, minutes{1}, hours{1}},
        [this](Instant) {
            count(Trouble::disk_full, "disk full");
            machine_.disk().set_full(true);
            disk_full_ = true;
        },
        [this]() {
            machine_.disk().set_full(false);
            disk_full_ = false;
            listeners_.disturbed();
        });
    add_ill(
        Trouble::clock_step,
        "",
        {0.2, minutes{1}, hours{2}},
        [this](Instant) {
            auto& from = random("clock");
            const Duration by = draw_length(from, seconds{10}, hours{3});
            count(Trouble::clock_step, "clock step");
            set_clock(from.chance(0.5) ? by : -by);
        },
        [this]() { set_clock(Duration{0}); });
    add_stroke(Trouble::suspend, "", 0.25, [this](Random& from) {
        const Duration span = draw_length(from, minutes{1}, hours{3});
        count(Trouble::suspend, "suspend");
        listeners_.told(fmt::format("the machine sleeps for {}", humanize(span)));
        machine_.suspend(span);
        listeners_.disturbed();
        listeners_.blinded();
    });
}

// --- What strikes.

void Mischief::add_api_strokes(const std::string& account) {
    add_stroke(Trouble::failed_poll, account, 5, [this, account](Random& from) {
        auto once = from.chance(0.4) ? bad_answer(from, false) : bad_listing(from);
        constexpr std::array<const char*, 3> endpoints{"instances", "instances", "*"};
        once.emplace("endpoint", any(endpoints, from));
        count(
            Trouble::failed_poll,
            fmt::format("api {}", std::string_view{once["kind"].as_string()}));
        fault(std::move(once), account);
    });
    add_stroke(Trouble::missing_row, account, 0.7, [this, account](Random& from) {
        json::object once;
        const bool all = from.chance(0.25);
        once["kind"] = all ? "empty-list" : "missing-row";
        once["endpoint"] = "instances";
        once["count"] = static_cast<std::int64_t>(1 + from.below(2));
        if (!all) {
            once["total"] = from.chance(0.7) ? "adjust" : "keep";
        }
        count(Trouble::missing_row, fmt::format("api {}", all ? "empty-list" : "missing-row"));
        fault(std::move(once), account);
    });
}

void Mischief::strike_disk(Random& from) {
    constexpr std::array<Harm, 3> failures{Harm::no_space, Harm::io_error, Harm::short_write};
    auto& disk = machine_.disk();
    const auto harm = any(failures, from);
    count(Trouble::disk_full, fmt::format("disk {}", to_string(harm)));
    const auto number = 1 + from.below(4);
    auto at = disk.operations();
    for (std::uint64_t i = 0; i < number; ++i) {
        at += 1 + from.below(20);
        disk.plan(at, harm);
    }
}

void Mischief::add_disk_strokes() {
    add_stroke(Trouble::disk_full, "operations", 2, [this](Random& from) { strike_disk(from); });
    add_stroke(Trouble::crash, "operations", 1, [this](Random& from) {
        const auto harm = from.chance(0.5) ? Harm::kill : Harm::power_cut;
        count(Trouble::crash, fmt::format("disk {}", to_string(harm)));
        machine_.set_power_off(draw_length(from, seconds{1}, minutes{30}));
        machine_.disk().plan(machine_.disk().operations() + 1 + from.below(120), harm);
    });
}

void Mischief::crash(Random& from) {
    const double kind = from.unit();
    if (kind < 0.35) {
        const auto harm = from.chance(0.5) ? Harm::kill : Harm::power_cut;
        count(Trouble::crash, fmt::format("handler {}", to_string(harm)));
        machine_.set_power_off(draw_length(from, seconds{1}, minutes{30}));
        machine_.end_after_handlers(1 + from.below(2000), harm);
    } else if (kind < 0.5) {
        count(Trouble::crash, "kill");
        machine_.kill();
    } else if (kind < 0.6) {
        count(Trouble::crash, "power cut");
        machine_.cut_power(draw_length(from, seconds{1}, hours{3}));
    } else if (kind < 0.85) {
        count(Trouble::crash, "restart");
        machine_.stop(true);
    } else {
        count(Trouble::crash, "stop and start");
        machine_.stop();
        const auto off = machine_.truth().wall + draw_length(from, seconds{10}, hours{4});
        Stroke start{Trouble::crash, from, 0, off, [this](Random&) { machine_.start(); }};
        strokes_.push_back(std::move(start));
    }
}

void Mischief::add_crashes() {
    add_stroke(Trouble::crash, "", 1.2, [this](Random& from) { crash(from); });
}

void Mischief::spoil_action(Random& from) {
    constexpr std::array<const char*, 2> endpoints{"destroy", "state"};
    constexpr std::array<Trouble, 4> troubles{
        Trouble::lost_answer,
        Trouble::failed_request,
        Trouble::ignored_request,
        Trouble::slow_unload};
    const auto trouble = any(troubles, from);
    json::object once;
    once["endpoint"] = any(endpoints, from);
    once["count"] = static_cast<std::int64_t>(1 + from.below(3));
    if (trouble == Trouble::lost_answer) {
        constexpr std::array<const char*, 5> ways{
            "lost-answer", "lost-answer", "hang", "reset", "truncate"};
        once["kind"] = any(ways, from);
        once["how"] = from.chance(0.5) ? "hang" : "reset";
    } else if (trouble == Trouble::failed_request) {
        const auto endpoint = once["endpoint"];
        const auto times = once["count"];
        once = bad_answer(from, false);
        once["endpoint"] = endpoint;
        once["count"] = times;
    } else if (trouble == Trouble::ignored_request) {
        once["kind"] = "ignored-destroy";
    } else {
        once["kind"] = "delayed-destroy";
        once["seconds"] =
            static_cast<std::int64_t>(draw_length(from, seconds{20}, hours{1}) / seconds{1});
    }
    if (!plan_.options.troubles.has(trouble)) {
        return;
    }
    count(trouble, fmt::format("action {}", std::string_view{once["kind"].as_string()}));
    const auto& account = plan_.accounts[from.below(plan_.accounts.size())].name;
    const auto id = fault(std::move(once), account);
    // What no request has met by then is taken back.
    const auto until = machine_.truth().wall + hours{2};
    Stroke forget{trouble, from, 0, until, [this, id](Random&) { world_.faults().remove(id); }};
    strokes_.push_back(std::move(forget));
}

void Mischief::expect_actions() {
    auto& from = random("actions");
    if (!ended_ && from.chance(0.25)) {
        spoil_action(from);
    }
}

void Mischief::acted() {
    auto& from = random("crash in action");
    if (!ended_ && plan_.options.troubles.has(Trouble::crash) && from.chance(0.06)) {
        const auto harm = from.chance(0.5) ? Harm::kill : Harm::power_cut;
        count(Trouble::crash, fmt::format("in action {}", to_string(harm)));
        machine_.set_power_off(draw_length(from, seconds{1}, minutes{10}));
        machine_.end_after_handlers(1 + from.below(60), harm);
    }
}

void Mischief::verified() {
    auto& from = random("disk in action");
    if (!ended_ && plan_.options.troubles.has(Trouble::disk_full) && from.chance(0.02)) {
        constexpr std::array<Harm, 2> failures{Harm::no_space, Harm::io_error};
        const auto harm = any(failures, from);
        count(Trouble::disk_full, fmt::format("in action {}", to_string(harm)));
        machine_.disk().plan(machine_.disk().operations() + 1 + from.below(6), harm);
    }
}

void Mischief::listed() {
    if (!ended_ && failed_read_.strikes()) {
        auto once = bad_answer(failed_read_.random(), false);
        once["endpoint"] = "instances";
        count(Trouble::failed_read, "api after a listing");
        fault(std::move(once), "");
    }
}

// --- Time.

Instant Mischief::next() const {
    Instant next = Instant::max();
    for (const auto& ill : ills_) {
        next = std::min(next, ill.spells.next_change());
    }
    for (const auto& stroke : strokes_) {
        next = std::min(next, stroke.next);
    }
    return ended_ ? Instant::max() : next;
}

void Mischief::act() {
    const auto now = machine_.truth().wall;
    for (auto& ill : ills_) {
        if (ended_ || ill.spells.next_change() > now) {
            continue;
        }
        const bool on = ill.spells.on(now);
        if (on && !ill.on) {
            ill.begin(ill.spells.next_change());
        } else if (!on && ill.on) {
            listeners_.told(fmt::format("over: {}", to_string(ill.trouble)));
            ill.end();
            listeners_.disturbed();
        }
        ill.on = on;
    }
    for (std::size_t i = 0; i < strokes_.size() && !ended_; ++i) {
        if (strokes_[i].next > now) {
            continue;
        }
        auto& stroke = strokes_[i];
        stroke.next = now + draw_wait(stroke.random, stroke.per_day);
        stroke.strike(stroke.random);
    }
    std::erase_if(strokes_, [](const Stroke& stroke) {
        return stroke.per_day == 0 && stroke.next > Instant{} + hours{24 * 365 * 100};
    });
}

void Mischief::end() {
    ended_ = true;
    for (auto& ill : ills_) {
        if (ill.on) {
            ill.end();
            ill.on = false;
        }
    }
    world_.faults().clear("");
    machine_.disk().forget_plans();
    machine_.network().forget_troubles();
    listeners_.told("all trouble is over");
    listeners_.disturbed();
}

}  // namespace vastwatch::simulation
