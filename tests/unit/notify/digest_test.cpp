#include "notify/digest.hpp"

#include <doctest/doctest.h>

namespace vastwatch::notify {

TEST_CASE("SHA-256 gives FIPS 180's example") {
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("HMAC-SHA256 gives RFC 4231's second example") {
    CHECK(
        base64_encode(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

TEST_CASE("base64 gives RFC 4648's examples, both ways") {
    const std::pair<std::string_view, std::string_view> examples[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xFB\xFF", "+/8="}};
    for (const auto& [bytes, text] : examples) {
        CHECK(base64_encode(bytes) == text);
        CHECK(base64_decode(text) == bytes);
    }
}

TEST_CASE("what is not base64 is not decoded") {
    CHECK(!base64_decode("Zg-="));
    CHECK(!base64_decode("Z"));
    CHECK(!base64_decode("Zm9v Zm9v"));
}

}  // namespace vastwatch::notify
