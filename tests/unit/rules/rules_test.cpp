// Spec sections 4 to 6 as pure functions of instances, spend, policy and a moment.
#include "rules/evaluate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <string>

namespace vastwatch::rules {
namespace {

using namespace std::chrono_literals;
using policy::Action;

const Instant midnight = parse_rfc3339("2026-11-21T00:00:00Z").value();
const Instant noon = midnight + 12h;

UsdPerHour dph(double dollars) {
    return rate_from_double(dollars).value();
}

/// A team "ml" and "unassigned", with an account, instances and a ledger that began at 08:00.
struct Situated {
    Situated() : ledger(Calendar{}) {
        policy::Account account;
        account.name = AccountName{"main"};
        policy.accounts = {account};
        policy::Team team;
        team.name = TeamName{"ml"};
        team.labels = {"ml/*"};
        policy::Team nobody;
        nobody.name = policy::unassigned();
        policy.teams = {team, nobody};
        ledger.advance(midnight + 8h);
    }

    policy::Team& team() { return policy.teams.front(); }

    fleet::Instance& add(int id, double dollars = 2.0) {
        auto& instance = instances.emplace_back();
        instance.id = InstanceId{id};
        instance.account = AccountName{"main"};
        instance.team = TeamName{"ml"};
        instance.row.id = instance.id;
        instance.row.label = "ml/x";
        instance.row.gpu_name = "H100 SXM";
        instance.row.status = fleet::Status::running;
        instance.row.intended = instance.row.current = instance.row.next = fleet::State::running;
        instance.row.prices.gpu = dph(dollars);
        instance.row.prices.storage = dph(0);
        instance.row.start_date = midnight;
        instance.running_since = midnight;
        instance.ever_ran = true;
        instance.last_seen = noon;
        ledger.observe(
            instance.account, instance.id, instance.team, {dph(dollars), {}, false}, midnight + 8h);
        return instance;
    }

    /// Idle from `from` until noon.
    static void idle_since(fleet::Instance& instance, Instant from) {
        instance.idle.began = from;
        instance.idle.last_idle = instance.idle.last_sample = instance.idle.last_known = noon;
        instance.idle.idle = noon - from;
        instance.fresh_samples = 5;
    }

    std::vector<Subject> subjects() {
        std::vector<Subject> all;
        for (const auto& instance : instances) {
            Subject subject;
            subject.instance = &instance;
            subject.team = &policy.team_or_unassigned(instance.team);
            subject.rates = ledger.instance_rates(instance.id).value_or(fleet::Rates{});
            all.push_back(subject);
        }
        return all;
    }

    Evaluation judged(Instant now = noon) {
        const auto all = subjects();
        return evaluate(Situation{policy, all, ledger, now});
    }

    std::vector<Finding> of(Rule rule, Instant now = noon) {
        auto all = judged(now).findings;
        std::erase_if(all, [&](const Finding& finding) { return finding.rule != rule; });
        return all;
    }

