#include "vast/url.hpp"

#include "support.hpp"
#include "vast/requests.hpp"

#include <doctest/doctest.h>

namespace vastwatch::vast {

TEST_CASE("every byte that is not unreserved is percent-encoded") {
    CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
    CHECK(percent_encode("a b+c=d&e/\xC3\xA9") == "a%20b%2Bc%3Dd%26e%2F%C3%A9");
}

TEST_CASE("slashes at the end of the configured address do not double") {
    CHECK(UrlBuilder("http://h//", "/api/").take() == "http://h/api/");
}

TEST_CASE("pairs are joined by one question mark and then ampersands") {
    CHECK(
        UrlBuilder("http://h", "/p/").add("a", "1").add("b", "x y").take() ==
        "http://h/p/?a=1&b=x%20y");
}

TEST_CASE("a sweep asks for its columns, by id, 25 rows a page, with the token as it came") {
    const ListQuery everything;
    const auto url = decoded(list_url("https://h", everything, "eyJ9fQ=="));
    CHECK(url.starts_with("https://h/api/v1/instances/?"));
    CHECK(url.find(R"(order_by=[{"col":"id","dir":"asc"}])") != std::string::npos);
    CHECK(url.find("limit=25") != std::string::npos);
    CHECK(url.find("after_token=eyJ9fQ==") != std::string::npos);
    CHECK(url.find("select_cols=[\"id\",\"label\",") != std::string::npos);
}

TEST_CASE("a sweep does not ask for environment variables or start scripts") {
    const ListQuery everything;
    const auto url = list_url("https://h", everything, "");
    CHECK(url.find("extra_env") == std::string::npos);
    CHECK(url.find("onstart") == std::string::npos);
    CHECK(url.find("jupyter_token") == std::string::npos);
}

TEST_CASE("a verification filters by id and asks for what a recipe needs") {
    ListQuery query;
    query.ids = ids_up_to(2);
    query.with_recipes = true;
    const auto url = decoded(list_url("https://h", query, ""));
    CHECK(url.find(R"(select_filters={"id":{"in":[1,2]}})") != std::string::npos);
    CHECK(url.find("extra_env") != std::string::npos);
    CHECK(url.find("after_token") == std::string::npos);
}

TEST_CASE("bulk bodies hold the ids under the names that each endpoint wants") {
    CHECK(destroy_body(ids_up_to(2)) == R"({"instance_ids":[1,2]})");
    CHECK(stop_body(ids_up_to(2)) == R"({"state":"stopped","ids":[1,2]})");
}

TEST_CASE("charges are asked for from the first second of the first day to the last of the last") {
    const Instant day(std::chrono::seconds{1'795'046'400});
    const auto url = decoded(charges_url("https://h", day, day, "t"));
    CHECK(
        url.find(R"(select_filters={"day":{"gte":1795046400,"lte":1795132799}})") !=
        std::string::npos);
    CHECK(url.find("limit=500") != std::string::npos);
    CHECK(url.find("after_token=t") != std::string::npos);
}

TEST_CASE("every path ends in a slash, because the service redirects without it") {
    CHECK(bulk_url("https://h") == "https://h/api/v0/instances/");
    CHECK(user_url("https://h") == "https://h/api/v0/users/current/");
    CHECK(spend_rate_url("https://h") == "https://h/api/v0/users/spend-rate/");
    CHECK(
        price_increases_url("https://h") == "https://h/api/v0/instances/pending-price-increases/");
}

}  // namespace vastwatch::vast
