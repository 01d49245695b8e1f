#include "vast/decode_instances.hpp"

#include "support.hpp"
#include "vast/columns.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace vastwatch::vast {
namespace {

using fleet::Observation;
using fleet::State;
using fleet::Status;

Page page_of(std::string_view body) {
    auto outcome = decode_page(body);
    return value_in(outcome);
}

/// The only row of a page with one row of these fields.
Observation row_with(std::string_view fields) {
    auto page = page_of(page_json({row_json(7, fields)}, 1));
    REQUIRE(page.rows.size() == 1);
    return page.rows.front();
}

Problem problem_of(std::string_view body) {
    return failure_in(decode_page(body)).problem;
}

UsdPerHour dollars(double rate) {
    return *rate_from_double(rate);
}

}  // namespace

TEST_CASE("the first sample page decodes into its four rows and a token") {
    const auto page = page_of(sample("instances-v1-page1.json"));
    REQUIRE(page.rows.size() == 4);
    CHECK(page.total == 8);
    CHECK(page.skipped == 0);
    CHECK(page.next_token == "eyJ2YWx1ZXMiOiB7ImlkIjogMzE0MTYxMDF9fQ==");
}

TEST_CASE("a busy row of the samples decodes field by field") {
    const auto row = page_of(sample("instances-v1-page1.json")).rows.front();
    CHECK(row.id == InstanceId(31415926));
    CHECK(row.label == "ml-research/llama-sft");
    CHECK(row.gpu_name == "H100 SXM");
    CHECK(row.num_gpus == 8);
    CHECK(row.machine_id == 48211);
    CHECK(row.host_id == 90112);
    CHECK(row.status == Status::running);
    CHECK(row.status_text == "running");
    CHECK(row.intended == State::running);
    CHECK(row.current == State::running);
    CHECK(row.next == State::running);
    CHECK(row.interruptible == false);
    CHECK(row.disk_gb == 400.0);
    CHECK(row.verification == "verified");
    CHECK(row.runtype == "ssh ssh_direc ssh_proxy");
    CHECK(row.image == "pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime");
}

TEST_CASE("telemetry of a busy sample row is taken as it is") {
    const auto telemetry = page_of(sample("instances-v1-page1.json")).rows.front().telemetry;
    CHECK(telemetry.gpu_util == 96.4);
    CHECK(telemetry.gpu_temp == 61.25);
    CHECK(telemetry.cpu_util == 12.7);
    CHECK(telemetry.inet_up == 1288341.0);
    CHECK(telemetry.inet_down == 88234112.0);
}

TEST_CASE("prices of a sample row: storage follows from its price and the disk") {
    const auto prices = page_of(sample("instances-v1-page1.json")).rows.front().prices;
    CHECK(prices.gpu == dollars(17.92));
    CHECK(prices.storage == dollars(0.15 * 400 / 720));
    CHECK(prices.search_total == dollars(18.003333333333334));
    CHECK(prices.reported == dollars(18.003333333333334));
    CHECK_FALSE(prices.discount);
}

TEST_CASE("the last sample page has no token, an offline host and a discount") {
    const auto page = page_of(sample("instances-v1-page2-last.json"));
    REQUIRE(page.rows.size() == 4);
    CHECK(page.next_token.empty());
    CHECK(page.rows[0].status == Status::provisioning);
    CHECK(page.rows[2].status == Status::offline);
    CHECK(page.rows[3].prices.discount == 0.2);
    CHECK(page.rows[3].prices.reported == dollars(18.031111111111112));
}

TEST_CASE("an empty account is a page without rows") {
    const auto page = page_of(sample("instances-v1-empty.json"));
    CHECK(page.rows.empty());
    CHECK(page.total == 0);
}

TEST_CASE("a page with selected columns leaves absent what was not selected") {
    const auto page = page_of(sample("instances-v1-select-cols.json"));
    REQUIRE(page.rows.size() == 2);
    CHECK_FALSE(page.rows[0].prices.gpu);
    CHECK(page.rows[0].prices.search_total == dollars(18.003333333333334));
    CHECK(page.rows[1].interruptible == true);
}

TEST_CASE("no sample, whole or cut anywhere, makes a decoder do worse than fail") {
    for (const auto& name : sample_names()) {
        const auto body = sample(name);
        for (std::size_t size = 0; size + 2 < body.size(); size += 1 + size / 7) {
            const auto outcome = decode_page_with_recipes(std::string_view(body).substr(0, size));
            CHECK(std::holds_alternative<Failure>(outcome));
        }
    }
}

