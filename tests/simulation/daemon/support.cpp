#include "daemon/support.hpp"

#include "audit/audit.hpp"
#include "base/assert.hpp"
#include "daemon/scratch.hpp"

#include <boost/json/parse.hpp>

#include <fmt/format.h>

namespace vastwatch::simulation::testing {
namespace {

vastsim::InstanceSpec instance(std::int64_t id, const std::string& label, double low, double high) {
    vastsim::Signal load;
    load.kind = vastsim::Signal::Kind::jitter;
    load.low = low;
    load.high = high;
    vastsim::Signal heat;
    heat.kind = vastsim::Signal::Kind::jitter;
    heat.low = 35;
    heat.high = 60;
    vastsim::Phase phase;
    phase.state = vastsim::State::running;
    vastsim::InstanceSpec spec;
    spec.id = id;
    spec.label = label;
    spec.start = -1h;
    spec.behaviour.push_back(phase);
    spec.signals["gpu_util"] = load;
    spec.signals["gpu_temp"] = heat;
    return spec;
}

}  // namespace

void Witness::on_api_request(const ApiRequest& request) {
    ++requests;
    if (request.target.find("select_filters=%7B%22id") != std::string_view::npos) {
        ++verifications;
        verified_ = request.at;
    }
    if (request.request.method == "DELETE") {
        ++destroys;
        read_before_destroy = request.at - verified_;
    }
}

void Witness::on_api_answer(const ApiAnswer& /*answer*/) {
    ++answers;
}

void Witness::on_delivery(const Delivery& delivery) {
    if (!delivery.taken) {
        return;
    }
    taken.emplace_back(delivery.id);
    constexpr std::string_view key = "\"kind\":\"";
    const auto begin = delivery.body.find(key);
    if (begin != std::string_view::npos) {
        const auto rest = delivery.body.substr(begin + key.size());
        kinds.emplace(rest.substr(0, rest.find('"')));
    }
}

void Witness::on_turn(Instant /*at*/, Turn turn, std::string_view text) {
    ++turns_[turn];
    latest_text = text;
}

void Witness::on_command(
    Instant /*at*/,
    const web::Command& /*command*/,
    const web::CommandResult& result) {
    results.push_back(result);
}

vastsim::InstanceSpec busy(std::int64_t id, const std::string& label) {
    return instance(id, label, 60, 99);
}

vastsim::InstanceSpec idle(std::int64_t id, const std::string& label) {
    return instance(id, label, 0, 2);
}

std::string config_text(const StageSettings& settings) {
    return fmt::format(
        R"([enforcement]
mode = "enforce"
max_staleness = "30m"
[account.main]
api_key_env = "KEY"
url = "https://api.vast.test"
poll_interval = "{}"
billing_interval = "{}"
request_interval = "{}"
[defaults]
idle_for = "1h"
idle_max_gap = "15m"
notify = ["chat"]
[team.ml]
labels = ["ml/*"]
{}
[notifier.chat]
type = "webhook"
url = "https://chat.test/hook"
format = "vastwatch"
{}
)",
        settings.poll_interval,
        settings.billing_interval,
        settings.request_interval,
        settings.team_config,
        settings.more_config);
}

std::filesystem::path scratch() {
    return scratch_directory() / "machine";
}

Stage::Stage(StageSettings settings) {
    vastsim::AccountSpec account;
    vastsim::KeySpec key;
    key.key = "secret-key";
    account.keys.push_back(key);
    account.instances = settings.instances;
    std::vector<vastsim::AccountSpec> accounts;
    accounts.push_back(std::move(account));
    world_ = std::make_unique<vastsim::World>(
        std::move(accounts), noon, settings.seed, vastsim::Settings{});
    MachineSettings machine;
    machine.directory = scratch();
    machine.seed = settings.seed;
    machine.begin = noon;
    machine.config = config_text(settings);
    machine.environment["KEY"] = "secret-key";
    machine.disk = settings.disk;
    machine_ = std::make_unique<Machine>(std::move(machine), *world_, witness_);
}

bool Stage::exists(std::int64_t id) {
    world_->advance_to(machine().truth().wall);
    return account().find(id) != nullptr;
}

std::optional<Instant> Stage::gone_at(std::int64_t id) {
    world_->advance_to(machine().truth().wall);
    const auto* instance = account().find_any(id);
    return instance == nullptr || account().find(id) != nullptr ? std::nullopt : instance->gone_at;
}

void Stage::fault(const std::string& text) {
    const auto problem = world_->faults().add(boost::json::parse(text).as_object());
    VW_ASSERT(problem.empty());
}

std::vector<std::string> Stage::audit_problems() {
    return audit::verify(machine().state_directory()).problems;
}

}  // namespace vastwatch::simulation::testing
