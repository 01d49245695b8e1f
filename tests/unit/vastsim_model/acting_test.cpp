#include "client.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <doctest/doctest.h>

namespace vastwatch::vastsim {
namespace {

boost::json::value parsed(const HttpReply& reply) {
    return boost::json::parse(reply.body);
}

std::string ids_text(std::int64_t from, std::int64_t to) {
    std::string text;
    for (std::int64_t id = from; id <= to; ++id) {
        text += (text.empty() ? "" : ",") + std::to_string(id);
    }
    return text;
}

const char* const wish = R"({"image":"x","disk":10,"label":"team/new","client_id":"me"})";

}  // namespace

TEST_CASE("destroying: accepted at once, listed a little longer, then gone; again is a 404") {
    AccountSpec made = fleet_of(2);
    made.delays.unload = seconds{5};
    Client client(made);
    const HttpReply reply = client.ask("DELETE", "/api/v0/instances/1/", "{}");
    CHECK(reply.status == 200);
    CHECK(reply.body == R"({"success": true})");
    CHECK(client.get("/api/v1/instances/").at("total_instances") == 2);
    const HttpReply again = client.ask("DELETE", "/api/v0/instances/1/");
    CHECK(again.status == 404);
    CHECK(parsed(again).at("error") == "no_such_instance");
    client.now += seconds{5};
    CHECK(client.get("/api/v1/instances/").at("total_instances") == 1);
}

TEST_CASE("destroying many: known ids among unknown ones go, only unknown ones are a 404") {
    Client client(fleet_of(3));
    CHECK(client.ask("DELETE", "/api/v0/instances/", R"({"instance_ids":[1,77,3]})").status == 200);
    client.now += minutes{1};
    CHECK(client.get("/api/v1/instances/").at("total_instances") == 1);
    const HttpReply none =
        client.ask("DELETE", "/api/v0/instances/", R"({"instance_ids":[77,78]})");
    CHECK(none.status == 404);
    CHECK(
        none.body == R"({"success": false, "error": "instances_not_found", )"
                     R"("msg": "Instances [77, 78] not found."})");
    CHECK(client.ask("DELETE", "/api/v0/instances/", "{}").status == 400);
    CHECK(client.ask("DELETE", "/api/v0/instances/", "no json").status == 400);
}

TEST_CASE("destroying: faults can delay it, ignore it, or lose the answer") {
    AccountSpec made = fleet_of(3);
    made.delays.unload = seconds{1};
    Client client(made);
    client.fault(R"({"kind":"delayed-destroy","endpoint":"destroy","count":1,"seconds":600})");
    client.ask("DELETE", "/api/v0/instances/1/");
    client.now += minutes{9};
    CHECK(client.world.account_of(1)->find(1) != nullptr);
    client.now += minutes{2};
    client.fault(R"({"kind":"ignored-destroy","endpoint":"destroy","count":1})");
    CHECK(client.ask("DELETE", "/api/v0/instances/2/").status == 200);
    client.now += hours{1};
    client.fault(R"({"kind":"lost-answer","endpoint":"destroy","count":1})");
    const HttpReply lost = client.ask("DELETE", "/api/v0/instances/3/");
    CHECK(lost.wire == HttpReply::Wire::reset);
    client.now += minutes{1};
    const auto page = client.get("/api/v1/instances/");
    CHECK(page.at("total_instances") == 1);
    CHECK(page.at("instances").at(0).at("id") == 2);
}

TEST_CASE("states: stop and start one by one and in bulk of at most 64") {
    Client client(fleet_of(70));
    CHECK(client.ask("PUT", "/api/v0/instances/1/", R"({"state":"stopped"})").status == 200);
    CHECK(client.world.account_of(1)->find(1)->condition.intended == "stopped");
    const HttpReply bad = client.ask("PUT", "/api/v0/instances/1/", R"({"state":"melted"})");
    CHECK(bad.body == R"({"success": false, "msg": "Invalid target state"})");
    const std::string many = R"({"state":"stopped","ids":[)" + ids_text(1, 65) + "]}";
    const HttpReply refused = client.ask("PUT", "/api/v0/instances/", many);
    CHECK(refused.status == 400);
    CHECK(refused.body == R"({"error": "invalid_args", "msg": "chunk length of 65 > 64"})");
    const std::string some = R"({"state":"stopped","ids":[)" + ids_text(2, 65) + "]}";
    CHECK(client.ask("PUT", "/api/v0/instances/", some).status == 200);
    CHECK(client.world.account_of(65)->find(65)->condition.intended == "stopped");
    CHECK(client.world.account_of(66)->find(66)->condition.intended == "running");
}

TEST_CASE("states: a start that must queue says so with 200, and one without credit with 400") {
    AccountSpec made = fleet_of(1);
    made.instances[0].behaviour = {phase(State::stopped)};
    made.instances[0].gpu_taken_when_stopped = true;
    Client client(made);
    const HttpReply queued = client.ask("PUT", "/api/v0/instances/1/", R"({"state":"running"})");
    CHECK(queued.status == 200);
    CHECK(parsed(queued).at("error") == "resources_unavailable");
    CHECK(client.world.account_of(1)->find(1)->condition.intended == "running");
    client.order("POST", "/credit", R"({"credit":0})");
    const HttpReply poor = client.ask("PUT", "/api/v0/instances/1/", R"({"state":"running"})");
    CHECK(poor.status == 400);
    CHECK(parsed(poor).at("error") == "missing_billing");
}

TEST_CASE("labels: set, cleared by an empty text, refused beyond 1024 bytes") {
    Client client(fleet_of(1));
    const HttpReply set = client.ask("PUT", "/api/v0/instances/1/", R"({"label":"x/y"})");
    CHECK(set.body == R"({"success": true, "msg": "label for 1 set to 'x/y'"})");
    CHECK(client.get("/api/v1/instances/").at("label_counts").at("x/y") == 1);
    client.ask("PUT", "/api/v0/instances/1/", R"({"label":""})");
    CHECK(client.get("/api/v1/instances/").at("instances").at(0).at("label").is_null());
    const std::string label(1025, 'a');
    CHECK(client.ask("PUT", "/api/v0/instances/1/", R"({"label":")" + label + "\"}").status == 400);
}

