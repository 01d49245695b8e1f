#include "model/charges.hpp"

#include "fixtures.hpp"

#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <set>

namespace vastwatch::vastsim {
namespace {

const Instant midnight = *parse_rfc3339("2026-11-21T00:00:00Z");

AccountSpec settled_at_once(std::vector<InstanceSpec> instances) {
    AccountSpec made = account(std::move(instances));
    made.delays.charge_lag = Duration{0};
    made.delays.charge_step = Duration{1};
    return made;
}

ChargeQuery days(int before, int after) {
    ChargeQuery query;
    query.first_day = midnight - hours{24 * before};
    query.last_day = midnight + hours{24 * after};
    return query;
}

double amount(const boost::json::value& row) {
    return row.at("amount").as_double();
}

InstanceSpec since_yesterday_noon(std::int64_t id) {
    InstanceSpec made = spec(id, {phase(State::running)});
    made.start = -hours{24};
    return made;
}

}  // namespace

TEST_CASE("charges: a contract has one row a UTC day, split at midnight") {
    const Account a(settled_at_once({since_yesterday_noon(1)}), t0, 1);
    const ChargePage page = charges_of(a, days(1, 0));
    REQUIRE(page.rows.size() == 2);
    CHECK(page.rows[0].at("start").as_int64() == page.rows[1].at("start").as_int64() + 86400);
    CHECK(amount(page.rows[0]) == doctest::Approx(44.4));
    CHECK(amount(page.rows[1]) == doctest::Approx(44.4));
}

TEST_CASE("charges: rows per contract cover the range and begin where the contract did") {
    const Account a(settled_at_once({since_yesterday_noon(1)}), t0, 1);
    ChargeQuery query = days(5, 0);
    query.row_per_day = false;
    const ChargePage page = charges_of(a, query);
    REQUIRE(page.rows.size() == 1);
    CHECK(amount(page.rows[0]) == doctest::Approx(88.8));
    CHECK(page.rows[0].at("description") == "Instance 1 Charges - 2 days");
}

TEST_CASE("charges: amounts are rounded to a tenth of a cent, items each by itself") {
    InstanceSpec odd = spec(1, {phase(State::running)});
    odd.dph_base = 0.0123;
    odd.disk_space = 100;
    Account a(settled_at_once({odd}), t0, 1);
    a.advance_to(t0 + hours{1});
    const ChargePage page = charges_of(a, days(0, 0));
    REQUIRE(page.rows.size() == 1);
    CHECK(amount(page.rows[0]) == 0.026);  // 0.0123 + 0.01388…
    const auto& items = page.rows[0].at("items").as_array();
    REQUIRE(items.size() == 2);
    CHECK(items[0].at("type") == "gpu");
    CHECK(amount(items[0]) == 0.012);
    CHECK(amount(items[1]) == 0.014);
}

TEST_CASE("charges: each rate of a day has an item of its own with its hours") {
    InstanceSpec dearer = spec(1, {phase(State::running)});
    dearer.price_increase = PriceIncrease{minutes{1}, 7.2, hours{2}};
    Account a(settled_at_once({dearer}), t0, 1);
    a.advance_to(t0 + hours{3});
    const ChargePage page = charges_of(a, days(0, 0));
    const auto& items = page.rows.at(0).at("items").as_array();
    REQUIRE(items.size() == 3);
    CHECK(items[0].at("description") == "2.000 hours at $3.600/hour");
    CHECK(items[1].at("description") == "1.000 hours at $7.200/hour");
}

TEST_CASE("charges: nothing is there before the first settlement, and they lag behind") {
    AccountSpec made = account({spec(1, {phase(State::running)})});
    made.delays.charge_lag = minutes{10};
    Account a(made, t0, 1);
    a.advance_to(t0 + minutes{9});
    CHECK(charges_of(a, days(0, 0)).rows.empty());
    a.advance_to(t0 + minutes{70});
    CHECK(amount(charges_of(a, days(0, 0)).rows.at(0)) == doctest::Approx(3.7));
}

TEST_CASE("charges: those of a destroyed instance grow on until they have settled, then stay") {
    AccountSpec made = account({spec(1, {phase(State::running)})});
    made.delays.charge_lag = minutes{10};
    made.delays.unload = seconds{0};
    Account a(made, t0, 1);
    a.advance_to(t0 + hours{1});
    REQUIRE(a.destroy(1));
    a.advance_to(t0 + hours{1} + minutes{5});
    const double early = amount(charges_of(a, days(0, 0)).rows.at(0));
    CHECK(early < 3.7);
    a.advance_to(t0 + hours{1} + minutes{10});
    CHECK(amount(charges_of(a, days(0, 0)).rows.at(0)) == doctest::Approx(3.7));
    a.advance_to(t0 + hours{9});
    CHECK(amount(charges_of(a, days(0, 0)).rows.at(0)) == doctest::Approx(3.7));
}

TEST_CASE("charges: settlement comes in steps") {
    AccountSpec made = account({spec(1, {phase(State::running)})});
    made.delays.charge_lag = Duration{0};
    made.delays.charge_step = minutes{30};
    Account a(made, t0, 1);
    a.advance_to(t0 + minutes{59});
    CHECK(amount(charges_of(a, days(0, 0)).rows.at(0)) == doctest::Approx(1.85));
}

TEST_CASE("charges: pages hold every row once, in either direction") {
    std::vector<InstanceSpec> instances;
    for (std::int64_t id = 1; id <= 7; ++id) {
        instances.push_back(since_yesterday_noon(id));
    }
    const Account a(settled_at_once(instances), t0, 1);
    for (const bool latest_first : {true, false}) {
        ChargeQuery query = days(1, 0);
        query.latest_first = latest_first;
        query.limit = 4;
        std::set<std::pair<std::int64_t, std::string>> seen;
        std::size_t rows = 0;
        do {
            const ChargePage page = charges_of(a, query);
            CHECK(page.total == 14);
            for (const auto& row : page.rows) {
                seen.emplace(row.at("start").as_int64(), row.at("source").as_string().c_str());
                ++rows;
            }
            query.after = page.next;
        } while (query.after);
        CHECK(rows == 14);
        CHECK(seen.size() == 14);
    }
}

TEST_CASE("charges: volumes have rows of their own and can be asked for alone") {
    AccountSpec made = settled_at_once({since_yesterday_noon(1)});
    VolumeSpec volume;
    volume.id = 9;
    volume.start = -hours{1};
    made.volumes = {volume};
    const Account a(made, t0, 1);
    ChargeQuery query = days(0, 0);
    query.types = {"volume"};
    const ChargePage page = charges_of(a, query);
    REQUIRE(page.rows.size() == 1);
    CHECK(page.rows[0].at("source") == "volume-9");
}

TEST_CASE("charges: as a tree, serverless workers stand under their endpoint with its sum") {
    InstanceSpec worker = since_yesterday_noon(1);
    worker.endpoint_id = 5;
    worker.workergroup_id = 6;
    InstanceSpec other = worker;
    other.id = 2;
    const Account a(settled_at_once({worker, other, since_yesterday_noon(3)}), t0, 1);
    ChargeQuery query = days(0, 0);
    query.tree = true;
    const ChargePage page = charges_of(a, query);
    REQUIRE(page.rows.size() == 2);
    const auto& endpoint = page.rows[1];
    CHECK(endpoint.at("source") == "endpoint-5");
    CHECK(amount(endpoint) == doctest::Approx(88.8));
    CHECK(endpoint.at("items").at(0).at("items").as_array().size() == 2);
}

}  // namespace vastwatch::vastsim
