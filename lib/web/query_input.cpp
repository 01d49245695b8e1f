#include "web/query_input.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace vastwatch::web {
namespace {

constexpr std::int64_t most_steps = 1000;
constexpr Duration least_step = std::chrono::minutes{1};
constexpr std::size_t most_audit_lines = 100'000;

BadInput bad(std::string message) {
    BadInput out;
    out.message = std::move(message);
    return out;
}

/// The parameter's value; nothing when it is absent.
const std::string* find(const Query& query, std::string_view name) {
    const auto found = query.find(std::string{name});
    return found == query.end() ? nullptr : &found->second;
}

std::optional<BadInput> expect_only(
    const Query& query,
    std::initializer_list<std::string_view> allowed) {
    for (const auto& [name, value] : query) {
        if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
            return bad(fmt::format(
                "unknown parameter '{}'; this path takes {}",
                printable(name, 40),
                allowed.size() == 0 ? "none" : fmt::format("{}", fmt::join(allowed, ", "))));
        }
    }
    return std::nullopt;
}

/// The team named in the query, which must be one of the configuration's.
std::optional<BadInput>
read_team(const Query& query, const engine::View& view, std::optional<TeamName>& out) {
    const auto* name = find(query, "team");
    if (name == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string_view> known;
    for (const auto& team : view.teams) {
        if (team.name.str() == *name) {
            out = team.name;
            return std::nullopt;
        }
        known.emplace_back(team.name.str());
    }
    return unknown_name("team", *name, known);
}

/// RFC 3339, or a date: the beginning of that day in the configured zone.
std::optional<BadInput>
read_time(const Query& query, std::string_view name, const Calendar& calendar, Instant& out) {
    const auto* text = find(query, name);
    if (text == nullptr) {
        return std::nullopt;
    }
    const auto instant = parse_rfc3339(*text);
    if (!instant) {
        return bad(fmt::format(
            "'{}' must be a date like 2026-11-21 or a time like 2026-11-21T19:04:05Z", name));
    }
    constexpr std::size_t date_only = 10;
    out = text->size() == date_only
              ? calendar.start_of(std::chrono::floor<std::chrono::days>(*instant))
              : *instant;
    return std::nullopt;
}

}  // namespace

BadInput unknown_name(
    std::string_view what,
    std::string_view name,
    const std::vector<std::string_view>& known) {
    BadInput out;
    out.status = 404;
    out.message = fmt::format("there is no {} '{}'", what, printable(name, 80));
    const auto near = nearest(name, known);
    if (!near.empty()) {
        out.message += fmt::format("; did you mean '{}'?", near);
    }
    return out;
}

std::variant<InstanceFilter, BadInput> parse_instance_filter(
    const Query& query,
    const engine::View& view) {
    if (auto error = expect_only(query, {"team", "idle"})) {
        return std::move(*error);
    }
    InstanceFilter out;
    if (auto error = read_team(query, view, out.team)) {
        return std::move(*error);
    }
    if (const auto* idle = find(query, "idle")) {
        const bool yes = idle->empty() || *idle == "true" || *idle == "1";
        if (!yes && *idle != "false" && *idle != "0") {
            return bad("'idle' must be true or false");
        }
        out.idle_only = yes;
    }
    return out;
}

std::variant<SpendRange, BadInput> parse_spend_range(const Query& query, const engine::View& view) {
    if (auto error = expect_only(query, {"team", "from", "to", "step"})) {
        return std::move(*error);
    }
    SpendRange out;
    out.to = view.at;
    out.from = view.calendar.day_start(view.at);
    out.step = std::chrono::hours{1};
    if (auto error = read_team(query, view, out.team)) {
        return std::move(*error);
    }
    if (auto error = read_time(query, "from", view.calendar, out.from)) {
        return std::move(*error);
    }
    if (auto error = read_time(query, "to", view.calendar, out.to)) {
        return std::move(*error);
    }
    if (const auto* text = find(query, "step")) {
        const auto step = parse_duration(*text);
        if (!step || *step < least_step) {
            return bad("'step' must be a duration of at least a minute, like 15m or 1h");
        }
        out.step = *step;
    }
    if (out.to < out.from) {
        return bad("'from' must not lie after 'to'");
    }
    if ((out.to - out.from) / out.step >= most_steps) {
        return bad(fmt::format(
            "the range has more than {} steps of {}; make 'step' longer or the range shorter",
            most_steps,
            format_duration(out.step)));
    }
    return out;
}

std::variant<AuditRange, BadInput> parse_audit_range(const Query& query, const engine::View& view) {
    if (auto error = expect_only(query, {"team", "since", "limit"})) {
        return std::move(*error);
    }
    AuditRange out;
    if (const auto* team = find(query, "team")) {
        out.team = TeamName{*team};
    }
    if (find(query, "since") != nullptr) {
        Instant since;
        if (auto error = read_time(query, "since", view.calendar, since)) {
            return std::move(*error);
        }
        out.since = since;
    }
    if (const auto* text = find(query, "limit")) {
        const auto* end = text->data() + text->size();
        const auto result = std::from_chars(text->data(), end, out.limit);
        if (result.ec != std::errc{} || result.ptr != end || out.limit == 0 ||
            out.limit > most_audit_lines) {
            return bad(fmt::format("'limit' must be a number from 1 to {}", most_audit_lines));
        }
    }
    return out;
}

std::optional<BadInput> expect_no_query(const Query& query) {
    return expect_only(query, {});
}

std::optional<InstanceId> parse_instance_id(std::string_view text) {
    std::int64_t id = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, id);
    const bool whole = result.ec == std::errc{} && result.ptr == end;
    return whole && id > 0 ? std::optional{InstanceId{id}} : std::nullopt;
}

}  // namespace vastwatch::web
