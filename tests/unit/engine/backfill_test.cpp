// Spec section 4: what was spent before the ledger began is read once, as soon as there was a
// sweep, and counted once, whatever befalls the readings around it.
#include "scene.hpp"

#include <doctest/doctest.h>

namespace vastwatch::engine::testing {
namespace {

using policy::Window;

/// Ten dollars in every range that is wanted now.
BackfillRead ten_dollars(Scene& scene) {
    BackfillRead read;
    read.account = main_account;
    for (const auto& range : scene.engine().backfills(main_account, scene.now())) {
        ChargeRow row;
        row.source = "instance-7";
        row.instance = InstanceId{7};
        row.label = "ml/x";
        row.amounts.gpu = usd(10);
        BackfillRead::Part part;
        part.range = range;
        part.rows.push_back(row);
        read.parts.push_back(part);
    }
    return read;
}

TEST_CASE("nothing from before the ledger is wanted until a sweep was complete") {
    Scene scene{cap_policy(1000)};
    CHECK(scene.engine().backfills(main_account, scene.now()).empty());
    scene.poll();
    CHECK(scene.engine().backfills(main_account, scene.now()).size() == 1);
}

TEST_CASE("what was not wanted before the first sweep is not taken for read after it") {
    Scene scene{cap_policy(1000)};
    REQUIRE(ten_dollars(scene).parts.empty());
    scene.poll();
    scene.settle(scene.engine().on_charges_complete(main_account, scene.now()));
    CHECK(scene.engine().backfills(main_account, scene.now()).size() == 1);
}

TEST_CASE("what was spent before the ledger counts in the month") {
    Scene scene{cap_policy(1000)};
    scene.poll();
    scene.settle(scene.engine().on_backfill(ten_dollars(scene), scene.now()));
    CHECK(scene.spend(ml, Window::month) == usd(10));
}

TEST_CASE("it is counted once though other charges could not be read with it") {
    Scene scene{cap_policy(1000)};
    scene.poll();
    scene.settle(scene.engine().on_backfill(ten_dollars(scene), scene.now()));
    CHECK(scene.engine().backfills(main_account, scene.now()).empty());
}

TEST_CASE("it is counted once though the process ends right after it") {
    Scene scene{cap_policy(1000)};
    scene.poll();
    const auto read = ten_dollars(scene);
    scene.settle(scene.engine().on_backfill(read, scene.now()));
    scene.restart();
    scene.poll();
    scene.settle(scene.engine().on_backfill(read, scene.now()));
    CHECK(scene.spend(ml, Window::month) == usd(10));
}

TEST_CASE("a range that is another one by the time it was read is read again") {
    Scene scene{cap_policy(1000)};
    scene.poll();
    auto read = ten_dollars(scene);
    read.parts.front().range.last_day -= std::chrono::days{1};
    scene.settle(scene.engine().on_backfill(read, scene.now()));
    CHECK(scene.spend(ml, Window::month) == usd(0));
    CHECK(scene.engine().backfills(main_account, scene.now()).size() == 1);
}

}  // namespace
}  // namespace vastwatch::engine::testing
