#include "model/world.hpp"

#include "model/api.hpp"
#include "model/json_text.hpp"
#include "model/noise.hpp"
#include "model/spoil.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value_from.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

std::map<std::string, std::string> parse_query(std::string_view text) {
    std::map<std::string, std::string> query;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
        query[decode_query(pair.substr(0, equals))] = decode_query(value);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return query;
}

/// The next segment of a path, taken off it; empty at its end.
std::string_view take_segment(std::string_view& path) {
    while (path.starts_with('/')) {
        path.remove_prefix(1);
    }
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

std::vector<std::string_view> segments_of(std::string_view path) {
    std::vector<std::string_view> segments;
    for (auto segment = take_segment(path); !segment.empty(); segment = take_segment(path)) {
        segments.push_back(segment);
    }
    return segments;
}

bool fits(
    const Route& route,
    std::string_view method,
    const std::vector<std::string_view>& path,
    std::vector<std::string>& arguments) {
    if (route.method != method) {
        return false;
    }
    arguments.clear();
    std::string_view pattern = route.path;
    for (const std::string_view segment : path) {
        const std::string_view wanted = take_segment(pattern);
        if (wanted == "{id}") {
            arguments.emplace_back(segment);
        } else if (wanted != segment) {
            return false;
        }
    }
    return take_segment(pattern).empty();
}

HttpReply moved(std::string_view target) {
    const std::size_t question = target.find('?');
    const std::string location =
        fmt::format("{}/?owner=me", target.substr(0, std::min(question, target.size())));
    json::object body;
    body["message"] = fmt::format(
        "The resource has been moved to {}; you should be redirected automatically.", location);
    body["code"] = "301 Moved Permanently";
    body["title"] = "Moved Permanently";
    HttpReply reply = json_reply(301, body);
    reply.location = location;
    return reply;
}

HttpReply auth_refusal(std::string_view form) {
    if (form == "403") {
        return error_reply(403, "auth_error", "This action requires login.");
    }
    return error_reply(form == "401" ? 401 : 404, "auth_error", "Invalid user key");
}

bool has_scope(const KeySpec& key, std::string_view scope) {
    return key.scopes.empty() || std::ranges::find(key.scopes, scope) != key.scopes.end();
}

std::string bearer_of(const HttpRequest& request, const std::map<std::string, std::string>& query) {
    constexpr std::string_view prefix = "Bearer ";
    if (request.authorization.starts_with(prefix)) {
        return request.authorization.substr(prefix.size());
    }
    const auto found = query.find("api_key");
    return found == query.end() ? "" : found->second;
}

std::string_view query_of(std::string_view target) {
    const std::size_t question = target.find('?');
    return question == std::string_view::npos ? "" : target.substr(question + 1);
}

void journalise(const Call& call, int status) {
    json::object detail;
    detail["status"] = status;
    detail["ids"] = json::value_from(call.ids);
    detail["body"] = call.body;
    call.account.record(
        "api." + call.endpoint, call.ids.empty() ? 0 : call.ids.front(), std::move(detail));
}

json::value parse_body(const std::string& text) {
    if (text.empty()) {
        return json::object{};
    }
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    return error ? json::value(nullptr) : value;
}

}  // namespace

World::World(
    std::vector<AccountSpec> accounts,
    Instant begin,
    std::uint64_t seed,
    Settings settings)
    : settings_(std::move(settings)),
      seed_(seed),
      now_(begin),
      market_(accounts.empty() ? 0 : accounts.front().offers, begin, seed) {
    for (AccountSpec& account : accounts) {
        accounts_.push_back(
            std::make_unique<Account>(std::move(account), begin, seed + accounts_.size()));
    }
}

void World::advance_to(Instant instant) {
    now_ = std::max(now_, instant);
    for (const auto& account : accounts_) {
        account->advance_to(now_);
    }
}

Account* World::find_account(std::string_view name) const {
    for (const auto& account : accounts_) {
        if (name.empty() || account->spec().name == name) {
            return account.get();
        }
    }
    return nullptr;
}

Account* World::account_of(std::int64_t instance) const {
    for (const auto& account : accounts_) {
        if (account->find_any(instance) != nullptr) {
            return account.get();
        }
    }
    return nullptr;
}

