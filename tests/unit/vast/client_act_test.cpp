#include "support.hpp"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace vastwatch::vast {
namespace {

using namespace std::chrono_literals;

constexpr std::array<net::Failure, 9> all_failures{
    net::Failure::resolve,
    net::Failure::connect,
    net::Failure::proxy,
    net::Failure::tls,
    net::Failure::timeout,
    net::Failure::reset,
    net::Failure::bad_url,
    net::Failure::bad_response,
    net::Failure::cancelled,
};

/// Says yes so often, and then no.
MayLeave yes_for(int times) {
    return [left = std::make_shared<int>(times)]() { return (*left)-- > 0; };
}

}  // namespace

TEST_CASE("a destroy is one DELETE with all ids") {
    Account account;
    account.always(response(200, sample("destroy-bulk-ok.json")));
    const auto outcome = account.run(account.client->destroy(ids_up_to(3), anyhow));
    CHECK_FALSE(value_in(outcome).gone);
    REQUIRE(account.http.sent.size() == 1);
    const auto& request = account.http.sent[0].request;
    CHECK(request.method == "DELETE");
    CHECK(request.url == "https://api.example.test/api/v0/instances/");
    CHECK(request.body == R"({"instance_ids":[1,2,3]})");
    CHECK(account.http.sent[0].header("Content-Type") == "application/json");
    CHECK(account.reports.at(0).endpoint == "destroy");
}

TEST_CASE("a stop is one PUT with the state and all ids") {
    Account account;
    account.always(response(200, sample("state-ok.json")));
    const auto outcome = account.run(account.client->stop(ids_up_to(2), anyhow));
    CHECK_FALSE(value_in(outcome).gone);
    REQUIRE(account.http.sent.size() == 1);
    CHECK(account.http.sent[0].request.method == "PUT");
    CHECK(account.http.sent[0].request.body == R"({"state":"stopped","ids":[1,2]})");
    CHECK(account.reports.at(0).endpoint == "stop");
}

TEST_CASE("nothing to destroy needs no request") {
    Account account;
    account.always(response(500, ""));
    const auto outcome = account.run(account.client->destroy({}, anyhow));
    CHECK_FALSE(value_in(outcome).gone);
    CHECK(account.http.sent.empty());
}

TEST_CASE("none of the ids exists any more: gone, and that is success") {
    Account account;
    account.always(response(404, sample("destroy-bulk-404.json")));
    const auto outcome = account.run(account.client->destroy(ids_up_to(1), anyhow));
    CHECK(value_in(outcome).gone);
}

TEST_CASE("a 404 because of the key is not gone") {
    Account account;
    account.always(response(404, sample("error-404-unknown-key.json")));
    const auto failure = failure_in(account.run(account.client->destroy(ids_up_to(1), anyhow)));
    CHECK(failure.problem == Problem::key_rejected);
    CHECK_FALSE(failure.maybe_done);
}

TEST_CASE("success:false with status 200 is a failure of the action") {
    Account account;
    account.always(response(200, sample("state-start-queued.json")));
    const auto failure = failure_in(account.run(account.client->stop(ids_up_to(1), anyhow)));
    CHECK(failure.problem == Problem::refused);
    CHECK(failure.error_code == "resources_unavailable");
    CHECK(account.http.sent.size() == 1);
}

TEST_CASE("success:false with status 200 leaves open whether the action was done") {
    Account account;
    account.always(response(200, R"({"success": false, "msg": "It did not work."})"));
    CHECK(failure_in(account.run(account.client->destroy(ids_up_to(1), anyhow))).maybe_done);
    CHECK(failure_in(account.run(account.client->stop(ids_up_to(1), anyhow))).maybe_done);
}

TEST_CASE("a key rejected with status 200 is surely not done") {
    Account account;
    account.always(response(200, R"({"success": false, "error": "auth_error"})"));
    const auto failure = failure_in(account.run(account.client->destroy(ids_up_to(1), anyhow)));
    CHECK(failure.problem == Problem::key_rejected);
    CHECK_FALSE(failure.maybe_done);
}

