#include "model/account_file.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 5> signal_names{
    "gpu_util",
    "gpu_temp",
    "cpu_util",
    "mem_usage",
    "vmem_usage"};

// Reads the members of one object, remembers which it was asked for, and complains about the rest.
class Reader {
  public:
    Reader(const json::object& object, std::string where, std::vector<std::string>& errors)
        : object_(object), where_(std::move(where)), errors_(errors) {}

    const json::value* get(std::string_view key) {
        used_.insert(std::string{key});
        return object_.if_contains(key);
    }

    void complain(std::string_view key, std::string_view what) {
        errors_.push_back(fmt::format("{}.{}: {}", where_, key, what));
    }

    void number(std::string_view key, double& to) {
        const json::value* value = get(key);
        if (value == nullptr) {
            return;
        }
        if (!value->is_number()) {
            complain(key, "a number is needed");
            return;
        }
        to = value->to_number<double>();
    }

    void number(std::string_view key, std::optional<double>& to) {
        const json::value* value = get(key);
        if (value != nullptr) {
            double read = 0;
            if (value->is_null()) {
                to.reset();
                return;
            }
            number(key, read);
            to = read;
        }
    }

    void integer(std::string_view key, std::int64_t& to) {
        const json::value* value = get(key);
        if (value == nullptr) {
            return;
        }
        if (!value->is_int64()) {
            complain(key, "a whole number is needed");
            return;
        }
        to = value->get_int64();
    }

    void integer(std::string_view key, std::optional<std::int64_t>& to) {
        if (get(key) != nullptr) {
            std::int64_t read = 0;
            integer(key, read);
            to = read;
        }
    }

    void flag(std::string_view key, bool& to) {
        const json::value* value = get(key);
        if (value == nullptr) {
            return;
        }
        if (!value->is_bool()) {
            complain(key, "true or false is needed");
            return;
        }
        to = value->get_bool();
    }

    void text(std::string_view key, std::string& to) {
        const json::value* value = get(key);
        if (value == nullptr) {
            return;
        }
        if (!value->is_string()) {
            complain(key, "a text is needed");
            return;
        }
        to = value->get_string();
    }

    void text(std::string_view key, std::optional<std::string>& to) {
        const json::value* value = get(key);
        if (value == nullptr) {
            return;
        }
        if (value->is_null()) {
            to.reset();
            return;
        }
        std::string read;
        text(key, read);
        to = read;
    }

    void money(std::string_view key, Usd& to) {
        double dollars = 0;
        if (object_.contains(key)) {
            number(key, dollars);
            to = usd_from_double(dollars).value_or(Usd{});
        }
    }

    // With a sign, if the time may lie on either side.
    void duration(std::string_view key, Duration& to) {
        const json::value* value = get(key);
        if (value == nullptr) {
            return;
        }
        std::string_view text = value->is_string() ? std::string_view{value->get_string()} : "";
        const bool negative = text.starts_with('-');
        if (negative || text.starts_with('+')) {
            text.remove_prefix(1);
        }
        const auto parsed = parse_duration(text);
        if (!parsed) {
            complain(key, "a duration such as \"30s\" or \"-2h\" is needed");
            return;
        }
        to = negative ? -*parsed : *parsed;
    }

    void duration(std::string_view key, std::optional<Duration>& to) {
        if (object_.contains(key)) {
            Duration read{0};
            duration(key, read);
            to = read;
        }
    }

    const json::array* list(std::string_view key) {
        const json::value* value = get(key);
        if (value != nullptr && !value->is_array()) {
            complain(key, "a list is needed");
            return nullptr;
        }
        return value == nullptr ? nullptr : &value->get_array();
    }

    const json::object* object(std::string_view key) {
        const json::value* value = get(key);
        if (value != nullptr && !value->is_object()) {
            complain(key, "an object is needed");
            return nullptr;
        }
        return value == nullptr ? nullptr : &value->get_object();
    }

    void finish() {
        for (const auto& member : object_) {
            if (!used_.contains(std::string{member.key()})) {
                complain(member.key(), "unknown key");
            }
        }
    }

    std::vector<std::string>& errors() { return errors_; }

  private:
    const json::object& object_;
    std::string where_;
    std::vector<std::string>& errors_;
    std::set<std::string> used_;
};

void read_signals(Reader& reader, Signals& signals) {
    for (const std::string_view name : signal_names) {
        if (const json::value* value = reader.get(name); value != nullptr) {
            signals[std::string{name}] = read_signal(*value, reader.errors());
        }
    }
}

