#include "vast/answer.hpp"

#include "base/text.hpp"
#include "vast/json_fields.hpp"
#include "vast/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vastwatch::vast {
namespace {

constexpr std::size_t most_code_characters = 64;
constexpr std::size_t most_message_characters = 200;
// Error bodies are small; of anything larger the beginning says enough.
constexpr std::size_t most_error_bytes = std::size_t{64} * 1024;
constexpr double most_seconds_to_wait = 3600;

std::string first_text(
    const boost::json::object& object,
    std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
        const auto text = read_text(field(object, name));
        if (text && !text->empty()) {
            return std::string(*text);
        }
    }
    return {};
}

bool is_html(const net::Response& response) {
    const auto type = response.content_type();
    if (type == "text/html" || type == "application/xhtml+xml") {
        return true;
    }
    return trim(without_bom(response.body)).starts_with('<');
}

ErrorFields fields_of_body(const net::Response& response) {
    if (is_html(response)) {
        ErrorFields fields;
        fields.message = "a page for people";
        return fields;
    }
    const auto body = std::string_view(response.body).substr(0, most_error_bytes);
    const auto value = parse_json(body, {});
    const auto* object = value ? value->if_object() : nullptr;
    if (object != nullptr) {
        return error_fields(*object);
    }
    ErrorFields fields;
    fields.message = printable_message(trim(body));
    return fields;
}

bool is_key_rejected(int status, const ErrorFields& fields) {
    if (status == 401 || status == 403) {
        return true;
    }
    // An expired session comes as 404 as well, and not always with a code.
    return status == 404 &&
           (fields.code == "auth_error" || fields.message.starts_with("Invalid user key") ||
            fields.message.starts_with("Session expired"));
}

Problem problem_of(int status, const ErrorFields& fields) {
    if (is_key_rejected(status, fields)) {
        return Problem::key_rejected;
    }
    if (status == 429) {
        return Problem::rate_limited;
    }
    if (status < 200 || status >= 500 || status == 408 || (status >= 300 && status < 400)) {
        return Problem::server_error;
    }
    return Problem::refused;
}

std::string sentence(Problem problem, int status, const ErrorFields& fields) {
    std::string text;
    switch (problem) {
        case Problem::key_rejected:
            text = fmt::format("the service rejects the API key (status {})", status);
            break;
        case Problem::rate_limited:
            text = "the service says that requests come too often (status 429)";
            break;
        case Problem::server_error:
            text = status >= 300 && status < 400
                       ? fmt::format("the service redirects instead of answering ({})", status)
                       : fmt::format("the service failed with status {}", status);
            break;
        default:
            text = fmt::format("the service refused the request (status {})", status);
    }
    if (!fields.message.empty()) {
        text += ": " + fields.message;
    }
    return text;
}

std::optional<Duration> seconds(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end == text.data() || !(value >= 0)) {
        return std::nullopt;
    }
    const std::chrono::duration<double> bounded{std::min(value, most_seconds_to_wait)};
    return std::chrono::duration_cast<Duration>(bounded);
}

}  // namespace

std::string printable_code(std::string_view code) {
    return printable(code, most_code_characters);
}

std::string printable_message(std::string_view message) {
    return printable(message.substr(0, most_error_bytes), most_message_characters);
}

ErrorFields error_fields(const boost::json::object& object) {
    ErrorFields fields;
    const auto success = field(object, "success");
    if (success.kind == Scalar::Kind::boolean) {
        fields.success = success.boolean;
    }
    fields.code = printable_code(first_text(object, {"error"}));
    fields.message = printable_message(first_text(object, {"msg", "message", "detail"}));
    return fields;
}

std::optional<Failure> failure_of(const net::Response& response) {
    const bool success = response.status >= 200 && response.status < 300;
    if (success && !is_html(response)) {
        return std::nullopt;
    }
    if (success) {
        auto failure = bad_answer("a page for people where JSON belongs");
        failure.status = response.status;
        return failure;
    }
    const auto fields = fields_of_body(response);
    Failure failure;
    failure.problem = problem_of(response.status, fields);
    failure.status = response.status;
    failure.error_code = fields.code;
    failure.message = sentence(failure.problem, response.status, fields);
    failure.maybe_done = response.status >= 500 || response.status == 408;
    return failure;
}

Failure failure_of(const net::Error& error) {
    Failure failure;
    failure.problem = Problem::unreachable;
    failure.maybe_done = error.sent;
    failure.message = fmt::format("no answer ({})", net::to_string(error.failure));
    if (!error.detail.empty()) {
        failure.message += ": " + printable_message(error.detail);
    }
    return failure;
}

RateLimit rate_limit_of(const net::Response& response) {
    RateLimit limit;
    constexpr std::string_view mark = "threshold=";
    const auto body = std::string_view(response.body).substr(0, most_error_bytes);
    const auto at = body.find(mark);
    if (at != std::string_view::npos) {
        limit.threshold = seconds(body.substr(at + mark.size()));
    }
    const auto header = response.header("Retry-After");
    if (header) {
        limit.retry_after = seconds(trim(*header));
    }
    return limit;
}

Failure refused(const ErrorFields& fields) {
    Failure failure;
    // A rejected key is told in more than one way; this would be one more.
    failure.problem = fields.code == "auth_error" ? Problem::key_rejected : Problem::refused;
    failure.status = 200;
    failure.error_code = fields.code;
    failure.message = "the service refused the request";
    if (!fields.message.empty()) {
        failure.message += ": " + fields.message;
    }
    return failure;
}

Failure bad_answer(std::string_view what) {
    Failure failure;
    failure.problem = Problem::bad_answer;
    failure.status = 200;
    failure.message = fmt::format("the answer cannot be used: {}", what);
    return failure;
}

Failure incomplete(std::string_view what) {
    Failure failure;
    failure.problem = Problem::incomplete;
    failure.status = 200;
    failure.message = fmt::format("the listing is not complete: {}", what);
    return failure;
}

bool means_gone(const Failure& failure) {
    if (failure.status != 404 || failure.problem != Problem::refused) {
        return false;
    }
    return failure.error_code == "instances_not_found" ||
           failure.error_code == "no_such_instance" || failure.error_code == "not_found" ||
           // The bulk stop has a code of its own only in its words.
           failure.message.find("Invalid instance ID list") != std::string::npos;
}

}  // namespace vastwatch::vast