TEST_CASE("an action that may have been received is never sent again") {
    for (const auto failure : all_failures) {
        Account account;
        account.always(network_error(failure, true));
        const auto outcome = account.run(account.client->destroy(ids_up_to(1), anyhow));
        CHECK(failure_in(outcome).problem == Problem::unreachable);
        CHECK(failure_in(outcome).maybe_done);
        CHECK(account.http.sent.size() == 1);
    }
}

TEST_CASE("an action that surely was not received is sent again, and then succeeds") {
    for (const auto failure : all_failures) {
        Account account;
        account.in_turn(
            {network_error(failure, false), response(200, sample("destroy-bulk-ok.json"))});
        const auto outcome = account.run(account.client->destroy(ids_up_to(1), anyhow));
        CHECK_FALSE(value_in(outcome).gone);
        CHECK(account.http.sent.size() == 2);
    }
}

TEST_CASE("an action that cannot be sent at all fails after three attempts, surely not done") {
    Account account;
    account.always(network_error(net::Failure::connect, false));
    const auto failure = failure_in(account.run(account.client->destroy(ids_up_to(1), anyhow)));
    CHECK(failure.problem == Problem::unreachable);
    CHECK_FALSE(failure.maybe_done);
    CHECK(account.http.sent.size() == 3);
}

TEST_CASE("not received first and unclear then ends as unclear") {
    Account account;
    account.in_turn(
        {network_error(net::Failure::connect, false),
         network_error(net::Failure::reset, true),
         response(200, sample("destroy-bulk-ok.json"))});
    const auto failure = failure_in(account.run(account.client->destroy(ids_up_to(1), anyhow)));
    CHECK(failure.maybe_done);
    CHECK(account.http.sent.size() == 2);
}

TEST_CASE("a 5xx to an action leaves it open and is not repeated") {
    for (const int status : {500, 502, 503, 504}) {
        Account account;
        account.always(response(status, "<html></html>", "text/html"));
        const auto failure = failure_in(account.run(account.client->destroy(ids_up_to(1), anyhow)));
        CHECK(failure.problem == Problem::server_error);
        CHECK(failure.maybe_done);
        CHECK(account.http.sent.size() == 1);
    }
}

TEST_CASE("a 200 that cannot be read leaves the action open and is not repeated") {
    for (const auto* body : {"", "{\"success\":", "[]", "<html></html>", "\xFF"}) {
        Account account;
        account.always(response(200, body));
        const auto failure = failure_in(account.run(account.client->destroy(ids_up_to(1), anyhow)));
        CHECK(failure.problem == Problem::bad_answer);
        CHECK(failure.maybe_done);
        CHECK(account.http.sent.size() == 1);
    }
}

TEST_CASE("a refused or redirected action is surely not done") {
    for (const auto& answer : {
             response(400, sample("destroy-bulk-400.json")),
             response(301, sample("redirect-301-missing-slash.json")),
         }) {
        Account account;
        account.always(answer);
        CHECK_FALSE(
            failure_in(account.run(account.client->destroy(ids_up_to(1), anyhow))).maybe_done);
        CHECK(account.http.sent.size() == 1);
    }
}

TEST_CASE("a 429 means the action was not done: it is sent again after the threshold") {
    Account account;
    account.in_turn(
        {response(429, sample("error-429-success-false.json")),
         response(200, sample("destroy-bulk-ok.json"))});
    const auto outcome = account.run(account.client->destroy(ids_up_to(1), anyhow));
    CHECK_FALSE(value_in(outcome).gone);
    REQUIRE(account.http.sent.size() == 2);
    CHECK(account.http.sent[1].at - account.http.sent[0].at > 3s);
}

TEST_CASE("what may not leave is not sent, and is withheld") {
    Account account;
    account.always(response(200, sample("destroy-bulk-ok.json")));
    const auto destroyed = account.run(account.client->destroy(ids_up_to(1), yes_for(0)));
    CHECK(failure_in(destroyed).problem == Problem::withheld);
    CHECK_FALSE(failure_in(destroyed).maybe_done);
    const auto stopped = account.run(account.client->stop(ids_up_to(1), yes_for(0)));
    CHECK(failure_in(stopped).problem == Problem::withheld);
    CHECK(account.http.sent.empty());
    CHECK(account.reports.empty());
}