Phase read_phase(const json::object& object, std::vector<std::string>& errors) {
    Reader reader(object, "behaviour", errors);
    Phase phase;
    const json::value* length = reader.get("for");
    if (length != nullptr && *length != "forever") {
        reader.duration("for", phase.length);
    }
    std::string state = "running";
    reader.text("state", state);
    const auto parsed = parse_state(state);
    if (!parsed) {
        reader.complain("state", "unknown state " + state);
    }
    phase.state = parsed.value_or(State::running);
    if (const json::value* status = reader.get("actual_status"); status != nullptr) {
        phase.actual_status = *status;
    }
    if (reader.get("status_msg") != nullptr) {
        std::string message;
        reader.text("status_msg", message);
        phase.status_msg = message;
    }
    read_signals(reader, phase.signals);
    reader.flag("stale", phase.stale);
    std::int64_t every = 0;
    reader.integer("zero_every", every);
    phase.zero_every = static_cast<int>(every);
    reader.finish();
    return phase;
}

void read_increase(
    const json::object& object,
    InstanceSpec& spec,
    std::vector<std::string>& errors) {
    Reader reader(object, "price_increase", errors);
    PriceIncrease increase;
    reader.duration("at", increase.pending_at);
    reader.number("dph_base", increase.dph_base);
    reader.duration("accept", increase.accepted_at);
    reader.finish();
    spec.price_increase = increase;
}

void read_environment(const json::object& object, InstanceSpec& spec, Reader& reader) {
    spec.env.clear();
    for (const auto& entry : object) {
        if (entry.value().is_string()) {
            spec.env[std::string{entry.key()}] = entry.value().get_string();
        } else {
            reader.complain("env", "texts are needed");
        }
    }
}

VolumeSpec read_volume(const json::object& object, std::vector<std::string>& errors) {
    Reader reader(object, "volume", errors);
    VolumeSpec volume;
    reader.integer("id", volume.id);
    reader.text("label", volume.label);
    reader.number("size", volume.size);
    reader.number("storage_cost", volume.storage_cost);
    reader.duration("start", volume.start);
    if (const json::array* attached = reader.list("attached"); attached != nullptr) {
        for (const json::value& id : *attached) {
            if (id.is_int64()) {
                volume.attached.push_back(id.get_int64());
            } else {
                reader.complain("attached", "ids are needed");
            }
        }
    }
    reader.finish();
    return volume;
}

KeySpec read_key(const json::value& value, std::vector<std::string>& errors) {
    KeySpec key;
    if (value.is_string()) {
        key.key = value.get_string();
        return key;
    }
    if (!value.is_object()) {
        errors.emplace_back("keys: a text or an object is needed");
        return key;
    }
    Reader reader(value.get_object(), "keys", errors);
    reader.text("key", key.key);
    reader.flag("revoked", key.revoked);
    if (const json::array* scopes = reader.list("scopes"); scopes != nullptr) {
        for (const json::value& scope : *scopes) {
            if (scope.is_string()) {
                key.scopes.emplace_back(scope.get_string());
            }
        }
    }
    reader.finish();
    return key;
}

void read_delays(Reader& reader, Delays& delays) {
    reader.duration("stop_delay", delays.stop);
    reader.duration("unload_delay", delays.unload);
    reader.duration("load_delay", delays.load);
    reader.duration("volume_delay", delays.volume);
    reader.duration("charge_lag", delays.charge_lag);
    reader.duration("charge_step", delays.charge_step);
}

void read_members(Reader& reader, AccountSpec& account) {
    if (const json::array* instances = reader.list("instances"); instances != nullptr) {
        for (const json::value& instance : *instances) {
            InstanceSpec& spec = account.instances.emplace_back();
            if (instance.is_object()) {
                read_instance(instance.get_object(), spec, reader.errors());
            } else {
                reader.complain("instances", "objects are needed");
            }
        }
    }
    if (const json::array* volumes = reader.list("volumes"); volumes != nullptr) {
        for (const json::value& volume : *volumes) {
            if (volume.is_object()) {
                account.volumes.push_back(read_volume(volume.get_object(), reader.errors()));
            } else {
                reader.complain("volumes", "objects are needed");
            }
        }
    }
}

