#include "audit/line.hpp"

#include "base/text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace vastwatch::audit {
namespace {

namespace json = boost::json;

constexpr std::string_view head = R"({"seq":)";
constexpr std::string_view tail = R"(,"prev":")";
constexpr std::string_view end = R"("})";
constexpr std::size_t hash_size = 64;

/// How deep a line may nest; what is embedded in one stays below.
constexpr std::size_t most_levels = 32;

json::value parse(std::string_view text, std::size_t levels = most_levels) {
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = levels;
    auto value = json::parse(json::string_view{text.data(), text.size()}, error, {}, options);
    return error ? json::value{} : value;
}

std::string literal(std::string_view text) {
    const std::string valid = valid_utf8(text);
    return json::serialize(json::string_view{valid.data(), valid.size()});
}

/// The recipe as it is when it is a JSON object, on one line; else as a string, so that nothing
/// in it can break the line it is in.
std::string embedded(std::string_view text) {
    std::string valid = valid_utf8(text);
    if (!parse(valid, most_levels - 1).is_object()) {
        return literal(valid);
    }
    // In valid JSON control characters can only be white space between the parts.
    std::replace_if(
        valid.begin(),
        valid.end(),
        [](char c) { return c == '\n' || c == '\r' || c == '\t'; },
        ' ');
    return valid;
}

/// Adds members to a JSON object, leaving out what is not set.
class Members {
  public:
    explicit Members(std::string& line) : line_(line) {}

    void raw(std::string_view name, std::string_view value) {
        line_ += fmt::format(R"(,"{}":{})", name, value);
    }

    void text(std::string_view name, std::string_view value) {
        if (!value.empty()) {
            raw(name, literal(value));
        }
    }

    template <class Name>
    void name(std::string_view name, const std::optional<Name>& value) {
        if (value) {
            raw(name, literal(value->str()));
        }
    }

    template <class Amount>
    void money(std::string_view name, const std::optional<Amount>& value) {
        if (value) {
            raw(name, to_decimal(*value));
        }
    }

    void list(std::string_view name, const std::vector<std::string>& values) {
        if (values.empty()) {
            return;
        }
        std::string array;
        for (const auto& value : values) {
            array += array.empty() ? "[" : ",";
            array += literal(value);
        }
        raw(name, array + "]");
    }

  private:
    std::string& line_;
};

}  // namespace

std::string_view no_line_before() {
    return "0000000000000000000000000000000000000000000000000000000000000000";
}

std::string format_line(const Record& record, std::uint64_t seq, std::string_view prev) {
    std::string line =
        fmt::format(R"({}{},"timestamp":"{}")", head, seq, format_rfc3339_millis(record.time));
    Members members{line};
    members.name("team", record.team);
    members.name("account", record.account);
    members.raw("action", literal(record.action));
    members.raw("actor", literal(record.actor));
    if (record.instance) {
        members.raw("instance_id", fmt::format("{}", record.instance->value()));
    }
    members.text("label", record.label);
    members.text("gpu", record.gpu);
    if (record.num_gpus != 0) {
        members.raw("num_gpus", fmt::format("{}", record.num_gpus));
    }
    if (record.offer_id) {
        members.raw("offer_id", fmt::format("{}", *record.offer_id));
    }
    members.money("dph", record.dph);
    if (record.duration_hours && std::isfinite(*record.duration_hours)) {
        members.raw("duration_hours", fmt::format("{}", *record.duration_hours));
    }
    members.money("total_cost", record.total_cost);
    members.list("reasons", record.reasons);
    members.text("outcome", record.outcome);
    if (!record.recipe.empty()) {
        members.raw("recipe", embedded(record.recipe));
    }
    members.text("detail", record.detail);
    line += tail;
    line += prev;
    line += end;
    return line;
}

std::optional<Link> link_of(std::string_view line) {
    const std::size_t closing = tail.size() + hash_size + end.size();
    if (line.size() < head.size() + closing || !line.starts_with(head) || !line.ends_with(end)) {
        return std::nullopt;
    }
    Link link;
    const auto last = line.substr(line.size() - closing);
    link.prev = last.substr(tail.size(), hash_size);
    if (!last.starts_with(tail) ||
        link.prev.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
        return std::nullopt;
    }
    const auto digits = line.substr(head.size());
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), link.seq);
    if (error != std::errc{} || *stop != ',') {
        return std::nullopt;
    }
    return link;
}

bool is_record(std::string_view line) {
    return parse(line).is_object();
}

std::optional<Mark> mark_of(std::string_view line) {
    const auto value = parse(line);
    const auto* object = value.if_object();
    const auto* timestamp = object != nullptr ? object->if_contains("timestamp") : nullptr;
    if (timestamp == nullptr || !timestamp->is_string()) {
        return std::nullopt;
    }
    const auto& text = timestamp->get_string();
    const auto time = parse_rfc3339(std::string_view{text.data(), text.size()});
    if (!time) {
        return std::nullopt;
    }
    Mark mark{*time, {}};
    const auto* team = object->if_contains("team");
    if (team != nullptr && team->is_string()) {
        mark.team.assign(team->get_string().data(), team->get_string().size());
    }
    return mark;
}

}  // namespace vastwatch::audit
