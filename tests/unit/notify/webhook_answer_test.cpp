#include "notify/webhook_answer.hpp"

#include "support.hpp"

#include <doctest/doctest.h>

namespace vastwatch::notify {
namespace {

const Instant now = testing::at("2026-11-21T19:04:05Z");

Attempt answered(int status, std::vector<net::Header> headers = {}, std::string body = {}) {
    return judge_answer(net::Response{status, std::move(headers), std::move(body)}, now, {});
}

}  // namespace

TEST_CASE("every 2xx is a delivery") {
    CHECK(answered(200).verdict == Verdict::delivered);
    CHECK(answered(202).verdict == Verdict::delivered);
    CHECK(answered(204).verdict == Verdict::delivered);
}

TEST_CASE("timeouts, limits and errors of the server are worth another try") {
    for (const int status : {408, 425, 429, 500, 502, 503, 504, 599}) {
        CAPTURE(status);
        CHECK(answered(status).verdict == Verdict::try_again);
    }
}

TEST_CASE("other refusals are final") {
    for (const int status : {300, 301, 302, 307, 308, 400, 401, 403, 404, 410, 413, 422}) {
        CAPTURE(status);
        CHECK(answered(status).verdict == Verdict::refused);
    }
}

TEST_CASE("a redirection is refused with a word on what to mend, not with where it leads") {
    const auto attempt =
        answered(302, {net::Header{"Location", "https://hooks.test/secret"}}, "see secret");
    CHECK(
        attempt.answer ==
        "HTTP 302: a redirection, which is not followed; configure the address it leads to");
}

TEST_CASE("the answer says what the other side said, on one line") {
    CHECK(
        answered(400, {}, "invalid_payload\r\n  really").answer ==
        "HTTP 400: invalid_payload really");
    CHECK(answered(204).answer == "HTTP 204");
    CHECK(answered(500, {}, std::string(100'000, 'x')).answer.size() <= 300);
}

TEST_CASE("Retry-After is honoured where another try is due") {
    CHECK(
        answered(429, {net::Header{"Retry-After", "30"}}).retry_after == std::chrono::seconds{30});
    CHECK(!answered(429).retry_after);
    CHECK(!answered(200, {net::Header{"Retry-After", "30"}}).retry_after);
}

TEST_CASE("Retry-After is seconds, fractions of them, or a date") {
    using namespace std::chrono_literals;
    CHECK(parse_retry_after("120", now) == 120s);
    CHECK(parse_retry_after(" 0.35 ", now) == 350ms);
    CHECK(parse_retry_after("Sat, 21 Nov 2026 19:05:05 GMT", now) == 60s);
    CHECK(parse_retry_after("Sat, 21 Nov 2026 19:03:05 GMT", now) == 0s);
}

TEST_CASE("Retry-After is at most a day, however far away it is named") {
    using namespace std::chrono_literals;
    CHECK(parse_retry_after("99999999999999", now) == 24h);
    CHECK(parse_retry_after("Fri, 21 Nov 2126 19:05:05 GMT", now) == 24h);
}

TEST_CASE("nonsense in Retry-After is nothing") {
    for (const char* text :
         {"",
          "-1",
          "nan",
          "inf-",
          "soon",
          "12x",
          "Sat, 21 Foo 2026 19:05:05 GMT",
          "Sat, 21 Nov 2026 19:05:05 CET",
          "Sat, 99 Nov 2026 19:05:05 GMT"}) {
        CAPTURE(text);
        CHECK(!parse_retry_after(text, now));
    }
}

TEST_CASE("failures of the network are worth another try, a wrong address is not") {
    net::Error error;
    error.detail = "connection refused";
    for (const auto failure :
         {net::Failure::resolve,
          net::Failure::connect,
          net::Failure::tls,
          net::Failure::timeout,
          net::Failure::reset,
          net::Failure::bad_response,
          net::Failure::too_large}) {
        error.failure = failure;
        CHECK(judge_answer(error, now, {}).verdict == Verdict::try_again);
    }
    error.failure = net::Failure::bad_url;
    const auto attempt = judge_answer(error, now, {});
    CHECK(attempt.verdict == Verdict::refused);
    CHECK(attempt.answer == "connection refused");
}

TEST_CASE("a server that echoes the address does not get its secret parts into the answer") {
    const auto hidden =
        secret_parts("https://user:pass@hooks.test/services/T00000000/B11111111?token=abcdefghijk");
    for (const char* echo :
         {"https://user:pass@hooks.test/services/T00000000/B11111111?token=abcdefghijk",
          "no such path /services/T00000000/B11111111?token=abcdefghijk",
          "unknown B11111111",
          "bad token abcdefghijk",
          "user:pass"}) {
        const auto attempt =
            judge_answer(net::Response{404, {}, std::string{"cannot find "} + echo}, now, hidden);
        CAPTURE(attempt.answer);
        for (const char* secret : {"T00000000", "B11111111", "abcdefghijk", "user:pass"}) {
            CHECK(attempt.answer.find(secret) == std::string::npos);
        }
        CHECK(attempt.answer.find("cannot find") != std::string::npos);
    }
}

TEST_CASE("no part of a secret is left where a long answer is cut off") {
    const auto hidden = secret_parts("https://hooks.test/services/T00000000B11111111");
    // White space counts before it is pressed together, so that the cut is within what is shown.
    for (std::size_t room = 0; room < 80; ++room) {
        const auto body =
            "no" + std::string(1022 - room, ' ') + "https://hooks.test/services/T00000000B11111111";
        const auto attempt = judge_answer(net::Response{404, {}, body}, now, hidden);
        CAPTURE(attempt.answer);
        CHECK(attempt.answer.find("T0000") == std::string::npos);
    }
}

}  // namespace vastwatch::notify
