#include "notify/webhook_signature.hpp"

#include "support.hpp"

#include <doctest/doctest.h>

namespace vastwatch::notify {
namespace {

constexpr std::string_view secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::string_view body = "{\"test\": 2432232314}";
constexpr std::string_view signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

}  // namespace

TEST_CASE("the signature is that of Standard Webhooks' own test vector") {
    CHECK(webhook_signature(secret, id, 1614265330, body) == signature);
}

TEST_CASE("a line end after the secret, as files have one, changes nothing") {
    CHECK(webhook_signature(std::string{secret} + "\n", id, 1614265330, body) == signature);
}

TEST_CASE("a secret without the prefix is the key itself") {
    // printf 'a.1.{}' | openssl dgst -sha256 -hmac plain -binary | base64
    CHECK(
        webhook_signature("plain", "a", 1, "{}") ==
        "v1,9gANenXI7azKMUSDjUP7zfn/2LL7b0dhDFZeVWclj6E=");
}

TEST_CASE("the three headers name the alert, the moment and the signature") {
    const auto headers = webhook_headers(secret, id, testing::at("2021-02-25T15:02:10.9Z"), body);
    REQUIRE(headers.size() == 3);
    CHECK(headers[0].name == "webhook-id");
    CHECK(headers[0].value == id);
    CHECK(headers[1].name == "webhook-timestamp");
    CHECK(headers[1].value == "1614265330");
    CHECK(headers[2].name == "webhook-signature");
    CHECK(headers[2].value == signature);
}

TEST_CASE("without a secret nothing is signed") {
    CHECK(webhook_headers("\n", id, Instant{}, body).size() == 2);
}

TEST_CASE("an id cannot add a header") {
    const auto headers = webhook_headers("", "a\r\nX-Evil: 1", Instant{}, body);
    CHECK(headers[0].value == "a=0D=0AX-Evil=3A=201");
}

}  // namespace vastwatch::notify
