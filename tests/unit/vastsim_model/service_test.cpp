#include "client.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

#include <set>

namespace vastwatch::vastsim {
namespace {

const std::string list = "/api/v1/instances/";

boost::json::value parsed(const HttpReply& reply) {
    return boost::json::parse(reply.body);
}

}  // namespace

TEST_CASE("keys: none is 403, an unknown one 404, a deleted one 401, all auth_error") {
    AccountSpec made = fleet_of(1);
    made.keys.push_back(KeySpec{"old", {}, true});
    Client client(made);
    const auto answer = [&](const std::string& authorization) {
        client.authorization = authorization;
        const HttpReply reply = client.ask("GET", list);
        CHECK(parsed(reply).at("error") == "auth_error");
        return reply.status;
    };
    CHECK(answer("") == 403);
    CHECK(answer("Bearer nobody") == 404);
    CHECK(answer("Bearer old") == 401);
}

TEST_CASE("keys: one in the query is accepted, searches need none") {
    Client client(fleet_of(1));
    client.authorization = "";
    CHECK(client.ask("GET", list + "?owner=me&api_key=key").status == 200);
    CHECK(client.ask("GET", "/api/v0/gpu_names/unique/").status == 200);
    CHECK(client.ask("POST", "/api/v0/bundles/", "{}").status == 200);
}

TEST_CASE("keys: one without the permission is turned away") {
    AccountSpec made = fleet_of(1);
    made.keys = {KeySpec{"key", {"instance_read"}, false}};
    Client client(made);
    CHECK(client.ask("GET", list).status == 200);
    CHECK(client.ask("DELETE", "/api/v0/instances/1/").status == 401);
    CHECK(client.ask("GET", "/api/v0/users/current/").status == 401);
}

TEST_CASE("keys: each account sees its own instances only") {
    AccountSpec first = fleet_of(2);
    AccountSpec second = account({spec(77, {phase(State::running)})});
    second.name = "other";
    second.keys = {KeySpec{"second", {}, false}};
    std::vector<AccountSpec> both;
    both.push_back(first);
    both.push_back(second);
    Client client(both, {});
    CHECK(client.get(list).at("total_instances") == 2);
    client.authorization = "Bearer second";
    CHECK(client.get(list).at("total_instances") == 1);
    CHECK(client.ask("DELETE", "/api/v0/instances/1/").status == 404);
}

TEST_CASE("pace: a second request within the interval is refused, one at its end is not") {
    Client client(fleet_of(1));
    client.patience = std::chrono::milliseconds{999};
    CHECK(client.ask("GET", list).status == 200);
    const HttpReply hasty = client.ask("GET", list);
    CHECK(hasty.status == 429);
    CHECK(hasty.body == R"({"detail": "API requests too frequent endpoint threshold=1.0"})");
    client.patience = std::chrono::milliseconds{1};
    CHECK(client.ask("GET", list).status == 200);
}

TEST_CASE("pace: endpoints are counted apart, and destroys answer in their own form") {
    Client client(fleet_of(3));
    client.patience = Duration{0};
    CHECK(client.ask("GET", list).status == 200);
    CHECK(client.ask("GET", "/api/v0/instances/1/").status == 200);
    CHECK(client.ask("DELETE", "/api/v0/instances/1/").status == 200);
    const HttpReply hasty = client.ask("DELETE", "/api/v0/instances/2/");
    CHECK(hasty.status == 429);
    CHECK(parsed(hasty).at("error") == "rate_limit_exceeded");
    CHECK(client.world.account_of(2)->find(2)->unloading == false);
}

TEST_CASE("pace: mixed, a refusal comes in each of the three forms") {
    Settings settings;
    settings.rate_form = "mixed";
    Client client(fleet_of(1), settings);
    client.patience = Duration{0};
    client.ask("GET", list);
    std::set<std::string> bodies;
    for (int i = 0; i < 3; ++i) {
        bodies.insert(client.ask("GET", list).body);
    }
    CHECK(bodies.size() == 3);
    CHECK(bodies.contains("API requests too frequent: endpoint threshold=1.0"));
}

TEST_CASE("pace: the intervals can be scaled, and nought lifts them") {
    Settings settings;
    settings.rate_scale = 0.01;
    Client client(fleet_of(1), settings);
    client.patience = std::chrono::milliseconds{10};
    client.ask("GET", list);
    CHECK(client.ask("GET", list).status == 200);
    client.order("POST", "/settings", R"({"rate_scale":0})");
    client.patience = Duration{0};
    client.ask("GET", list);
    CHECK(client.ask("GET", list).status == 200);
}

TEST_CASE("pace: the control port tells the least interval seen and how often it was too short") {
    Client client(fleet_of(1));
    client.patience = std::chrono::milliseconds{1500};
    client.ask("GET", list);
    client.ask("GET", list);
    client.patience = std::chrono::milliseconds{250};
    client.ask("GET", list);
    const auto seen = client.order("GET", "/requests").at("instances");
    CHECK(seen.at("requests") == 3);
    CHECK(seen.at("least_interval").as_double() == doctest::Approx(0.25));
    CHECK(seen.at("too_frequent") == 1);
    CHECK(seen.at("statuses").at("429") == 1);
}

TEST_CASE("paths: with and without the final slash the answer is the same, or a 301 on request") {
    Client client(fleet_of(1));
    CHECK(client.ask("GET", "/api/v1/instances").status == 200);
    CHECK(client.ask("GET", "//api/v1//instances/").status == 200);
    client.order("POST", "/settings", R"({"strict_slash":true})");
    const HttpReply moved = client.ask("GET", "/api/v1/instances");
    CHECK(moved.status == 301);
    CHECK(moved.location == "/api/v1/instances/?owner=me");
    CHECK(parsed(moved).at("code") == "301 Moved Permanently");
}

TEST_CASE("faults: one with a count strikes so often, then never again") {
    Client client(fleet_of(1));
    client.fault(R"({"kind":"status","code":503,"endpoint":"instances","count":2,"skip":1})");
    CHECK(client.ask("GET", list).status == 200);
    CHECK(client.ask("GET", list).status == 503);
    CHECK(client.ask("GET", "/api/v0/users/current/").status == 200);
    CHECK(client.ask("GET", list).status == 503);
    CHECK(client.ask("GET", list).status == 200);
}

TEST_CASE("faults: without a count they last until they are cleared") {
    Client client(fleet_of(1));
    client.fault(R"({"kind":"html502","until":"off"})");
    for (int i = 0; i < 5; ++i) {
        const HttpReply reply = client.ask("GET", list);
        CHECK(reply.status == 502);
        CHECK(reply.content_type == "text/html");
    }
    client.order("POST", "/fault/clear");
    CHECK(client.ask("GET", list).status == 200);
}

TEST_CASE("faults: one for an account leaves the others alone") {
    AccountSpec second = account({spec(77, {phase(State::running)})});
    second.name = "other";
    second.keys = {KeySpec{"second", {}, false}};
    std::vector<AccountSpec> both;
    both.push_back(fleet_of(1));
    both.push_back(second);
    Client client(both, {});
    client.fault(R"({"kind":"auth","form":"401","account":"other"})");
    CHECK(client.ask("GET", list).status == 200);
    client.authorization = "Bearer second";
    CHECK(client.ask("GET", list).status == 401);
}

TEST_CASE("faults: what happens on the wire is told to the front") {
    Client client(fleet_of(1));
    const auto wire = [&](const std::string& kind) {
        client.fault(R"({"kind":")" + kind + R"(","count":1})");
        return client.ask("GET", list).wire;
    };
    CHECK(wire("hang") == HttpReply::Wire::hang);
    CHECK(wire("reset") == HttpReply::Wire::reset);
    CHECK(wire("truncate") == HttpReply::Wire::truncate);
    CHECK(wire("drip") == HttpReply::Wire::drip);
    client.fault(R"({"kind":"latency","ms":250,"count":1})");
    CHECK(client.ask("GET", list).delay == std::chrono::milliseconds{250});
}

TEST_CASE("faults: bodies can be cut, spoilt, and filled with what is no number") {
    Client client(fleet_of(1));
    const auto body = [&](const std::string& kind) {
        client.fault(R"({"kind":")" + kind + R"(","count":1})");
        return client.ask("GET", list).body;
    };
    boost::system::error_code error;
    boost::json::parse(body("bad-json"), error);
    CHECK(error);
    CHECK(body("non-utf8").find("\xff\xc3") != std::string::npos);
    CHECK(body("nan").find("\"gpu_util\": NaN") != std::string::npos);
}

TEST_CASE("faults: pages can be half, null, empty, endless, of odd types, or miss a row") {
    Client client(fleet_of(10));
    const auto page = [&](const std::string& fault) {
        client.fault(fault);
        return client.get(list);
    };
    CHECK(page(R"({"kind":"half-page","count":1})").at("instances").as_array().size() == 5);
    CHECK(page(R"({"kind":"null-instances","count":1})").at("instances").is_null());
    CHECK(page(R"({"kind":"empty-list","count":1})").at("total_instances") == 0);
    CHECK(page(R"({"kind":"repeat-token","count":1})").at("next_token").is_string());
    CHECK(page(R"({"kind":"wrong-total","count":1})").at("total_instances") == 13);
    CHECK(
        page(R"({"kind":"wrong-type","count":1,"field":"dph_base","value":"1"})")
            .at("instances")
            .at(0)
            .at("dph_base") == "1");
    const auto missing = page(R"({"kind":"missing-row","count":1,"id":4,"total":"adjust"})");
    CHECK(missing.at("total_instances") == 9);
    CHECK(missing.at("instances").at(3).at("id") == 5);
}

TEST_CASE("faults: telemetry of the instances named turns to zeros, or stands still") {
    Client client(fleet_of(2));
    client.fault(R"({"kind":"telemetry","mode":"zeros","ids":[1]})");
    const auto page = client.get(list);
    CHECK(page.at("instances").at(0).at("gpu_util") == 0.0);
    CHECK(page.at("instances").at(0).at("gpu_temp") == 0.0);
    CHECK(page.at("instances").at(1).at("gpu_util") != 0.0);
    client.order("POST", "/fault/clear");
    client.fault(R"({"kind":"telemetry","mode":"stale"})");
    const auto first = client.get(list + R"(?select_cols=["gpu_temp","cpu_util","gpu_util"])");
    client.now += seconds{30};
    const auto second = client.get(list + R"(?select_cols=["gpu_temp","cpu_util","gpu_util"])");
    CHECK(first.at("instances") == second.at("instances"));
}

TEST_CASE("faults: a kind nobody knows is an error that names it") {
    Client client(fleet_of(1));
    const auto reply = client.order("POST", "/fault", R"({"kind":"earthquake"})");
    CHECK(reply.at("ok") == false);
    CHECK(reply.at("error") == "unknown kind of fault: earthquake");
}

TEST_CASE(
    "control: truth gives exact decimals per team, account and instance, at any past instant") {
    AccountSpec made = fleet_of(2);
    made.instances[1].label = "speech/tts";
    Client client(made);
    client.now += hours{2};
    const std::string at = std::to_string((t0 + minutes{10}).time_since_epoch().count()) + "ns";
    const auto truth = client.order("GET", "/truth?at=" + at).at("accounts").at(0);
    CHECK(truth.at("spend") == "1.233333333");  // two of 0.6 for the cards and 0.01666… each
    CHECK(truth.at("burn") == "7.4");
    CHECK(truth.at("teams").at("team").at("gpu") == "0.6");
    CHECK(truth.at("teams").at("speech").at("burn") == "3.7");
    CHECK(truth.at("instances").at(0).at("billing") == true);
    const auto window =
        client.order("GET", "/truth?from=2026-11-21T12:00:00Z&at=2026-11-21T13:00:00Z")
            .at("accounts")
            .at(0);
    CHECK(window.at("spend") == "7.4");
}

TEST_CASE("control: the future has no truth") {
    Client client(fleet_of(1));
    CHECK(client.order("GET", "/truth?at=2030-01-01").at("ok") == false);
}

TEST_CASE("control: the journal has what was asked for and what came of it, with instants") {
    AccountSpec made = fleet_of(1);
    made.delays.unload = seconds{3};
    Client client(made);
    client.ask("DELETE", "/api/v0/instances/1/");
    client.now += minutes{1};
    const auto journal = client.order("GET", "/journal").at("journal").as_array();
    REQUIRE(journal.size() == 3);
    CHECK(journal[0].at("kind") == "unloading");
    CHECK(journal[1].at("kind") == "api.destroy");
    CHECK(journal[1].at("detail").at("status") == 200);
    CHECK(journal[2].at("kind") == "gone");
    const std::string at = std::to_string((t0 + seconds{3}).time_since_epoch().count());
    CHECK(journal[2].at("at_ns").as_string() == at);
}

TEST_CASE("control: an instance can be made and changed by hand") {
    Client client(fleet_of(0));
    const auto made = client.order(
        "POST",
        "/instance",
        R"({"label":"team/hand","dph_base":1.5,"behaviour":[{"gpu_util":90}]})");
    const std::int64_t id = made.at("id").as_int64();
    const std::string one = "/instance/" + std::to_string(id);
    CHECK(client.order("GET", one).at("gpu_util") == 90);
    client.order("POST", one, R"({"gpu_util":0,"dph_base":2.5,"label":"team/other"})");
    const auto row = client.order("GET", one);
    CHECK(row.at("gpu_util") == 0);
    CHECK(row.at("dph_base") == 2.5);
    CHECK(row.at("label") == "team/other");
    client.order("POST", one, R"({"state":"offline"})");
    CHECK(client.order("GET", one).at("actual_status") == "offline");
    client.order("POST", one, R"({"state":"running","status":"confused"})");
    CHECK(client.order("GET", one).at("actual_status") == "confused");
    CHECK(client.order("POST", one, R"({"colour":"red"})").at("ok") == false);
    client.order("POST", one, R"({"columns":{"gpu_name":"\u0000x"}})");
    CHECK(client.get(list).at("instances").at(0).at("gpu_name").as_string().size() == 2);
}

TEST_CASE("control: time moves by hand only when it was started so") {
    Client client(fleet_of(1));
    CHECK(client.order("POST", "/advance", R"({"by":"1h"})").at("ok") == false);
    Settings settings;
    settings.manual_time = true;
    Client manual(fleet_of(1), settings);
    manual.order("POST", "/advance", R"({"by":"1h"})");
    CHECK(manual.world.now() == t0 + hours{1});
    CHECK(manual.order("GET", "/truth").at("accounts").at(0).at("spend") == "3.7");
}

}  // namespace vastwatch::vastsim
