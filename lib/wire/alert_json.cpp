#include "wire/alert_json.hpp"

#include "base/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

namespace vastwatch::wire {
namespace {

namespace json = boost::json;

constexpr std::int64_t nanos_per_unit = 1'000'000'000;

/// A whole number where it is one; else the double nearest to the exact amount.
json::value number_from_nanos(std::int64_t nanos) {
    if (nanos % nanos_per_unit == 0) {
        return nanos / nanos_per_unit;
    }
    return static_cast<double>(nanos) / static_cast<double>(nanos_per_unit);
}

json::object instance_to_json(const alerts::AlertInstance& instance) {
    json::object out;
    out["id"] = instance.id.value();
    out["label"] = valid_utf8(instance.label);
    out["gpu_name"] = valid_utf8(instance.gpu_name);
    if (instance.num_gpus > 0) {
        out["num_gpus"] = instance.num_gpus;
    }
    out["dph"] = number_from_nanos(instance.dph.nanos());
    out["idle_seconds"] = std::chrono::floor<std::chrono::seconds>(instance.idle).count();
    if (instance.action) {
        out["action"] = policy::to_string(*instance.action);
    } else {
        out["action"] = nullptr;
    }
    return out;
}

void add_money(json::object& out, const alerts::Alert& alert) {
    if (alert.window) {
        out["window"] = policy::to_string(*alert.window);
    }
    if (alert.window_start) {
        out["window_start"] = format_rfc3339(*alert.window_start);
    }
    if (alert.spend) {
        out["spend"] = number_from_nanos(alert.spend->nanos());
    }
    if (alert.cap) {
        out["cap"] = number_from_nanos(alert.cap->nanos());
    }
    if (!alert.threshold.empty()) {
        out["threshold"] = valid_utf8(alert.threshold);
    }
    if (alert.burn_rate) {
        out["burn_rate"] = number_from_nanos(alert.burn_rate->nanos());
    }
    if (alert.projected_crossing) {
        out["projected_crossing"] = format_rfc3339(*alert.projected_crossing);
    }
}

/// Takes members out of an object one by one and remembers whether any of them was wrong, so that
/// the readers below need no test after each member.
class Reader {
  public:
    explicit Reader(const json::object& object) : object_(object) {}

    bool failed() const { return failed_; }

    void fail() { failed_ = true; }

    bool has(std::string_view key) const { return object_.contains(key); }

    std::string text(std::string_view key) {
        const auto* member = object_.if_contains(key);
        const auto* value = member != nullptr ? member->if_string() : nullptr;
        if (value == nullptr) {
            failed_ = true;
            return {};
        }
        return std::string{value->data(), value->size()};
    }

    bool flag(std::string_view key) {
        const auto* member = object_.if_contains(key);
        const auto* value = member != nullptr ? member->if_bool() : nullptr;
        failed_ = failed_ || value == nullptr;
        return value != nullptr && *value;
    }

    std::int64_t integer(std::string_view key) {
        const auto* member = object_.if_contains(key);
        const auto* value = member != nullptr ? member->if_int64() : nullptr;
        failed_ = failed_ || value == nullptr;
        return value != nullptr ? *value : 0;
    }

    Usd money(std::string_view key) {
        const auto* member = object_.if_contains(key);
        std::optional<Usd> amount;
        if (member != nullptr && member->is_int64()) {
            const auto whole = member->get_int64();
            if (whole >= -limit && whole <= limit) {
                amount = Usd::dollars(whole);
            }
        } else if (member != nullptr && member->is_double()) {
            amount = usd_from_double(member->get_double());
        }
        failed_ = failed_ || !amount;
        return amount.value_or(Usd{});
    }

    UsdPerHour rate(std::string_view key) { return UsdPerHour::from_nanos(money(key).nanos()); }

    Instant time(std::string_view key) {
        const auto instant = parse_rfc3339(text(key));
        failed_ = failed_ || !instant;
        return instant.value_or(Instant{});
    }

    /// One of an enumeration's values, recognised by its name.
    template <class Enum, std::size_t count>
    Enum word(std::string_view key, const std::array<Enum, count>& values) {
        const auto name = text(key);
        for (const auto value : values) {
            if (policy::to_string(value) == name) {
                return value;
            }
        }
        failed_ = true;
        return values.front();
    }

    const json::array& list(std::string_view key) {
        static const json::array none;
        const auto* member = object_.if_contains(key);
        const auto* value = member != nullptr ? member->if_array() : nullptr;
        failed_ = failed_ || value == nullptr;
        return value != nullptr ? *value : none;
    }

    bool is_null(std::string_view key) const {
        const auto* member = object_.if_contains(key);
        return member != nullptr && member->is_null();
    }

  private:
    static constexpr std::int64_t limit = 9'000'000'000;