    policy::Policy policy;
    std::deque<fleet::Instance> instances;
    ledger::Ledger ledger;
};

TEST_CASE("spend at or above the amount has crossed now, below it later, never without burn") {
    const auto end = midnight + 24h;
    CHECK(crossing_of(Usd::dollars(10), Usd::dollars(10), dph(1), noon, end) == noon);
    CHECK(crossing_of(Usd::dollars(11), Usd::dollars(10), dph(0), noon, end) == noon);
    CHECK(crossing_of(Usd::dollars(8), Usd::dollars(10), dph(1), noon, end) == noon + 2h);
    CHECK_FALSE(crossing_of(Usd::dollars(8), Usd::dollars(10), dph(0), noon, end));
}

TEST_CASE("a crossing at or after the window's end is none") {
    const auto end = midnight + 24h;
    CHECK_FALSE(crossing_of(Usd{}, Usd::dollars(12), dph(1), noon, end));
    CHECK(crossing_of(Usd{}, Usd::dollars(12), dph(1), noon, std::nullopt) == end);
}

TEST_CASE("the lead before a cap grows with what there is to read and with the API's pace") {
    CHECK(cap_lead(1, 1s) < cap_lead(100, 1s));
    CHECK(cap_lead(100, 1s) < cap_lead(100, 5s));
    CHECK(cap_lead(1000, 1s) >= 40s);
}

TEST_CASE("nothing is found where nothing is wrong") {
    Situated s;
    s.add(1);
    CHECK(s.judged().findings.empty());
}

TEST_CASE("the same situation gives the same findings whatever the order of the instances") {
    Situated s;
    s.team().max_instances = 2;
    for (int id = 1; id <= 5; ++id) {
        Situated::idle_since(s.add(id), midnight + 9h);
        s.instances.back().row.start_date = midnight + std::chrono::hours{id % 3};
    }
    auto all = s.subjects();
    const auto forward = evaluate(Situation{s.policy, all, s.ledger, noon});
    std::reverse(all.begin(), all.end());
    const auto backward = evaluate(Situation{s.policy, all, s.ledger, noon});
    const auto ids = [](const Evaluation& evaluation) {
        std::vector<std::pair<std::string, InstanceId>> found;
        for (const auto& finding : evaluation.findings) {
            found.emplace_back(
                std::string{to_string(finding.rule)}, finding.instance.value_or(InstanceId{}));
        }
        std::sort(found.begin(), found.end());
        return found;
    };
    CHECK(ids(forward) == ids(backward));
    CHECK(forward.findings.size() >= 8);
}

TEST_CASE("an idle instance is found in prospect, due when the time is over") {
    Situated s;
    Situated::idle_since(s.add(1), midnight + 11h);
    const auto found = s.of(Rule::idle);
    REQUIRE(found.size() == 1);
    CHECK(found.front().due >= midnight + 13h);
    CHECK(found.front().due <= midnight + 13h + 1s);
    CHECK_FALSE(found.front().holds(noon));
    CHECK(found.front().action == Action::destroy);
    CHECK(found.front().since == midnight + 11h);
}

TEST_CASE("idle for exactly idle_for is not longer than it") {
    Situated s;
    auto& instance = s.add(1);
    Situated::idle_since(instance, noon - 2h);
    CHECK_FALSE(idle_state(s.subjects().front(), noon).holds);
    Situated::idle_since(instance, noon - 2h - 1s);
    CHECK(idle_state(s.subjects().front(), noon).holds);
}

TEST_CASE("a period with too little known time is not found") {
    Situated s;
    auto& instance = s.add(1);
    Situated::idle_since(instance, midnight + 8h);
    instance.idle.unknown = 49min;
    instance.idle.idle = 4h - 49min;
    CHECK(s.of(Rule::idle).empty());
    instance.idle.unknown = 48min;
    instance.idle.idle = 4h - 48min;
    CHECK(s.of(Rule::idle).size() == 1);
}

TEST_CASE("startup_grace moves the moment at which an idle instance is due") {
    Situated s;
    s.team().rules.idle_for = 1min;
    auto& instance = s.add(1);
    instance.running_since = noon - 5min;
    Situated::idle_since(instance, noon - 5min);
    const auto found = s.of(Rule::idle);
    for (const auto& finding : found) {
        CHECK(finding.due >= noon + 10min);
    }
}

TEST_CASE("a protecting label exempts until protect_max is over") {
    Situated s;
    s.team().rules.protect = {"*-keep"};
    auto& instance = s.add(1);
    instance.row.label = "ml/x-keep";
    instance.label_protected_since = noon - 24h;
    Situated::idle_since(instance, midnight + 8h);
    const auto state = idle_state(s.subjects().front(), noon);
    CHECK(state.exemption == Exemption::protect_label);
    CHECK(state.exempt_until == noon + 6 * 24h);
    instance.label_protected_since = noon - 8 * 24h;
    CHECK(idle_state(s.subjects().front(), noon).exemption == Exemption::none);
}

TEST_CASE("a cap reached is found for the team and for each instance that costs money") {
    Situated s;
    s.team().caps.daily = Usd::dollars(10);
    s.add(1);
    s.add(2);
    const auto found = s.of(Rule::daily_cap);
    REQUIRE(found.size() == 3);
    CHECK(std::count_if(found.begin(), found.end(), [](const Finding& finding) {
              return finding.instance.has_value();
          }) == 2);
    for (const auto& finding : found) {
        CHECK(finding.holds(noon));
        CHECK(finding.cap == Usd::dollars(10));
        CHECK(finding.spend == Usd::dollars(16));
        CHECK(finding.window == policy::Window::day);
        CHECK(finding.window_end == midnight + 24h);
    }
}

TEST_CASE("a cap in sight is found for the team with the moment of its crossing") {
    Situated s;
    s.team().caps.daily = Usd::dollars(20);
    s.add(1);
    s.add(2);
    const auto found = s.of(Rule::daily_cap);
    REQUIRE(found.size() == 1);
    CHECK_FALSE(found.front().instance);
    CHECK(found.front().due == midnight + 13h);
    const auto next = s.judged().next_change;
    REQUIRE(next);
    CHECK(*next <= midnight + 13h);
    CHECK(*next > noon);
}

/// A team whose cap of $70 what three instances at $2 an hour from 08:00 on would exceed by $26.
struct Shedding : Situated {
    Shedding() {
        team().caps.daily = Usd::dollars(70);
        team().rules.cap_strategy = policy::CapStrategy::shed;
        for (const int id : {1, 2, 3}) {
            add(id);
        }
    }

