// What an instance is and what will happen to it: the static description from which the model
// plays. Plain data; every duration is counted from the instance's start.
#pragma once

#include "base/money.hpp"
#include "base/time.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::vastsim {

/// What becomes of an instance for a while, by its own script or by somebody's hand.
enum class State : std::uint8_t {
    provisioning,
    parked,
    loading,
    running,
    frozen,
    crashed,
    queued,
    stopped,
    outbid,
    offline,
    unknown,
    rebooting,
    recycling,
};

/// "running", …; nothing for a word that is no state.
std::optional<State> parse_state(std::string_view text);
std::string_view name_of(State state);

/// The API's four status fields.
struct Condition {
    std::optional<std::string> actual;
    std::string current;
    std::string next;
    std::string intended;

    friend bool operator==(const Condition&, const Condition&) = default;
};

/// How the API shows a state.
Condition condition_of(State state);

/// Whether the graphics cards, and the disk, of an instance in that condition are billed.
bool gpu_bills(const Condition& condition);
bool disk_bills(const Condition& condition);

/// One telemetry value over time.
struct Signal {
    enum class Kind : std::uint8_t {
        verbatim,  ///< `value`, whatever JSON it is
        jitter,    ///< another number from low to high at each read
        flap,      ///< `high` for the first half of every period, `low` for the second
    };
    Kind kind = Kind::verbatim;
    boost::json::value value;
    double low = 0;
    double high = 0;
    Duration period{0};
};

/// Telemetry fields by column name: gpu_util, gpu_temp, cpu_util, mem_usage, vmem_usage.
using Signals = std::map<std::string, Signal>;

/// One step of a script.
struct Phase {
    std::optional<Duration> length;  ///< nothing = for ever
    State state = State::running;
    std::optional<boost::json::value> actual_status;  ///< instead of the state's own
    std::optional<std::string> status_msg;
    Signals signals;
    bool stale = false;  ///< volatile fields stand still
    int zero_every = 0;  ///< every n-th row read carries zeros for telemetry; 0 = none
};

struct PriceIncrease {
    Duration pending_at{0};
    double dph_base = 0;
    std::optional<Duration> accepted_at;
};

struct InstanceSpec {
    std::int64_t id = 0;  ///< 0 = the account chooses one
    std::optional<std::string> label;
    std::string gpu_name = "RTX 4090";
    std::int64_t num_gpus = 1;
    double dph_base = 0.4;
    double storage_cost = 0.15;  ///< $/GB per month of 720 h
    double disk_space = 40;
    bool is_bid = false;
    double min_bid = 0.1;
    std::optional<double> credit_discount;
    double inet_up_cost = 0.003;  ///< $/GB
    double inet_down_cost = 0.001;
    double up_gb_per_hour = 0;  ///< while running
    double down_gb_per_hour = 0;
    Duration start{0};  ///< from the beginning of the simulation; negative = before it
    std::optional<Duration> rented_for;  ///< end_date, from the start; nothing = null
    std::string image = "pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime";
    std::string runtype = "ssh ssh_direc ssh_proxy";
    std::string verification = "verified";
    std::int64_t machine_id = 0;  ///< 0 = derived from the id
    std::optional<std::int64_t> endpoint_id;
    std::optional<std::int64_t> workergroup_id;
    bool gpu_taken_when_stopped = false;  ///< a start after a stop is queued for ever
    std::optional<PriceIncrease> price_increase;
    std::vector<Phase> behaviour;
    bool repeat = false;          ///< begin the script again at its end
    Signals signals;              ///< for phases that say nothing
    boost::json::object columns;  ///< columns of the row, verbatim, over everything
    std::map<std::string, std::string> env;
};

struct VolumeSpec {
    std::int64_t id = 0;
    std::string label;
    double size = 100;          ///< GB
    double storage_cost = 0.1;  ///< $/GB per month
    Duration start{0};          ///< as an instance's
    std::vector<std::int64_t> attached;
};

struct KeySpec {
    std::string key;
    std::vector<std::string> scopes;  ///< empty = all
    bool revoked = false;             ///< answered with 401
};

/// Durations of what the platform does by itself.
struct Delays {
    Duration stop = std::chrono::seconds{4};     ///< from the request until the container is gone
    Duration unload = std::chrono::seconds{4};   ///< from a destroy until the row is gone
    Duration load = std::chrono::seconds{6};     ///< from a start until it runs
    Duration volume = std::chrono::seconds{30};  ///< until a destroyed instance's volume is free
    Duration charge_lag = std::chrono::minutes{10};
    Duration charge_step = std::chrono::seconds{1};  ///< charges grow in steps of this
};

struct AccountSpec {
    std::string name = "main";
    std::vector<KeySpec> keys;
    std::int64_t user_id = 412907;
    Usd credit = Usd::dollars(1000);  ///< when the simulation begins
    Usd spent_before = Usd::dollars(48000);
    bool host = false;  ///< a host's account has no charges
    std::optional<double> autobill_threshold;
    std::optional<double> autobill_amount;
    double balance_threshold = 50;
    Delays delays;
    std::int64_t first_id = 31'500'000;
    std::vector<Phase> new_instance_behaviour;
    std::vector<InstanceSpec> instances;
    std::vector<VolumeSpec> volumes;
    std::size_t offers = 160;
};

}  // namespace vastwatch::vastsim
