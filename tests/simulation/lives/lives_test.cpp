// A few lives of the whole daemon, in which nothing may be found.
#include "lives/run.hpp"

#include <doctest/doctest.h>

#include <string_view>

namespace vastwatch::simulation {
namespace {

Report live(std::uint64_t seed, double days) {
    auto options = daemon_options();
    options.seed = seed;
    options.length = Duration{static_cast<std::int64_t>(days * 24 * 3600 * 1e9)};
    DaemonRun run{options, false};
    return run.run();
}

}  // namespace

TEST_CASE("lives of the daemon full of trouble break no invariant") {
    for (std::uint64_t seed = 100; seed < 106; ++seed) {
        CAPTURE(seed);
        const auto report = live(seed, 2);
        for (const auto& violation : report.violations) {
            CAPTURE(to_string(violation.invariant));
            CAPTURE(format_rfc3339(violation.at));
            FAIL_CHECK(violation.what);
        }
        CHECK(report.polls > 100);
        CHECK(report.alerts > 0);
    }
}

TEST_CASE("lives that once showed a defect break no invariant") {
    struct Pinned {
        std::uint64_t seed;
        double days;
        std::string_view showed;
    };

    for (const auto& [seed, days, showed] : {
             Pinned{1013, 0.2, "a start date that could not be read made an old instance new"},
             Pinned{279, 0.5, "a destroy that was denied and done was told to nobody"},
             Pinned{3012, 1, "after a reload requests came too early for the service"},
             Pinned{1026, 2, "a host that stopped measuring kept a cap from acting"},
         }) {
        CAPTURE(seed);
        CAPTURE(showed);
        const auto report = live(seed, days);
        for (const auto& violation : report.violations) {
            CAPTURE(to_string(violation.invariant));
            FAIL_CHECK(violation.what);
        }
    }
}

TEST_CASE("the same seed gives the same life of the daemon") {
    const auto first = live(3, 1);
    const auto second = live(3, 1);
    CHECK(first.hash == second.hash);
    CHECK(first.rows == second.rows);
    CHECK(first.alerts == second.alerts);
    CHECK(first.hash != live(4, 1).hash);
}

}  // namespace vastwatch::simulation