TEST_CASE("every column with every kind of nonsense keeps its row and its neighbours") {
    const std::array<std::string, 16> nonsense{
        "null",
        "-1",
        "true",
        "\"\"",
        "\"text\"",
        "\"-1\"",
        "1e308",
        "-1e308",
        "123456789012345678901234567890",
        "[]",
        "{}",
        "[[[1]]]",
        R"({"a":{"b":[1]}})",
        R"([["k","v"]])",
        R"({"totalHour":"x"})",
        "1e999",
    };
    for (const auto name : column_names()) {
        if (name == "id") {
            continue;
        }
        for (const auto& value : nonsense) {
            CAPTURE(name);
            CAPTURE(value);
            const auto fields = fmt::format("\"{}\":{}", name, value);
            const auto body = page_json({row_json(1), row_json(2, fields), row_json(3)}, 3);
            const auto outcome = decode_page_with_recipes(body);
            REQUIRE(std::holds_alternative<Page>(outcome));
            CHECK(std::get<Page>(outcome).rows.size() == 3);
        }
    }
}

TEST_CASE("a figure that is null, missing, nested or out of range is absent") {
    for (const auto* value : {"null", "-1", "\"x\"", "[5]", "{\"a\":5}", "true", "1e300"}) {
        CAPTURE(value);
        const auto row = row_with(fmt::format(
            R"("dph_base":{0},"num_gpus":{0},"disk_space":{0},"credit_discount":{0},)"
            R"("start_date":{0},"machine_id":{0},"storage_cost":{0})",
            value));
        CHECK_FALSE(row.prices.gpu);
        CHECK_FALSE(row.num_gpus);
        CHECK_FALSE(row.disk_gb);
        CHECK_FALSE(row.prices.discount);
        CHECK_FALSE(row.start_date);
        CHECK_FALSE(row.prices.storage);
    }
}

TEST_CASE("figures as text are figures") {
    const auto row = row_with(R"("gpu_util":"12.5","num_gpus":"4","dph_base":" 0.25 ")");
    CHECK(row.telemetry.gpu_util == 12.5);
    CHECK(row.num_gpus == 4);
    CHECK(row.prices.gpu == dollars(0.25));
}

TEST_CASE("utilisation is as sent: the rules say what a negative one means") {
    CHECK(row_with(R"("gpu_util":-1)").telemetry.gpu_util == -1.0);
    CHECK(row_with(R"("gpu_util":250.5)").telemetry.gpu_util == 250.5);
    CHECK_FALSE(row_with(R"("gpu_util":null)").telemetry.gpu_util);
    CHECK_FALSE(row_with(R"("gpu_util":"n/a")").telemetry.gpu_util);
}

TEST_CASE("NaN and Infinity in a page are absent figures, and the page is read") {
    const auto row = row_with(R"("gpu_util":NaN,"gpu_temp":-Infinity,"label":"NaN","cpu_util":1)");
    CHECK_FALSE(row.telemetry.gpu_util);
    CHECK_FALSE(row.telemetry.gpu_temp);
    CHECK(row.telemetry.cpu_util == 1.0);
    CHECK(row.label == "NaN");
}

TEST_CASE("only a null status is provisioning; a missing or odd one counts as running") {
    CHECK(row_with(R"("actual_status":null)").status == Status::provisioning);
    CHECK(row_with("").status == Status::other);
    CHECK(row_with(R"("actual_status":5)").status == Status::other);
    CHECK(row_with(R"("actual_status":{})").status == Status::other);
    CHECK(row_with(R"("actual_status":"hibernating")").status == Status::other);
    CHECK(row_with(R"("actual_status":"hibernating")").status_text == "hibernating");
}

TEST_CASE("the last of two equal keys counts, also when it takes the value away") {
    CHECK_FALSE(row_with(R"("gpu_util":5,"gpu_util":null)").telemetry.gpu_util);
    CHECK_FALSE(row_with(R"("gpu_util":5,"gpu_util":[1])").telemetry.gpu_util);
    CHECK(row_with(R"("label":"a","label":{})").label.empty());
}