    /// What is shed of `all`.
    std::vector<InstanceId> shed_of(const std::vector<Subject>& all) {
        std::vector<InstanceId> ids;
        for (const auto& finding : evaluate(Situation{policy, all, ledger, noon - 2h}).findings) {
            if (finding.rule == Rule::shed) {
                ids.push_back(*finding.instance);
            }
        }
        std::sort(ids.begin(), ids.end());
        return ids;
    }
};

TEST_CASE("what is being unloaded leaves less to be shed") {
    Shedding s;
    CHECK(s.shed_of(s.subjects()) == std::vector{InstanceId{3}});
    s.instances.front().row.current = fleet::State::unloaded;
    CHECK(s.shed_of(s.subjects()).empty());
}

TEST_CASE("what was asked to go leaves less to be shed, and is wanted still") {
    Shedding s;
    s.instances.front().row.start_date = midnight - 24h;  // the last to be chosen
    auto all = s.subjects();
    all.front().asked = Action::destroy;
    CHECK(s.shed_of(all) == std::vector{InstanceId{1}});
}

TEST_CASE("what was asked to stop goes on costing its storage, which counts when shedding") {
    Shedding s;
    s.team().rules.cap_action = Action::stop;
    const fleet::Rates mostly_disk{dph(0.5), dph(1.5), false};
    auto all = s.subjects();
    all.front().asked = Action::stop;
    all.front().rates = mostly_disk;
    CHECK(s.shed_of(all) == std::vector{InstanceId{1}, InstanceId{3}});
}

TEST_CASE("of what is idle, that which goes already is not counted on twice") {
    Shedding s;
    s.team().caps.daily = Usd::dollars(50);  // exceeded by $46: two have to go
    Situated::idle_since(s.instances.front(), midnight + 9h);
    auto all = s.subjects();
    all.front().asked = Action::destroy;
    CHECK(s.shed_of(all) == std::vector{InstanceId{1}, InstanceId{3}});
}

TEST_CASE("next_change always lies ahead") {
    Situated s;
    s.team().caps.daily = Usd::dollars(20);
    s.team().caps.monthly = Usd::dollars(21);
    Situated::idle_since(s.add(1), midnight + 11h);
    s.add(2);
    for (Instant now = noon; now < midnight + 24h; now += 7min) {
        const auto next = s.judged(now).next_change;
        CHECK((!next || *next > now));
    }
}

TEST_CASE("a protected instance is found with its exemption, not left out") {
    Situated s;
    s.team().caps.daily = Usd::dollars(1);
    s.add(1);
    auto all = s.subjects();
    all.front().protected_until = noon + 1h;
    const auto found = evaluate(Situation{s.policy, all, s.ledger, noon}).findings;
    const auto it = std::find_if(found.begin(), found.end(), [](const Finding& finding) {
        return finding.instance.has_value();
    });
    REQUIRE(it != found.end());
    CHECK(it->exemption == Exemption::protected_by_operator);
    CHECK(it->exempt_until == noon + 1h);
}

TEST_CASE("a queued start is found, and counts into the crossing") {
    Situated s;
    s.team().caps.daily = Usd::dollars(20);
    s.add(1);
    s.add(2);
    auto& queued = s.add(3, 0.0);
    queued.row.prices.gpu = dph(4);
    queued.row.status = fleet::Status::exited;
    queued.row.current = queued.row.next = fleet::State::stopped;
    CHECK(s.of(Rule::queued_start).size() == 1);
    const auto found = s.of(Rule::daily_cap);
    REQUIRE_FALSE(found.empty());
    CHECK(found.front().predicted == noon + 30min);
    CHECK(found.front().due == noon + 1h);  // nothing is taken down for what may never start
}

TEST_CASE("only the reached budgets are caps") {
    for (const auto rule :
         {Rule::daily_cap,
          Rule::monthly_cap,
          Rule::spending_limit,
          Rule::account_daily_cap,
          Rule::account_monthly_cap}) {
        CHECK(is_cap(rule));
    }
    for (const auto rule :
         {Rule::idle,
          Rule::gpu_types,
          Rule::max_dph,
          Rule::max_instances,
          Rule::stopped,
          Rule::loading,
          Rule::serverless}) {
        CHECK_FALSE(is_cap(rule));
    }
}

TEST_CASE("words of rules read back") {
    for (int i = 0; i <= static_cast<int>(Rule::serverless); ++i) {
        const auto rule = static_cast<Rule>(i);
        CHECK_FALSE(to_string(rule).empty());
        CHECK(parse_rule(to_string(rule)) == rule);
    }
    CHECK_FALSE(parse_rule("party"));
}

TEST_CASE("every finding has a reason with its figures") {
    Situated s;
    s.team().caps.daily = Usd::dollars(10);
    s.team().gpu_types = {"A100*"};
    s.team().max_dph = dph(1);
    s.team().max_instances = 1;
    s.team().interruptible_only = true;
    for (int id = 1; id <= 2; ++id) {
        auto& instance = s.add(id);
        instance.row.interruptible = false;
        Situated::idle_since(instance, midnight + 9h);
    }
    std::size_t seen = 0;
    for (const auto& finding : s.judged().findings) {
        const fleet::Instance* instance = nullptr;
        for (const auto& one : s.instances) {
            instance = finding.instance == one.id ? &one : instance;
        }
        const auto text = reason(finding, instance, s.team(), s.policy.calendar);
        CAPTURE(std::string{to_string(finding.rule)});
        CAPTURE(text);
        CHECK_FALSE(text.empty());
        CHECK(text.find('\n') == std::string::npos);
        switch (finding.rule) {
            case Rule::daily_cap:
                CHECK(text.find("$10.00") != std::string::npos);
                break;
            case Rule::gpu_types:
                CHECK(text.find("H100 SXM") != std::string::npos);
                break;
            case Rule::max_dph:
                CHECK(text.find("$1.0000/h") != std::string::npos);
                break;
            case Rule::idle:
                CHECK(text.find("09:00") != std::string::npos);
                break;
            default:
                break;
        }
        ++seen;
    }
    CHECK(seen >= 10);
}

TEST_CASE("a hostile GPU name is harmless in a reason") {
    Situated s;
    s.team().gpu_types = {"A100*"};
    auto& instance = s.add(1);
    instance.row.gpu_name = "X\r\n\x1b[31mY";
    const auto found = s.of(Rule::gpu_types);
    REQUIRE(found.size() == 1);
    const auto text = reason(found.front(), &instance, s.team(), s.policy.calendar);
    CHECK(text.find_first_of("\r\n\x1b") == std::string::npos);
}

}  // namespace
}  // namespace vastwatch::rules
