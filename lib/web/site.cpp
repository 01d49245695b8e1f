#include "web/site.hpp"

#include "base/text.hpp"
#include "metrics/exposition.hpp"
#include "metrics/text_format.hpp"
#include "web/answers.hpp"
#include "web/command_input.hpp"
#include "web/query_input.hpp"
#include "wire/json_text.hpp"
#include "wire/view_json.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vastwatch::web {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::string_view api = "/api/v1/";
constexpr std::string_view instance_prefix = "/api/v1/instances/";
constexpr std::string_view read_methods = "GET, HEAD";

/// After about this much text the loop gets its turn.
constexpr std::size_t slice_bytes = std::size_t{64} * 1024;

asio::awaitable<http::Response> at_once(http::Response response) {
    co_return response;
}

asio::awaitable<http::Response> at_once(const BadInput& input) {
    return at_once(error_answer(input.status, input.message));
}

/// Lets everything else that is ready run first.
asio::awaitable<void> yield_to_loop() {
    co_await asio::post(asio::use_awaitable);
}

/// Appends one element of a list as JSON; an element that appends nothing is left out.
using AppendElement = std::function<void(std::string& out, std::size_t index)>;

/// {"time":…,"<name>":[…]}, made in slices.
asio::awaitable<http::Response>
list_answer(Instant at, std::string name, std::size_t count, AppendElement append) {
    std::string body = fmt::format("{{\"time\":\"{}\",\"{}\":[", format_rfc3339_millis(at), name);
    bool first = true;
    std::size_t slice_end = body.size() + slice_bytes;
    std::string element;
    for (std::size_t i = 0; i < count; ++i) {
        element.clear();
        append(element, i);
        if (element.empty()) {
            continue;
        }
        body += first ? "" : ",";
        body += element;
        first = false;
        if (body.size() >= slice_end) {
            slice_end = body.size() + slice_bytes;
            co_await yield_to_loop();
        }
    }
    body += "]}";
    co_return json_text_answer(std::move(body));
}