HttpReply World::serve(const HttpRequest& request, Now now) {
    advance_to(now.wall);
    std::string endpoint = "unknown";
    HttpReply reply = answer(request, now, endpoint);
    EndpointStatistics& statistics = statistics_[endpoint];
    ++statistics.requests;
    ++statistics.statuses[reply.status];
    return reply;
}

std::optional<World::Visitor> World::identify(const HttpRequest& request, HttpReply& refusal) {
    const std::string bearer = bearer_of(request, parse_query(query_of(request.target)));
    if (bearer.empty()) {
        refusal = auth_refusal("403");
        return std::nullopt;
    }
    for (const auto& account : accounts_) {
        for (const KeySpec& key : account->spec().keys) {
            if (key.key != bearer) {
                continue;
            }
            if (key.revoked) {
                refusal = auth_refusal("401");
                return std::nullopt;
            }
            return Visitor{.account = account.get(), .key = key};
        }
    }
    refusal = auth_refusal("404");
    return std::nullopt;
}

HttpReply World::answer(const HttpRequest& request, Now now, std::string& endpoint) {
    const std::string_view target = request.target;
    const std::string_view path = target.substr(0, std::min(target.find('?'), target.size()));
    const std::vector<std::string_view> segments = segments_of(path);
    std::vector<std::string> arguments;
    const auto all = routes();
    const auto route = std::ranges::find_if(all, [&](const Route& candidate) {
        return fits(candidate, request.method, segments, arguments);
    });
    if (route == all.end()) {
        return error_reply(404, "not_found", "The requested resource was not found.");
    }
    endpoint = route->endpoint;
    HttpReply refusal;
    std::optional<Visitor> visitor = identify(request, refusal);
    if (!visitor && route->scope.empty()) {
        visitor = Visitor{.account = accounts_.front().get(), .key = KeySpec{}};
    }
    const std::string account = visitor ? visitor->account->spec().name : "";
    const Duration delay = delay_by_fault(endpoint, account);
    std::optional<HttpReply> early = admit(request, *route, visitor ? &*visitor : nullptr, now);
    if (early) {
        early->delay = delay;
        return *early;
    }
    if (!visitor) {
        refusal.delay = delay;
        return refusal;
    }
    Call call{
        .world = *this,
        .account = *visitor->account,
        .key = visitor->key,
        .endpoint = endpoint,
        .arguments = std::move(arguments),
        .query = parse_query(query_of(target)),
        .body = parse_body(request.body),
        .ids = {}};
    HttpReply reply = route->handler(call);
    reply.delay = delay;
    if (request.method != "GET" && !route->scope.empty()) {
        journalise(call, reply.status);
    }
    spoil(reply, endpoint, account);
    return reply;
}

Duration World::delay_by_fault(const std::string& endpoint, std::string_view account) {
    const Fault* fault = faults_.take({"latency"}, endpoint, account);
    if (fault == nullptr) {
        return Duration{0};
    }
    return std::chrono::milliseconds{
        static_cast<std::int64_t>(number_of(fault->parameters, "ms", 1000))};
}

std::optional<HttpReply>
World::admit(const HttpRequest& request, const Route& route, const Visitor* visitor, Now now) {
    const std::string endpoint{route.endpoint};
    const std::string_view path =
        std::string_view{request.target}.substr(0, request.target.find('?'));
    const std::string identity = request.peer + '\n' + request.authorization;
    const bool timely = in_pace(endpoint, identity, route.interval, now);
    auto refused =
        refuse_by_fault(endpoint, visitor == nullptr ? "" : visitor->account->spec().name);
    if (refused) {
        return refused->status == 301 ? moved(request.target) : *refused;
    }
    if (settings_.strict_slash && !path.ends_with('/')) {
        return moved(request.target);
    }
    if (visitor == nullptr) {
        return std::nullopt;
    }
    if (!route.scope.empty() && !has_scope(visitor->key, route.scope)) {
        return error_reply(settings_.no_permission, "auth_error", "This key may not do that.");
    }
    if (!timely) {
        std::string_view form = settings_.rate_form;
        if (form == "documented") {
            form = endpoint.starts_with("destroy") ? "success" : "detail";
        }
        return too_frequent(form, route.interval * settings_.rate_scale);
    }
    return std::nullopt;
}

