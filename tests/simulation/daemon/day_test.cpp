// A quiet day of the whole daemon.
#include "daemon/support.hpp"

#include <doctest/doctest.h>

namespace vastwatch::simulation::testing {
namespace {

StageSettings one_idle_of_three() {
    StageSettings settings;
    settings.instances = {busy(101), idle(102), busy(103)};
    return settings;
}

}  // namespace

TEST_CASE("an idle instance is destroyed at its time and nothing else within a day") {
    Stage stage{one_idle_of_three()};
    stage.machine().start();
    stage.run_for(24h);
    CHECK(stage.exists(101));
    CHECK(stage.exists(103));
    const auto gone = stage.gone_at(102);
    REQUIRE(gone);
    CHECK(*gone >= noon + 1h);
    CHECK(*gone <= noon + 1h + 3min);
    CHECK(stage.witness().destroys == 1);
    CHECK(stage.witness().kinds.contains("idle_warning"));
    CHECK(stage.witness().kinds.contains("instance_destroyed"));
    CHECK(stage.audit_problems().empty());
}

TEST_CASE("the same seed gives the same trace") {
    const auto run = []() {
        Stage stage{one_idle_of_three()};
        stage.machine().start();
        stage.run_for(4h);
        return stage.machine().trace().hash();
    };
    CHECK(run() == run());
}

TEST_CASE("another seed gives another trace") {
    const auto run = [](std::uint64_t seed) {
        auto settings = one_idle_of_three();
        settings.seed = seed;
        Stage stage{settings};
        stage.machine().start();
        stage.run_for(1h);
        return stage.machine().trace().hash();
    };
    CHECK(run(1) != run(2));
}

TEST_CASE("a stopped service ends in order and goes on where it was") {
    Stage stage{one_idle_of_three()};
    stage.machine().start();
    stage.run_for(50min);
    stage.machine().stop(true);
    stage.run_for(1h);
    CHECK(stage.witness().count(Turn::stopped) == 1);
    CHECK(stage.witness().count(Turn::started) == 2);
    const auto gone = stage.gone_at(102);
    REQUIRE(gone);
    CHECK(*gone <= noon + 1h + 3min);
}

TEST_CASE("a command is carried out as over the control socket") {
    Stage stage{one_idle_of_three()};
    stage.machine().start();
    stage.run_for(5min);
    web::Command protect;
    protect.name = "protect";
    protect.instance = InstanceId{102};
    protect.duration = 3h;
    protect.actor = "uid:1000";
    REQUIRE(stage.machine().execute(protect));
    stage.run_for(2h);
    REQUIRE(stage.witness().results.size() == 1);
    CHECK(stage.witness().results.front().ok);
    CHECK(stage.exists(102));
}

TEST_CASE("who asks for what cannot be stored is told so, and it is in force until the end") {
    Stage stage{one_idle_of_three()};
    stage.machine().start();
    stage.run_for(5min);
    stage.machine().disk().set_full(true);
    web::Command protect;
    protect.name = "protect";
    protect.instance = InstanceId{102};
    protect.duration = 3h;
    protect.actor = "uid:1000";
    REQUIRE(stage.machine().execute(protect));
    stage.run_for(1min);
    REQUIRE(stage.witness().results.size() == 1);
    const auto& result = stage.witness().results.front();
    CHECK_FALSE(result.ok);
    CHECK_FALSE(result.kept);
    CHECK(result.message.find("instance 102 is exempt") != std::string::npos);
    CHECK(result.message.find("cannot be written") != std::string::npos);
    stage.machine().disk().set_full(false);
    stage.run_for(2h);
    CHECK(stage.exists(102));
}

TEST_CASE("a reload takes the new file over") {
    Stage stage{one_idle_of_three()};
    stage.machine().start();
    stage.run_for(5min);
    auto changed = one_idle_of_three();
    changed.more_config = "[team.other]\nlabels = [\"other/*\"]\n";
    auto text = config_text(changed);
    text.replace(text.find("enforce\""), 8, "dry-run\"");
    stage.machine().configure(text);
    REQUIRE(stage.machine().reload());
    stage.run_for(3h);
    CHECK(stage.machine().log().count("config_reloaded") == 1);
    CHECK(stage.exists(102));
}

TEST_CASE("a bad file stops no running daemon but keeps it from starting") {
    Stage stage{one_idle_of_three()};
    stage.machine().start();
    stage.run_for(5min);
    const auto good = config_text(one_idle_of_three());
    stage.machine().configure(good + "nonsense = 1\n");
    stage.machine().reload();
    stage.run_for(5min);
    CHECK(stage.machine().log().count("config_rejected") == 1);
    REQUIRE(stage.machine().process() != nullptr);
    stage.machine().stop(true);
    stage.run_for(1min);
    CHECK(stage.witness().count(Turn::start_failed) > 3);
    stage.machine().configure(good);
    stage.run_for(1min);
    CHECK(stage.machine().process() != nullptr);
}

TEST_CASE("so many that a read of all is old at its end are acted upon all the same") {
    StageSettings settings;
    for (std::int64_t id = 101; id <= 155; ++id) {
        settings.instances.push_back(busy(id));
    }
    settings.request_interval = "12s";
    settings.team_config = "max_dph = 0.01\nviolation_action = \"destroy\"\n";
    Stage stage{settings};
    stage.machine().start();
    stage.run_for(5min);
    std::size_t left = 0;
    for (const auto& spec : settings.instances) {
        left += stage.exists(spec.id) ? 1U : 0U;
    }
    CHECK(left == 0);
}

TEST_CASE("a suspended machine does not count the sleep as idleness seen") {
    Stage stage{one_idle_of_three()};
    stage.machine().start();
    stage.run_for(30min);
    stage.machine().suspend(2h);
    stage.run_for(10min);
    CHECK(stage.exists(102));
    stage.run_for(90min);
    CHECK_FALSE(stage.exists(102));
}

}  // namespace vastwatch::simulation::testing
