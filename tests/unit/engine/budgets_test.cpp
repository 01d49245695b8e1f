// Spec sections 3 and 8: budget thresholds, each once per window, and what the figures say.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

using policy::Window;

policy::Policy told_policy(double cap, std::vector<double> percents) {
    auto policy = cap_policy(cap);
    ml_of(policy).rules.cap_action = Action::alert;
    policy.alerts = {alert_at(ml, Window::day, std::move(percents))};
    return policy;
}

/// Four dollars an hour from 08:00 on.
class FourAnHour : public Scene {
  public:
    explicit FourAnHour(policy::Policy policy, Instant start = at("08:00"))
        : Scene(std::move(policy), start) {
        rent(1);
        rent(2);
    }
};

TEST_CASE("a threshold is told once, at its crossing") {
    FourAnHour scene{told_policy(16, {50, 80, 100})};
    scene.run_until(at("20:00"));
    const auto told = scene.all(alerts::Kind::budget_threshold);
    REQUIRE(told.size() == 3);
    const std::vector<Instant> crossings{at("10:00"), at("11:12"), at("12:00")};
    const std::vector<std::string> names{"50%", "80%", "100%"};
    for (std::size_t i = 0; i < 3; ++i) {
        CAPTURE(i);
        CHECK(told[i].threshold == names[i]);
        CHECK(told[i].time >= crossings[i] - 1s);
        CHECK(told[i].time <= crossings[i] + 1s);
        CHECK(told[i].team == ml);
        CHECK(told[i].window == Window::day);
        CHECK(told[i].cap == usd(16));
    }
}

TEST_CASE("of several thresholds crossed at once only the highest is told") {
    FourAnHour scene{told_policy(16, {50, 80, 100})};
    scene.run_until(at("09:00"));
    scene.charge(1, 2, 9.2);
    scene.run_until(at("09:10"));
    const auto told = scene.all(alerts::Kind::budget_threshold);
    REQUIRE(told.size() == 1);
    CHECK(told.front().threshold == "80%");
    scene.run_until(at("20:00"));
    CHECK(scene.count(alerts::Kind::budget_threshold) == 2);
}

TEST_CASE("a threshold in dollars is told alike") {
    auto policy = told_policy(100, {});
    policy.alerts.front().at = {{std::nullopt, usd(4)}, {std::nullopt, usd(8)}};
    FourAnHour scene{policy};
    scene.run_until(at("20:00"));
    const auto told = scene.all(alerts::Kind::budget_threshold);
    REQUIRE(told.size() == 2);
    CHECK(told.front().threshold == "$4.00");
    CHECK(told.front().time <= at("09:00") + 1s);
}

TEST_CASE("a restart does not tell a threshold again") {
    FourAnHour scene{told_policy(16, {50})};
    scene.run_until(at("10:30"));
    scene.restart(1min);
    scene.run_until(at("12:00"));
    scene.restart(10min);
    scene.run_until(at("14:00"));
    CHECK(scene.count(alerts::Kind::budget_threshold) == 1);
}

TEST_CASE("a threshold is told again in the next window") {
    FourAnHour scene{told_policy(16, {50})};
    scene.run_until(at("20:00"));
    REQUIRE(scene.count(alerts::Kind::budget_threshold) == 1);
    scene.run_until(at("03:00") + 24h);
    const auto told = scene.all(alerts::Kind::budget_threshold);
    REQUIRE(told.size() == 2);
    CHECK(told.back().time >= at("02:00") + 24h - 1s);
    CHECK(told.back().time <= at("02:00") + 24h + 1s);
    CHECK(told.back().condition != told.front().condition);
}

TEST_CASE("a forecast is told when the window's projected end crosses the cap, once") {
    auto policy = told_policy(60, {100});
    policy.alerts.front().forecast = true;
    FourAnHour scene{policy};  // $64 by midnight
    scene.run_until(at("12:00"));
    CHECK(scene.count(alerts::Kind::budget_forecast) == 1);
    const auto alert = scene.latest(alerts::Kind::budget_forecast);
    REQUIRE(alert.projected_crossing);
    CHECK(*alert.projected_crossing >= at("23:00") - 1s);
    CHECK(*alert.projected_crossing <= at("23:00") + 1s);
}

TEST_CASE("no forecast is told when the window ends within the cap") {
    auto policy = told_policy(65, {100});
    policy.alerts.front().forecast = true;
    FourAnHour scene{policy};
    scene.run_until(at("23:59"));
    CHECK(scene.count(alerts::Kind::budget_forecast) == 0);
}

