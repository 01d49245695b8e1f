#include "wire/view_json.hpp"

#include "../web/sample_view.hpp"
#include "base/text.hpp"
#include "wire/json_text.hpp"

#include <boost/json/parse.hpp>

#include <doctest/doctest.h>

#include <string>

namespace json = boost::json;
namespace sample = vastwatch::sample;
using namespace vastwatch;

TEST_CASE("money is a number in dollars, whole where it is whole") {
    CHECK(wire::to_text(wire::money_json(Usd::dollars(200))) == "200");
    CHECK(wire::to_text(wire::money_json(Usd::from_nanos(160'020'000'000))) == "160.02");
    CHECK(wire::to_text(wire::money_json(UsdPerHour::from_nanos(1))) == "1e-09");
    CHECK(wire::to_text(wire::money_json(Usd::from_nanos(-310'000'000))) == "-0.31");
}

TEST_CASE("the status of a view names its mode, its time and its parts") {
    const auto out = wire::status_json(*sample::view());
    CHECK(out.at("time") == "2026-11-21T19:04:05.250Z");
    CHECK(out.at("mode") == "enforce");
    CHECK(out.at("ready") == true);
    CHECK(out.at("pause").is_null());
    CHECK(out.at("teams").as_array().size() == 4);
    CHECK(out.at("accounts").as_array().size() == 1);
    CHECK(out.at("instances") == 60);
    CHECK(out.at("open_actions") == 1);
}

TEST_CASE("the status counts only findings that hold") {
    CHECK(wire::status_json(*sample::view()).at("findings") == 2);
}

TEST_CASE("a window without cap has null where the cap and its crossing would be") {
    const auto out = wire::to_json(sample::window(policy::Window::lifetime, 10, 0));
    CHECK(out.at("window") == "lifetime");
    CHECK(out.at("end").is_null());
    CHECK(out.at("cap").is_null());
    CHECK(out.at("projected").is_null());
    CHECK(out.at("projected_crossing").is_null());
}

TEST_CASE("an account gives durations in seconds") {
    const auto out = wire::to_json(sample::account("main"));
    CHECK(out.at("sweep_seconds") == 2.75);
    CHECK(out.at("runway_seconds") == 62 * 3600);
    CHECK(out.at("last_poll") == "2026-11-21T19:03:45Z");
    CHECK(out.at("not_enforcing_because").is_null());
}

TEST_CASE("what is unknown of an account is null") {
    engine::AccountView account;
    const auto out = wire::to_json(account);
    for (const auto* key :
         {"last_poll",
          "sweep_seconds",
          "credit",
          "runway_seconds",
          "billing_difference_ratio",
          "unexplained"}) {
        CAPTURE(key);
        CHECK(out.at(key).is_null());
    }
}

TEST_CASE("what is unknown of an instance is null, not zero") {
    const auto out = wire::to_json(sample::unknown_instance(312, "box"));
    for (const auto* key :
         {"num_gpus",
          "machine_id",
          "host_id",
          "start_date",
          "interruptible",
          "disk_gb",
          "dph",
          "gpu_util",
          "gpu_temp",
          "deadline",
          "protection",
          "case",
          "running_since"}) {
        CAPTURE(key);
        CHECK(out.at(key).is_null());
    }
    CHECK(out.at("id") == 312);
    CHECK(out.at("evidence") == "unknown");
    CHECK(out.at("doubt") == "no_value");
}

TEST_CASE("an instance shows what happens next, when and why") {
    const auto out = wire::to_json(sample::idle_instance(312, "ml-research"));
    const auto& deadline = out.at("deadline").as_object();
    CHECK(deadline.at("at") == "2026-11-21T19:18:05Z");
    CHECK(deadline.at("action") == "destroy");
    CHECK(deadline.at("rule") == "idle");
    CHECK(out.at("idle_seconds") == 106 * 60);
    CHECK(out.at("gpu_util") == 1.0);
}

TEST_CASE("an instance that is stopped but wanted running is queued") {
    auto view = sample::instance(312, "ml-research");
    auto changed = std::make_shared<fleet::Instance>(*view.instance);
    changed->row.status = fleet::Status::exited;
    changed->row.intended = fleet::State::running;
    changed->row.current = fleet::State::stopped;
    view.instance = changed;
    REQUIRE(fleet::is_queued(changed->row));
    CHECK(wire::to_json(view).at("status") == "queued");
}

TEST_CASE("a utilisation that is not finite is null") {
    auto view = sample::instance(312, "ml-research");
    view.gpu_util = std::numeric_limits<double>::quiet_NaN();
    CHECK(wire::to_json(view).at("gpu_util").is_null());
}

TEST_CASE("a finding in prospect does not hold") {
    const auto soon = sample::finding(rules::Rule::idle, std::chrono::minutes{14});
    CHECK(wire::to_json(soon, "idle soon", sample::now).at("holds") == false);
    CHECK(wire::to_json(soon, "idle soon", soon.due).at("holds") == true);
    CHECK(wire::to_json(soon, "idle soon", soon.due).at("reason") == "idle soon");
}

TEST_CASE("findings without sentences have null for a reason") {
    const auto view = sample::view();
    const auto out = wire::findings_json(view->findings, {"only one"}, view->at);
    REQUIRE(out.size() == 3);
    CHECK(out[0].at("reason") == "only one");
    CHECK(out[1].at("reason").is_null());
}

TEST_CASE("an action tells its step, and what an open one waits for") {
    const auto open = wire::to_json(sample::action(1, enforcement::Step::pending));
    CHECK(open.at("open") == true);
    CHECK(open.at("wait") == "warning");
    CHECK(open.at("closed_at").is_null());
    const auto done = wire::to_json(sample::action(2, enforcement::Step::confirmed));
    CHECK(done.at("open") == false);
    CHECK(done.at("step") == "confirmed");
    CHECK(done.at("closed_at") == "2026-11-21T18:42:05Z");
}

TEST_CASE("a recipe says that there is a start script, but not what is in it") {
    auto action = sample::action(1, enforcement::Step::intended);
    fleet::Recipe recipe;
    recipe.onstart = "export HF_TOKEN=geheim; ./train.sh";
    recipe.environment_names = {"WANDB_API_KEY"};
    action.recipe = recipe;
    const auto out = wire::to_json(action);
    CHECK(out.at("recipe").at("onstart") == true);
    CHECK(out.at("recipe").at("environment_names").as_array().size() == 1);
    CHECK(wire::to_text(out).find("geheim") == std::string::npos);
}

TEST_CASE("an alert lists its deliveries, the next attempt of pending ones only") {
    const auto pending = wire::to_json(sample::alert(1, policy::Severity::warning));
    CHECK(pending.at("deliveries").at(0).at("state") == "pending");
    CHECK(pending.at("deliveries").at(0).at("next_attempt") == "2026-11-21T19:06:05Z");
    const auto delivered = wire::to_json(sample::alert(2, policy::Severity::warning));
    CHECK(delivered.at("deliveries").at(0).at("next_attempt").is_null());
    CHECK(delivered.at("kind") == "budget_threshold");
}

TEST_CASE("an explanation carries samples, rules and the idle period") {
    engine::Explanation explanation;
    explanation.instance = sample::idle_instance(312, "ml-research");
    explanation.headline = "Instance 312 will be destroyed at 19:18 UTC";
    explanation.paragraphs = {"It is idle.", "Use it or protect it."};
    const auto out = wire::to_json(explanation, sample::now);
    CHECK(out.at("samples").at(0).at("count") == 105);
    CHECK(out.at("idle_period").at("idle_seconds") == 6000);
    CHECK(out.at("rules").at("idle_for_seconds") == 7200);
    CHECK(out.at("rules").at("protect").as_array().size() == 2);  // the default globs
    CHECK(out.at("open_case").is_null());
    CHECK(out.at("paragraphs").as_array().size() == 2);
}

TEST_CASE("a curve is today's spend by time") {
    const auto team = sample::team("ml-research", 160, 200);
    const auto curve = wire::curve_json(team);
    REQUIRE(curve.size() == team.curve.size());
    CHECK(curve.front().at("time") == "2026-11-21T00:00:00Z");
    CHECK(curve.front().at("spend") == 0);
}

TEST_CASE("hostile text comes out as JSON that reads back, with wrong bytes replaced") {
    const auto view = sample::hostile_view();
    const auto text = wire::to_text(wire::status_json(*view));
    json::error_code error;
    const auto back = json::parse(text, error);
    REQUIRE_FALSE(error);
    const auto repaired = valid_utf8(sample::hostile);
    CHECK(back.at("teams").at(0).at("name") == json::value(repaired));
    CHECK(text.find('\n') == std::string::npos);
}
