#include "runtime/virtual_clock.hpp"
#include "support.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace vastwatch::notify {
namespace {

constexpr const char* secret_url = "https://hooks.test/services/T00000000/B11111111";

/// A notifier of one format behind an HTTP client that answers as told.
struct Setting {
    explicit Setting(config::WebhookFormat format, std::string secret) {
        settings.name = NotifierName{"chat"};
        settings.type = config::NotifierType::webhook;
        settings.url = Secret{secret_url};
        settings.format = format;
        settings.signing_secret = Secret{std::move(secret)};
        notifier = make_webhook_notifier(http, clock, settings, Calendar{});
    }

    Attempt deliver() { return testing::run(loop, notifier->deliver(testing::sample_alert())); }

    std::string header(std::string_view name) const {
        for (const auto& header : http.requests.at(0).headers) {
            if (header.name == name) {
                return header.value;
            }
        }
        return "(none)";
    }

    boost::asio::io_context loop;
    runtime::VirtualClock clock{loop, testing::at("2026-11-21T20:00:00Z")};
    testing::FakeHttp http;
    config::Notifier settings;
    std::unique_ptr<Notifier> notifier;
};

}  // namespace

TEST_CASE("a webhook is one POST of JSON, named by the alert") {
    Setting setting{config::WebhookFormat::vastwatch, "plain"};
    CHECK(setting.deliver().verdict == Verdict::delivered);
    REQUIRE(setting.http.requests.size() == 1);
    CHECK(setting.http.requests[0].method == "POST");
    CHECK(setting.http.requests[0].url == secret_url);
    CHECK(setting.http.requests[0].timeout <= std::chrono::seconds{30});
    CHECK(setting.header("Content-Type") == "application/json");
    CHECK(setting.header("webhook-id") == "01JDA1B2C3D4E5F6G7H8J9K0M1");
    CHECK(setting.header("webhook-timestamp") == "1795291200");
    CHECK(setting.header("webhook-signature").starts_with("v1,"));
}

TEST_CASE("a webhook without a secret is not signed") {
    Setting setting{config::WebhookFormat::vastwatch, ""};
    setting.deliver();
    CHECK(setting.header("webhook-signature") == "(none)");
}

TEST_CASE("pagerduty's secret is the routing key in the body and signs nothing") {
    Setting setting{config::WebhookFormat::pagerduty, "R0UT1NGKEY"};
    setting.deliver();
    CHECK(setting.http.requests.at(0).body.find("\"R0UT1NGKEY\"") != std::string::npos);
    CHECK(setting.header("webhook-signature") == "(none)");
}

TEST_CASE("pagerduty without a routing key is refused before anything is sent") {
    Setting setting{config::WebhookFormat::pagerduty, " \n"};
    CHECK(setting.deliver().verdict == Verdict::refused);
    CHECK(setting.http.requests.empty());
}

TEST_CASE("a busy receiver's wish for when to come again is passed on") {
    Setting setting{config::WebhookFormat::vastwatch, ""};
    setting.http.answer =
        net::Response{503, {net::Header{"Retry-After", "Sat, 21 Nov 2026 20:01:00 GMT"}}, ""};
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(attempt.retry_after == std::chrono::seconds{60});
}

TEST_CASE("neither the address nor the secret is in what a failed attempt says") {
    Setting setting{config::WebhookFormat::vastwatch, "the-secret"};
    setting.http.answer =
        net::Response{404, {}, std::string{"no "} + secret_url + " for the-secret"};
    const auto answer = setting.deliver().answer;
    CHECK(answer.find("B11111111") == std::string::npos);
    CHECK(answer.find("the-secret") == std::string::npos);
    net::Error error;
    error.detail = std::string{"cannot reach "} + secret_url;
    setting.http.answer = error;
    CHECK(setting.deliver().answer.find("B11111111") == std::string::npos);
}

}  // namespace vastwatch::notify