AccountSpec read_account(const json::object& object, std::vector<std::string>& errors) {
    Reader reader(object, "account", errors);
    AccountSpec account;
    reader.text("name", account.name);
    if (const json::value* key = reader.get("key"); key != nullptr) {
        account.keys.push_back(read_key(*key, errors));
    }
    if (const json::array* keys = reader.list("keys"); keys != nullptr) {
        for (const json::value& key : *keys) {
            account.keys.push_back(read_key(key, errors));
        }
    }
    reader.integer("user_id", account.user_id);
    reader.money("credit", account.credit);
    reader.get("credit");
    reader.money("spent_before", account.spent_before);
    reader.get("spent_before");
    reader.flag("host", account.host);
    reader.number("autobill_threshold", account.autobill_threshold);
    reader.number("autobill_amount", account.autobill_amount);
    reader.number("balance_threshold", account.balance_threshold);
    read_delays(reader, account.delays);
    auto offers = static_cast<std::int64_t>(account.offers);
    reader.integer("offers", offers);
    account.offers = static_cast<std::size_t>(std::clamp<std::int64_t>(offers, 0, 10'000));
    if (const json::value* behaviour = reader.get("new_instance_behaviour"); behaviour != nullptr) {
        account.new_instance_behaviour = read_behaviour(*behaviour, errors);
    }
    read_members(reader, account);
    reader.finish();
    return account;
}

void check_ids(const AccountSpec& account, std::vector<std::string>& errors) {
    std::set<std::int64_t> seen;
    for (const InstanceSpec& instance : account.instances) {
        if (instance.id != 0 && !seen.insert(instance.id).second) {
            errors.push_back(fmt::format("instance.id: {} is there twice", instance.id));
        }
    }
}

}  // namespace

bool is_signal(std::string_view column) {
    return std::ranges::find(signal_names, column) != signal_names.end();
}

Signal read_signal(const json::value& value, std::vector<std::string>& errors) {
    Signal signal;
    if (!value.is_object()) {
        signal.value = value;
        return signal;
    }
    Reader reader(value.get_object(), "signal", errors);
    if (const json::array* range = reader.list("jitter"); range != nullptr) {
        signal.kind = Signal::Kind::jitter;
        if (range->size() != 2 || !range->at(0).is_number() || !range->at(1).is_number()) {
            reader.complain("jitter", "two numbers are needed");
            return signal;
        }
        signal.low = range->at(0).to_number<double>();
        signal.high = range->at(1).to_number<double>();
    } else if (value.get_object().contains("flap")) {
        signal.kind = Signal::Kind::flap;
        reader.duration("flap", signal.period);
        reader.number("low", signal.low);
        reader.number("high", signal.high);
    } else {
        signal.value = value;
        return signal;
    }
    reader.finish();
    return signal;
}

std::vector<Phase> read_behaviour(const json::value& list, std::vector<std::string>& errors) {
    std::vector<Phase> phases;
    if (!list.is_array()) {
        errors.emplace_back("behaviour: a list is needed");
        return phases;
    }
    for (const json::value& phase : list.get_array()) {
        if (phase.is_object()) {
            phases.push_back(read_phase(phase.get_object(), errors));
        } else {
            errors.emplace_back("behaviour: objects are needed");
        }
    }
    return phases;
}

void read_instance(
    const json::object& object,
    InstanceSpec& spec,
    std::vector<std::string>& errors) {
    Reader reader(object, "instance", errors);
    reader.integer("id", spec.id);
    reader.text("label", spec.label);
    reader.text("gpu_name", spec.gpu_name);
    reader.integer("num_gpus", spec.num_gpus);
    reader.number("dph_base", spec.dph_base);
    reader.number("storage_cost", spec.storage_cost);
    reader.number("disk_space", spec.disk_space);
    reader.flag("is_bid", spec.is_bid);
    reader.number("min_bid", spec.min_bid);
    reader.number("credit_discount", spec.credit_discount);
    reader.number("inet_up_cost", spec.inet_up_cost);
    reader.number("inet_down_cost", spec.inet_down_cost);
    reader.number("up_gb_per_hour", spec.up_gb_per_hour);
    reader.number("down_gb_per_hour", spec.down_gb_per_hour);
    reader.duration("start", spec.start);
    reader.duration("rented_for", spec.rented_for);
    reader.text("image", spec.image);
    reader.text("runtype", spec.runtype);
    reader.text("verification", spec.verification);
    reader.integer("machine_id", spec.machine_id);
    reader.integer("endpoint_id", spec.endpoint_id);
    reader.integer("workergroup_id", spec.workergroup_id);
    reader.flag("gpu_taken_when_stopped", spec.gpu_taken_when_stopped);
    reader.flag("repeat", spec.repeat);
    if (const json::object* increase = reader.object("price_increase"); increase != nullptr) {
        read_increase(*increase, spec, errors);
    }
    if (const json::value* behaviour = reader.get("behaviour"); behaviour != nullptr) {
        spec.behaviour = read_behaviour(*behaviour, errors);
    }
    read_signals(reader, spec.signals);
    if (const json::object* columns = reader.object("columns"); columns != nullptr) {
        for (const auto& column : *columns) {
            spec.columns[column.key()] = column.value();
        }
    }
    if (const json::object* env = reader.object("env"); env != nullptr) {
        read_environment(*env, spec, reader);
    }
    reader.finish();
}

std::vector<AccountSpec> read_accounts(const json::value& file, std::vector<std::string>& errors) {
    std::vector<AccountSpec> accounts;
    if (!file.is_object()) {
        errors.emplace_back("an account file is one JSON object");
        return accounts;
    }
    const json::value* several = file.get_object().if_contains("accounts");
    if (several == nullptr) {
        accounts.push_back(read_account(file.get_object(), errors));
    } else if (!several->is_array() || several->get_array().empty()) {
        errors.emplace_back("accounts: a list of objects is needed");
    } else {
        for (const json::value& account : several->get_array()) {
            if (account.is_object()) {
                accounts.push_back(read_account(account.get_object(), errors));
            } else {
                errors.emplace_back("accounts: objects are needed");
            }
        }
    }
    for (const AccountSpec& account : accounts) {
        check_ids(account, errors);
    }
    return accounts;
}

}  // namespace vastwatch::vastsim
