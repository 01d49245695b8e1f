#include "model/control.hpp"

#include "model/account_file.hpp"
#include "model/json_text.hpp"
#include "model/rows.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

// A request to the control port, taken apart.
struct Order {
    World& world;
    std::string path;
    std::string id;  ///< the last segment of /instance/ID
    std::map<std::string, std::string> query;
    json::object body;

    std::string parameter(const std::string& name) const {
        const auto found = query.find(name);
        return found == query.end() ? "" : found->second;
    }

    Account* account() const { return world.find_account(text_of(body, "account", "")); }
};

HttpReply ok(json::object body = {}) {
    body["ok"] = true;
    return json_reply(200, body);
}

HttpReply wrong(const std::string& what) {
    return json_reply(400, json::object{{"ok", false}, {"error", what}});
}

HttpReply wrong(const std::vector<std::string>& errors) {
    return wrong(fmt::format("{}", fmt::join(errors, "; ")));
}

HttpReply ready(Order& order) {
    json::object body;
    body["now"] = format_rfc3339_millis(order.world.now());
    body["now_ns"] = std::to_string(order.world.now().time_since_epoch().count());
    return ok(std::move(body));
}

HttpReply truth(Order& order) {
    const std::string at_text = order.parameter("at");
    const std::string from_text = order.parameter("from");
    const auto at = at_text.empty() ? order.world.now() : parse_instant(at_text);
    const auto from = from_text.empty() ? Instant{} : parse_instant(from_text);
    if (!at || !from) {
        return wrong("at and from are RFC 3339, Unix seconds, or nanoseconds with \"ns\"");
    }
    if (*at > order.world.now()) {
        return wrong("that has not happened yet");
    }
    return json_reply(200, truth_of(order.world, *from, *at, order.parameter("instances") != "0"));
}

HttpReply journal(Order& order) {
    std::uint64_t after = 0;
    const std::string text = order.parameter("after");
    std::from_chars(text.data(), text.data() + text.size(), after);
    json::object body;
    body["journal"] =
        journal_of(order.world, after, order.parameter("kind"), order.parameter("account"));
    return json_reply(200, body);
}

HttpReply requests(Order& order) {
    return json_reply(200, statistics_of(order.world));
}

HttpReply clear_requests(Order& order) {
    order.world.forget_statistics();
    return ok();
}

HttpReply set_credit(Order& order) {
    Account* account = order.account();
    if (account == nullptr || !order.body.contains("credit")) {
        return wrong("account and credit are needed");
    }
    const auto credit = usd_from_double(number_of(order.body, "credit", 0));
    account->set_credit(credit.value_or(Usd{}));
    account->record("credit_set", 0, order.body);
    return ok();
}

HttpReply top_up(Order& order) {
    Account* account = order.account();
    const auto amount = usd_from_double(number_of(order.body, "amount", 0));
    if (account == nullptr || !amount) {
        return wrong("account and amount are needed");
    }
    account->set_credit(account->credit(account->now()) + *amount);
    account->record("topped_up", 0, order.body);
    return ok();
}

HttpReply add_fault(Order& order) {
    if (text_of(order.body, "until", "") == "off") {
        order.body.erase("count");
    }
    const std::string kind = text_of(order.body, "kind", "");
    if (kind == "credit") {
        return set_credit(order);
    }
    const std::string fault = order.world.faults().add(order.body);
    return fault.empty() ? ok() : wrong(fault);
}

HttpReply clear_faults(Order& order) {
    order.world.faults().clear(text_of(order.body, "kind", ""));
    return ok();
}

HttpReply list_faults(Order& order) {
    return json_reply(200, json::object{{"faults", order.world.faults().describe()}});
}

HttpReply create(Order& order) {
    Account* account = order.account();
    if (account == nullptr) {
        return wrong("no such account");
    }
    order.body.erase("account");
    std::vector<std::string> errors;
    InstanceSpec spec;
    read_instance(order.body, spec, errors);
    if (!errors.empty()) {
        return wrong(errors);
    }
    return ok(json::object{{"id", account->create(std::move(spec))}});
}

std::optional<std::int64_t> named_id(const Order& order) {
    std::int64_t id = 0;
    const auto result = std::from_chars(order.id.data(), order.id.data() + order.id.size(), id);
    return result.ec == std::errc{} ? std::optional{id} : std::nullopt;
}

HttpReply change(Order& order) {
    const auto id = named_id(order);
    Account* account = id ? order.world.account_of(*id) : nullptr;
    if (account == nullptr || account->find(*id) == nullptr) {
        return json_reply(404, json::object{{"ok", false}, {"error", "no such instance"}});
    }
    std::vector<std::string> errors;
    change_instance(*account, *id, order.body, errors);
    return errors.empty() ? ok() : wrong(errors);
}

HttpReply show(Order& order) {
    const auto id = named_id(order);
    Account* account = id ? order.world.account_of(*id) : nullptr;
    const Instance* instance = account == nullptr ? nullptr : account->find(*id);
    if (instance == nullptr) {
        return json_reply(404, json::object{{"ok", false}, {"error", "no such instance"}});
    }
    return json_reply(200, full_row(*account, *instance));
}

