// What an HTTP answer of any kind must come to, for the API's client and for webhooks.
#pragma once

#include "failure_check.hpp"
#include "fuzz.hpp"
#include "notify/webhook_answer.hpp"
#include "vast/answer.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace vastwatch::fuzz {

inline void check_meaning(const net::Response& response) {
    const bool success = response.status >= 200 && response.status < 300;
    const auto failure = vast::failure_of(response);
    require(success || failure.has_value(), "only 2xx is worth decoding");
    if (failure) {
        check_failure(*failure);
        require(failure->status == response.status, "a failure has the answer's status");
        const bool unclear = response.status >= 500 || response.status == 408;
        require(failure->maybe_done == (unclear && !success), "what may have been done is said");
        require(
            response.status != 401 || failure->problem == vast::Problem::key_rejected,
            "401 rejects the key");
        require(
            response.status != 429 || failure->problem == vast::Problem::rate_limited,
            "429 limits the rate");
        require(
            !vast::means_gone(*failure) || failure->status == 404,
            "only 404 says that all is gone");
    }
    const auto limit = vast::rate_limit_of(response);
    for (const auto* wait : {&limit.threshold, &limit.retry_after}) {
        require(
            !*wait || (**wait >= Duration{0} && **wait <= std::chrono::hours{1}),
            "a rate limit asks for at most an hour");
    }
}

inline void check_attempt(const notify::Attempt& attempt) {
    require_shown(attempt.answer, 300, "what the other side said is one bounded printable line");
    require(
        !attempt.retry_after ||
            (*attempt.retry_after >= Duration{0} && *attempt.retry_after <= std::chrono::hours{24}),
        "a retry is at most a day away");
}

inline void check_verdict(const net::Response& response, const std::vector<std::string>& hidden) {
    const Instant now{std::chrono::seconds{1'795'287'845}};
    const auto attempt = notify::judge_answer(net::Result{response}, now, hidden);
    check_attempt(attempt);
    const bool success = response.status >= 200 && response.status < 300;
    require(
        success == (attempt.verdict == notify::Verdict::delivered),
        "2xx and nothing else delivers");
    require(
        !attempt.retry_after || attempt.verdict == notify::Verdict::try_again,
        "only what is worth another try has a time for it");
    for (const auto& secret : hidden) {
        require(
            attempt.answer.find(secret) == std::string::npos, "no secret is in the answer", secret);
    }
}

}  // namespace vastwatch::fuzz