TEST_CASE("whether an action may leave is asked when its turn has come") {
    Account account;
    account.always(response(200, sample("destroy-bulk-ok.json")));
    account.run(account.client->destroy(ids_up_to(1), anyhow));
    std::vector<MonoTime> asked;
    const MayLeave may_leave = [&]() {
        asked.push_back(account.clock.mono());
        return true;
    };
    account.run(account.client->destroy(ids_up_to(2), may_leave));
    REQUIRE(account.http.sent.size() == 2);
    CHECK(asked == std::vector<MonoTime>{account.http.sent[1].at});
}

TEST_CASE("an action that was refused as too early and may not leave any more is not repeated") {
    Account account;
    auto limited = response(429, "API requests too frequent");
    limited.headers.push_back({"Retry-After", "40"});
    account.in_turn({limited, response(200, sample("destroy-bulk-ok.json"))});
    const auto failure = failure_in(account.run(account.client->destroy(ids_up_to(1), yes_for(1))));
    CHECK(failure.problem == Problem::rate_limited);
    CHECK_FALSE(failure.maybe_done);
    CHECK(account.http.sent.size() == 1);
    CHECK(account.clock.mono() - MonoTime{} > 40s);
}

TEST_CASE("an action that was withheld leaves its turn to the next") {
    Account account;
    account.always(response(200, sample("destroy-bulk-ok.json")));
    account.run(account.client->destroy(ids_up_to(1), yes_for(0)));
    account.run(account.client->destroy(ids_up_to(1), anyhow));
    REQUIRE(account.http.sent.size() == 1);
    CHECK(account.http.sent[0].at - MonoTime{} < 1s);
}

TEST_CASE("two destroys leave three seconds apart") {
    Account account;
    account.always(response(200, sample("destroy-bulk-ok.json")));
    account.start(account.client->destroy(ids_up_to(1), anyhow));
    account.run(account.client->destroy(ids_up_to(2), anyhow));
    REQUIRE(account.http.sent.size() == 2);
    CHECK(account.http.sent[1].at - account.http.sent[0].at >= 3s);
}

TEST_CASE("a client under new settings keeps the pace of the one before") {
    Account account;
    account.always(response(200, sample("destroy-bulk-ok.json")));
    account.run(account.client->destroy(ids_up_to(1), anyhow));
    account.renew(1s);
    account.run(account.client->destroy(ids_up_to(2), anyhow));
    REQUIRE(account.http.sent.size() == 2);
    CHECK(account.http.sent[1].at - account.http.sent[0].at >= 3s);
}

TEST_CASE("who waits under the old settings and who comes under the new ones take turns") {
    Account account;
    account.always(response(200, sample("destroy-bulk-ok.json")));
    account.run(account.client->destroy(ids_up_to(1), anyhow));
    account.start(account.client->destroy(ids_up_to(2), anyhow));
    account.renew(2s);
    account.run(account.client->destroy(ids_up_to(3), anyhow));
    REQUIRE(account.http.sent.size() == 3);
    CHECK(account.http.sent[1].at - account.http.sent[0].at >= 3s);
    CHECK(account.http.sent[2].at - account.http.sent[1].at >= 6s);
}

TEST_CASE("with a long request interval a destroy has time for its turn") {
    Account account(30s);
    account.always(response(200, sample("destroy-bulk-ok.json")));
    account.run(account.client->destroy(ids_up_to(1), anyhow));
    const auto outcome = account.run(account.client->destroy(ids_up_to(1), anyhow));
    CHECK_FALSE(value_in(outcome).gone);
    CHECK(account.http.sent[1].at - account.http.sent[0].at >= 90s);
}

TEST_CASE("an endpoint that is to rest for longer than a call can wait fails at once") {
    Account account;
    auto limited = response(429, "API requests too frequent");
    limited.headers.push_back({"Retry-After", "250"});
    account.always(limited);
    const auto failure = failure_in(account.run(account.client->destroy(ids_up_to(1), anyhow)));
    CHECK(failure.problem == Problem::rate_limited);
    CHECK_FALSE(failure.maybe_done);
    CHECK(account.http.sent.size() == 1);
    CHECK(account.clock.mono() - MonoTime{} < 30s);
}

}  // namespace vastwatch::vast
