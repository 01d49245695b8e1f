#include "web/site.hpp"

#include "base/text.hpp"
#include "sample_view.hpp"
#include "web/content_hash.hpp"
#include "web/query_input.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <doctest/doctest.h>

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace json = boost::json;
namespace sample = vastwatch::sample;
namespace web = vastwatch::web;
using namespace vastwatch;

namespace {

/// A daemon that remembers what it was told.
class FakeBackend final : public web::Backend {
  public:
    std::shared_ptr<const engine::View> view() override { return shown; }

    std::optional<engine::Explanation> explain(InstanceId id) override {
        for (const auto& instance : shown->instances) {
            if (instance.instance->id == id) {
                engine::Explanation out;
                out.instance = instance;
                out.headline = "Nothing will happen to it.";
                return out;
            }
        }
        return std::nullopt;
    }

    std::vector<web::SpendSeries>
    spend(const std::optional<TeamName>& team, Instant from, Instant to, Duration step) override {
        asked_team = team;
        asked_from = from;
        asked_to = to;
        asked_step = step;
        web::SpendSeries series;
        series.team = TeamName{"ml-research"};
        series.steps.emplace_back(from, Usd::dollars(12));
        std::vector<web::SpendSeries> out;
        out.push_back(std::move(series));
        return out;
    }

    asio::awaitable<web::CommandResult> execute(web::Command order) override {
        commands.push_back(std::move(order));
        web::CommandResult out;
        out.ok = !refuse;
        out.message = refuse ? "not now" : "done";
        co_return out;
    }

    asio::awaitable<json::value> doctor() override {
        json::object out;
        out["ok"] = true;
        co_return out;
    }

    std::string config_text() override { return "[daemon]\n"; }

    asio::awaitable<std::vector<std::string>>
    audit(std::optional<TeamName> team, std::optional<Instant> since, std::size_t limit) override {
        asked_team = std::move(team);
        asked_since = since;
        asked_limit = limit;
        std::vector<std::string> out;
        out.emplace_back("{\"seq\":1}");
        out.emplace_back("torn \xff");
        co_return out;
    }

    asio::awaitable<json::value> verify_audit() override {
        json::object out;
        out["ok"] = true;
        co_return out;
    }

    std::string process_metrics() override { return "process_threads 3\n"; }

    std::shared_ptr<const engine::View> shown = sample::view();
    bool refuse = false;
    std::vector<web::Command> commands;
    std::optional<TeamName> asked_team;
    Instant asked_from;
    Instant asked_to;
    Duration asked_step{0};
    std::optional<Instant> asked_since;
    std::size_t asked_limit = 0;
};

struct Fixture {
    FakeBackend backend;
    web::Site site{backend};

    http::Response ask(http::Request request) {
        asio::io_context loop{1};
        http::Response out;
        bool answered = false;
        asio::co_spawn(
            loop,
            site.handle(std::move(request)),
            [&](std::exception_ptr error, http::Response response) {
                answered = error == nullptr;
                out = std::move(response);
            });
        loop.run();
        if (!answered) {
            throw std::runtime_error{"the site threw"};
        }
        return out;
    }

    http::Response get(const std::string& path, web::Query query = {}, bool control = false) {
        http::Request request;
        request.method = "GET";
        request.path = path;
        request.query = std::move(query);
        request.control = control;
        request.actor = control ? "uid:1000" : "tcp";
        return ask(std::move(request));
    }

    http::Response post(const std::string& path, const std::string& body, bool control = true) {
        http::Request request;
        request.method = "POST";
        request.path = path;
        request.body = body;
        request.control = control;
        request.actor = control ? "uid:1000" : "tcp";
        return ask(std::move(request));
    }
};

json::value parsed(const http::Response& response) {
    return json::parse(response.body);
}

std::string message_of(const http::Response& response) {
    const auto body = parsed(response);
    CHECK(body.at("ok") == false);
    return std::string{body.at("message").as_string()};
}

std::string header_of(const http::Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) {
            return value;
        }
    }
    return "";
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the process is healthy as long as it answers") {
    auto view = sample::view();
    view->health.ready = false;
    backend.shown = view;
    CHECK(get("/-/healthy").status == 200);
}

TEST_CASE_FIXTURE(Fixture, "readiness is 200, or 503 with the reasons") {
    CHECK(get("/-/ready").status == 200);
    auto view = sample::view();
    view->health.ready = false;
    view->health.not_ready_because = {"account main was not listed yet"};
    backend.shown = view;
    const auto response = get("/-/ready");
    CHECK(response.status == 503);
    CHECK(response.body == "not ready\naccount main was not listed yet\n");
}

