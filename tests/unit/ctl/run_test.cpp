// Orders against a daemon that answers from a script.
#include "ctl/run.hpp"

#include "samples.hpp"

#include <boost/json/serialize.hpp>

#include <map>
#include <vector>

using namespace vastwatch;
using namespace vastwatch::ctl;

namespace {

class ScriptedLink final : public Link {
  public:
    Reply ask(const Request& request) override {
        asked.push_back(request);
        const auto found = answers.find(request.target);
        if (found == answers.end()) {
            return Unreachable{"nobody is there"};
        }
        return found->second;
    }

    std::map<std::string, Answer> answers;
    std::vector<Request> asked;
};

Order order_of(Verb verb, bool json = false) {
    Order order;
    order.verb = verb;
    order.json = json;
    return order;
}

const Instant now = *parse_rfc3339("2026-11-21T19:04:05Z");

Outcome carry_out(ScriptedLink& link, const Order& order) {
    return run(order, link, {}, now);
}

}  // namespace

TEST_CASE("a command that is done prints its message and exits 0") {
    ScriptedLink link;
    link.answers["/api/v1/resume"] = {200, R"({"ok":true,"message":"resumed","details":null})"};
    const auto outcome = carry_out(link, order_of(Verb::resume));
    CHECK(outcome.code == 0);
    CHECK(outcome.out == "resumed\n");
    CHECK(outcome.err.empty());
}

TEST_CASE("a rejected configuration prints all its mistakes and exits 1") {
    ScriptedLink link;
    link.answers["/api/v1/reload"] = {
        409, R"({"ok":false,"message":"a.conf:1:2: x\na.conf:3:4: y\u001b[2J","details":null})"};
    const auto outcome = carry_out(link, order_of(Verb::reload));
    CHECK(outcome.code == 1);
    CHECK(outcome.out.empty());
    CHECK(
        outcome.err ==
        "the configuration is rejected, the one before stays in force:\n"
        "a.conf:1:2: x\na.conf:3:4: y?[2J\n");
}

TEST_CASE("with --json a refusal goes to standard output as the daemon wrote it") {
    ScriptedLink link;
    link.answers["/api/v1/approve"] = {409, "{\"ok\":false,\"message\":\"nothing is held\"}\n"};
    const auto outcome = carry_out(link, order_of(Verb::approve, true));
    CHECK(outcome.code == 1);
    CHECK(outcome.out == "{\"ok\":false,\"message\":\"nothing is held\"}\n");
}

TEST_CASE("a daemon that cannot be reached exits 3") {
    ScriptedLink link;
    const auto outcome = carry_out(link, order_of(Verb::status));
    CHECK(outcome.code == 3);
    CHECK(outcome.err == "vastwatchctl: nobody is there\n");
}

TEST_CASE("an answer that is not JSON is a failure and is not printed") {
    ScriptedLink link;
    link.answers["/api/v1/status"] = {200, "<html>\x1b[2J"};
    const auto outcome = carry_out(link, order_of(Verb::status));
    CHECK(outcome.code == 1);
    CHECK(outcome.out.empty());
    CHECK(samples::harmless(outcome.err));
}

TEST_CASE("a protection carries instance, duration and reason") {
    ScriptedLink link;
    auto order = order_of(Verb::protect);
    order.instance = 312;
    order.duration = "4h";
    order.reason = "a \"demo\"";
    carry_out(link, order);
    REQUIRE(link.asked.size() == 1);
    CHECK(link.asked[0].method == "POST");
    CHECK(link.asked[0].target == "/api/v1/protect");
    CHECK(link.asked[0].body == R"({"instance":312,"duration":"4h","reason":"a \"demo\""})");
}

TEST_CASE("an approval without a number leaves it to the daemon which hold is meant") {
    CHECK(request_of(order_of(Verb::approve), now).body == "{}");
    auto order = order_of(Verb::approve);
    order.hold = 7;
    CHECK(request_of(order, now).body == R"({"hold":7})");
}

TEST_CASE("a team in a query is encoded") {
    auto order = order_of(Verb::instances);
    order.team = "a&b=ü";
    order.idle = true;
    CHECK(request_of(order, now).target == "/api/v1/instances?team=a%26b%3D%C3%BC&idle=true");
}

TEST_CASE("a duration in --since reaches back from now, a date stays a date") {
    auto order = order_of(Verb::audit);
    order.since = "2h";
    CHECK(
        request_of(order, now).target ==
        "/api/v1/audit?limit=100000&since=2026-11-21T17%3A04%3A05Z");
    order.since = "2026-11-01";
    CHECK(request_of(order, now).target == "/api/v1/audit?limit=100000&since=2026-11-01");
}

TEST_CASE("a doctor that found an error exits 1 and still prints its report") {
    ScriptedLink link;
    link.answers["/api/v1/doctor"] = {
        200, R"({"ok":false,"checks":[{"name":"disk","status":"error","text":"full"}]})"};
    const auto outcome = carry_out(link, order_of(Verb::doctor));
    CHECK(outcome.code == 1);
    CHECK(outcome.out.starts_with("✗ disk: full\n"));
}

TEST_CASE("an audit log that does not verify exits 1") {
    ScriptedLink link;
    link.answers["/api/v1/audit/verify"] = {
        200, R"({"ok":false,"records":1,"files":1,"problems":["broken"]})"};
    CHECK(carry_out(link, order_of(Verb::audit_verify, true)).code == 1);
}

TEST_CASE("audit with --json prints the records one a line") {
    ScriptedLink link;
    link.answers["/api/v1/audit?limit=1000"] = {200, R"({"lines":["{\"a\":1}","{\"b\":2}"]})"};
    CHECK(carry_out(link, order_of(Verb::audit, true)).out == "{\"a\":1}\n{\"b\":2}\n");
}

TEST_CASE("the configuration is printed line by line, as it is but for control characters") {
    ScriptedLink link;
    link.answers["/api/v1/config"] = {200, R"({"toml":"[daemon]\nx = \"\u001b\"\n\ny = 1\n"})"};
    CHECK(carry_out(link, order_of(Verb::config)).out == "[daemon]\nx = \"?\"\n\ny = 1\n");
}

TEST_CASE("times are in the zone of the daemon's configuration") {
    ScriptedLink link;
    auto status = samples::object(samples::status);
    status["timezone"] = "Europe/Berlin";
    link.answers["/api/v1/status"] = {200, boost::json::serialize(status)};
    link.answers["/api/v1/alerts"] = {200, std::string{samples::alerts}};
    CHECK(carry_out(link, order_of(Verb::alerts)).out.find("20:00 CET") != std::string::npos);
    CHECK(carry_out(link, order_of(Verb::status)).out.find("20:04:05 CET") != std::string::npos);
}

TEST_CASE("top as JSON has both answers on one line") {
    ScriptedLink link;
    link.answers["/api/v1/status"] = {200, std::string{samples::status}};
    link.answers["/api/v1/instances"] = {200, std::string{samples::instances}};
    const auto scene = read_scene(link);
    const auto line = scene_json(scene);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(samples::object(line).at("instances").at("instances").as_array().size() == 2);
}