void read_delays(const json::object& body, Delays& delays, std::vector<std::string>& errors) {
    const std::array<std::pair<const char*, Duration*>, 6> known{{
        {"stop_delay", &delays.stop},
        {"unload_delay", &delays.unload},
        {"load_delay", &delays.load},
        {"volume_delay", &delays.volume},
        {"charge_lag", &delays.charge_lag},
        {"charge_step", &delays.charge_step},
    }};
    for (const auto& [name, delay] : known) {
        if (!body.contains(name)) {
            continue;
        }
        const auto parsed = parse_duration(text_of(body, name, ""));
        if (parsed) {
            *delay = *parsed;
        } else {
            errors.push_back(fmt::format("{}: a duration is needed", name));
        }
    }
}

HttpReply settings(Order& order) {
    const json::object& body = order.body;
    Settings& settings = order.world.settings();
    Account* account = order.account();
    if (account == nullptr) {
        return wrong("no such account");
    }
    const auto flag = [&body](const char* name, bool otherwise) {
        const json::value* value = body.if_contains(name);
        return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
    };
    settings.rate_form = text_of(body, "rate_form", settings.rate_form);
    settings.rate_scale = number_of(body, "rate_scale", settings.rate_scale);
    settings.charges_per_day = flag("charges_per_day", settings.charges_per_day);
    settings.strict_slash = flag("strict_slash", settings.strict_slash);
    settings.v0_list = text_of(body, "v0_list", settings.v0_list);
    settings.gone_read_404 = flag("gone_read_404", settings.gone_read_404);
    settings.gone_destroy = text_of(body, "gone_destroy", settings.gone_destroy);
    settings.no_permission =
        static_cast<int>(number_of(body, "no_permission", settings.no_permission));
    std::vector<std::string> errors;
    read_delays(body, account->mutable_spec().delays, errors);
    return errors.empty() ? ok() : wrong(errors);
}

// Adds a key, or changes what a known one may do.
HttpReply set_key(Order& order) {
    Account* account = order.account();
    const std::string text = text_of(order.body, "key", "");
    if (account == nullptr || text.empty()) {
        return wrong("account and key are needed");
    }
    std::vector<KeySpec>& keys = account->mutable_spec().keys;
    auto known =
        std::ranges::find_if(keys, [&text](const KeySpec& key) { return key.key == text; });
    if (known == keys.end()) {
        keys.push_back(KeySpec{.key = text, .scopes = {}, .revoked = false});
        known = std::prev(keys.end());
    }
    const json::value* revoked = order.body.if_contains("revoked");
    known->revoked = revoked != nullptr && revoked->is_bool() && revoked->get_bool();
    if (const json::value* scopes = order.body.if_contains("scopes");
        scopes != nullptr && scopes->is_array()) {
        known->scopes.clear();
        for (const json::value& scope : scopes->get_array()) {
            if (scope.is_string()) {
                known->scopes.emplace_back(scope.get_string());
            }
        }
    }
    return ok();
}

HttpReply advance(Order& order) {
    if (!order.world.settings().manual_time) {
        return wrong("time goes by itself; start with --manual-time to move it by hand");
    }
    Instant target = order.world.now();
    if (order.body.contains("by")) {
        const auto by = parse_duration(text_of(order.body, "by", ""));
        if (!by) {
            return wrong("by is a duration such as \"90s\"");
        }
        target += *by;
    } else {
        const auto to = parse_instant(text_of(order.body, "to", ""));
        if (!to) {
            return wrong("to is an instant");
        }
        target = *to;
    }
    order.world.advance_to(target);
    return ready(order);
}

struct Command {
    std::string_view method;
    std::string_view path;
    HttpReply (*handler)(Order& order);
};

// NOLINTBEGIN(modernize-use-designated-initializers): a table reads better without names.
constexpr std::array commands{
    Command{"GET", "/ready", ready},
    Command{"GET", "/truth", truth},
    Command{"GET", "/journal", journal},
    Command{"GET", "/requests", requests},
    Command{"POST", "/requests/clear", clear_requests},
    Command{"GET", "/fault", list_faults},
    Command{"POST", "/fault", add_fault},
    Command{"POST", "/fault/clear", clear_faults},
    Command{"POST", "/instance", create},
    Command{"POST", "/instance/ID", change},
    Command{"GET", "/instance/ID", show},
    Command{"POST", "/credit", set_credit},
    Command{"POST", "/top-up", top_up},
    Command{"POST", "/settings", settings},
    Command{"POST", "/key", set_key},
    Command{"POST", "/advance", advance},
};

// NOLINTEND(modernize-use-designated-initializers)

std::map<std::string, std::string> query_of(std::string_view target) {
    std::map<std::string, std::string> query;
    const std::size_t question = target.find('?');
    std::string_view rest = question == std::string_view::npos ? "" : target.substr(question + 1);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('&'), rest.size());
        const std::string_view pair = rest.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        query[decode_query(pair.substr(0, equals))] =
            decode_query(pair.substr(std::min(equals + 1, pair.size())));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return query;
}

