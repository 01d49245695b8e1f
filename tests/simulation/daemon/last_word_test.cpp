// A request that has to wait on its way, while something happens that it must not outlive.
#include "daemon/support.hpp"

#include <doctest/doctest.h>

namespace vastwatch::simulation::testing {
namespace {

/// 102 is idle, and the first request to destroy it is refused as too early: the next one may leave
/// forty seconds later.
class MadeToWait {
  public:
    MadeToWait() : stage_(settings()) {
        stage_.fault(R"({"kind": "429", "endpoint": "destroy", "threshold": 40, "count": 1})");
        stage_.machine().start();
        while (stage_.witness().destroys == 0 && stage_.machine().truth().wall < noon + 2h) {
            stage_.run_for(1s);
        }
        REQUIRE(stage_.witness().destroys == 1);
        REQUIRE(stage_.exists(102));
    }

    void command(const std::string& name) {
        web::Command command;
        command.name = name;
        command.actor = "uid:1000";
        if (name == "protect") {
            command.instance = InstanceId{102};
            command.duration = 3h;
        }
        REQUIRE(stage_.machine().execute(command));
        stage_.run_for(1s);
        REQUIRE(stage_.witness().results.back().ok);
    }

    Stage& stage() { return stage_; }

  private:
    static StageSettings settings() {
        StageSettings settings;
        settings.instances = {busy(101), idle(102), busy(103)};
        return settings;
    }

    Stage stage_;
};

}  // namespace

TEST_CASE("what was protected while its request had to wait is not asked for again") {
    MadeToWait waiting;
    waiting.command("protect");
    waiting.stage().run_for(30min);
    CHECK(waiting.stage().witness().destroys == 1);
    CHECK(waiting.stage().exists(102));
}

TEST_CASE("what was paused while its request had to wait leaves after the pause alone") {
    MadeToWait waiting;
    waiting.command("pause");
    waiting.stage().run_for(30min);
    CHECK(waiting.stage().witness().destroys == 1);
    waiting.command("resume");
    waiting.stage().run_for(3min);
    CHECK_FALSE(waiting.stage().exists(102));
}

TEST_CASE("a request that had to wait long leaves after another fresh read") {
    MadeToWait waiting;
    const auto reads = waiting.stage().witness().verifications;
    waiting.stage().run_for(5min);
    CHECK(waiting.stage().witness().verifications > reads);
    CHECK(waiting.stage().witness().read_before_destroy <= 20s);
    CHECK_FALSE(waiting.stage().exists(102));
}

TEST_CASE("so many that requests cannot keep up with fresh reads all leave, each freshly read") {
    StageSettings settings;
    for (std::int64_t id = 1001; id <= 1800; ++id) {
        settings.instances.push_back(busy(id));
    }
    settings.team_config = "daily_cap = 0.01\ncap_action = \"destroy\"\n";
    Stage stage{settings};
    stage.machine().start();
    stage.run_for(4min);
    std::size_t left = 0;
    for (std::int64_t id = 1001; id <= 1800; ++id) {
        left += stage.exists(id) ? 1U : 0U;
    }
    CHECK(left == 0);
    CHECK(stage.witness().verifications == 32);
    CHECK(stage.witness().destroys <= 20);
}

}  // namespace vastwatch::simulation::testing
