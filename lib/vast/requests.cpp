#include "vast/requests.hpp"

#include "vast/columns.hpp"
#include "vast/url.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdint>

namespace vastwatch::vast {
namespace {

constexpr std::string_view list_path = "/api/v1/instances/";
constexpr std::size_t charges_per_page = 500;

std::string joined(const std::vector<InstanceId>& ids) {
    std::vector<std::int64_t> numbers;
    numbers.reserve(ids.size());
    for (const auto id : ids) {
        numbers.push_back(id.value());
    }
    return fmt::format("[{}]", fmt::join(numbers, ","));
}

std::int64_t unix_seconds(Instant instant) {
    return std::chrono::floor<std::chrono::seconds>(instant).time_since_epoch().count();
}

}  // namespace

std::string list_url(std::string_view origin, const ListQuery& query, std::string_view token) {
    UrlBuilder url(origin, list_path);
    if (!query.ids.empty()) {
        url.add("select_filters", fmt::format(R"({{"id":{{"in":{}}}}})", joined(query.ids)));
    }
    url.add("order_by", R"([{"col":"id","dir":"asc"}])");
    url.add("limit", std::to_string(rows_per_page));
    url.add("select_cols", query.with_recipes ? verification_columns() : sweep_columns());
    if (!token.empty()) {
        url.add("after_token", token);
    }
    return url.take();
}

std::string full_row_url(std::string_view origin) {
    return UrlBuilder(origin, list_path).add("limit", "1").take();
}

std::string bulk_url(std::string_view origin) {
    return UrlBuilder(origin, "/api/v0/instances/").take();
}

std::string destroy_body(const std::vector<InstanceId>& ids) {
    return fmt::format(R"({{"instance_ids":{}}})", joined(ids));
}

std::string stop_body(const std::vector<InstanceId>& ids) {
    return fmt::format(R"({{"state":"stopped","ids":{}}})", joined(ids));
}

std::string
charges_url(std::string_view origin, Instant first_day, Instant last_day, std::string_view token) {
    // The end of the last day, as the official client asks for it: a bound at its midnight would
    // depend on how the service compares.
    const auto end = last_day + std::chrono::hours{24} - std::chrono::seconds{1};
    UrlBuilder url(origin, "/api/v0/charges/");
    url.add(
        "select_filters",
        fmt::format(
            R"({{"day":{{"gte":{},"lte":{}}}}})", unix_seconds(first_day), unix_seconds(end)));
    url.add("latest_first", "false");
    url.add("limit", std::to_string(charges_per_page));
    url.add("format", "table");
    if (!token.empty()) {
        url.add("after_token", token);
    }
    return url.take();
}

std::string user_url(std::string_view origin) {
    return UrlBuilder(origin, "/api/v0/users/current/").take();
}

std::string spend_rate_url(std::string_view origin) {
    return UrlBuilder(origin, "/api/v0/users/spend-rate/").take();
}

std::string price_increases_url(std::string_view origin) {
    return UrlBuilder(origin, "/api/v0/instances/pending-price-increases/").take();
}

}  // namespace vastwatch::vast