TEST_CASE_FIXTURE(Fixture, "a reason for not being ready cannot act in a terminal") {
    auto view = sample::view();
    view->health.ready = false;
    view->health.not_ready_because = {"the service says \x1b[2J\xff"};
    backend.shown = view;
    CHECK(get("/-/ready").body == "not ready\nthe service says ?[2J\xEF\xBF\xBD\n");
}

TEST_CASE_FIXTURE(Fixture, "metrics are the fleet's and the daemon's own") {
    const auto response = get("/metrics");
    CHECK(response.content_type == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(response.body.starts_with("# HELP vastwatch_build_info "));
    CHECK(response.body.ends_with("\nprocess_threads 3\n"));
}

TEST_CASE_FIXTURE(Fixture, "every list of the API is JSON of its name with a time") {
    for (const std::string name :
         {"teams", "instances", "alerts", "findings", "actions", "holds"}) {
        CAPTURE(name);
        const auto response = get("/api/v1/" + name);
        CHECK(response.status == 200);
        CHECK(response.content_type == "application/json");
        const auto body = parsed(response);
        CHECK(body.at("time") == "2026-11-21T19:04:05.250Z");
        CHECK(body.at(name).is_array());
    }
}

TEST_CASE_FIXTURE(Fixture, "teams carry today's curve") {
    const auto body = parsed(get("/api/v1/teams"));
    CHECK(body.at("teams").as_array().size() == 4);
    CHECK(body.at("teams").at(0).at("curve").as_array().size() > 50);
}

TEST_CASE_FIXTURE(Fixture, "instances are filtered by team and by idleness") {
    CHECK(parsed(get("/api/v1/instances")).at("instances").as_array().size() == 60);
    const auto team = parsed(get("/api/v1/instances", {{"team", "vision"}}));
    CHECK(team.at("instances").as_array().size() == 20);
    const auto idle = parsed(get("/api/v1/instances", {{"team", "vision"}, {"idle", "true"}}));
    REQUIRE(idle.at("instances").as_array().size() == 1);
    CHECK(idle.at("instances").at(0).at("id") == 900'000'003);
}

TEST_CASE_FIXTURE(Fixture, "a list longer than one slice is whole") {
    backend.shown = sample::view(3000);
    CHECK(parsed(get("/api/v1/instances")).at("instances").as_array().size() == 3003);
}

TEST_CASE_FIXTURE(Fixture, "one instance is explained") {
    const auto body = parsed(get("/api/v1/instances/900000001"));
    CHECK(body.at("headline") == "Nothing will happen to it.");
    CHECK(body.at("instance").at("id") == 900'000'001);
}

TEST_CASE_FIXTURE(Fixture, "an instance that is not there gives 404") {
    CHECK(message_of(get("/api/v1/instances/42")) == "there is no instance 42");
    for (const std::string id : {"", "0", "-1", "abc", "1x", "99999999999999999999", "1/2"}) {
        CAPTURE(id);
        CHECK(get("/api/v1/instances/" + id).status == 404);
    }
}

TEST_CASE_FIXTURE(Fixture, "a misspelt team gives 404 and the name that was meant") {
    const auto response = get("/api/v1/instances", {{"team", "ml-reserch"}});
    CHECK(response.status == 404);
    CHECK(message_of(response) == "there is no team 'ml-reserch'; did you mean 'ml-research'?");
}

TEST_CASE_FIXTURE(Fixture, "an unknown parameter is an error, not ignored") {
    const auto response = get("/api/v1/instances", {{"tem", "vision"}});
    CHECK(response.status == 400);
    CHECK(message_of(response) == "unknown parameter 'tem'; this path takes team, idle");
    CHECK(get("/api/v1/status", {{"x", "1"}}).status == 400);
}

TEST_CASE_FIXTURE(Fixture, "spend is that of the local day in hours unless asked otherwise") {
    const auto body = parsed(get("/api/v1/spend"));
    CHECK(body.at("from") == "2026-11-21T00:00:00Z");
    CHECK(body.at("to") == "2026-11-21T19:04:05Z");
    CHECK(body.at("step_seconds") == 3600);
    CHECK(body.at("series").at(0).at("points").at(0).at("spend") == 12);
    CHECK_FALSE(backend.asked_team);
}

TEST_CASE_FIXTURE(Fixture, "spend can be asked of a team, a range and a step") {
    const auto response =
        get("/api/v1/spend",
            {{"team", "vision"},
             {"from", "2026-11-01"},
             {"to", "2026-11-21T12:00:00Z"},
             {"step", "1d"}});
    CHECK(response.status == 200);
    CHECK(backend.asked_team == TeamName{"vision"});
    CHECK(format_rfc3339(backend.asked_from) == "2026-11-01T00:00:00Z");
    CHECK(backend.asked_step == std::chrono::hours{24});
}

TEST_CASE_FIXTURE(Fixture, "a bare date begins at the midnight of the configured zone") {
    auto view = sample::view();
    view->calendar = Calendar::find("Europe/Berlin").value();
    backend.shown = view;
    get("/api/v1/spend", {{"from", "2026-11-20"}});
    CHECK(format_rfc3339(backend.asked_from) == "2026-11-19T23:00:00Z");
}

TEST_CASE_FIXTURE(Fixture, "a range that makes no sense gives 400") {
    for (const web::Query& query :
         {web::Query{{"from", "yesterday"}},
          web::Query{{"from", "2026-11-22"}},
          web::Query{{"step", "1"}},
          web::Query{{"step", "59s"}},
          web::Query{{"from", "2020-01-01"}, {"step", "1m"}}}) {
        CAPTURE(query.begin()->second);
        CHECK(get("/api/v1/spend", query).status == 400);
    }
}

TEST_CASE_FIXTURE(Fixture, "a path that is not there gives 404") {
    for (const std::string path :
         {"/favicon.ico",
          "/api/v1",
          "/api/v1/",
          "/api/v1/status/",
          "/API/V1/status",
          "/metrics/../metrics",
          "//"}) {
        CAPTURE(path);
        CHECK(get(path).status == 404);
    }
}

TEST_CASE_FIXTURE(Fixture, "another method gives 405 and says which are known") {
    const auto response = post("/metrics", "", false);
    CHECK(response.status == 405);
    CHECK(header_of(response, "Allow") == "GET, HEAD");
}

TEST_CASE_FIXTURE(Fixture, "HEAD is answered like GET") {
    http::Request request;
    request.method = "HEAD";
    request.path = "/api/v1/status";
    CHECK(ask(std::move(request)).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "over TCP nothing of the control socket exists") {
    for (const std::string path :
         {"protect",
          "unprotect",
          "approve",
          "dismiss",
          "pause",
          "resume",
          "poll",
          "reload",
          "test-notifier",
          "config",
          "doctor",
          "audit",
          "audit/verify"}) {
        CAPTURE(path);
        CHECK(post("/api/v1/" + path, "{}", false).status == 404);
        CHECK(get("/api/v1/" + path).status == 404);
    }
    CHECK(backend.commands.empty());
}

TEST_CASE_FIXTURE(Fixture, "a command reaches the daemon with all it says and who said it") {
    const auto response = post(
        "/api/v1/protect",
        R"({"instance": 900000001, "duration": "4h", "reason": " a \u001b[31m test "})");
    CHECK(response.status == 200);
    CHECK(parsed(response).at("ok") == true);
    REQUIRE(backend.commands.size() == 1);
    const auto& command = backend.commands[0];
    CHECK(command.name == "protect");
    CHECK(command.instance == InstanceId{900'000'001});
    CHECK(command.duration == std::chrono::hours{4});
    CHECK(command.reason == "a ?[31m test");
    CHECK(command.actor == "uid:1000");
}

TEST_CASE_FIXTURE(Fixture, "a command that needs nothing takes an empty body") {
    for (const std::string name : {"approve", "dismiss", "pause", "resume", "poll", "reload"}) {
        CAPTURE(name);
        CHECK(post("/api/v1/" + name, "").status == 200);
        CHECK(backend.commands.back().name == name);
    }
    CHECK_FALSE(backend.commands.front().hold);
    post("/api/v1/approve", R"({"hold": 7})");
    CHECK(backend.commands.back().hold == HoldId{7});
}

TEST_CASE_FIXTURE(Fixture, "a command that is refused gives 409 with the daemon's reason") {
    backend.refuse = true;
    const auto response = post("/api/v1/resume", "{}");
    CHECK(response.status == 409);
    CHECK(message_of(response) == "not now");
}

TEST_CASE_FIXTURE(Fixture, "a command that makes no sense never reaches the daemon") {
    const std::vector<std::pair<std::string, std::string>> bad{
        {"protect", ""},
        {"protect", "[]"},
        {"protect", "{\"instance\":"},
        {"protect", R"({"instance":"312"})"},
        {"protect", R"({"instance":0})"},
        {"protect", R"({"instance":1.5})"},
        {"protect", R"({"instance":900000001,"duration":3600})"},
        {"protect", R"({"instance":900000001,"duration":"0s"})"},
        {"protect", R"({"instance":900000001,"duration":"soon"})"},
        {"protect", R"({"instance":900000001,"reason":1})"},
        {"protect", R"({"instance":900000001,"for":"4h"})"},
        {"pause", R"({"instance":312})"},
        {"poll", R"({"":1})"},
        {"approve", R"({"hold":"x"})"},
        {"test-notifier", "{}"},
        {"test-notifier", R"({"notifier":""})"}};
    for (const auto& [name, body] : bad) {
        CAPTURE(name);
        CAPTURE(body);
        CHECK(post("/api/v1/" + name, body).status == 400);
    }
    CHECK(backend.commands.empty());
}

TEST_CASE_FIXTURE(Fixture, "names that mean nothing here give 404") {
    CHECK(post("/api/v1/protect", R"({"instance":5})").status == 404);
    CHECK(
        message_of(post("/api/v1/test-notifier", R"({"notifier":"opps"})")) ==
        "there is no notifier 'opps'; did you mean 'ops'?");
    CHECK(backend.commands.empty());
}

TEST_CASE_FIXTURE(Fixture, "a command is not carried out by GET") {
    const auto response = get("/api/v1/poll", {}, true);
    CHECK(response.status == 405);
    CHECK(header_of(response, "Allow") == "POST");
    CHECK(backend.commands.empty());
}

TEST_CASE_FIXTURE(Fixture, "the control socket shows configuration, report and audit log") {
    CHECK(parsed(get("/api/v1/config", {}, true)).at("toml") == "[daemon]\n");
    CHECK(parsed(get("/api/v1/doctor", {}, true)).at("ok") == true);
    CHECK(parsed(get("/api/v1/audit/verify", {}, true)).at("ok") == true);
    const auto audit = parsed(
        get("/api/v1/audit", {{"team", "gone"}, {"since", "2026-11-01"}, {"limit", "5"}}, true));
    CHECK(audit.at("lines").at(0) == "{\"seq\":1}");
    CHECK(backend.asked_team == TeamName{"gone"});
    CHECK(backend.asked_limit == 5);
    CHECK(format_rfc3339(backend.asked_since.value()) == "2026-11-01T00:00:00Z");
}

TEST_CASE_FIXTURE(Fixture, "a limit of audit lines is a number within bounds") {
    for (const std::string limit : {"0", "-1", "x", "100001", "5x", ""}) {
        CAPTURE(limit);
        CHECK(get("/api/v1/audit", {{"limit", limit}}, true).status == 400);
    }
}

TEST_CASE_FIXTURE(Fixture, "hostile text in a view leaves every JSON answer valid") {
    backend.shown = sample::hostile_view();
    for (const std::string name :
         {"status", "teams", "instances", "alerts", "findings", "actions", "holds"}) {
        CAPTURE(name);
        json::error_code error;
        json::parse(get("/api/v1/" + name).body, error);
        CHECK_FALSE(error);
    }
}

TEST_CASE_FIXTURE(Fixture, "an error does not echo control characters") {
    CHECK(message_of(get("/a\x1b[31m")) == "there is nothing at /a?[31m");
}

TEST_CASE_FIXTURE(Fixture, "the page's policy lets its own style and script in, by their hashes") {
    const auto response = get("/");
    CHECK(response.content_type == "text/html; charset=utf-8");
    const auto policy = header_of(response, "Content-Security-Policy");
    for (const std::string element : {"style", "script"}) {
        CAPTURE(element);
        const auto begin = response.body.find("<" + element + ">") + element.size() + 2;
        const auto end = response.body.find("</" + element + ">", begin);
        REQUIRE(end != std::string::npos);
        const auto hash = web::csp_hash(response.body.substr(begin, end - begin));
        CHECK(policy.find(element + "-src " + hash + ";") != std::string::npos);
    }
    CHECK(policy.starts_with("default-src 'none';"));
    CHECK(policy.find("unsafe") == std::string::npos);
}

TEST_CASE("a hash for the policy is the SHA-256 in base64") {
    CHECK(web::csp_hash("abc") == "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='");
}
