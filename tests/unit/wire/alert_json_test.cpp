#include "wire/alert_json.hpp"

#include "wire/json_text.hpp"

#include <boost/json/parse.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>

namespace vastwatch {
namespace {

Instant at(std::string_view text) {
    return parse_rfc3339(text).value();
}

/// Every member set to something other than its default.
alerts::Alert full_alert() {
    alerts::Alert alert;
    alert.id = AlertId{"01JDA1B2C3D4E5F6G7H8J9K0M1"};
    alert.kind = alerts::Kind::budget_threshold;
    alert.severity = policy::Severity::warning;
    alert.resolved = true;
    alert.time = at("2026-11-21T19:04:05Z");
    alert.account = AccountName{"main"};
    alert.team = TeamName{"ml-research"};
    alert.title = "ml-research has spent 80% of its daily cap";
    alert.text = "First paragraph.\n\nSecond one.";
    alert.window = policy::Window::day;
    alert.window_start = at("2026-11-21T00:00:00Z");
    alert.spend = Usd::from_nanos(160'020'000'001);
    alert.cap = Usd::dollars(200);
    alert.threshold = "80%";
    alert.burn_rate = UsdPerHour::from_nanos(12'400'000'000);
    alert.projected_crossing = at("2026-11-21T22:17:31Z");
    alerts::AlertInstance instance;
    instance.id = InstanceId{std::numeric_limits<std::int64_t>::max()};
    instance.label = "ml-research/llama";
    instance.gpu_name = "H100 SXM";
    instance.num_gpus = 8;
    instance.dph = UsdPerHour::from_nanos(18'400'000'000);
    instance.idle = std::chrono::seconds{7261};
    instance.action = policy::Action::destroy;
    alert.instances.push_back(instance);
    alert.instances.emplace_back();
    alert.instances_omitted = 41;
    alert.dry_run = true;
    alert.condition = "budget_threshold/team/ml-research/day/2026-11-21/80%";
    alert.notify = {NotifierName{"ops"}, NotifierName{"finance"}};
    return alert;
}

std::optional<alerts::Alert> round_trip(const alerts::Alert& alert) {
    const auto text = wire::to_text(wire::to_json(alert));
    return wire::alert_from_json(boost::json::parse(text).as_object());
}

}  // namespace

TEST_CASE("an alert with every member set reads back equal") {
    const auto alert = full_alert();
    CHECK(round_trip(alert) == alert);
}

TEST_CASE("an alert with nothing optional reads back equal") {
    alerts::Alert alert;
    alert.id = AlertId{"01J"};
    CHECK(round_trip(alert) == alert);
}

TEST_CASE("every kind of alert reads back as itself") {
    for (int kind = 0; kind <= static_cast<int>(alerts::Kind::test); ++kind) {
        auto alert = full_alert();
        alert.kind = static_cast<alerts::Kind>(kind);
        const auto back = round_trip(alert);
        REQUIRE(back);
        CHECK(back->kind == alert.kind);
    }
}

TEST_CASE("amounts survive to the nano-dollar") {
    for (const std::int64_t nanos :
         {std::int64_t{1},
          std::int64_t{-1},
          std::int64_t{999'999'999},
          std::int64_t{100'000'003},
          std::int64_t{8'999'999'123'456'789},
          std::int64_t{-3'100'000'000}}) {
        auto alert = full_alert();
        alert.spend = Usd::from_nanos(nanos);
        const auto back = round_trip(alert);
        REQUIRE(back);
        CHECK(back->spend->nanos() == nanos);
    }
}

TEST_CASE("the object has the shape that receivers were promised") {
    auto alert = full_alert();
    alert.resolved = false;
    alert.spend = Usd::from_nanos(160'020'000'000);
    const auto text = wire::to_text(wire::to_json(alert));
    CHECK(
        text.find(R"("kind":"budget_threshold","severity":"warning","status":"firing",)"
                  R"("time":"2026-11-21T19:04:05Z","account":"main","team":"ml-research")") !=
        std::string::npos);
    CHECK(
        text.find(R"("window":"day","window_start":"2026-11-21T00:00:00Z","spend":160.02,)"
                  R"("cap":200,"threshold":"80%","burn_rate":12.4,)"
                  R"("projected_crossing":"2026-11-21T22:17:31Z")") != std::string::npos);
    CHECK(
        text.find(R"("label":"ml-research/llama","gpu_name":"H100 SXM","num_gpus":8,)"
                  R"("dph":18.4,"idle_seconds":7261,"action":"destroy")") != std::string::npos);
    CHECK(text.find(R"("action":null)") != std::string::npos);
}

TEST_CASE("a hostile label stays a label") {
    auto alert = full_alert();
    using namespace std::string_literals;
    alert.instances[0].label = "a\"},{\"id\":1}\r\n\0\x1b[2J </script> \xF0\x9F\x94\xA5"s;
    const auto back = round_trip(alert);
    REQUIRE(back);
    CHECK(back->instances[0].label == alert.instances[0].label);
}

TEST_CASE("bytes that are not UTF-8 are replaced, and the text still parses") {
    auto alert = full_alert();
    alert.instances[0].label = "x\xC3(\xFF";
    const auto back = round_trip(alert);
    REQUIRE(back);
    CHECK(back->instances[0].label == "x\xEF\xBF\xBD(\xEF\xBF\xBD");
}

TEST_CASE("a missing or mistyped required member makes the alert unreadable") {
    for (const char* member :
         {"id",
          "kind",
          "severity",
          "status",
          "time",
          "title",
          "text",
          "instances",
          "instances_omitted",
          "dry_run",
          "condition",
          "notify"}) {
        CAPTURE(member);
        auto object = wire::to_json(full_alert());
        object.erase(member);
        CHECK(!wire::alert_from_json(object));
        object[member] = 1.5;
        CHECK(!wire::alert_from_json(object));
    }
}

TEST_CASE("an optional member of the wrong type makes the alert unreadable") {
    for (const char* member :
         {"account",
          "team",
          "window",
          "window_start",
          "spend",
          "cap",
          "threshold",
          "burn_rate",
          "projected_crossing"}) {
        CAPTURE(member);
        auto object = wire::to_json(full_alert());
        object[member] = true;
        CHECK(!wire::alert_from_json(object));
    }
}

TEST_CASE("an instance out of range makes the alert unreadable") {
    const auto with = [](std::string_view member, boost::json::value value) {
        auto object = wire::to_json(full_alert());
        object["instances"].as_array()[0].as_object()[member] = std::move(value);
        return wire::alert_from_json(object).has_value();
    };
    CHECK(with("num_gpus", 4));
    CHECK(!with("num_gpus", -1));
    CHECK(!with("idle_seconds", -1));
    CHECK(!with("dph", 1e300));
    CHECK(!with("action", "detonate"));
    CHECK(!with("id", "312"));
}

TEST_CASE("numbers are written in plain decimals") {
    CHECK(wire::to_text(160.02) == "160.02");
    CHECK(wire::to_text(0.0001) == "0.0001");
    CHECK(wire::to_text(std::numeric_limits<double>::infinity()) == "null");
    CHECK(
        wire::to_text(boost::json::parse(R"({"a":[1,"x\n",null,true]})")) ==
        R"({"a":[1,"x\n",null,true]})");
}

}  // namespace vastwatch