TEST_CASE("creating: an offer becomes an instance once, with the label that was asked for") {
    Client client(fleet_of(0));
    const auto offers = parsed(client.ask(
        "POST", "/api/v0/bundles/", R"({"type":"on-demand","order":[["dph_total","asc"]]})"));
    REQUIRE(offers.at("offers").as_array().size() == 64);
    const auto& cheapest = offers.at("offers").at(0);
    const std::string target = "/api/v0/asks/" + std::to_string(cheapest.at("id").as_int64()) + "/";
    const auto made = parsed(client.ask("PUT", target, wish));
    CHECK(made.at("success") == true);
    const auto row = client.get("/api/v1/instances/").at("instances").at(0);
    CHECK(row.at("id") == made.at("new_contract"));
    CHECK(row.at("label") == "team/new");
    CHECK(row.at("dph_base") == cheapest.at("dph_base"));
    const HttpReply again = client.ask("PUT", target, wish);
    CHECK(again.status == 404);
    CHECK(parsed(again).at("error") == "no_such_ask");
}

TEST_CASE(
    "creating: a bid below the floor leaves an instance that does not run but pays its disk") {
    Client client(fleet_of(0));
    const auto offers = parsed(client.ask("POST", "/api/v0/bundles/", R"({"type":"bid"})"));
    const std::string target =
        "/api/v0/asks/" + std::to_string(offers.at("offers").at(0).at("id").as_int64()) + "/";
    const auto made =
        parsed(client.ask("PUT", target, R"({"image":"x","price":0.001,"cancel_unavail":false})"));
    CHECK(made.at("success") == false);
    const std::int64_t id = made.at("new_contract").as_int64();
    client.now += hours{1};
    client.get("/api/v1/instances/");
    const ExactItems spent = client.world.account_of(id)->find(id)->meter.until(client.now);
    CHECK(gpu(spent) == Usd{});
    CHECK(disk(spent) > Usd{});
}