// Takes a member out of a change and returns it.
std::optional<json::value> take(json::object& object, std::string_view key) {
    const json::value* found = object.if_contains(key);
    if (found == nullptr) {
        return std::nullopt;
    }
    json::value value = *found;
    object.erase(key);
    return value;
}

void set_status(Instance& instance, const char* key, const json::value& value) {
    const std::string_view name = key;
    const auto text =
        value.is_string() ? std::optional<std::string>{value.get_string()} : std::nullopt;
    if (name == "actual_status" || name == "status") {
        instance.condition.actual = text;
    } else if (name == "cur_state") {
        instance.condition.current = text.value_or("");
    } else if (name == "next_state") {
        instance.condition.next = text.value_or("");
    } else if (name == "intended_status") {
        instance.condition.intended = text.value_or("");
    } else {
        instance.status_msg = text;
    }
}

// A signal set by hand must not be overruled by the script.
void prefer_signals(Instance& instance, const json::object& change) {
    for (const auto& member : change) {
        const std::string_view key = member.key();
        if (!is_signal(key)) {
            continue;
        }
        const std::string name{key};
        if (instance.reporting) {
            instance.reporting->signals.erase(name);
        }
        for (Phase& phase : instance.spec.behaviour) {
            phase.signals.erase(name);
        }
    }
}

// What a change says beyond the keys of an account file.
struct ByHand {
    std::vector<State> states;  // none or one
    std::vector<Phase> script;
    std::optional<json::value> stale;
    std::optional<json::value> zero_every;
    std::vector<std::pair<const char*, json::value>> statuses;
};

// Takes its keys out of the change.
ByHand read_by_hand(json::object& change, std::vector<std::string>& errors) {
    ByHand by_hand;
    by_hand.stale = take(change, "stale");
    by_hand.zero_every = take(change, "zero_every");
    for (const char* key :
         {"actual_status", "status", "cur_state", "next_state", "intended_status", "status_msg"}) {
        if (auto value = take(change, key)) {
            by_hand.statuses.emplace_back(key, std::move(*value));
        }
    }
    if (const auto name = take(change, "state")) {
        const auto state = parse_state(name->is_string() ? name->get_string() : "");
        if (state) {
            by_hand.states.push_back(*state);
        } else {
            errors.emplace_back("state: unknown");
        }
    }
    if (const auto behaviour = take(change, "behaviour")) {
        by_hand.script = read_behaviour(*behaviour, errors);
    }
    return by_hand;
}

void set_telemetry(Instance& instance, const ByHand& by_hand, Instant now) {
    if (by_hand.stale && by_hand.stale->is_bool()) {
        instance.silent_since.reset();
        if (by_hand.stale->get_bool()) {
            instance.silent_since = now;
        }
    }
    if (by_hand.zero_every && by_hand.zero_every->is_int64() && instance.reporting) {
        instance.reporting->zero_every = static_cast<int>(by_hand.zero_every->get_int64());
    }
}

}  // namespace

HttpReply World::control(const HttpRequest& request, Now now) {
    if (!settings_.manual_time) {
        advance_to(now.wall);
    }
    const std::string_view target = request.target;
    std::string path{target.substr(0, std::min(target.find('?'), target.size()))};
    std::string id;
    constexpr std::string_view one = "/instance/";
    if (path.starts_with(one)) {
        id = path.substr(one.size());
        path = "/instance/ID";
    }
    const auto command = std::ranges::find_if(commands, [&](const Command& known) {
        return known.method == request.method && known.path == path;
    });
    if (command == commands.end()) {
        return json_reply(404, json::object{{"ok", false}, {"error", "no such command"}});
    }
    boost::system::error_code error;
    json::value body = request.body.empty() ? json::object{} : json::parse(request.body, error);
    if (error || !body.is_object()) {
        return wrong("the body is one JSON object");
    }
    Order order{
        .world = *this,
        .path = path,
        .id = id,
        .query = query_of(target),
        .body = std::move(body.get_object())};
    return command->handler(order);
}

void change_instance(
    Account& account,
    std::int64_t id,
    const json::object& change,
    std::vector<std::string>& errors) {
    json::object rest = change;
    const ByHand by_hand = read_by_hand(rest, errors);
    InstanceSpec spec = account.find(id)->spec;
    read_instance(rest, spec, errors);
    if (!errors.empty()) {
        return;
    }
    account.change(id, [&](Instance& instance) {
        instance.spec = std::move(spec);
        prefer_signals(instance, rest);
    });
    if (!by_hand.script.empty()) {
        account.play(id, by_hand.script, account.find(id)->spec.repeat);
    }
    for (const State state : by_hand.states) {
        account.put(id, state);
    }
    account.change(id, [&](Instance& instance) {
        for (const auto& [key, value] : by_hand.statuses) {
            set_status(instance, key, value);
        }
        set_telemetry(instance, by_hand, account.now());
    });
}

}  // namespace vastwatch::vastsim
