#include "ctl/order.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

namespace vastwatch::ctl {
namespace {

namespace json = boost::json;

constexpr Duration quick = std::chrono::seconds{15};
/// Reading all files of the configuration, or the state of a loaded machine.
constexpr Duration slow = std::chrono::minutes{1};
/// Talking to Vast.ai or to mail servers at their pace, reading all of the audit log.
constexpr Duration patient = std::chrono::minutes{5};

std::string encoded(std::string_view text) {
    std::string out;
    for (const char byte : text) {
        const bool safe = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                          (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_' ||
                          byte == '.' || byte == '~';
        out +=
            safe ? std::string(1, byte) : fmt::format("%{:02X}", static_cast<unsigned char>(byte));
    }
    return out;
}

Request get(std::string target, Duration timeout) {
    Request request;
    request.target = "/api/v1/" + std::move(target);
    request.timeout = timeout;
    return request;
}

Request post(std::string_view command, const json::object& body, Duration timeout) {
    Request request;
    request.method = "POST";
    request.target = fmt::format("/api/v1/{}", command);
    request.body = json::serialize(body);
    request.timeout = timeout;
    return request;
}

std::string instances_target(const Order& order) {
    std::string target = "instances";
    if (!order.team.empty()) {
        target += "?team=" + encoded(order.team);
    }
    if (order.idle) {
        target += order.team.empty() ? "?idle=true" : "&idle=true";
    }
    return target;
}

std::string audit_target(const Order& order, Instant now) {
    auto target =
        fmt::format("audit?limit={}", order.since.empty() ? newest_records : most_records_since);
    if (!order.team.empty()) {
        target += "&team=" + encoded(order.team);
    }
    if (order.since.empty()) {
        return target;
    }
    const auto back = parse_duration(order.since);
    return target + "&since=" + encoded(back ? format_rfc3339(now - *back) : order.since);
}

Request command(const Order& order, std::string_view name, Duration timeout) {
    json::object body;
    if (order.verb == Verb::protect || order.verb == Verb::unprotect) {
        body["instance"] = order.instance;
    }
    if (order.verb == Verb::protect || order.verb == Verb::pause) {
        if (!order.duration.empty()) {
            body["duration"] = order.duration;
        }
        if (!order.reason.empty()) {
            body["reason"] = order.reason;
        }
    }
    if ((order.verb == Verb::approve || order.verb == Verb::dismiss) && order.hold) {
        body["hold"] = *order.hold;
    }
    if (order.verb == Verb::test_notifier) {
        body["notifier"] = order.notifier;
    }
    return post(name, body, timeout);
}

}  // namespace

bool is_duration(std::string_view text) {
    const auto duration = parse_duration(text);
    return duration && *duration > Duration{0};
}

bool is_since(std::string_view text) {
    return parse_rfc3339(text).has_value() || is_duration(text);
}

Request read_request(std::string_view name) {
    return get(std::string{name}, quick);
}

Request request_of(const Order& order, Instant now) {
    switch (order.verb) {
        case Verb::status:
        case Verb::top:
            break;
        case Verb::instances:
            return get(instances_target(order), quick);
        case Verb::explain:
            return get(fmt::format("instances/{}", order.instance), quick);
        case Verb::findings:
            return read_request("findings");
        case Verb::alerts:
            return read_request("alerts");
        case Verb::actions:
            return read_request("actions");
        case Verb::protect:
            return command(order, "protect", slow);
        case Verb::unprotect:
            return command(order, "unprotect", slow);
        case Verb::approve:
            return command(order, "approve", slow);
        case Verb::dismiss:
            return command(order, "dismiss", slow);
        case Verb::pause:
            return command(order, "pause", slow);
        case Verb::resume:
            return command(order, "resume", slow);
        case Verb::poll:
            return command(order, "poll", slow);
        case Verb::test_notifier:
            return command(order, "test-notifier", patient);
        case Verb::config:
            return read_request("config");
        case Verb::reload:
            return command(order, "reload", slow);
        case Verb::doctor:
            return get("doctor", patient);
        case Verb::audit:
            return get(audit_target(order, now), slow);
        case Verb::audit_verify:
            return get("audit/verify", patient);
    }
    return read_request("status");
}

}  // namespace vastwatch::ctl
