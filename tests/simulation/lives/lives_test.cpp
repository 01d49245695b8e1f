// A few lives of the whole daemon, in which nothing may be found.
#include "lives/run.hpp"

#include <doctest/doctest.h>

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

TEST_CASE("the same seed gives the same life of the daemon") {
    const auto first = live(3, 1);
    const auto second = live(3, 1);
    CHECK(first.hash == second.hash);
    CHECK(first.rows == second.rows);
    CHECK(first.alerts == second.alerts);
    CHECK(first.hash != live(4, 1).hash);
}

}  // namespace vastwatch::simulation
