// Spec section 4: what was spent before the ledger began is read once, as soon as there was a
// sweep, and counted once, whatever befalls the readings around it.
#include "scene.hpp"

#include <doctest/doctest.h>

#include <map>

namespace vastwatch::engine::testing {
namespace {

using policy::Window;

/// Ten dollars in every range that is wanted now.
BackfillRead ten_dollars(Scene& scene) {
    BackfillRead read;
    read.account = main_account;
    for (const auto& range : scene.engine().backfills(main_account, scene.now())) {
        ChargeRow row;
        row.source = "instance-7";
        row.instance = InstanceId{7};
        row.label = "ml/x";
        row.amounts.gpu = usd(10);
        BackfillRead::Part part;
        part.range = range;
        part.rows.push_back(row);
        read.parts.push_back(part);
    }
    return read;
}

using namespace std::chrono;

Instant utc(year_month_day day) {
    return sys_days{day};
}

/// What a team was charged, by UTC day.
struct Past {
    std::string label;
    std::map<year_month_day, double> dollars;
};

/// Reads what is wanted now, as the service has it.
void read_past(Scene& scene, const std::vector<Past>& past) {
    BackfillRead read;
    read.account = main_account;
    for (const auto& range : scene.engine().backfills(main_account, scene.now())) {
        BackfillRead::Part part;
        part.range = range;
        for (const auto& [label, dollars] : past) {
            for (const auto& [day, amount] : dollars) {
                if (utc(day) >= range.first_day && utc(day) <= range.last_day) {
                    ChargeRow row;
                    row.source = "volume-" + label;
                    row.label = label;
                    row.amounts.disk = usd(amount);
                    part.rows.push_back(row);
                }
            }
        }
        read.parts.push_back(part);
    }
    scene.settle(scene.engine().on_backfill(read, scene.now()));
}

/// Every day from `first` to the last one that is wanted is in one range and no more.
void check_covers(const std::vector<Backfill>& ranges, Instant first, Instant last) {
    Instant next = first;
    for (const auto& range : ranges) {
        CHECK(range.first_day == next);
        CHECK(range.last_day >= range.first_day);
        next = range.last_day + days{1};
    }
    CHECK(next == last + days{1});
}

/// The limits of "ml" and "web" count from these days on.
policy::Policy limited(
    std::optional<year_month_day> ml_since,
    std::optional<year_month_day> web_since) {
    auto policy = cap_policy(1000);
    for (auto& team : policy.teams) {
        const auto since = team.name == ml ? ml_since : team.name == web ? web_since : std::nullopt;
        team.since = since;
        if (since) {
            team.caps.lifetime = usd(100'000);
        }
    }
    return policy;
}

TEST_CASE("nothing from before the ledger is wanted until a sweep was complete") {
    Scene scene{cap_policy(1000)};
    CHECK(scene.engine().backfills(main_account, scene.now()).empty());
    scene.poll();
    CHECK(scene.engine().backfills(main_account, scene.now()).size() == 1);
}

TEST_CASE("what was not wanted before the first sweep is not taken for read after it") {
    Scene scene{cap_policy(1000)};
    REQUIRE(ten_dollars(scene).parts.empty());
    scene.poll();
    scene.settle(scene.engine().on_charges_complete(main_account, scene.now()));
    CHECK(scene.engine().backfills(main_account, scene.now()).size() == 1);
}

TEST_CASE("what was spent before the ledger counts in the month") {
    Scene scene{cap_policy(1000)};
    scene.poll();
    scene.settle(scene.engine().on_backfill(ten_dollars(scene), scene.now()));
    CHECK(scene.spend(ml, Window::month) == usd(10));
}

TEST_CASE("it is counted once though other charges could not be read with it") {
    Scene scene{cap_policy(1000)};
    scene.poll();
    scene.settle(scene.engine().on_backfill(ten_dollars(scene), scene.now()));
    CHECK(scene.engine().backfills(main_account, scene.now()).empty());
}

TEST_CASE("it is counted once though the process ends right after it") {
    Scene scene{cap_policy(1000)};
    scene.poll();
    const auto read = ten_dollars(scene);
    scene.settle(scene.engine().on_backfill(read, scene.now()));
    scene.restart();
    scene.poll();
    scene.settle(scene.engine().on_backfill(read, scene.now()));
    CHECK(scene.spend(ml, Window::month) == usd(10));
}

TEST_CASE("a range that is another one by the time it was read is read again") {
    Scene scene{cap_policy(1000)};
    scene.poll();
    auto read = ten_dollars(scene);
    read.parts.front().range.last_day -= std::chrono::days{1};
    scene.settle(scene.engine().on_backfill(read, scene.now()));
    CHECK(scene.spend(ml, Window::month) == usd(0));
    CHECK(scene.engine().backfills(main_account, scene.now()).size() == 1);
}

TEST_CASE("what each team was charged since its own since counts in its lifetime") {
    Scene scene{limited(2026y / January / 1, 2026y / June / 15)};
    scene.poll();
    read_past(
        scene,
        {Past{"ml", {{2026y / January / 1, 10}, {2026y / July / 31, 20}}},
         Past{"web", {{2026y / June / 14, 1}, {2026y / June / 15, 30}, {2026y / August / 2, 40}}}});
    CHECK(scene.spend(ml, Window::lifetime) == usd(30));
    CHECK(scene.spend(web, Window::lifetime) == usd(70));
}

TEST_CASE("the past is read in ranges that meet, up to where the ledger begins") {
    Scene scene{limited(2026y / January / 10, 2026y / June / 15)};
    scene.poll();
    check_covers(
        scene.engine().backfills(main_account, scene.now()),
        utc(2026y / January / 10),
        utc(2026y / November / 19));
}

TEST_CASE("a since that a reload brings is read as far as it was not read before") {
    Scene scene{limited(2026y / August / 1, std::nullopt)};
    const std::vector<Past> past{
        Past{"ml", {{2026y / August / 1, 10}, {2026y / November / 2, 20}}},
        Past{"web", {{2026y / June / 20, 30}, {2026y / November / 2, 40}}}};
    scene.poll();
    read_past(scene, past);
    scene.reload(limited(2026y / August / 1, 2026y / June / 15));
    check_covers(
        scene.engine().backfills(main_account, scene.now()),
        utc(2026y / June / 15),
        utc(2026y / July / 31));
    read_past(scene, past);
    CHECK(scene.spend(ml, Window::lifetime) == usd(30));
    CHECK(scene.spend(web, Window::lifetime) == usd(70));
    CHECK(scene.spend(web, Window::month) == usd(40));
}

TEST_CASE("what a later since brought is not read again, after a restart neither") {
    Scene scene{limited(2026y / August / 1, std::nullopt)};
    scene.poll();
    read_past(scene, {});
    scene.reload(limited(2026y / August / 1, 2026y / June / 15));
    read_past(scene, {});
    CHECK(scene.engine().backfills(main_account, scene.now()).empty());
    scene.restart();
    scene.poll();
    CHECK(scene.engine().backfills(main_account, scene.now()).empty());
}

TEST_CASE("a since that a reload brings counts from the first of a month that was read before") {
    Scene scene{limited(2026y / January / 1, std::nullopt)};
    scene.poll();
    read_past(scene, {Past{"web", {{2026y / May / 31, 1}, {2026y / June / 1, 30}}}});
    scene.reload(limited(2026y / January / 1, 2026y / June / 1));
    CHECK(scene.engine().backfills(main_account, scene.now()).empty());
    CHECK(scene.spend(web, Window::lifetime) == usd(30));
}

TEST_CASE("ranges read before a reload that brought another since are read again") {
    Scene scene{limited(2026y / August / 1, std::nullopt)};
    scene.poll();
    auto read = ten_dollars(scene);
    scene.reload(limited(2026y / August / 1, 2026y / August / 15));
    scene.settle(scene.engine().on_backfill(read, scene.now()));
    CHECK(scene.spend(ml, Window::lifetime) == usd(0));
    check_covers(
        scene.engine().backfills(main_account, scene.now()),
        utc(2026y / August / 1),
        utc(2026y / November / 19));
}

TEST_CASE("the past ends where the ledger began, however long it could not be read") {
    auto policy = limited(2026y / November / 1, std::nullopt);
    policy.accounts.front().poll_interval = 1h;
    policy.enforcement.max_staleness = 24h;
    Scene scene{policy};
    scene.rent(7);
    scene.run_for(days{20});
    check_covers(
        scene.engine().backfills(main_account, scene.now()),
        utc(2026y / November / 1),
        utc(2026y / November / 19));
}

}  // namespace
}  // namespace vastwatch::engine::testing