bool World::in_pace(
    const std::string& endpoint,
    const std::string& identity,
    double interval,
    Now now) {
    EndpointStatistics& statistics = statistics_[endpoint];
    statistics.interval_seconds = interval * settings_.rate_scale;
    const std::string key = endpoint + '\n' + identity;
    const auto least = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(statistics.interval_seconds));
    const auto [seen, first] = last_request_.try_emplace(key, now.mono);
    if (!first) {
        const Duration gap = now.mono - seen->second;
        seen->second = now.mono;
        statistics.least_interval = std::min(gap, statistics.least_interval.value_or(gap));
    }
    const auto [served, fresh] = last_served_.try_emplace(key, now.mono);
    if (!fresh) {
        if (now.mono - served->second < least) {
            ++statistics.too_frequent;
            return false;
        }
        served->second = now.mono;
    }
    return true;
}

HttpReply World::too_frequent(std::string_view form, double interval) {
    constexpr std::array<std::string_view, 3> forms{"detail", "success", "plain"};
    if (form == "mixed") {
        form = forms[refusals_++ % forms.size()];
    }
    const std::string threshold = fmt::format(
        "threshold={}{}",
        interval,
        interval == static_cast<double>(static_cast<int>(interval)) ? ".0" : "");
    if (form == "plain") {
        HttpReply reply;
        reply.status = 429;
        reply.content_type = "text/plain";
        reply.body = "API requests too frequent: endpoint " + threshold;
        return reply;
    }
    const std::string text = "API requests too frequent endpoint " + threshold;
    if (form == "success") {
        return error_reply(429, "rate_limit_exceeded", text);
    }
    return json_reply(429, json::object{{"detail", text}});
}

std::optional<HttpReply> World::refuse_by_fault(
    const std::string& endpoint,
    std::string_view account) {
    const Fault* fault = faults_.take(
        {"hang", "reset", "html502", "status", "429", "301", "auth"}, endpoint, account);
    if (fault == nullptr) {
        return std::nullopt;
    }
    HttpReply reply;
    if (fault->kind == "hang") {
        reply.wire = HttpReply::Wire::hang;
        reply.status = 0;
    } else if (fault->kind == "reset") {
        reply.wire = HttpReply::Wire::reset;
        reply.status = 0;
    } else if (fault->kind == "html502") {
        reply.status = 502;
        reply.content_type = "text/html";
        reply.body =
            "<html><head><title>502 Bad Gateway</title></head>"
            "<body><center><h1>502 Bad Gateway</h1></center></body></html>";
    } else if (fault->kind == "status") {
        reply.status = static_cast<int>(number_of(fault->parameters, "code", 500));
        reply.content_type = text_of(fault->parameters, "content_type", "application/json");
        reply.body = text_of(fault->parameters, "body", R"({"error": "internal", "msg": "oops"})");
    } else if (fault->kind == "429") {
        const double threshold = number_of(fault->parameters, "threshold", 1);
        reply = too_frequent(text_of(fault->parameters, "form", "mixed"), threshold);
    } else if (fault->kind == "301") {
        reply.status = 301;
    } else {
        reply = auth_refusal(text_of(fault->parameters, "form", "404"));
    }
    return reply;
}

void World::spoil(HttpReply& reply, const std::string& endpoint, std::string_view account) {
    const Fault* fault = faults_.take(
        {"lost-answer", "truncate", "drip", "bad-json", "non-utf8", "nan", "success-false"},
        endpoint,
        account);
    if (fault != nullptr) {
        spoil_reply(reply, *fault);
    }
}

void World::spoil_telemetry(json::object& row, const Account& account, const Instance& instance) {
    Fault* fault = faults_.take({"telemetry"}, "instances", account.spec().name);
    if (fault != nullptr) {
        const auto id = static_cast<std::uint64_t>(instance.id());
        spoil_row(row, instance.id(), *fault, hash(seed_, id, instance.reads));
    }
}

}  // namespace vastwatch::vastsim
