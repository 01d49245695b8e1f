// The story of an idle instance, ended at many points.
#include "daemon/support.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace vastwatch::simulation::testing {
namespace {

StageSettings story(std::uint64_t seed = 1) {
    StageSettings settings;
    settings.instances = {busy(101), idle(102), busy(103)};
    settings.poll_interval = "2m";
    settings.seed = seed;
    return settings;
}

/// Nothing but 102 is gone, in time, it was told once, and the log is whole.
void check_end(Stage& stage) {
    CHECK(stage.exists(101));
    CHECK(stage.exists(103));
    const auto gone = stage.gone_at(102);
    REQUIRE(gone);
    CHECK(*gone >= noon + 1h);
    CHECK(*gone <= noon + 1h + 20min);
    CHECK(stage.witness().kinds.contains("idle_warning"));
    CHECK(stage.witness().kinds.contains("instance_destroyed"));
    CHECK(stage.audit_problems().empty());
    CHECK(stage.witness().count(Turn::fault) == 0);
}

struct Length {
    std::uint64_t handlers = 0;
    std::uint64_t operations = 0;
};

/// How long the story is when nothing happens.
Length whole_story() {
    Stage stage{story()};
    stage.machine().start();
    stage.run_for(3h);
    check_end(stage);
    Length length;
    length.handlers = stage.machine().handlers();
    length.operations = stage.machine().disk().operations();
    return length;
}

/// Three hours full of kills and power cuts, and half an hour of rest.
void end_often(Stage& stage, std::uint64_t seed) {
    auto& machine = stage.machine();
    machine.set_power_off(20s);
    runtime::SeededRandom random{seed};
    machine.start();
    while (machine.truth().wall < noon + 3h) {
        const auto mishap = random.next() % 2 == 0 ? Harm::kill : Harm::power_cut;
        if (random.next() % 2 == 0) {
            machine.end_after_handlers(1 + random.next() % 400, mishap);
        } else {
            machine.disk().plan(machine.disk().operations() + 1 + random.next() % 60, mishap);
        }
        stage.run_for(std::chrono::minutes{1 + random.next() % 16});
    }
    machine.disk().forget_plans();
    stage.run_for(30min);
}

}  // namespace

TEST_CASE("killed between any two handlers, the daemon ends its story well") {
    const auto handlers = whole_story().handlers;
    const std::uint64_t first = handlers / 4;  // the beginning is much alike
    for (std::uint64_t k = first; k < handlers; k += 89) {
        CAPTURE(k);
        Stage stage{story()};
        stage.machine().start();
        stage.machine().end_after_handlers(k, Harm::kill);
        stage.run_for(3h);
        CHECK(stage.witness().count(Turn::killed) == 1);
        check_end(stage);
    }
}

TEST_CASE("killed, or without power, at any disk operation, the daemon ends its story well") {
    const auto operations = whole_story().operations;
    for (const auto mishap : {Harm::kill, Harm::power_cut}) {
        for (std::uint64_t k = 1; k < operations; k += 31) {
            CAPTURE(k);
            CAPTURE(to_string(mishap));
            Stage stage{story()};
            stage.machine().set_power_off(30s);
            stage.machine().disk().plan(k, mishap);
            stage.machine().start();
            stage.run_for(3h);
            const auto turn = mishap == Harm::kill ? Turn::killed : Turn::power_cut;
            CHECK(stage.witness().count(turn) == 1);
            check_end(stage);
        }
    }
}

TEST_CASE("each disk operation may fail once without harm") {
    const auto operations = whole_story().operations;
    for (const auto mishap : {Harm::no_space, Harm::io_error, Harm::short_write}) {
        for (std::uint64_t k = 1; k < operations; k += 67) {
            CAPTURE(k);
            CAPTURE(to_string(mishap));
            Stage stage{story()};
            stage.machine().disk().plan(k, mishap);
            stage.machine().start();
            stage.run_for(3h);
            check_end(stage);
        }
    }
}

TEST_CASE("one end after the other, of every kind, the daemon ends its story well") {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        Stage stage{story(seed)};
        end_often(stage, seed);
        CHECK(stage.exists(101));
        CHECK(stage.exists(103));
        CHECK_FALSE(stage.exists(102));
        CHECK(stage.witness().kinds.contains("instance_destroyed"));
        CHECK(stage.audit_problems().empty());
        CHECK(stage.witness().count(Turn::fault) == 0);
        CHECK(stage.witness().count(Turn::start_failed) == 0);
    }
}

TEST_CASE("a seed repeats kills and power cuts to the last disk operation") {
    const auto run = []() {
        Stage stage{story(7)};
        end_often(stage, 7);
        return stage.machine().trace().hash();
    };
    CHECK(run() == run());
}

TEST_CASE("a full disk keeps everything alive, and its end lets the daemon go on") {
    Stage stage{story()};
    stage.machine().start();
    stage.run_for(30min);
    stage.machine().disk().set_full(true);
    stage.run_for(2h);
    CHECK(stage.exists(102));
    CHECK(stage.witness().destroys == 0);
    CHECK(stage.machine().log().count("state_unwritable") == 1);
    stage.machine().disk().set_full(false);
    stage.run_for(30min);
    CHECK_FALSE(stage.exists(102));
    CHECK(stage.exists(101));
    CHECK(stage.machine().log().count("state_writable") == 1);
    CHECK(stage.audit_problems().empty());
}

TEST_CASE("a process that is killed leaves nothing behind that writes or asks") {
    Stage stage{story()};
    stage.machine().start();
    stage.run_for(61min);
    stage.machine().kill();
    const auto requests = stage.witness().requests;
    const auto operations = stage.machine().disk().operations();
    stage.machine().stop();
    stage.run_for(1h);
    CHECK(stage.witness().requests == requests);
    CHECK(stage.machine().disk().operations() == operations);
}

}  // namespace vastwatch::simulation::testing
