#include "vast/decode_billing.hpp"

#include "support.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

namespace vastwatch::vast {
namespace {

const Instant first_day(std::chrono::seconds{1'795'046'400});
const Instant last_day(std::chrono::seconds{1'795'219'200});

Usd dollars(double amount) {
    return *usd_from_double(amount);
}

ChargesPage page_of(std::string_view body) {
    const auto outcome = decode_charges(body);
    return value_in(outcome);
}

std::string charges_json(std::string_view rows, std::string_view more = "") {
    return fmt::format(R"({{"success":true,"results":[{}]{}}})", rows, more);
}

Charges tally_of(std::vector<std::string> bodies) {
    ChargesTally tally(first_day, last_day);
    for (const auto& body : bodies) {
        tally.add(page_of(body));
    }
    const auto outcome = tally.take();
    return value_in(outcome);
}

}  // namespace

TEST_CASE("the sample of charges decodes with each item in its place") {
    const auto page = page_of(sample("charges-table.json"));
    REQUIRE(page.rows.size() == 3);
    const auto& row = page.rows.front();
    CHECK(row.source == "instance-31415926");
    CHECK(row.instance == InstanceId(31415926));
    CHECK(row.type == "instance");
    CHECK(row.label == "ml-research/llama-sft");
    CHECK(row.first_day == first_day);
    CHECK(row.gpu == dollars(1075.2));
    CHECK(row.disk == dollars(5));
    CHECK(row.bandwidth == dollars(0.113));
    CHECK(row.other == Usd());
    CHECK(row.total() == dollars(1080.313));
}

TEST_CASE("a volume is a charge without an instance") {
    const auto row = page_of(sample("charges-table.json")).rows.at(2);
    CHECK(row.type == "volume");
    CHECK_FALSE(row.instance);
    CHECK(row.disk == dollars(0.602));
}

TEST_CASE("a tree of serverless charges is counted once, at its leaves, with its endpoint") {
    const auto row = page_of(sample("charges-tree.json")).rows.front();
    CHECK(row.endpoint == "19392");
    CHECK(row.gpu == dollars(2.4));
    CHECK(row.disk == dollars(0.01));
    CHECK(row.total() == dollars(2.41));
}

TEST_CASE("what the items do not explain of the amount is other, so that the total holds") {
    const auto row =
        page_of(charges_json(R"({"source":"instance-1","amount":1.0,"items":[)"
                             R"({"type":"gpu","amount":0.7},{"type":"tax","amount":0.1}]})"))
            .rows.front();
    CHECK(row.gpu == dollars(0.7));
    CHECK(row.other == dollars(0.3));
    CHECK(row.total() == dollars(1.0));
}

TEST_CASE("a rest that is only the rounding of the items is no charge of another kind") {
    const auto row =
        page_of(charges_json(R"({"source":"instance-1","amount":1.0,"items":[)"
                             R"({"type":"gpu","amount":0.702},{"type":"disk","amount":0.299}]})"))
            .rows.front();
    CHECK(row.gpu == dollars(0.701));
    CHECK(row.disk == dollars(0.299));
    CHECK(row.other == Usd());
}

TEST_CASE("a row without an amount is the sum of its items") {
    const auto row =
        page_of(charges_json(R"({"source":"instance-1","amount":null,"items":[)"
                             R"({"type":"gpu","amount":"0.7"},{"type":"disk","amount":0.1}]})"))
            .rows.front();
    CHECK(row.total() == dollars(0.8));
}

TEST_CASE("an instance's charge without a readable breakdown is compared with its accrual") {
    // What is `other` comes on top of accrual, so what accrued as well would count twice.
    for (const std::string items :
         {R"(,"items":[])",
          R"(,"items":null)",
          "",
          R"(,"items":"none")",
          R"(,"items":[null])",
          R"(,"items":[{"type":"gpu","amount":null}])",
          R"(,"items":[{"type":"gpu"},{"type":"disk","amount":"x"}])",
          R"(,"items":[{"type":null,"amount":24}])",
          R"(,"items":[{"amount":24}])"}) {
        CAPTURE(items);
        const auto row =
            page_of(charges_json(fmt::format(
                        R"({{"source":"instance-7","type":"instance","amount":24{}}})", items)))
                .rows.at(0);
        CHECK(row.gpu == dollars(24));
        CHECK(row.total() == dollars(24));
    }
}

TEST_CASE("what an unreadable GPU item leaves of the amount is taken as its own") {
    const auto row =
        page_of(charges_json(R"({"source":"instance-7","amount":24,"items":[)"
                             R"({"type":"gpu","amount":null},{"type":"disk","amount":1},)"
                             R"({"type":"bwd","amount":2},{"type":"tax","amount":3}]})"))
            .rows.at(0);
    CHECK(row.gpu == dollars(18));
    CHECK(row.disk == dollars(1));
    CHECK(row.bandwidth == dollars(2));
    CHECK(row.other == dollars(3));
}

TEST_CASE("what an unreadable disk item leaves of the amount is taken as its own") {
    const auto row =
        page_of(charges_json(R"({"source":"instance-7","amount":24,"items":[)"
                             R"({"type":"gpu","amount":22},{"type":"disk","amount":null}]})"))
            .rows.at(0);
    CHECK(row.gpu == dollars(22));
    CHECK(row.disk == dollars(2));
    CHECK(row.other == Usd());
}

TEST_CASE("an unreadable item of another kind leaves the rest to other") {
    const auto row =
        page_of(charges_json(R"({"source":"instance-7","amount":24,"items":[)"
                             R"({"type":"gpu","amount":22},{"type":"tax","amount":null}]})"))
            .rows.at(0);
    CHECK(row.gpu == dollars(22));
    CHECK(row.other == dollars(2));
}

TEST_CASE("a credit without a breakdown counts against the rest, and is no negative work") {
    for (const std::string body :
         {R"({"source":"instance-7","amount":-5,"items":[]})",
          R"({"source":"instance-7","amount":-5,"items":[{"type":null,"amount":-5}]})",
          R"({"source":"instance-7","amount":-5,"items":[{"type":"gpu","amount":null}]})"}) {
        CAPTURE(body);
        const auto row = page_of(charges_json(body)).rows.at(0);
        CHECK(row.gpu == Usd());
        CHECK(row.other == dollars(-5));
    }
}

TEST_CASE("a charge of anything but an instance needs no breakdown: nothing accrues beside it") {
    const auto row = page_of(charges_json(R"({"source":"volume-9","amount":5,"items":[]})")).rows;
    CHECK(row.at(0).gpu == Usd());
    CHECK(row.at(0).other == dollars(5));
}

TEST_CASE("a sum of which an item cannot be read is not taken as the whole amount") {
    const auto page = page_of(charges_json(R"({"source":"instance-7","amount":null,"items":[)"
                                           R"({"type":"gpu","amount":null},)"
                                           R"({"type":"disk","amount":1}]})"));
    CHECK(page.rows.empty());
    CHECK(page.skipped == 1);
}

TEST_CASE("a row whose amount cannot be read is counted, never taken as free") {
    for (const auto* row :
         {R"({"source":"instance-1"})",
          R"({"source":"instance-1","amount":"x"})",
          R"({"source":"instance-1","amount":1e300,"items":[]})",
          "null",
          "[1]",
          R"({"source":"instance-1","amount":NaN})"}) {
        CAPTURE(row);
        const auto page = page_of(charges_json(row));
        CHECK(page.rows.empty());
        CHECK(page.skipped == 1);
    }
}

TEST_CASE("rows of one contract, one a day or over two pages, are summed by source") {
    const auto charges = tally_of(
        {charges_json(R"({"source":"instance-1","start":1795132800,"amount":1,"items":[)"
                      R"({"type":"disk","amount":1}]},)"
                      R"({"source":"instance-2","start":1795046400,"amount":5,"items":[]})"),
         charges_json(R"({"source":"instance-1","start":1795046400,"amount":2,"items":[)"
                      R"({"type":"gpu","amount":2}]})")});
    REQUIRE(charges.rows.size() == 2);
    CHECK(charges.rows[0].source == "instance-1");
    CHECK(charges.rows[0].total() == dollars(3));
    CHECK(charges.rows[0].gpu == dollars(2));
    CHECK(charges.rows[0].first_day == first_day);
    CHECK(charges.rows[1].total() == dollars(5));
}

TEST_CASE("a day outside of the range, or none, is brought into it") {
    const auto charges = tally_of({charges_json(R"({"source":"volume-1","amount":1})")});
    CHECK(charges.rows.at(0).first_day == first_day);
}

TEST_CASE("sums that no account could owe are left out and counted") {
    std::string rows = R"({"source":"instance-1","amount":1000000})";
    for (int i = 0; i < 1500; ++i) {
        rows += R"(,{"source":"instance-1","amount":1000000})";
    }
    const auto charges = tally_of({charges_json(rows)});
    CHECK(charges.skipped_rows > 0);
    CHECK(charges.rows.at(0).total() <= Usd::dollars(1'000'000'000));
}

TEST_CASE("fewer rows than the service counts contracts are incomplete") {
    ChargesTally tally(first_day, last_day);
    tally.add(page_of(charges_json(R"({"source":"volume-1","amount":1})", R"(,"total":2)")));
    CHECK(failure_in(tally.take()).problem == Problem::incomplete);
}

TEST_CASE("an account of a host is a refusal with the service's words") {
    const auto body = sample("charges-200-host-user.json");
    const auto failure = failure_in(decode_charges(body));
    CHECK(failure.problem == Problem::refused);
    CHECK(failure.message.find("Host users do not have instance charges") != std::string::npos);
}

TEST_CASE("an answer without an array of results is bad, not free of charge") {
    for (const auto* body :
         {"{}",
          R"({"success":true,"results":null})",
          "[]",
          "",
          "{\"results\":[",
          R"({"results":[],"next_token":7})"}) {
        CAPTURE(body);
        CHECK(failure_in(decode_charges(body)).problem == Problem::bad_answer);
    }
}

TEST_CASE("a charge whose items add up to nonsense is skipped, alone in its source too") {
    std::string items;
    for (int i = 0; i < 1001; ++i) {
        items += R"({"type":"gpu","amount":1000000},)";
    }
    items.pop_back();
    const auto charges = tally_of({charges_json(
        R"({"source":"volume-1","items":[)" + items + R"(]},{"source":"volume-2","amount":1})")});
    CHECK(charges.skipped_rows == 1);
    REQUIRE(charges.rows.size() == 1);
    CHECK(charges.rows.front().source == "volume-2");
}

TEST_CASE("every field of a charge with every kind of nonsense keeps the other rows") {
    for (const auto* name : {"start", "end", "type", "source", "amount", "metadata", "items"}) {
        for (const auto* value :
             {"null",
              "-1",
              "\"x\"",
              "true",
              "[]",
              "{}",
              "[[[{}]]]",
              "1e308",
              R"([{"items":[{"items":[{"items":[{"items":[5]}]}]}]}])"}) {
            CAPTURE(name);
            CAPTURE(value);
            const auto row = fmt::format(R"({{"source":"volume-1","{}":{}}})", name, value);
            const auto page = page_of(charges_json(row + R"(,{"source":"volume-2","amount":1})"));
            CHECK(page.rows.size() + page.skipped == 2);
            CHECK(page.rows.back().source == "volume-2");
        }
    }
}

}  // namespace vastwatch::vast
