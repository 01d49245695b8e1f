// Prints how long a simulated day of the whole daemon takes: simulation_daemon_speed [DAYS
// [INSTANCES]], polls every five minutes.
#include "daemon/support.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

namespace {

using namespace vastwatch::simulation;
using namespace std::chrono_literals;

/// Milliseconds a day.
double measure(int days, std::int64_t instances) {
    testing::StageSettings settings;
    for (std::int64_t id = 1; id <= instances; ++id) {
        settings.instances.push_back(testing::busy(id));
    }
    settings.poll_interval = "5m";
    testing::Stage stage{settings};
    stage.machine().start();
    const auto began = std::chrono::steady_clock::now();
    stage.run_for(days * 24h);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    fmt::print(
        "{} handlers, {} requests, {} disk operations, trace {:016x}\n",
        stage.machine().handlers(),
        stage.witness().requests,
        stage.machine().disk().operations(),
        stage.machine().trace().hash());
    return took.count() / days;
}

}  // namespace

int main(int argc, char** argv) {
    const int days = argc > 1 ? std::atoi(argv[1]) : 10;
    const int instances = argc > 2 ? std::atoi(argv[2]) : 20;
    fmt::print("{:.1f} ms a day\n", measure(days, instances));
    return 0;
}
