#include "client.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace vastwatch::vastsim {
namespace {

const std::string list = "/api/v1/instances/";

std::vector<std::int64_t> ids_of(const boost::json::value& page) {
    std::vector<std::int64_t> ids;
    for (const auto& row : page.at("instances").as_array()) {
        ids.push_back(row.at("id").as_int64());
    }
    return ids;
}

std::set<std::string> keys_of(const boost::json::object& object) {
    std::set<std::string> keys;
    for (const auto& member : object) {
        keys.emplace(member.key());
    }
    return keys;
}

}  // namespace

TEST_CASE("listing: 60 instances take three pages of at most 25, each instance once") {
    Client client(fleet_of(60));
    std::vector<std::int64_t> seen;
    std::string token;
    std::vector<std::int64_t> sizes;
    do {
        const auto page = client.get(list + "?limit=100&after_token=" + token);
        CHECK(page.at("total_instances") == 60);
        sizes.push_back(page.at("instances_found").as_int64());
        for (const std::int64_t id : ids_of(page)) {
            seen.push_back(id);
        }
        const auto& next = page.at("next_token");
        token = next.is_null() ? "" : std::string{next.as_string()};
    } while (!token.empty());
    CHECK(sizes == std::vector<std::int64_t>{25, 25, 10});
    CHECK(std::set<std::int64_t>(seen.begin(), seen.end()).size() == 60);
    CHECK(seen.size() == 60);
}

TEST_CASE("listing: a limit of nought means five") {
    Client client(fleet_of(60));
    CHECK(ids_of(client.get(list + "?limit=0")).size() == 5);
}

TEST_CASE("listing: the token names the sort key of the last row, as the real one does") {
    Client client(fleet_of(2));
    CHECK(client.get(list + "?limit=1").at("next_token") == "eyJ2YWx1ZXMiOiB7ImlkIjogMX19");
}

TEST_CASE("listing: a token that is none is refused") {
    Client client(fleet_of(2));
    const HttpReply reply = client.ask("GET", list + "?after_token=nonsense");
    CHECK(reply.status == 400);
    CHECK(reply.body == R"({"error": "invalid_token", "msg": "Invalid pagination token"})");
}

TEST_CASE("listing: rows destroyed between two pages neither shift nor repeat the others") {
    AccountSpec made = fleet_of(30);
    made.delays.unload = seconds{0};
    Client client(made);
    const auto first = client.get(list);
    client.ask("DELETE", "/api/v0/instances/3/");
    client.now += seconds{1};
    const std::string token{first.at("next_token").as_string()};
    CHECK(
        ids_of(client.get(list + "?after_token=" + token)) ==
        std::vector<std::int64_t>{26, 27, 28, 29, 30});
}

TEST_CASE("listing: a column nobody knows comes back as null") {
    Client client(fleet_of(1));
    const auto page = client.get(list + R"(?select_cols=["id","no_such_column"])");
    const auto& row = page.at("instances").at(0).as_object();
    CHECK(row.size() == 2);
    CHECK(row.at("no_such_column").is_null());
}

TEST_CASE("listing: a computed column is no search key") {
    Client client(fleet_of(1));
    const HttpReply reply = client.ask("GET", list + R"(?select_filters={"dph_total":{"gt":1}})");
    CHECK(reply.status == 400);
    CHECK(
        reply.body == R"({"error": "invalid_request", "msg": "Error in query parameters: )"
                      R"(dph_total is not a valid search key"})");
}

TEST_CASE("listing: filters by id, status and label, null among the labels") {
    AccountSpec made = fleet_of(6);
    made.instances[1].label = std::nullopt;
    made.instances[2].label = "foo";
    made.instances[3].behaviour = {phase(State::stopped)};
    Client client(made);
    const auto ids = [&](const std::string& filter) {
        return ids_of(client.get(list + "?select_filters=" + filter));
    };
    using Ids = std::vector<std::int64_t>;
    CHECK(ids(R"({"id":{"in":[6,2,99]}})") == Ids{2, 6});
    CHECK(ids(R"({"actual_status":{"eq":"exited"}})") == Ids{4});
    CHECK(ids(R"({"label":{"in":[null,"foo"]}})") == Ids{2, 3});
    CHECK(ids(R"({"label":{"neq":null},"id":{"lte":3}})") == Ids{1, 3});
}

TEST_CASE("listing: ordered by start, newest first, pages join without a seam") {
    AccountSpec made = fleet_of(30);
    for (InstanceSpec& instance : made.instances) {
        instance.start = -hours{instance.id % 7};
    }
    Client client(made);
    const std::string order = R"(?order_by=[{"col":"start_date","dir":"desc"}]&limit=20)";
    const auto first = client.get(list + order);
    const std::string token{first.at("next_token").as_string()};
    const auto second = client.get(list + order + "&after_token=" + token);
    std::vector<std::int64_t> all = ids_of(first);
    for (const std::int64_t id : ids_of(second)) {
        all.push_back(id);
    }
    REQUIRE(all.size() == 30);
    for (std::size_t i = 1; i < all.size(); ++i) {
        const bool sorted = std::pair{all[i - 1] % 7, all[i - 1]} < std::pair{all[i] % 7, all[i]};
        CHECK(sorted);
    }
}

