#include "vast/answer.hpp"

#include "support.hpp"

#include <doctest/doctest.h>

#include <string>

namespace vastwatch::vast {
namespace {

Problem problem_of(int status, std::string body, std::string type = "application/json") {
    const auto failure = failure_of(response(status, std::move(body), std::move(type)));
    REQUIRE(failure);
    return failure->problem;
}

}  // namespace

TEST_CASE("a rejected key is told by 401, 403 and by 404 with auth_error") {
    CHECK(problem_of(401, sample("error-401-invalid-key.json")) == Problem::key_rejected);
    CHECK(problem_of(403, sample("error-403-no-auth.json")) == Problem::key_rejected);
    CHECK(problem_of(404, sample("error-404-unknown-key.json")) == Problem::key_rejected);
    CHECK(problem_of(401, "") == Problem::key_rejected);
    CHECK(
        problem_of(404, R"({"success":false,"msg":"Session expired. Please log in again."})") ==
        Problem::key_rejected);
}

TEST_CASE("a 404 about an instance is no rejected key") {
    CHECK(problem_of(404, sample("state-404.json")) == Problem::refused);
    CHECK(problem_of(404, sample("destroy-bulk-404.json")) == Problem::refused);
}

TEST_CASE("a redirect is an error, also when its body is JSON") {
    CHECK(problem_of(301, sample("redirect-301-missing-slash.json")) == Problem::server_error);
    CHECK(problem_of(308, "") == Problem::server_error);
}

TEST_CASE("a 5xx is the service's fault, whatever its body is") {
    CHECK(problem_of(502, "<html>Bad gateway</html>", "text/html") == Problem::server_error);
    CHECK(problem_of(503, "") == Problem::server_error);
    CHECK(problem_of(500, R"({"success":true})") == Problem::server_error);
}

TEST_CASE("a 5xx to an action leaves open whether it was done, a refusal does not") {
    CHECK(failure_of(response(502, ""))->maybe_done);
    CHECK_FALSE(failure_of(response(400, ""))->maybe_done);
    CHECK_FALSE(failure_of(response(429, ""))->maybe_done);
    CHECK_FALSE(failure_of(response(301, ""))->maybe_done);
}

TEST_CASE("any other 4xx is a refusal with the service's code and words") {
    const auto failure = failure_of(response(400, sample("instances-v1-400-filter.json")));
    REQUIRE(failure);
    CHECK(failure->problem == Problem::refused);
    CHECK(failure->error_code == "invalid_request");
    CHECK(failure->message.find("not a valid search key") != std::string::npos);
    CHECK(problem_of(410, sample("instances-v0-list-410.json")) == Problem::refused);
}

TEST_CASE("a web page with status 200 is no answer") {
    CHECK(problem_of(200, "<html></html>", "text/html") == Problem::bad_answer);
    CHECK(problem_of(200, " <!DOCTYPE html>", "application/json") == Problem::bad_answer);
}

TEST_CASE("a 200 with JSON is left to the decoder, whatever its content type") {
    CHECK_FALSE(failure_of(response(200, "{}")));
    CHECK_FALSE(failure_of(response(200, "{}", "text/plain")));
}

TEST_CASE("the threshold is read out of a 429 in all three forms") {
    using namespace std::chrono_literals;
    CHECK(rate_limit_of(response(429, sample("error-429-detail.json"))).threshold == 1s);
    CHECK(rate_limit_of(response(429, sample("error-429-success-false.json"))).threshold == 3s);
    const auto plain = response(429, sample("error-429-plain.txt"), "text/plain");
    CHECK(rate_limit_of(plain).threshold == 1s);
    CHECK(problem_of(429, sample("error-429-plain.txt"), "text/plain") == Problem::rate_limited);
}

TEST_CASE("a 429 that names no threshold, or nonsense, names none") {
    CHECK_FALSE(rate_limit_of(response(429, "API requests too frequent")).threshold);
    CHECK_FALSE(rate_limit_of(response(429, "threshold=abc")).threshold);
    CHECK_FALSE(rate_limit_of(response(429, "threshold=-3")).threshold);
    CHECK_FALSE(rate_limit_of(response(429, "threshold=nan")).threshold);
}

TEST_CASE("an absurd threshold is cut to an hour") {
    CHECK(rate_limit_of(response(429, "threshold=1e300")).threshold == std::chrono::hours{1});
}

TEST_CASE("Retry-After is honoured in its seconds form only") {
    auto answer = response(429, "");
    answer.headers.push_back({"Retry-After", " 7 "});
    CHECK(rate_limit_of(answer).retry_after == std::chrono::seconds{7});
    answer.headers.back().value = "Sun, 22 Nov 2026 07:28:00 GMT";
    CHECK_FALSE(rate_limit_of(answer).retry_after);
}

TEST_CASE("hostile error texts come out printable and bounded") {
    const auto body = R"({"error":"a\u001b[31mb","msg":")" + std::string(5000, 'x') + R"("})";
    const auto failure = failure_of(response(400, body));
    REQUIRE(failure);
    CHECK(failure->error_code.find('\x1b') == std::string::npos);
    CHECK(failure->message.size() < 400);
}

TEST_CASE("a body that is neither JSON nor UTF-8 does not get into the message as it is") {
    const auto failure = failure_of(response(500, "\xFF\xFE\x01garbage"));
    REQUIRE(failure);
    CHECK(failure->message.find('\xFF') == std::string::npos);
    CHECK(failure->message.find('\x01') == std::string::npos);
}

TEST_CASE("gone is what the bulk calls say when none of the ids exists") {
    CHECK(means_gone(*failure_of(response(404, sample("destroy-bulk-404.json")))));
    CHECK(means_gone(*failure_of(response(404, sample("destroy-404-gone.json")))));
    CHECK(means_gone(*failure_of(
        response(404, R"({"error":"invalid_args","msg":"Invalid instance ID list ids."})"))));
}

TEST_CASE("a 404 that says nothing of instances is not gone, nor is a rejected key") {
    CHECK_FALSE(means_gone(*failure_of(response(404, "<html></html>", "text/html"))));
    CHECK_FALSE(means_gone(*failure_of(response(404, sample("error-404-unknown-key.json")))));
    CHECK_FALSE(means_gone(*failure_of(response(400, sample("destroy-bulk-404.json")))));
}

}  // namespace vastwatch::vast
