#include "vast/caller.hpp"

#include "vast/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace vastwatch::vast {
namespace {

constexpr Duration least_patience = std::chrono::minutes{1};
constexpr int intervals_of_patience = 4;
constexpr Duration first_back_off = std::chrono::milliseconds{500};
constexpr Duration longest_back_off = std::chrono::seconds{15};

Failure queue_too_long(Endpoint endpoint) {
    Failure failure;
    failure.problem = Problem::rate_limited;
    failure.message = fmt::format(
        "requests to \"{}\" have to wait longer than this one can", to_string(endpoint));
    return failure;
}

Failure not_wanted() {
    Failure failure;
    failure.problem = Problem::withheld;
    failure.message = "it was withdrawn before it was sent";
    return failure;
}

bool is_withheld(const net::Result& result) {
    const auto* error = std::get_if<net::Error>(&result);
    return error != nullptr && error->failure == net::Failure::withheld;
}

void replace_all(std::string& text, const std::string& what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
        text.replace(at, what.size(), with);
        at += with.size();
    }
}

/// Decoders cut what they quote, and know of no key: where the cut went through it, its beginning
/// is left before the mark that printable() ends a cut text with.
void drop_beginning_at_cut(std::string& text, std::string_view what) {
    constexpr std::string_view mark = "…";
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
        auto length = std::min(at, what.size());
        while (!std::string_view(text).substr(0, at).ends_with(what.substr(0, length))) {
            --length;
        }
        at -= length;
        text.erase(at, length);
    }
}

void hide(std::string& text, const std::string& key) {
    replace_all(text, key, "[key]");
    drop_beginning_at_cut(text, key);
}

}  // namespace

Caller::Caller(World world, Access access)
    : world_(std::move(world)),
      access_(std::move(access)),
      pacer_(world_.clock, access_.request_interval) {}

Caller::Caller(World world, Access access, const Caller& before)
    : world_(std::move(world)),
      access_(std::move(access)),
      pacer_(world_.clock, access_.request_interval, before.pacer_),
      usual_(before.usual_) {}

MonoTime Caller::deadline_for(Endpoint endpoint) const {
    const auto patience =
        std::max(least_patience, intervals_of_patience * pacer_.interval(endpoint));
    return world_.clock.mono() + patience;
}

boost::asio::awaitable<Attempt> Caller::attempt(Call call, MonoTime deadline) {
    const bool turn = co_await pacer_.acquire(call.endpoint, call.urgency, deadline);
    Attempt attempt;
    attempt.left = world_.clock.now();
    if (!turn) {
        attempt.answer = queue_too_long(call.endpoint);
        co_return attempt;
    }
    auto request = make_request(call);
    auto result = co_await world_.http.send(std::move(request));
    if (is_withheld(result)) {
        pacer_.give_back(call.endpoint);
        attempt.answer = not_wanted();
        co_return attempt;
    }
    const Duration took = world_.clock.mono() - attempt.left.mono;
    attempt.answer = settle(call, std::move(result), took);
    co_return attempt;
}

net::Request Caller::make_request(const Call& call) const {
    net::Request request;
    request.method = call.method;
    request.url = call.url;
    request.timeout = access_.request_timeout;
    request.ca_file = access_.ca_file;
    request.may_leave = call.may_leave;
    request.headers.push_back({"Accept", "application/json"});
    request.headers.push_back({"Authorization", "Bearer " + access_.api_key.reveal()});
    if (!call.body.empty()) {
        request.headers.push_back({"Content-Type", "application/json"});
        request.body = call.body;
    }
    return request;
}

Outcome<net::Response> Caller::settle(const Call& call, net::Result result, Duration took) {
    if (const auto* error = std::get_if<net::Error>(&result)) {
        report(call.endpoint, std::string(net::to_string(error->failure)), took);
        auto failure = clean(failure_of(*error));
        log(call, failure);
        return failure;
    }
    auto& response = std::get<net::Response>(result);
    report(call.endpoint, std::to_string(response.status), took);
    if (response.status == 429) {
        pacer_.limited(call.endpoint, rate_limit_of(response));
    } else {
        pacer_.accepted(call.endpoint);
        remember(call.endpoint, took);
    }
    auto failure = failure_of(response);
    if (failure) {
        auto cleaned = clean(*std::move(failure));
        log(call, cleaned);
        return cleaned;
    }
    return std::move(response);
}

void Caller::report(Endpoint endpoint, std::string code, Duration took) const {
    if (!world_.report) {
        return;
    }
    RequestReport report;
    report.account = access_.account;
    report.endpoint = to_string(endpoint);
    report.code = std::move(code);
    report.took = took;
    world_.report(report);
}

void Caller::remember(Endpoint endpoint, Duration took) {
    auto& usual = usual_[static_cast<std::size_t>(endpoint)];
    usual = usual == Duration::zero() ? took : (3 * usual + took) / 4;
}

void Caller::log(const Call& call, const Failure& failure) const {
    std::vector<runtime::Field> fields;
    fields.push_back(runtime::field("account", access_.account.str()));
    fields.push_back(runtime::field("endpoint", to_string(call.endpoint)));
    fields.push_back(runtime::field("problem", to_string(failure.problem)));
    fields.push_back(runtime::field("status", failure.status));
    world_.log.debug(
        "request_failed",
        fmt::format("{} {}: {}", call.method, net::url_path(call.url), failure.message),
        std::move(fields));
}

boost::asio::awaitable<void> Caller::back_off(int attempts_made) {
    const auto doubled = first_back_off * (1 << std::min(attempts_made, 8));
    const auto most = std::min<Duration>(doubled, longest_back_off);
    const double share = world_.random.next_unit();
    const auto pause = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double, std::nano>(share * static_cast<double>(most.count())));
    co_await world_.clock.sleep_for(pause);
}

Failure Caller::clean(Failure failure) const {
    const auto& key = access_.api_key.reveal();
    if (!key.empty()) {
        hide(failure.message, key);
        hide(failure.error_code, key);
    }
    return failure;
}

Duration Caller::step(Endpoint endpoint) const {
    return std::max(pacer_.interval(endpoint), usual_[static_cast<std::size_t>(endpoint)]);
}

Duration Caller::next_answer(Endpoint endpoint) const {
    return pacer_.wait(endpoint) + usual_[static_cast<std::size_t>(endpoint)];
}

bool may_repeat_read(const Failure& failure) {
    switch (failure.problem) {
        case Problem::unreachable:
        case Problem::bad_answer:
        case Problem::incomplete:
            return true;
        case Problem::server_error:
            return failure.status >= 500 || failure.status == 408;
        case Problem::rate_limited:
            return failure.status == 429;
        case Problem::key_rejected:
        case Problem::refused:
        case Problem::withheld:
            break;
    }
    return false;
}

bool may_repeat_action(const Failure& failure) {
    if (failure.problem == Problem::rate_limited) {
        return failure.status == 429;
    }
    return failure.problem == Problem::unreachable && !failure.maybe_done;
}

}  // namespace vastwatch::vast