    const json::object& object_;
    bool failed_ = false;
};

constexpr std::array severities{
    policy::Severity::info,
    policy::Severity::warning,
    policy::Severity::critical};
constexpr std::array windows{policy::Window::day, policy::Window::month, policy::Window::lifetime};
constexpr std::array actions{
    policy::Action::off,
    policy::Action::alert,
    policy::Action::stop,
    policy::Action::destroy};

std::optional<alerts::AlertInstance> instance_from_json(const json::value& value) {
    const auto* object = value.if_object();
    if (object == nullptr) {
        return std::nullopt;
    }
    Reader reader{*object};
    alerts::AlertInstance instance;
    instance.id = InstanceId{reader.integer("id")};
    instance.label = reader.text("label");
    instance.gpu_name = reader.text("gpu_name");
    if (reader.has("num_gpus")) {
        const auto count = reader.integer("num_gpus");
        if (count < 0 || count > 1'000'000) {
            reader.fail();
        } else {
            instance.num_gpus = static_cast<int>(count);
        }
    }
    instance.dph = reader.rate("dph");
    const auto idle = reader.integer("idle_seconds");
    if (idle < 0 || idle > nanos_per_unit) {
        reader.fail();
    } else {
        instance.idle = std::chrono::seconds{idle};
    }
    if (!reader.is_null("action")) {
        instance.action = reader.word("action", actions);
    }
    if (reader.failed()) {
        return std::nullopt;
    }
    return instance;
}

void read_money(Reader& reader, alerts::Alert& alert) {
    if (reader.has("window")) {
        alert.window = reader.word("window", windows);
    }
    if (reader.has("window_start")) {
        alert.window_start = reader.time("window_start");
    }
    if (reader.has("spend")) {
        alert.spend = reader.money("spend");
    }
    if (reader.has("cap")) {
        alert.cap = reader.money("cap");
    }
    if (reader.has("threshold")) {
        alert.threshold = reader.text("threshold");
    }
    if (reader.has("burn_rate")) {
        alert.burn_rate = reader.rate("burn_rate");
    }
    if (reader.has("projected_crossing")) {
        alert.projected_crossing = reader.time("projected_crossing");
    }
}

void read_lists(Reader& reader, alerts::Alert& alert) {
    for (const auto& element : reader.list("instances")) {
        auto instance = instance_from_json(element);
        if (!instance) {
            reader.fail();
            return;
        }
        alert.instances.push_back(std::move(*instance));
    }
    const auto omitted = reader.integer("instances_omitted");
    if (omitted < 0) {
        reader.fail();
    }
    alert.instances_omitted = static_cast<std::size_t>(omitted);
    for (const auto& element : reader.list("notify")) {
        const auto* name = element.if_string();
        if (name == nullptr) {
            reader.fail();
            return;
        }
        alert.notify.emplace_back(std::string{name->data(), name->size()});
    }
}

}  // namespace

json::object to_json(const alerts::Alert& alert) {
    json::object out;
    out["id"] = alert.id.str();
    out["kind"] = alerts::to_string(alert.kind);
    out["severity"] = policy::to_string(alert.severity);
    out["status"] = alert.resolved ? "resolved" : "firing";
    out["time"] = format_rfc3339(alert.time);
    if (alert.account) {
        out["account"] = valid_utf8(alert.account->str());
    }
    if (alert.team) {
        out["team"] = valid_utf8(alert.team->str());
    }
    out["title"] = valid_utf8(alert.title);
    out["text"] = valid_utf8(alert.text);
    add_money(out, alert);
    json::array instances;
    for (const auto& instance : alert.instances) {
        instances.push_back(instance_to_json(instance));
    }
    out["instances"] = std::move(instances);
    out["instances_omitted"] = static_cast<std::int64_t>(alert.instances_omitted);
    out["dry_run"] = alert.dry_run;
    out["condition"] = valid_utf8(alert.condition);
    json::array notify;
    for (const auto& name : alert.notify) {
        notify.emplace_back(valid_utf8(name.str()));
    }
    out["notify"] = std::move(notify);
    return out;
}

std::optional<alerts::Alert> alert_from_json(const json::object& object) {
    Reader reader{object};
    alerts::Alert alert;
    alert.id = AlertId{reader.text("id")};
    const auto kind = alerts::parse_kind(reader.text("kind"));
    alert.kind = kind.value_or(alerts::Kind::test);
    alert.severity = reader.word("severity", severities);
    const auto status = reader.text("status");
    alert.resolved = status == "resolved";
    alert.time = reader.time("time");
    if (reader.has("account")) {
        alert.account = AccountName{reader.text("account")};
    }
    if (reader.has("team")) {
        alert.team = TeamName{reader.text("team")};
    }
    alert.title = reader.text("title");
    alert.text = reader.text("text");
    read_money(reader, alert);
    read_lists(reader, alert);
    alert.dry_run = reader.flag("dry_run");
    alert.condition = reader.text("condition");
    if (reader.failed() || !kind || (status != "firing" && status != "resolved")) {
        return std::nullopt;
    }
    return alert;
}

}  // namespace vastwatch::wire
