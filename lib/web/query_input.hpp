// Queries of the read-only API, checked: a parameter that is misspelt or makes no sense is an error
// that says so, never something that is silently ignored.
#pragma once

#include "engine/view.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>

namespace vastwatch::web {

using Query = std::map<std::string, std::string>;

/// Why a request is refused: a status from 400 to 409 and a sentence.
struct BadInput {
    int status = 400;
    std::string message;
};

/// The message for a name that is not known, with the nearest one that is.
BadInput unknown_name(
    std::string_view what,
    std::string_view name,
    const std::vector<std::string_view>& known);

/// /api/v1/instances?team=T&idle=true
struct InstanceFilter {
    std::optional<TeamName> team;
    bool idle_only = false;
};

std::variant<InstanceFilter, BadInput> parse_instance_filter(
    const Query& query,
    const engine::View& view);

/// /api/v1/spend?team=T&from=&to=&step=: the local day so far in steps of an hour unless told
/// otherwise; a bare date means its local midnight; at most a thousand steps of at least a minute.
struct SpendRange {
    std::optional<TeamName> team;
    Instant from;
    Instant to;
    Duration step{0};
};

std::variant<SpendRange, BadInput> parse_spend_range(const Query& query, const engine::View& view);

/// /api/v1/audit?team=T&since=D&limit=N: the newest 1,000 lines unless told otherwise, at most
/// 100,000. A team need not exist (any more).
struct AuditRange {
    std::optional<TeamName> team;
    std::optional<Instant> since;
    std::size_t limit = 1000;
};

std::variant<AuditRange, BadInput> parse_audit_range(const Query& query, const engine::View& view);

/// For paths that take no parameters.
std::optional<BadInput> expect_no_query(const Query& query);

/// The id of an instance as it stands in a path: a positive decimal number.
std::optional<InstanceId> parse_instance_id(std::string_view text);

}  // namespace vastwatch::web