bool reads(const http::Request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

const Site::Route* Site::find_route(const http::Request& request) {
    static constexpr std::array<Route, 17> routes{{
        {"/metrics", false, &Site::metrics},
        {"/-/healthy", false, &Site::healthy},
        {"/-/ready", false, &Site::ready},
        {"/", false, &Site::page},
        {"/api/v1/status", false, &Site::status},
        {"/api/v1/teams", false, &Site::teams},
        {"/api/v1/instances", false, &Site::instances},
        {"/api/v1/alerts", false, &Site::alerts},
        {"/api/v1/findings", false, &Site::findings},
        {"/api/v1/actions", false, &Site::actions},
        {"/api/v1/holds", false, &Site::holds},
        {"/api/v1/spend", false, &Site::spend},
        {"/api/v1/config", true, &Site::config},
        {"/api/v1/doctor", true, &Site::doctor},
        {"/api/v1/audit", true, &Site::audit},
        {"/api/v1/audit/verify", true, &Site::verify_audit},
        {instance_prefix, false, &Site::instance},
    }};
    const auto* found = std::find_if(routes.begin(), routes.end(), [&request](const Route& route) {
        const bool matches = route.path == instance_prefix
                                 ? request.path.starts_with(instance_prefix)
                                 : request.path == route.path;
        return matches && (request.control || !route.control_only);
    });
    return found == routes.end() ? nullptr : found;
}

asio::awaitable<http::Response> Site::handle(http::Request request) {
    if (const auto* route = find_route(request)) {
        if (!reads(request)) {
            return at_once(method_not_allowed(read_methods));
        }
        return (this->*route->answer)(std::move(request));
    }
    const bool command_path = request.control && request.path.starts_with(api) &&
                              is_command(std::string_view{request.path}.substr(api.size()));
    if (!command_path) {
        return at_once(error_answer(404, "there is nothing at " + request.path));
    }
    if (request.method != "POST") {
        return at_once(method_not_allowed("POST"));
    }
    return command(std::move(request));
}

asio::awaitable<http::Response> Site::metrics(http::Request) {
    metrics::Exposition exposition{backend_.view()};
    http::Response response;
    response.content_type = metrics::content_type;
    response.body.reserve(last_scrape_bytes_ + slice_bytes);
    bool more = true;
    while (more) {
        more = exposition.next(response.body);
        co_await yield_to_loop();
    }
    response.body += backend_.process_metrics();
    last_scrape_bytes_ = response.body.size();
    co_return response;
}

asio::awaitable<http::Response> Site::healthy(http::Request) {
    return at_once(text_answer(200, "healthy\n"));
}

asio::awaitable<http::Response> Site::ready(http::Request) {
    const auto view = backend_.view();
    if (view->health.ready) {
        return at_once(text_answer(200, "ready\n"));
    }
    std::string text = "not ready\n";
    for (const auto& reason : view->health.not_ready_because) {
        text += printable(reason) + "\n";
    }
    return at_once(text_answer(503, std::move(text)));
}

asio::awaitable<http::Response> Site::page(http::Request request) {
    http::Response response;
    response.content_type = "text/html; charset=utf-8";
    const auto query = parse_page_query(request.query);
    const auto explained =
        query.instance ? backend_.explain(*query.instance) : std::optional<engine::Explanation>{};
    response.body = page_.render(*backend_.view(), query, explained);
    response.headers.emplace_back("Content-Security-Policy", page_.security_policy());
    return at_once(std::move(response));
}

asio::awaitable<http::Response> Site::status(http::Request request) {
    if (const auto problem = expect_no_query(request.query)) {
        return at_once(*problem);
    }
    return at_once(json_answer(wire::status_json(*backend_.view())));
}

asio::awaitable<http::Response> Site::teams(http::Request request) {
    if (const auto problem = expect_no_query(request.query)) {
        return at_once(*problem);
    }
    const auto view = backend_.view();
    AppendElement append = [view](std::string& out, std::size_t index) {
        const auto& team = view->teams[index];
        auto object = wire::to_json(team);
        object["curve"] = wire::curve_json(team);
        out += wire::to_text(object);
    };
    return list_answer(view->at, "teams", view->teams.size(), std::move(append));
}

asio::awaitable<http::Response> Site::instances(http::Request request) {
    const auto view = backend_.view();
    const auto parsed = parse_instance_filter(request.query, *view);
    if (const auto* problem = std::get_if<BadInput>(&parsed)) {
        return at_once(*problem);
    }
    AppendElement append = [view, filter = std::get<InstanceFilter>(parsed)](
                               std::string& out, std::size_t index) {
        const auto& instance = view->instances[index];
        const bool of_team = !filter.team || instance.instance->team == *filter.team;
        const bool idle = instance.evidence == fleet::Evidence::idle;
        if (of_team && (idle || !filter.idle_only)) {
            out += wire::to_text(wire::to_json(instance));
        }
    };
    return list_answer(view->at, "instances", view->instances.size(), std::move(append));
}

asio::awaitable<http::Response> Site::instance(http::Request request) {
    if (const auto problem = expect_no_query(request.query)) {
        return at_once(*problem);
    }
    const auto text = std::string_view{request.path}.substr(instance_prefix.size());
    const auto id = parse_instance_id(text);
    if (!id) {
        return at_once(error_answer(404, "an instance is named by its number"));
    }
    const auto view = backend_.view();
    const auto explanation = backend_.explain(*id);
    if (!explanation) {
        return at_once(error_answer(404, fmt::format("there is no instance {}", id->value())));
    }
    return at_once(json_answer(wire::to_json(*explanation, view->at)));
}

asio::awaitable<http::Response> Site::alerts(http::Request request) {
    if (const auto problem = expect_no_query(request.query)) {
        return at_once(*problem);
    }
    const auto view = backend_.view();
    AppendElement append = [view](std::string& out, std::size_t index) {
        out += wire::to_text(wire::to_json(view->alerts[index]));
    };
    return list_answer(view->at, "alerts", view->alerts.size(), std::move(append));
}

asio::awaitable<http::Response> Site::findings(http::Request request) {
    if (const auto problem = expect_no_query(request.query)) {
        return at_once(*problem);
    }
    const auto view = backend_.view();
    AppendElement append = [view](std::string& out, std::size_t index) {
        const auto& reasons = view->finding_reasons;
        const auto reason =
            index < reasons.size() ? std::string_view{reasons[index]} : std::string_view{};
        out += wire::to_text(wire::to_json(view->findings[index], reason, view->at));
    };
    return list_answer(view->at, "findings", view->findings.size(), std::move(append));
}

asio::awaitable<http::Response> Site::actions(http::Request request) {
    if (const auto problem = expect_no_query(request.query)) {
        return at_once(*problem);
    }
    const auto view = backend_.view();
    AppendElement append = [view](std::string& out, std::size_t index) {
        out += wire::to_text(wire::to_json(view->cases[index]));
    };
    return list_answer(view->at, "actions", view->cases.size(), std::move(append));
}

asio::awaitable<http::Response> Site::holds(http::Request request) {
    if (const auto problem = expect_no_query(request.query)) {
        return at_once(*problem);
    }
    const auto view = backend_.view();
    AppendElement append = [view](std::string& out, std::size_t index) {
        out += wire::to_text(wire::to_json(view->holds[index]));
    };
    return list_answer(view->at, "holds", view->holds.size(), std::move(append));
}

asio::awaitable<http::Response> Site::spend(http::Request request) {
    const auto view = backend_.view();
    const auto parsed = parse_spend_range(request.query, *view);
    if (const auto* problem = std::get_if<BadInput>(&parsed)) {
        return at_once(*problem);
    }
    const auto& range = std::get<SpendRange>(parsed);
    json::object out;
    out["from"] = format_rfc3339(range.from);
    out["to"] = format_rfc3339(range.to);
    out["step_seconds"] = std::chrono::floor<std::chrono::seconds>(range.step).count();
    json::array series;
    for (const auto& one : backend_.spend(range.team, range.from, range.to, range.step)) {
        json::object entry;
        entry["team"] = valid_utf8(one.team.str());
        json::array points;
        for (const auto& [time, amount] : one.steps) {
            json::object point;
            point["time"] = format_rfc3339(time);
            point["spend"] = wire::money_json(amount);
            points.emplace_back(std::move(point));
        }
        entry["points"] = std::move(points);
        series.emplace_back(std::move(entry));
    }
    out["series"] = std::move(series);
    return at_once(json_answer(out));
}

asio::awaitable<http::Response> Site::config(http::Request request) {
    if (const auto problem = expect_no_query(request.query)) {
        return at_once(*problem);
    }
    json::object out;
    out["toml"] = backend_.config_text();
    return at_once(json_answer(out));
}

asio::awaitable<http::Response> Site::doctor(http::Request request) {
    const auto problem = expect_no_query(request.query);
    if (problem) {
        co_return error_answer(problem->status, problem->message);
    }
    const auto report = co_await backend_.doctor();
    co_return json_answer(report);
}

asio::awaitable<http::Response> Site::audit(http::Request request) {
    const auto parsed = parse_audit_range(request.query, *backend_.view());
    if (const auto* problem = std::get_if<BadInput>(&parsed)) {
        co_return error_answer(problem->status, problem->message);
    }
    auto range = std::get<AuditRange>(parsed);
    const auto lines = co_await backend_.audit(std::move(range.team), range.since, range.limit);
    json::object out;
    json::array texts;
    for (const auto& line : lines) {
        texts.emplace_back(valid_utf8(line));
    }
    out["lines"] = std::move(texts);
    co_return json_answer(out);
}

asio::awaitable<http::Response> Site::verify_audit(http::Request request) {
    const auto problem = expect_no_query(request.query);
    if (problem) {
        co_return error_answer(problem->status, problem->message);
    }
    const auto report = co_await backend_.verify_audit();
    co_return json_answer(report);
}

asio::awaitable<http::Response> Site::command(http::Request request) {
    const auto problem = expect_no_query(request.query);
    if (problem) {
        co_return error_answer(problem->status, problem->message);
    }
    const auto name = std::string_view{request.path}.substr(api.size());
    auto parsed = parse_command(name, request.body, *backend_.view());
    if (const auto* refused = std::get_if<BadInput>(&parsed)) {
        co_return error_answer(refused->status, refused->message);
    }
    auto order = std::get<Command>(std::move(parsed));
    order.actor = request.actor;
    const auto result = co_await backend_.execute(std::move(order));
    json::object out;
    out["ok"] = result.ok;
    out["message"] = valid_utf8(result.message);
    out["details"] = result.details;
    auto response = json_answer(out);
    response.status = result.ok ? 200 : 409;
    co_return response;
}

}  // namespace vastwatch::web