TEST_CASE("an account's thresholds are told to its own addressees") {
    auto policy = quiet_policy();
    policy.accounts.front().caps.daily = usd(16);
    for (auto& team : policy.teams) {
        team.rules.cap_action = Action::alert;
    }
    policy::BudgetAlert alert;
    alert.account = main_account;
    alert.at = {{Percent{80}, std::nullopt}};
    alert.notify = {ops};
    policy.alerts = {alert};
    FourAnHour scene{policy};
    scene.run_until(at("12:00"));
    const auto told = scene.all(alerts::Kind::budget_threshold);
    REQUIRE(told.size() == 1);
    CHECK(told.front().account == main_account);
    CHECK_FALSE(told.front().team);
}

TEST_CASE("windows are those of the configured zone, days of 25 and 23 hours included") {
    struct Line {
        const char* begins;
        const char* ends;
    };

    const std::vector<Line> lines{
        {"2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
        {"2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
    };
    for (const auto& line : lines) {
        CAPTURE(std::string{line.begins});
        const auto begins = parse_rfc3339(line.begins).value();
        const auto ends = parse_rfc3339(line.ends).value();
        auto policy = told_policy(1000, {80});
        policy.calendar = Calendar::find("Europe/Berlin").value();
        FourAnHour scene{policy, begins + 1h};
        scene.run_until(begins + 5h);
        const auto view = scene.view();
        const auto& day = view->teams.front().windows.front();
        CHECK(day.start == begins);
        CHECK(day.end == ends);
        REQUIRE(day.projected);
        const double expected =
            4.0 * std::chrono::duration<double, std::ratio<3600>>(ends - begins - 1h).count();
        CHECK(to_double(*day.projected) == doctest::Approx(expected).epsilon(0.001));
        scene.run_until(ends + 1h);
        CHECK(to_double(scene.spend(ml)) == doctest::Approx(4.0).epsilon(0.001));
    }
}

TEST_CASE("a change of team moves the money from that moment on") {
    FourAnHour scene{quiet_policy()};
    scene.run_until(at("09:00") + 30s);
    scene.machine(1).labelled("web/x");
    scene.run_until(at("12:00"));
    CHECK(to_double(scene.spend(ml)) == doctest::Approx(10.0).epsilon(0.005));
    CHECK(to_double(scene.spend(web)) == doctest::Approx(6.0).epsilon(0.01));
}

TEST_CASE("a removed label keeps the team until another one matches") {
    FourAnHour scene{quiet_policy()};
    scene.run_until(at("09:00") + 30s);
    scene.machine(1).labelled("");
    scene.run_until(at("10:00") + 30s);
    CHECK(scene.seen(1).instance->team == ml);
    scene.restart(30s);
    scene.run_until(at("11:00") + 30s);
    CHECK(scene.seen(1).instance->team == ml);
    scene.machine(1).labelled("web/y");
    scene.run_until(at("12:00"));
    CHECK(scene.seen(1).instance->team == web);
}

TEST_CASE("an account's team owns what it has, whatever the labels") {
    auto policy = quiet_policy();
    policy.accounts.front().team = web;
    FourAnHour scene{policy};
    scene.run_until(at("09:00"));
    CHECK(scene.seen(1).instance->team == web);
    CHECK(scene.spend(ml) == Usd{});
}

TEST_CASE("a stopped instance costs its storage only") {
    Scene scene{quiet_policy()};
    scene.rent(1).stopped().costs(2.0, 0.05);
    scene.run_until(at("10:00"));
    CHECK(to_double(scene.spend(ml)) == doctest::Approx(0.1).epsilon(0.001));
}

TEST_CASE("a new instance accrues from its start date when that lies after the last sweep") {
    Scene scene{quiet_policy()};
    scene.run_until(at("09:00") + 10s);
    scene.rent_now(1);
    scene.run_until(at("10:00") + 10s);
    CHECK(to_double(scene.spend(ml)) == doctest::Approx(2.0).epsilon(0.0005));
}

TEST_CASE("at the very first start one younger than an hour accrues from its start date") {
    Scene scene{quiet_policy()};
    scene.rent(1).begun(at("07:30"));
    scene.rent(2, "web/x").begun(at("06:30"));
    scene.run_until(at("08:30"));
    CHECK(to_double(scene.spend(ml)) == doctest::Approx(2.0).epsilon(0.001));
    CHECK(to_double(scene.spend(web)) == doctest::Approx(1.0).epsilon(0.001));
}

TEST_CASE("low credit and a short runway are told once and resolve") {
    auto policy = quiet_policy();
    policy.accounts.front().credit_below = usd(50);
    policy.accounts.front().credit_runway = 24h;
    FourAnHour scene{policy};
    scene.run_until(at("08:05"));
    const auto credit = [&](double dollars) {
        MoneyRead read;
        read.account = main_account;
        read.credit = usd(dollars);
        scene.settle(scene.engine().on_money(read, scene.now()));
    };
    credit(200);
    CHECK(scene.count(alerts::Kind::credit_low) == 0);
    credit(90);  // 22.5 hours
    credit(89);
    CHECK(scene.count(alerts::Kind::credit_low) == 1);
    credit(500);
    CHECK(scene.count(alerts::Kind::credit_low, true) == 1);
}

TEST_CASE("unknown credit is not low credit") {
    auto policy = quiet_policy();
    policy.accounts.front().credit_below = usd(50);
    FourAnHour scene{policy};
    MoneyRead read;
    read.account = main_account;
    scene.settle(scene.engine().on_money(read, scene.now()));
    scene.run_until(at("09:00"));
    CHECK(scene.count(alerts::Kind::credit_low) == 0);
}

TEST_CASE("a pending price increase is told once with old and new rate") {
    FourAnHour scene{quiet_policy()};
    scene.run_until(at("08:05"));
    const std::vector<PriceIncreaseFact> facts{
        {9, main_account, InstanceId{1}, dph(2.0), dph(2.5), {}, {}}};
    scene.settle(scene.engine().on_price_increases(main_account, facts, scene.now()));
    scene.settle(scene.engine().on_price_increases(main_account, facts, scene.now()));
    REQUIRE(scene.count(alerts::Kind::price_increase) == 1);
    const auto text = scene.latest(alerts::Kind::price_increase).text;
    CHECK_MESSAGE(text.find("$2.0000/h") != std::string::npos, text);
    CHECK_MESSAGE(text.find("$2.5000/h") != std::string::npos, text);
}

TEST_CASE("a price increase of storage alone is told with its own old and new rate") {
    FourAnHour scene{quiet_policy()};
    scene.run_until(at("08:05"));
    PriceIncreaseFact fact{9, main_account, InstanceId{1}, dph(0.4), dph(0.4), {}, {}};
    // 15 and 30 cents a month for each gigabyte.
    fact.old_disk = dph(0.15 / 720);
    fact.new_disk = dph(0.3 / 720);
    scene.settle(scene.engine().on_price_increases(main_account, {fact}, scene.now()));
    const auto text = scene.latest(alerts::Kind::price_increase).text;
    CHECK_MESSAGE(text.find("$0.1500") != std::string::npos, text);
    CHECK_MESSAGE(text.find("$0.3000") != std::string::npos, text);
    CHECK_MESSAGE(text.find("asked $0.4000/h") == std::string::npos, text);
}

TEST_CASE("a price increase of GPU and storage is told with both") {
    FourAnHour scene{quiet_policy()};
    scene.run_until(at("08:05"));
    PriceIncreaseFact fact{9, main_account, InstanceId{1}, dph(2.0), dph(2.5), {}, {}};
    fact.new_disk = dph(0.3 / 720);
    scene.settle(scene.engine().on_price_increases(main_account, {fact}, scene.now()));
    const auto text = scene.latest(alerts::Kind::price_increase).text;
    CHECK_MESSAGE(text.find("$2.0000/h") != std::string::npos, text);
    CHECK_MESSAGE(text.find("$2.5000/h") != std::string::npos, text);
    CHECK_MESSAGE(text.find("an unknown price") != std::string::npos, text);
    CHECK_MESSAGE(text.find("$0.3000") != std::string::npos, text);
}

TEST_CASE("a price increase of which nothing is known is told as such") {
    FourAnHour scene{quiet_policy()};
    scene.run_until(at("08:05"));
    const PriceIncreaseFact fact{9, main_account, InstanceId{1}, {}, {}, {}, {}};
    scene.settle(scene.engine().on_price_increases(main_account, {fact}, scene.now()));
    const auto text = scene.latest(alerts::Kind::price_increase).text;
    CHECK_MESSAGE(text.find("asked an unknown price") != std::string::npos, text);
}

TEST_CASE("spend that belongs to nobody is told") {
    Scene scene{quiet_policy()};
    scene.rent(1, "");
    scene.run_until(at("12:00"));
    CHECK(scene.count(alerts::Kind::unassigned_spend) == 1);
    CHECK(scene.sent.empty());
}

}  // namespace
}  // namespace vastwatch::engine::testing
