// One row of an instance listing, decoded. A field that was null, missing, of another type or out
// of range is absent here: unknown is not zero. Sources: API sections 2.4 to 2.7.
#pragma once

#include "base/ids.hpp"
#include "base/money.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::fleet {

/// `actual_status`: what the host last reported (API section 2.5). Strings that are not in the
/// table are `other` and count as running.
enum class Status {
    provisioning,  // null: nothing heard from the host yet
    created,
    loading,
    running,
    frozen,
    stopped,
    exited,
    rebooting,
    recycling,
    unknown,  // no recent heartbeat
    offline,
    other,
};

/// The API's word for it; "provisioning" for null, "other" for strings not in the table.
std::string_view to_string(Status status);
Status parse_status(std::optional<std::string_view> text);

/// `intended_status`, `cur_state`, `next_state`.
enum class State { unknown, running, stopped, frozen, unloaded };

std::string_view to_string(State state);
State parse_state(std::optional<std::string_view> text);

/// The volatile fields of a row. There is no measurement time in the API.
struct Telemetry {
    std::optional<double> gpu_util;  // percent, as sent: may be negative or above 100
    std::optional<double> gpu_temp;  // degrees Celsius
    std::optional<double> cpu_util;  // unit disputed; only compared with itself
    std::optional<double> mem_usage;
    std::optional<double> inet_up;  // cumulative counters, unit undocumented
    std::optional<double> inet_down;

    friend bool operator==(const Telemetry&, const Telemetry&) = default;
};

/// Prices of a row as sent, whatever the state.
struct Prices {
    std::optional<UsdPerHour> gpu;           // dph_base
    std::optional<UsdPerHour> storage;       // storage_cost x disk_space / 720, undiscounted
    std::optional<double> discount;          // credit_discount, 0 to 1; absent = none in force
    std::optional<UsdPerHour> search_total;  // search.totalHour: what it costs when running
    std::optional<UsdPerHour> reported;      // instance.discountedTotalPerHour: a cross-check
    std::optional<double> inet_up_per_gb;    // $/GB, shown only
    std::optional<double> inet_down_per_gb;

    friend bool operator==(const Prices&, const Prices&) = default;
};

/// One row. Texts are as sent but trimmed and bounded; they are hostile until escaped.
struct Observation {
    InstanceId id;
    std::string label;  // null and "" are the same: no label
    std::string gpu_name;
    std::optional<int> num_gpus;
    std::optional<std::int64_t> machine_id;
    std::optional<std::int64_t> host_id;

    Status status = Status::provisioning;
    std::string status_text;  // the raw actual_status, for what is not in the table
    State intended = State::unknown;
    State current = State::unknown;
    State next = State::unknown;
    std::string status_message;  // at most 500 bytes

    std::optional<Instant> start_date;  // creation of the contract
    std::optional<Instant> end_date;
    std::optional<bool> interruptible;  // is_bid
    std::optional<double> disk_gb;      // disk_space

    Telemetry telemetry;
    Prices prices;

    std::string image;
    std::string runtype;
    std::string template_hash;
    std::string verification;

    friend bool operator==(const Observation&, const Observation&) = default;
};

/// What it takes to create an equal instance again (spec section 7.4); read with the verification
/// of an instance about to be destroyed. Environment variables by name only.
struct Recipe {
    std::string image;
    std::string template_hash;
    std::string runtype;
    std::string label;
    std::optional<double> disk_gb;
    std::string gpu_name;
    std::optional<int> num_gpus;
    std::optional<bool> interruptible;
    std::optional<std::int64_t> machine_id;
    std::vector<std::string> environment_names;
    std::string onstart;  // empty when there is none

    friend bool operator==(const Recipe&, const Recipe&) = default;
};

/// One complete listing of an account: every page was read and the counts agree (API section 2.2).
/// A listing that was not complete is never made into a Sweep.
struct Sweep {
    AccountName account;
    Now began;
    Now ended;
    std::vector<Observation> rows;  // ascending by id, no id twice
    std::size_t skipped_rows = 0;   // without a usable id
    Duration repeated{0};           // how much of its time went to asking again after failures
};

/// Rows read anew for some ids, seconds before acting. An id that was asked for and is not among
/// the rows is gone (the answer was complete).
struct Verification {
    AccountName account;
    std::vector<InstanceId> asked;
    std::vector<Observation> rows;
    std::vector<Recipe> recipes;  // beside rows, same order
    Now read_at;                  // when its request left
};

}  // namespace vastwatch::fleet