TEST_CASE("creating: faults give each of the unclear outcomes") {
    Client client(fleet_of(0));
    const auto count = [&] {
        return client.get("/api/v1/instances/").at("total_instances").as_int64();
    };
    const auto create = [&](const std::string& fault) {
        const auto offers = parsed(client.ask("POST", "/api/v0/bundles/", "{}"));
        const std::string id = std::to_string(offers.at("offers").at(0).at("id").as_int64());
        client.fault(fault);
        return client.ask("PUT", "/api/v0/asks/" + id + "/", wish);
    };
    CHECK(
        create(R"({"kind":"create","outcome":"nothing","count":1})").body ==
        R"({"success": false, "new_contract": null})");
    CHECK(count() == 0);
    CHECK(
        create(R"({"kind":"create","outcome":"no-id","count":1})").body == R"({"success": false})");
    CHECK(count() == 1);
    CHECK(
        create(R"({"kind":"lost-answer","endpoint":"create","count":1})").wire ==
        HttpReply::Wire::reset);
    CHECK(count() == 2);
    CHECK(create(R"({"kind":"create","outcome":"gone","count":1})").status == 410);
    CHECK(create(R"({"kind":"create","outcome":"own-machine","count":1})").status == 403);
    CHECK(count() == 2);
}

TEST_CASE("creating: bad wishes are refused with the ask's id") {
    Client client(fleet_of(0));
    const auto error = [&](const std::string& body) {
        return parsed(client.ask("PUT", "/api/v0/asks/1/", body)).at("error");
    };
    CHECK(error("{}") == "invalid_args");
    CHECK(error(R"({"image":"x","price":500})") == "invalid_price");
    CHECK(error(R"({"image":"x","disk":1})") == "invalid_args");
    client.order("POST", "/credit", R"({"credit":-1})");
    CHECK(error(wish) == "insufficient_credit");
}

TEST_CASE("offers: filters take numbers as texts, and an offer's id is not found by that name") {
    Client client(fleet_of(0));
    const auto found = [&](const std::string& query) {
        return parsed(client.ask("POST", "/api/v0/bundles/", query)).at("offers").as_array();
    };
    const auto four = found(R"({"num_gpus":{"eq":"4"},"verified":{"eq":true}})");
    REQUIRE_FALSE(four.empty());
    for (const auto& offer : four) {
        CHECK(offer.at("num_gpus") == 4);
        CHECK(offer.at("verification") == "verified");
    }
    const std::string id = std::to_string(four[0].at("id").as_int64());
    CHECK(found(R"({"id":{"eq":)" + id + "}}").empty());
    CHECK(found(R"({"ask_contract_id":{"eq":)" + id + "}}").size() == 1);
    CHECK(found(R"({"limit":3})").size() == 3);
}

TEST_CASE("price increases: pending ones are listed per second and can be accepted once") {
    AccountSpec made = fleet_of(1);
    made.instances[0].price_increase = PriceIncrease{minutes{1}, 7.2, std::nullopt};
    Client client(made);
    client.now += minutes{2};
    const auto pending = client.get("/api/v0/instances/pending-price-increases/");
    REQUIRE(pending.at("count") == 1);
    const auto& row = pending.at("pending_price_increases").at(0);
    CHECK(row.at("new_gpu_costpersec").as_double() == doctest::Approx(0.002));
    const std::string body = R"({"pending_price_increase_id":)" +
                             std::to_string(row.at("pending_price_increase_id").as_int64()) + "}";
    const std::string target = "/api/v0/instances/accept-price-increase/";
    CHECK(client.ask("PUT", target, body).status == 200);
    CHECK(client.world.account_of(1)->find(1)->spec.dph_base == 7.2);
    CHECK(client.ask("PUT", target, body).status == 404);
}

TEST_CASE("money: the user object loses credit and total_spend by the same amount") {
    Client client(fleet_of(1));
    const auto before = client.get("/api/v0/users/current");
    client.now += hours{1};
    const auto after = client.get("/api/v0/users/current/");
    const auto fell = [&](const char* key) {
        return before.at(key).as_double() - after.at(key).as_double();
    };
    CHECK(fell("credit") == doctest::Approx(3.7));
    CHECK(fell("total_spend") == doctest::Approx(3.7));
    const auto rate = client.get("/api/v0/users/spend-rate/");
    CHECK(rate.at("gpu_cost_per_hour").as_double() == doctest::Approx(3.6));
}

TEST_CASE("money: charges need both days, invoices need a range") {
    Client client(fleet_of(1));
    CHECK(client.ask("GET", "/api/v0/charges/").status == 400);
    CHECK(client.ask("GET", R"(/api/v0/charges/?select_filters={"day":{"gte":1}})").status == 400);
    const HttpReply invoices = client.ask("GET", "/api/v1/invoices/");
    CHECK(invoices.status == 200);
    CHECK(parsed(invoices).at("error") == "Invalid date range");
}

}  // namespace vastwatch::vastsim
