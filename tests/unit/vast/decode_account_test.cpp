#include "vast/decode_account.hpp"

#include "support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace vastwatch::vast {

TEST_CASE("the user sample gives credit, lifetime spend and scopes") {
    const auto outcome = decode_user(sample("user-current.json"));
    const auto& user = value_in(outcome);
    CHECK(user.credit == usd_from_double(1342.8317));
    CHECK(user.total_spend == usd_from_double(-48211.0732));
    CHECK(user.balance_threshold == usd_from_double(50));
    CHECK(std::count(user.scopes.begin(), user.scopes.end(), "billing_read") == 1);
}

TEST_CASE("a user figure that is no number is absent") {
    const auto outcome = decode_user(R"({"credit":null,"total_spend":"x","rights":[1]})");
    const auto& user = value_in(outcome);
    CHECK_FALSE(user.credit);
    CHECK_FALSE(user.total_spend);
    CHECK(user.scopes.empty());
}

TEST_CASE("credit as text is credit") {
    const auto outcome = decode_user(R"({"credit":"12.5"})");
    CHECK(value_in(outcome).credit == usd_from_double(12.5));
}

TEST_CASE("an object that is no user is a bad answer, and a refusal a refusal") {
    CHECK(failure_in(decode_user("{}")).problem == Problem::bad_answer);
    CHECK(failure_in(decode_user("[]")).problem == Problem::bad_answer);
    CHECK(failure_in(decode_user("{\"credit\":")).problem == Problem::bad_answer);
    CHECK(failure_in(decode_user(R"({"success":false,"msg":"no"})")).problem == Problem::refused);
}

TEST_CASE("the spend rate sample decodes") {
    const auto outcome = decode_spend_rate(sample("user-spend-rate.json"));
    const auto& rate = value_in(outcome);
    CHECK(rate.gpu == rate_from_double(40.57));
    CHECK(rate.storage == rate_from_double(0.29988888888888887));
    CHECK(rate.volumes == rate_from_double(0.0138888888888889));
}

TEST_CASE("a spend rate of which a part is unknown is no spend rate") {
    CHECK(
        failure_in(decode_spend_rate(R"({"gpu_cost_per_hour":1,)"
                                     R"("container_storage_cost_per_hour":null,)"
                                     R"("volume_storage_cost_per_hour":0})"))
            .problem == Problem::bad_answer);
}

TEST_CASE("price increases come per second and are told per hour") {
    const auto outcome = decode_price_increases(sample("pending-price-increases.json"));
    const auto& increases = value_in(outcome);
    REQUIRE(increases.size() == 1);
    CHECK(increases[0].id == 789);
    CHECK(increases[0].instance == InstanceId(31415926));
    CHECK(increases[0].new_gpu == rate_from_double(2.4));
    CHECK(increases[0].old_gpu == rate_from_double(2.24));
    // 15 cents a month for a gigabyte, of which the service's month has 720 hours.
    CHECK(increases[0].new_disk == rate_from_double(0.15 / 720));
    CHECK(increases[0].old_disk == rate_from_double(0.15 / 720));
}

TEST_CASE("a price increase keeps what it knows, and without an instance it is left out") {
    const auto outcome = decode_price_increases(
        R"({"pending_price_increases":[{"contract_id":5,"new_gpu_costpersec":null},)"
        R"({"contract_id":null},null,7]})");
    const auto& increases = value_in(outcome);
    REQUIRE(increases.size() == 1);
    CHECK_FALSE(increases[0].new_gpu);
}

TEST_CASE("price increases that are no array are a bad answer") {
    CHECK(
        failure_in(decode_price_increases(R"({"pending_price_increases":null})")).problem ==
        Problem::bad_answer);
}

TEST_CASE("no sample, whole or cut, makes a decoder of small answers do worse than fail") {
    for (const auto& name : sample_names()) {
        const auto body = sample(name);
        for (std::size_t size = 0; size + 2 < body.size(); size += 1 + size / 5) {
            CAPTURE(name);
            CAPTURE(size);
            const auto cut = std::string_view(body).substr(0, size);
            CHECK(std::holds_alternative<Failure>(decode_user(cut)));
            CHECK(std::holds_alternative<Failure>(decode_spend_rate(cut)));
            CHECK(std::holds_alternative<Failure>(decode_price_increases(cut)));
        }
    }
}

}  // namespace vastwatch::vast
