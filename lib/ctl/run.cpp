#include "ctl/run.hpp"

#include "base/text.hpp"
#include "ctl/fields.hpp"
#include "ctl/views.hpp"

#include <fmt/format.h>

#include <utility>

namespace vastwatch::ctl {
namespace {

constexpr int http_ok = 200;
constexpr int http_conflict = 409;

/// Text of several lines, each of them printable.
std::string printable_lines(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        out += printable(text.substr(0, end)) + "\n";
        text.remove_prefix(std::min(text.size(), end + 1));
    }
    return out;
}

std::string joined(const Lines& lines) {
    std::string out;
    for (const auto& line : lines) {
        out += line;
        out += '\n';
    }
    return out;
}

/// The member as it is, line breaks included.
std::string raw_text(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string{} : std::string{text->data(), text->size()};
}

/// For an answer that is no JSON object, or one that says no.
Outcome refused(const Answer& answer, Verb verb, bool json) {
    Outcome outcome;
    outcome.code = exit_refused;
    const auto object = parse_object(answer.body);
    if (json && object) {
        outcome.out = json_line(answer.body) + "\n";
        return outcome;
    }
    const auto message = object ? printable_lines(raw_text(*object, "message")) : std::string{};
    outcome.err = message.empty()
                      ? fmt::format("the answer (status {}) is not understood\n", answer.status)
                      : message;
    if (verb == Verb::reload && answer.status == http_conflict) {
        outcome.err =
            "the configuration is rejected, the one before stays in force:\n" + outcome.err;
    }
    return outcome;
}

Outcome not_reached(const Unreachable& problem) {
    Outcome outcome;
    outcome.code = exit_unreachable;
    outcome.err = "vastwatchctl: " + problem.message + "\n";
    return outcome;
}

std::vector<std::string> records_of(const boost::json::object& answer) {
    std::vector<std::string> records;
    const auto* value = answer.if_contains("lines");
    const auto* array = value == nullptr ? nullptr : value->if_array();
    if (array != nullptr) {
        for (const auto& line : *array) {
            if (const auto* text = line.if_string()) {
                records.emplace_back(text->data(), text->size());
            }
        }
    }
    return records;
}

/// Takes the zone of the daemon's configuration, where it is known here.
void adopt_zone(Look& look, const boost::json::object& status) {
    if (const auto zone = Calendar::find(raw_text(status, "timezone"))) {
        look.calendar = *zone;
    }
}

bool shows_times(Verb verb) {
    switch (verb) {
        case Verb::explain:
        case Verb::findings:
        case Verb::alerts:
        case Verb::actions:
        case Verb::audit:
            return true;
        default:
            return false;
    }
}

/// A second answer, for what is shown beside the first; without it that part is left out.
boost::json::object also(Link& link, std::string_view name) {
    const auto reply = link.ask(read_request(name));
    const auto* answer = std::get_if<Answer>(&reply);
    if (answer == nullptr || answer->status != http_ok) {
        return {};
    }
    return parse_object(answer->body).value_or(boost::json::object{});
}

Outcome show_audit(const Order& order, const boost::json::object& answer, const Look& look) {
    Outcome outcome;
    const auto records = records_of(answer);
    if (order.json) {
        for (const auto& record : records) {
            outcome.out += json_line(record) + "\n";
        }
    } else {
        outcome.out = joined(audit_lines(records, look));
    }
    const auto most = order.since.empty() ? newest_records : most_records_since;
    if (records.size() == most && !order.json) {
        outcome.err = fmt::format(
            "these are the newest {} records{}\n",
            most,
            order.since.empty() ? "; --since shows more" : "");
    }
    return outcome;
}

Lines lines_of(
    const Order& order,
    const boost::json::object& answer,
    Link& link,
    const Look& look) {
    const Fields fields{answer};
    switch (order.verb) {
        case Verb::status:
        case Verb::top: {
            const auto alerts = also(link, "alerts");
            return status_lines(fields, Fields{alerts}, look);
        }
        case Verb::instances:
            return instances_lines(fields, look);
        case Verb::explain:
            return explain_lines(fields, look);
        case Verb::findings:
            return findings_lines(fields, look);
        case Verb::alerts:
            return alerts_lines(fields, look);
        case Verb::actions:
            return actions_lines(fields, look);
        case Verb::doctor:
            return doctor_lines(fields, look);
        case Verb::audit_verify:
            return verify_lines(fields, look);
        default:
            return {};
    }
}

Outcome show(
    const Order& order,
    const Answer& reply,
    const boost::json::object& answer,
    Link& link,
    Look look) {
    if (!order.json && shows_times(order.verb)) {
        adopt_zone(look, also(link, "status"));
    } else if (order.verb == Verb::status) {
        adopt_zone(look, answer);
    }
    if (order.verb == Verb::audit) {
        return show_audit(order, answer, look);
    }
    Outcome outcome;
    const bool judges = order.verb == Verb::doctor || order.verb == Verb::audit_verify;
    outcome.code = judges && !Fields{answer}.flag("ok") ? exit_refused : exit_done;
    if (order.json) {
        outcome.out = json_line(reply.body) + "\n";
    } else if (order.verb == Verb::config) {
        outcome.out = printable_lines(raw_text(answer, "toml"));
    } else if (answer.contains("message")) {
        outcome.out = printable_lines(raw_text(answer, "message"));
    } else {
        outcome.out = joined(lines_of(order, answer, link, look));
    }
    return outcome;
}

}  // namespace

Outcome run(const Order& order, Link& link, Look look, Instant now) {
    const auto reply = link.ask(request_of(order, now));
    if (const auto* problem = std::get_if<Unreachable>(&reply)) {
        return not_reached(*problem);
    }
    const auto& answer = std::get<Answer>(reply);
    const auto object = parse_object(answer.body);
    const bool denied = object && object->contains("message") && !Fields{*object}.flag("ok");
    if (answer.status != http_ok || !object || denied) {
        return refused(answer, order.verb, order.json);
    }
    return show(order, answer, *object, link, std::move(look));
}

Scene read_scene(Link& link) {
    Scene scene;
    for (auto* part : {&scene.status, &scene.instances}) {
        const auto reply = link.ask(read_request(part == &scene.status ? "status" : "instances"));
        if (const auto* problem = std::get_if<Unreachable>(&reply)) {
            scene.problem = not_reached(*problem);
            return scene;
        }
        const auto& answer = std::get<Answer>(reply);
        if (answer.status != http_ok || !parse_object(answer.body)) {
            scene.problem = refused(answer, Verb::top, false);
            return scene;
        }
        *part = answer.body;
    }
    return scene;
}

std::vector<std::string> show_scene(const Scene& scene, Look look, std::size_t rows) {
    const auto status = parse_object(scene.status).value_or(boost::json::object{});
    const auto instances = parse_object(scene.instances).value_or(boost::json::object{});
    adopt_zone(look, status);
    return top_lines(Fields{status}, Fields{instances}, look, rows);
}

std::string scene_json(const Scene& scene) {
    return fmt::format(
        R"({{"status":{},"instances":{}}})", json_line(scene.status), json_line(scene.instances));
}

}  // namespace vastwatch::ctl
