#include "support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace vastwatch::vast {
namespace {

using namespace std::chrono_literals;

const Instant day(std::chrono::seconds{1'795'046'400});

constexpr std::array<net::Failure, 10> all_failures{
    net::Failure::bad_url,
    net::Failure::resolve,
    net::Failure::connect,
    net::Failure::proxy,
    net::Failure::tls,
    net::Failure::timeout,
    net::Failure::reset,
    net::Failure::bad_response,
    net::Failure::too_large,
    net::Failure::cancelled,
};

/// Replaces answers from the `from`-th request on by `answer`.
ScriptedHttp::Script
failing_from(ScriptedHttp::Script script, std::size_t from, net::Result answer) {
    return [script = std::move(script), from, answer = std::move(answer)](
               const Sent& sent, std::size_t number) {
        if (number >= from) {
            return answer;
        }
        return script(sent, number);
    };
}

/// Replaces only the `only`-th answer.
ScriptedHttp::Script
failing_once(ScriptedHttp::Script script, std::size_t only, net::Result answer) {
    return [script = std::move(script), only, answer = std::move(answer)](
               const Sent& sent, std::size_t number) {
        if (number == only) {
            return answer;
        }
        return script(sent, number);
    };
}

/// Whether neither the failures that this answer makes nor the log hold a beginning of the key.
bool tells_no_key(const net::Result& answer) {
    Account account;
    account.always(answer);
    const auto user = failure_in(account.run(account.client->user()));
    const auto sweep = failure_in(account.run(account.client->sweep()));
    const auto stop = failure_in(account.run(account.client->stop(ids_up_to(1), anyhow)));
    std::vector<std::string> texts;
    for (const auto& failure : {user, sweep, stop}) {
        texts.push_back(failure.message);
        texts.push_back(failure.error_code);
    }
    for (const auto& entry : account.log.entries()) {
        texts.push_back(entry.message);
    }
    const auto beginning = test_key.substr(0, 4);
    return std::ranges::none_of(
        texts, [&](const auto& text) { return text.find(beginning) != std::string::npos; });
}

}  // namespace

TEST_CASE("a sweep reads all pages and ends when there is no token") {
    Account account;
    account.http.script = fleet_of(60);
    const auto outcome = account.run(account.client->sweep());
    const auto& sweep = value_in(outcome);
    CHECK(sweep.account == AccountName("main"));
    REQUIRE(sweep.rows.size() == 60);
    CHECK(sweep.rows.front().id == InstanceId(1));
    CHECK(sweep.rows.back().id == InstanceId(60));
    CHECK(account.http.sent.size() == 3);
    CHECK(sweep.ended.mono > sweep.began.mono);
}

TEST_CASE("the pages of a sweep leave no closer together than the interval, and not much later") {
    Account account;
    account.http.script = fleet_of(250);
    account.run(account.client->sweep());
    REQUIRE(account.http.sent.size() == 10);
    for (std::size_t i = 1; i < account.http.sent.size(); ++i) {
        const auto gap = account.http.sent[i].at - account.http.sent[i - 1].at;
        CHECK(gap >= 1s);
        CHECK(gap <= 1100ms);
    }
}

TEST_CASE("every request carries the key as a bearer token, and nowhere else") {
    Account account;
    account.http.script = fleet_of(30);
    account.run(account.client->sweep());
    for (const auto& sent : account.http.sent) {
        CHECK(sent.header("Authorization") == "Bearer " + std::string(test_key));
        CHECK(sent.request.url.find(test_key) == std::string::npos);
        CHECK(sent.request.method == "GET");
        CHECK(sent.request.body.empty());
        CHECK(sent.request.timeout == 30s);
    }
}

TEST_CASE("an empty account is an empty sweep") {
    Account account;
    account.always(response(200, sample("instances-v1-empty.json")));
    const auto outcome = account.run(account.client->sweep());
    CHECK(value_in(outcome).rows.empty());
}

TEST_CASE("a sweep of both sample pages holds all eight instances") {
    Account account;
    account.in_turn(
        {response(200, sample("instances-v1-page1.json")),
         response(200, sample("instances-v1-page2-last.json"))});
    const auto outcome = account.run(account.client->sweep());
    CHECK(value_in(outcome).rows.size() == 8);
    CHECK(account.http.sent.at(1).asks_for("after_token=eyJ2YWx1ZXMiOiB7ImlkIjogMzE0MTYxMDF9fQ=="));
}

TEST_CASE("a row without an id is counted in the sweep") {
    Account account;
    account.always(response(200, page_json({row_json(1), R"({"id":null})"}, 2)));
    const auto outcome = account.run(account.client->sweep());
    CHECK(value_in(outcome).rows.size() == 1);
    CHECK(value_in(outcome).skipped_rows == 1);
}

TEST_CASE("a sweep whose token repeats is incomplete") {
    Account account;
    account.http.script = [](const Sent&, std::size_t number) {
        return response(
            200, page_json({row_json(static_cast<std::int64_t>(number) + 1)}, 50, "again"));
    };
    const auto failure = failure_in(account.run(account.client->sweep()));
    CHECK(failure.problem == Problem::incomplete);
    CHECK(account.http.sent.size() == 2);
}

TEST_CASE("a sweep that lists fewer than it counts is read once more and is then incomplete") {
    Account account;
    account.always(response(200, page_json({row_json(1)}, 25)));
    const auto failure = failure_in(account.run(account.client->sweep()));
    CHECK(failure.problem == Problem::incomplete);
    CHECK(account.http.sent.size() == 2);
}

TEST_CASE("a fleet that changed under the first reading is complete at the second") {
    Account account;
    account.in_turn(
        {response(200, page_json({row_json(1)}, 2)),
         response(200, page_json({row_json(1), row_json(2)}, 2))});
    const auto outcome = account.run(account.client->sweep());
    CHECK(value_in(outcome).rows.size() == 2);
}

TEST_CASE("a rejected key is told as such, without another attempt") {
    for (const auto& answer : {
             response(401, sample("error-401-invalid-key.json")),
             response(403, sample("error-403-no-auth.json")),
             response(404, sample("error-404-unknown-key.json")),
             response(200, R"({"success":false,"error":"auth_error","msg":"no"})"),
         }) {
        Account account;
        account.always(answer);
        CHECK(failure_in(account.run(account.client->sweep())).problem == Problem::key_rejected);
        CHECK(account.http.sent.size() == 1);
    }
}

TEST_CASE("a redirect is an error and is not followed or repeated") {
    Account account;
    account.always(response(301, sample("redirect-301-missing-slash.json")));
    CHECK(failure_in(account.run(account.client->sweep())).problem == Problem::server_error);
    CHECK(account.http.sent.size() == 1);
}

TEST_CASE("a refusal is not repeated") {
    Account account;
    account.always(response(400, sample("instances-v1-400-filter.json")));
    const auto failure = failure_in(account.run(account.client->sweep()));
    CHECK(failure.problem == Problem::refused);
    CHECK(failure.status == 400);
    CHECK(account.http.sent.size() == 1);
}

TEST_CASE("a 429 in any form slows the endpoint down, and the page is asked for again") {
    for (const auto& answer : {
             response(429, sample("error-429-detail.json")),
             response(429, sample("error-429-success-false.json")),
             response(429, sample("error-429-plain.txt"), "text/plain"),
             response(429, "API requests too frequent", "text/plain"),
         }) {
        Account account;
        account.http.script = failing_once(fleet_of(60), 1, answer);
        const auto outcome = account.run(account.client->sweep());
        CHECK(value_in(outcome).rows.size() == 60);
        CHECK(account.http.sent.size() == 4);
        CHECK(account.http.sent[2].at - account.http.sent[1].at > 1s);
    }
}

TEST_CASE("a 429 that names three seconds is followed by more than three seconds of silence") {
    Account account;
    account.http.script =
        failing_once(fleet_of(60), 1, response(429, sample("error-429-success-false.json")));
    account.run(account.client->sweep());
    REQUIRE(account.http.sent.size() == 4);
    CHECK(account.http.sent[2].at - account.http.sent[1].at > 3s);
    CHECK(account.http.sent[3].at - account.http.sent[2].at >= 3s);
}

TEST_CASE("a 429 without end is rate_limited after three attempts") {
    Account account;
    account.always(response(429, "API requests too frequent", "text/plain"));
    const auto failure = failure_in(account.run(account.client->sweep()));
    CHECK(failure.problem == Problem::rate_limited);
    CHECK(account.http.sent.size() == 3);
}

TEST_CASE("one passing fault of any kind, at any page, does not spoil a sweep") {
    std::vector<net::Result> faults;
    for (const auto failure : all_failures) {
        faults.push_back(network_error(failure, true));
    }
    for (const auto* body :
         {"{\"instances\":[{\"id\":1}",
          "",
          "null",
          "\xFF\xFE",
          R"({"success":true,"total_instances":0,"instances":null})"}) {
        faults.emplace_back(response(200, body));
    }
    faults.emplace_back(response(200, "<html>maintenance</html>", "text/html"));
    faults.emplace_back(response(500, "oops", "text/plain"));
    faults.emplace_back(response(502, "<html>Bad gateway</html>", "text/html"));
    for (const auto& fault : faults) {
        for (std::size_t number = 0; number < 3; ++number) {
            Account account;
            account.http.script = failing_once(fleet_of(60), number, fault);
            const auto outcome = account.run(account.client->sweep());
            CHECK(value_in(outcome).rows.size() == 60);
            CHECK(account.http.sent.size() == 4);
        }
    }
}

TEST_CASE("a fault that stays, from any page on, makes the sweep a failure after three attempts") {
    for (const auto failure : all_failures) {
        for (std::size_t from = 0; from < 3; ++from) {
            Account account;
            account.http.script = failing_from(fleet_of(60), from, network_error(failure, false));
            const auto outcome = account.run(account.client->sweep());
            CHECK(failure_in(outcome).problem == Problem::unreachable);
            CHECK(account.http.sent.size() == from + 3);
        }
    }
}

TEST_CASE("timeouts do not add up: no attempt begins later than a minute after the first") {
    Account account;
    account.http.latency = 45s;
    account.always(network_error(net::Failure::timeout, true));
    CHECK(failure_in(account.run(account.client->sweep())).problem == Problem::unreachable);
    CHECK(account.http.sent.size() == 2);
}

TEST_CASE("half a page for good is a bad answer") {
    Account account;
    account.always(response(200, "{\"success\":true,\"instances\":[{\"id\":"));
    CHECK(failure_in(account.run(account.client->sweep())).problem == Problem::bad_answer);
    CHECK(account.http.sent.size() == 3);
}

TEST_CASE("every attempt is reported with its endpoint and code") {
    Account account;
    account.http.script = failing_once(fleet_of(1), 0, network_error(net::Failure::timeout, true));
    account.run(account.client->sweep());
    REQUIRE(account.reports.size() == 2);
    CHECK(account.reports[0].account == AccountName("main"));
    CHECK(account.reports[0].endpoint == "instances");
    CHECK(account.reports[0].code == net::to_string(net::Failure::timeout));
    CHECK(account.reports[1].code == "200");
    CHECK(account.reports[1].took == 20ms);
}

TEST_CASE("the key is in no message and no log line, even when the service repeats it") {
    Account account;
    const auto body =
        fmt::format(R"({{"success":false,"error":"bad {0}","msg":"Invalid key {0}"}})", test_key);
    account.always(response(400, body));
    const auto failure = failure_in(account.run(account.client->sweep()));
    CHECK(failure.message.find(test_key) == std::string::npos);
    CHECK(failure.error_code.find(test_key) == std::string::npos);
    CHECK_FALSE(account.log.entries().empty());
    for (const auto& entry : account.log.entries()) {
        CHECK(entry.message.find(test_key) == std::string::npos);
    }
}

TEST_CASE("the key is in no message of a decoder either") {
    Account account;
    account.always(response(
        200, fmt::format(R"({{"success":false,"error":"{0}","msg":"key {0}"}})", test_key)));
    const auto failure = failure_in(account.run(account.client->user()));
    CHECK(failure.message.find(test_key) == std::string::npos);
    CHECK(failure.error_code.find(test_key) == std::string::npos);
}

TEST_CASE("of a key that the cut of a long message goes through nothing is left") {
    for (std::size_t before = 0; before <= 220; ++before) {
        CAPTURE(before);
        const auto text = std::string(before, '-') + std::string(test_key) + std::string(300, '+');
        for (const auto& answer : {
                 response(400, text, "text/plain"),
                 response(400, fmt::format(R"({{"msg":"{}"}})", text)),
                 response(200, fmt::format(R"({{"success":false,"msg":"{}"}})", text)),
             }) {
            CHECK(tells_no_key(answer));
        }
    }
}

TEST_CASE("of a key that the cut of a long error code goes through nothing is left") {
    for (std::size_t before = 0; before <= 70; ++before) {
        CAPTURE(before);
        const auto code = std::string(before, '-') + std::string(test_key) + std::string(70, '+');
        CHECK(tells_no_key(response(400, fmt::format(R"({{"error":"{}"}})", code))));
        CHECK(
            tells_no_key(response(200, fmt::format(R"({{"success":false,"error":"{}"}})", code))));
    }
}

TEST_CASE("a key that is cut, after one that is whole, is in no message either") {
    const auto text = fmt::format("{0} {1} {0}", test_key, std::string(150, '-'));
    CHECK(tells_no_key(response(400, text, "text/plain")));
}

TEST_CASE("of a key that the cut of a transport's words goes through nothing is left") {
    for (std::size_t before = 150; before <= 220; ++before) {
        CAPTURE(before);
        net::Error error;
        error.failure = net::Failure::bad_response;
        error.detail = std::string(before, '-') + std::string(test_key);
        CHECK(tells_no_key(error));
    }
}

TEST_CASE("a message that is cut keeps what is no part of the key") {
    Account account;
    account.always(response(400, std::string(300, '-'), "text/plain"));
    const auto failure = failure_in(account.run(account.client->user()));
    CHECK(failure.message.ends_with(std::string(199, '-') + "…"));
}

TEST_CASE("a verification is one request and tells which are gone by leaving them out") {
    Account account;
    account.http.script = fleet_of(20);
    const auto outcome = account.run(account.client->verify(ids_up_to(25)));
    const auto& verification = value_in(outcome);
    CHECK(verification.asked.size() == 25);
    CHECK(verification.rows.size() == 20);
    CHECK(verification.recipes.size() == 20);
    CHECK(account.http.sent.size() == 1);
    CHECK(account.http.sent[0].asks_for(R"({"id":{"in":[1,2)"));
}

TEST_CASE("an id asked for twice is read once") {
    Account account;
    account.http.script = fleet_of(5);
    std::vector<InstanceId> ids{InstanceId(3), InstanceId(1), InstanceId(3)};
    const auto outcome = account.run(account.client->verify(ids));
    CHECK(value_in(outcome).rows.size() == 2);
    CHECK(account.http.sent.at(0).asks_for(R"("in":[1,3])"));
}

TEST_CASE("a service that ignores the id filter verifies only what was asked for") {
    Account account;
    account.always(response(200, page_json({row_json(1), row_json(2), row_json(3)}, 3)));
    std::vector<InstanceId> ids{InstanceId(2), InstanceId(9)};
    const auto outcome = account.run(account.client->verify(ids));
    const auto& verification = value_in(outcome);
    REQUIRE(verification.rows.size() == 1);
    CHECK(verification.rows[0].id == InstanceId(2));
    CHECK(verification.recipes.size() == 1);
}

TEST_CASE("a verification is no older than its request, however long that waited for its turn") {
    Account account;
    account.in_turn(
        {response(429, R"({"detail": "API requests too frequent endpoint threshold=22.0"})"),
         response(200, page_json({}, 0))});
    account.run(account.client->sweep());
    account.http.script = fleet_of(60);
    const auto outcome = account.run(account.client->verify(ids_up_to(3)));
    CHECK(value_in(outcome).read_at.mono == account.http.sent.back().at);
}

TEST_CASE("a verification goes between the pages of a sweep that is under way") {
    Account account;
    account.http.script = fleet_of(500);
    account.start(account.client->sweep());
    account.clock.advance(2500ms);
    const auto before = account.http.sent.size();
    const auto outcome = account.run(account.client->verify(ids_up_to(3)));
    CHECK(value_in(outcome).rows.size() == 3);
    REQUIRE(account.http.sent.size() >= before + 1);
    CHECK(account.http.sent[before].asks_for("select_filters"));
}

TEST_CASE("charges are read to the last page and summed by source") {
    Account account;
    account.in_turn(
        {response(
             200,
             R"({"success":true,"next_token":"n","results":[{"source":"instance-1","amount":1}]})"),
         response(200, R"({"next_token":null,"results":[{"source":"instance-1","amount":2}]})")});
    const auto outcome = account.run(account.client->charges(day, day));
    const auto& charges = value_in(outcome);
    REQUIRE(charges.rows.size() == 1);
    CHECK(charges.rows[0].total() == Usd::dollars(3));
    REQUIRE(account.http.sent.size() == 2);
    CHECK(account.http.sent[1].asks_for("after_token=n"));
    CHECK(account.http.sent[1].asks_for(R"({"day":{"gte":1795046400)"));
}

TEST_CASE("charges whose token repeats are incomplete") {
    Account account;
    account.always(response(200, R"({"success":true,"next_token":"n","results":[]})"));
    CHECK(
        failure_in(account.run(account.client->charges(day, day))).problem == Problem::incomplete);
    CHECK(account.http.sent.size() == 2);
}

TEST_CASE("charges of a host account are refused with the service's words") {
    Account account;
    account.always(response(200, sample("charges-200-host-user.json")));
    const auto failure = failure_in(account.run(account.client->charges(day, day)));
    CHECK(failure.problem == Problem::refused);
    CHECK(failure.status == 200);
    CHECK(failure.message.find("Host users") != std::string::npos);
}

TEST_CASE("user, spend rate and price increases are one request each, to their own paths") {
    Account account;
    account.in_turn(
        {response(200, sample("user-current.json")),
         response(200, sample("user-spend-rate.json")),
         response(200, sample("pending-price-increases.json"))});
    CHECK(value_in(account.run(account.client->user())).credit.has_value());
    CHECK(value_in(account.run(account.client->spend_rate())).gpu == rate_from_double(40.57));
    CHECK(value_in(account.run(account.client->price_increases())).size() == 1);
    REQUIRE(account.http.sent.size() == 3);
    CHECK(account.http.sent[0].request.url == "https://api.example.test/api/v0/users/current/");
    CHECK(account.reports[2].endpoint == "price_increases");
}

TEST_CASE("columns that the service no longer has are named") {
    Account account;
    account.always(response(200, page_json({row_json(1, R"("label":"a")")}, 1)));
    const auto outcome = account.run(account.client->unknown_columns());
    const auto& names = value_in(outcome);
    const std::set<std::string> unknown(names.begin(), names.end());
    CHECK(unknown.contains("gpu_util"));
    CHECK_FALSE(unknown.contains("label"));
    CHECK(account.http.sent.at(0).asks_for("limit=1"));
    CHECK_FALSE(account.http.sent.at(0).asks_for("select_cols"));
}

TEST_CASE("a full row has all columns, and an empty account has none to compare") {
    Account account;
    account.in_turn(
        {response(200, sample("instances-v1-page1.json")),
         response(200, sample("instances-v1-empty.json"))});
    CHECK(value_in(account.run(account.client->unknown_columns())).empty());
    CHECK(value_in(account.run(account.client->unknown_columns())).empty());
}

TEST_CASE("a sweep takes about as long as was estimated") {
    Account account;
    account.http.script = fleet_of(1000);
    const auto estimate = account.client->estimated_sweep(1000);
    const auto before = account.clock.mono();
    account.run(account.client->sweep());
    const auto took = account.clock.mono() - before;
    CHECK(took >= estimate);
    CHECK(took <= estimate + estimate / 10);
}

TEST_CASE("a slow service makes the estimate longer") {
    Account account;
    account.http.latency = 5s;
    account.http.script = fleet_of(100);
    account.run(account.client->sweep());
    CHECK(account.client->estimated_sweep(1000) > 150s);
}

TEST_CASE("verification and action are estimated to take at least their intervals") {
    Account account;
    CHECK(account.client->estimated_verify(1) >= 1s);
    CHECK(account.client->estimated_verify(100) >= 4s + 3s);
}

TEST_CASE("a sweep says how much of its time went to asking again") {
    Account account;
    account.http.script = failing_once(fleet_of(60), 2, response(502, "busy", "text/html"));
    const auto begun = account.clock.mono();
    const auto outcome = account.run(account.client->sweep());
    const auto& sweep = value_in(outcome);
    REQUIRE(account.http.sent.size() == 4);
    CHECK(sweep.repeated == account.http.sent[3].at - account.http.sent[2].at);
    CHECK(sweep.repeated < account.clock.mono() - begun);
}

TEST_CASE("a sweep of which nothing was asked again says so") {
    Account account;
    account.http.script = fleet_of(60);
    CHECK(value_in(account.run(account.client->sweep())).repeated == Duration{0});
}

TEST_CASE("of a listing that had to be read twice the first reading is counted as repeated") {
    Account account;
    account.in_turn(
        {response(200, page_json({row_json(1)}, 2)), response(200, page_json({row_json(1)}, 1))});
    const auto outcome = account.run(account.client->sweep());
    REQUIRE(account.http.sent.size() == 2);
    CHECK(value_in(outcome).repeated == account.http.sent[1].at - account.http.sent[0].at);
}

}  // namespace vastwatch::vast