TEST_CASE("storage falls back to the service's own product, the total to dph_total") {
    CHECK(row_with(R"("storage_total_cost":0.5)").prices.storage == dollars(0.5));
    CHECK(row_with(R"("dph_total":1.5,"search":null)").prices.search_total == dollars(1.5));
    const auto both = row_with(R"("storage_cost":72,"disk_space":10,"storage_total_cost":9)");
    CHECK(both.prices.storage == dollars(1));
}

TEST_CASE("one row's fields do not leak into the next") {
    const auto page = page_of(page_json(
        {row_json(1, R"("label":"a","gpu_util":5,"storage_total_cost":1,"dph_total":3)"),
         row_json(2)},
        2));
    Observation empty;
    empty.id = InstanceId(2);
    empty.status = Status::other;
    CHECK(page.rows[1] == empty);
}

TEST_CASE("a row without a usable id is skipped and counted, the others stay") {
    for (const auto* row :
         {R"({"label":"a"})",
          R"({"id":null})",
          R"({"id":"x"})",
          R"({"id":-1})",
          R"({"id":0})",
          R"({"id":1.5})",
          R"({"id":[1]})",
          "null",
          "5",
          "[1]",
          "\"row\"",
          R"([{"id":9}])",
          R"({"id":{"id":9}})"}) {
        CAPTURE(row);
        const auto page = page_of(page_json({row_json(1), row, row_json(3)}, 3));
        CHECK(page.rows.size() == 2);
        CHECK(page.skipped == 1);
    }
}

TEST_CASE("an id may come as text or as floating point") {
    const auto page = page_of(page_json({R"({"id":"12"})", R"({"id":13.0})"}, 2));
    REQUIRE(page.rows.size() == 2);
    CHECK(page.rows[0].id == InstanceId(12));
    CHECK(page.rows[1].id == InstanceId(13));
}

