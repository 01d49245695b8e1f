// A machine with an account of its own, for the tests: written down in a few lines, run, and asked
// what became of it.
#pragma once

#include "daemon/machine.hpp"
#include "model/world.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace vastwatch::simulation::testing {

using namespace std::chrono_literals;

inline const Instant noon = *parse_rfc3339("2026-03-10T12:00:00Z");

/// What an observer has to remember for the tests.
class Witness : public Observer {
  public:
    void on_api_request(const ApiRequest& request) override;
    void on_api_answer(const ApiAnswer& answer) override;
    void on_delivery(const Delivery& delivery) override;
    void on_turn(Instant at, Turn turn, std::string_view text) override;
    void on_command(Instant at, const web::Command& command, const web::CommandResult& result)
        override;

    std::size_t count(Turn turn) const { return turns_.contains(turn) ? turns_.at(turn) : 0; }

    std::size_t requests = 0;
    std::size_t answers = 0;
    std::size_t destroys = 0;                     // requests
    std::size_t verifications = 0;                // fresh reads asked for
    std::optional<Duration> read_before_destroy;  // from the latest of them to the latest destroy
    std::vector<std::string> taken;               // ids of alerts, as often as they were
    std::set<std::string> kinds;                  // of the alerts taken
    std::vector<web::CommandResult> results;
    std::string latest_text;  // of a turn

  private:
    std::map<Turn, std::size_t> turns_;
    Instant verified_;
};

/// An instance that works, for ever.
vastsim::InstanceSpec busy(std::int64_t id, const std::string& label = "ml/train");
/// One that rests from the beginning.
vastsim::InstanceSpec idle(std::int64_t id, const std::string& label = "ml/rest");

struct StageSettings {
    std::vector<vastsim::InstanceSpec> instances;
    std::string poll_interval = "60s";
    std::string billing_interval = "10m";
    std::string request_interval = "1s";
    std::string team_config;  // of the team ml
    std::string more_config;
    std::uint64_t seed = 1;
    Span disk{1ms, 12ms};
};

class Stage {
  public:
    explicit Stage(StageSettings settings);

    void run_for(Duration duration) { machine().run_until(machine().truth().wall + duration); }

    /// True until the account has no such instance any more.
    bool exists(std::int64_t id);
    /// When it went; nothing while it is there.
    std::optional<Instant> gone_at(std::int64_t id);

    Machine& machine() { return *machine_; }

    Witness& witness() { return witness_; }

    vastsim::World& world() { return *world_; }

    vastsim::Account& account() { return *world_->accounts().front(); }

    /// A fault as the control port words it.
    void fault(const std::string& text);

    /// Problems with the audit log as it is on the disk.
    std::vector<std::string> audit_problems();

  private:
    Witness witness_;
    std::unique_ptr<vastsim::World> world_;
    std::unique_ptr<Machine> machine_;
};

/// A directory of the test's own on tmpfs.
std::filesystem::path scratch();

std::string config_text(const StageSettings& settings);

}  // namespace vastwatch::simulation::testing