TEST_CASE("listing: a row has exactly the keys of the documented sample") {
    std::ifstream file(VASTWATCH_TEST_DATA "/vast-api/instances-v1-page1.json");
    std::ostringstream text;
    text << file.rdbuf();
    const auto sample = boost::json::parse(text.str());
    Client client(fleet_of(1));
    const auto page = client.get(list);
    CHECK(keys_of(page.as_object()) == keys_of(sample.as_object()));
    CHECK(
        keys_of(page.at("instances").at(0).as_object()) ==
        keys_of(sample.at("instances").at(0).as_object()));
}

TEST_CASE("listing: what a live host reports changes from read to read") {
    Client client(fleet_of(1));
    const auto columns = R"(?select_cols=["gpu_temp","cpu_util","mem_usage"])";
    const auto first = client.get(list + columns);
    client.now += seconds{30};
    CHECK(first.at("instances") != client.get(list + columns).at("instances"));
}

TEST_CASE("listing: a stopped instance repeats what it reported last") {
    AccountSpec made = fleet_of(1);
    made.instances[0].behaviour = {phase(State::running, minutes{1}), phase(State::stopped)};
    Client client(made);
    client.now += minutes{2};
    const auto columns = R"(?select_cols=["gpu_util","gpu_temp","cpu_util","mem_usage"])";
    const auto first = client.get(list + columns);
    client.now += minutes{9};
    CHECK(first.at("instances") == client.get(list + columns).at("instances"));
    CHECK(first.at("instances").at(0).at("gpu_util").is_number());
}

TEST_CASE("listing: a host that zero-fills every second row does so, temperature included") {
    AccountSpec made = fleet_of(1);
    made.instances[0].behaviour[0].zero_every = 2;
    Client client(made);
    std::vector<double> utilisation;
    std::vector<double> temperature;
    for (int i = 0; i < 4; ++i) {
        const auto page = client.get(list);
        utilisation.push_back(page.at("instances").at(0).at("gpu_util").as_double());
        temperature.push_back(page.at("instances").at(0).at("gpu_temp").as_double());
    }
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK((utilisation[i] == 0) == (i % 2 == 0));
        CHECK((temperature[i] == 0) == (i % 2 == 0));
    }
}

TEST_CASE("listing: telemetry may be any JSON, and is null before the first report") {
    AccountSpec made = fleet_of(4);
    made.instances[0].signals["gpu_util"].value = nullptr;
    made.instances[1].signals["gpu_util"].value = -1;
    made.instances[2].signals["gpu_util"].value = "n/a";
    made.instances[3].behaviour = {phase(State::loading)};
    Client client(made);
    const auto page = client.get(list);
    const auto& rows = page.at("instances").as_array();
    CHECK(rows[0].at("gpu_util").is_null());
    CHECK(rows[1].at("gpu_util") == -1);
    CHECK(rows[2].at("gpu_util") == "n/a");
    CHECK(rows[3].at("gpu_util").is_null());
    CHECK(rows[3].at("gpu_temp").is_null());
}

TEST_CASE("listing: the price figures follow the arithmetic of the documents") {
    AccountSpec made = fleet_of(2);
    made.instances[0].credit_discount = 0.2;
    made.instances[1].behaviour = {phase(State::stopped)};
    Client client(made);
    const auto page = client.get(list);
    const auto& reserved = page.at("instances").at(0);
    CHECK(reserved.at("dph_total").as_double() == doctest::Approx(3.7));
    CHECK(
        reserved.at("instance").at("discountedTotalPerHour").as_double() == doctest::Approx(2.96));
    CHECK(reserved.at("search").at("discountedTotalPerHour").as_double() == doctest::Approx(3.68));
    const auto& stopped = page.at("instances").at(1);
    CHECK(stopped.at("dph_total").as_double() == doctest::Approx(3.7));
    CHECK(stopped.at("instance").at("gpuCostPerHour") == 0);
    CHECK(stopped.at("instance").at("totalHour").as_double() == doctest::Approx(0.1));
}

TEST_CASE("listing: the old list is gone, unless a test wants one of its other answers") {
    Client client(fleet_of(2));
    CHECK(client.ask("GET", "/api/v0/instances/").status == 410);
    client.order("POST", "/settings", R"({"v0_list":"list"})");
    CHECK(client.get("/api/v0/instances/").at("instances").as_array().size() == 2);
    client.order("POST", "/settings", R"({"v0_list":"empty"})");
    CHECK(client.get("/api/v0/instances/").at("instances").as_array().empty());
}

TEST_CASE("reading one: an object under the plural name, without volumes; null when gone") {
    Client client(fleet_of(1));
    const auto found = client.get("/api/v0/instances/1/?owner=me").at("instances").as_object();
    CHECK(found.at("id") == 1);
    CHECK_FALSE(found.contains("volume_info"));
    const HttpReply gone = client.ask("GET", "/api/v0/instances/99/");
    CHECK(gone.status == 200);
    CHECK(gone.body == R"({"instances": null})");
    CHECK(client.ask("GET", "/api/v0/instances/abc/").status == 400);
}

}  // namespace vastwatch::vastsim