TEST_CASE("long texts are cut, labels at 1024 bytes and status texts at 500") {
    const std::string text(100'000, 'x');
    const auto row = row_with(fmt::format(R"("label":"{0}","status_msg":"{0}")", text));
    CHECK(row.label.size() == 1024);
    CHECK(row.status_message.size() == 500);
}

TEST_CASE("texts are trimmed, unescaped and made valid UTF-8") {
    const auto row = row_with("\"label\":\" a\\u00e9\\n\\tb \\n\",\"gpu_name\":\"RTX\xFF\"");
    CHECK(row.label == "a\xC3\xA9\n\tb");
    CHECK(row.gpu_name == "RTX\xEF\xBF\xBD");
}

TEST_CASE("a page with a byte order mark is read") {
    CHECK(page_of("\xEF\xBB\xBF" + page_json({row_json(1)}, 1)).rows.size() == 1);
}

TEST_CASE("null or no instances is a bad page, not an empty account") {
    CHECK(
        problem_of(R"({"success":true,"total_instances":0,"instances":null})") ==
        Problem::bad_answer);
    CHECK(
        problem_of(R"({"success":true,"total_instances":0,"next_token":null})") ==
        Problem::bad_answer);
    CHECK(problem_of(R"({"total_instances":0,"instances":{}})") == Problem::bad_answer);
    CHECK(problem_of(R"({"total_instances":0,"instances":"[]"})") == Problem::bad_answer);
}

TEST_CASE("a page that does not say how many instances there are is bad") {
    CHECK(problem_of(R"({"success":true,"instances":[]})") == Problem::bad_answer);
    CHECK(problem_of(R"({"total_instances":null,"instances":[]})") == Problem::bad_answer);
    CHECK(problem_of(R"({"total_instances":-1,"instances":[]})") == Problem::bad_answer);
}

TEST_CASE("the empty list of the old endpoint is a bad page") {
    CHECK(problem_of(R"({"instances": []})") == Problem::bad_answer);
    CHECK(problem_of(sample("instance-single-gone.json")) == Problem::bad_answer);
}

TEST_CASE("a count that differs from the rows of its page is incomplete") {
    CHECK(
        problem_of(R"({"instances_found":2,"total_instances":2,"instances":[{"id":1}]})") ==
        Problem::incomplete);
}

TEST_CASE("success:false with status 200 is a refusal with its code") {
    const auto body = sample("instances-v0-list-410.json");
    const auto failure = failure_in(decode_page(body));
    CHECK(failure.problem == Problem::refused);
    CHECK(failure.error_code == "deprecated_endpoint");
    CHECK(problem_of(R"({"error":"invalid_token","msg":"no"})") == Problem::refused);
    CHECK(problem_of(R"({"success":false,"error":"auth_error"})") == Problem::key_rejected);
}

TEST_CASE("a token of another type is a bad page: the next one cannot be asked for") {
    CHECK(
        problem_of(R"({"total_instances":0,"instances":[],"next_token":5})") ==
        Problem::bad_answer);
    CHECK(
        problem_of(R"({"total_instances":0,"instances":[],"next_token":{"a":null}})") ==
        Problem::bad_answer);
}

TEST_CASE("what is no JSON object is a bad page") {
    for (const auto* body :
         {"",
          "null",
          "[]",
          "5",
          "[{\"instances\":[]}]",
          "{",
          "<html>",
          "{}x",
          "\xFF\xFE",
          "{\"instances\":[{\"id\":1}"}) {
        CAPTURE(body);
        CHECK(problem_of(body) == Problem::bad_answer);
    }
}

TEST_CASE("a page nested without end is a bad page") {
    const std::string deep(100'000, '[');
    CHECK(problem_of(R"({"total_instances":1,"instances":)" + deep) == Problem::bad_answer);
}

TEST_CASE("keys of a page inside rows, and of rows elsewhere, are not mistaken") {
    const auto body =
        R"({"total_instances":1,"other":[{"id":9,"instances":[{"id":8}]}],)"
        R"("instances":[{"id":1,"next_token":"x","instances":[{"id":5}],"ports":{"id":6}}],)"
        R"("next_token":null})";
    const auto page = page_of(body);
    REQUIRE(page.rows.size() == 1);
    CHECK(page.rows[0].id == InstanceId(1));
    CHECK(page.next_token.empty());
}

TEST_CASE("a recipe has the names of environment variables, never their values") {
    const auto body = page_json(
        {row_json(
            7,
            R"("extra_env":[["WANDB_MODE","offline"],["-p 8080:8080","1"],)"
            R"(["-e TOKEN=secret1","1"],)"
            R"([5,"secret2"],"secret3","A=secret4",[["x","secret5"]],{"k":"secret6"}],)"
            R"("onstart":"sleep 1","image_uuid":"img","disk_space":40)")},
        1);
    const auto outcome = decode_page_with_recipes(body);
    const auto& recipes = value_in(outcome).recipes;
    REQUIRE(recipes.size() == 1);
    const std::vector<std::string> names{"WANDB_MODE", "-p 8080:8080", "-e TOKEN"};
    CHECK(recipes[0].environment_names == names);
    CHECK(recipes[0].onstart == "sleep 1");
    CHECK(recipes[0].image == "img");
    CHECK(recipes[0].disk_gb == 40.0);
}

TEST_CASE("an environment that comes as an object gives its keys") {
    const auto body = page_json({row_json(7, R"("extra_env":{"A":"secret","B":["x"]})")}, 1);
    const auto outcome = decode_page_with_recipes(body);
    const std::vector<std::string> names{"A", "B"};
    CHECK(value_in(outcome).recipes[0].environment_names == names);
}

TEST_CASE("recipes stand beside their rows, rows without an id between them") {
    const auto body = page_json(
        {row_json(1, R"("extra_env":[["A","1"]])"),
         R"({"extra_env":[["B","1"]],"onstart":"b"})",
         row_json(3, R"("label":"c")")},
        3);
    const auto outcome = decode_page_with_recipes(body);
    const auto& page = value_in(outcome);
    REQUIRE(page.rows.size() == 2);
    REQUIRE(page.recipes.size() == 2);
    CHECK(page.recipes[1].label == "c");
    CHECK(page.recipes[1].environment_names.empty());
    CHECK(page.recipes[1].onstart.empty());
}

TEST_CASE("a sweep's page carries no recipes") {
    CHECK(page_of(sample("instances-v1-page1.json")).recipes.empty());
}

TEST_CASE("the columns that are asked for are all in a full row of the samples") {
    const auto outcome = decode_row_keys(sample("instances-v1-page1.json"));
    const auto& keys = value_in(outcome);
    for (const auto name : column_names()) {
        CAPTURE(name);
        CHECK(std::find(keys.begin(), keys.end(), name) != keys.end());
        CHECK(column_of(name) != Column::none);
    }
    CHECK(column_of("no_such_column") == Column::none);
}

}  // namespace vastwatch::vast
