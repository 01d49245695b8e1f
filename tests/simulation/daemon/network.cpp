#include "daemon/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace vastwatch::simulation {
namespace {

using net::Error;
using net::Failure;
using net::Response;

/// "https://host:port/path?query" in its parts; the daemon's own URLs are well formed.
struct Url {
    std::string host;
    std::string target;
};

Url parts_of(const std::string& url) {
    const auto begin = url.find("://") + 3;
    const auto slash = std::min(url.find('/', begin), url.size());
    const auto colon = std::min(url.find(':', begin), slash);
    Url parts;
    parts.host = url.substr(begin, colon - begin);
    parts.target = slash == url.size() ? "/" : url.substr(slash);
    return parts;
}

std::string header_of(const net::Request& request, std::string_view name) {
    for (const auto& header : request.headers) {
        if (header.name.size() == name.size() &&
            std::ranges::equal(header.name, name, [](char a, char b) {
                return (static_cast<unsigned char>(a) | 32U) ==
                       (static_cast<unsigned char>(b) | 32U);
            })) {
            return header.value;
        }
    }
    return {};
}

Error error_of(Failure failure, bool sent, std::string detail) {
    Error error;
    error.failure = failure;
    error.sent = sent;
    error.detail = std::move(detail);
    return error;
}

Error no_answer(std::string_view host) {
    return error_of(
        Failure::timeout, true, fmt::format("no complete answer in time from {}", host));
}

Error broke_off(std::string_view host) {
    return error_of(
        Failure::reset, true, fmt::format("{}: it broke off before its answer was complete", host));
}

Response response_of(vastsim::HttpReply&& reply) {
    Response response;
    response.status = reply.status;
    response.body = std::move(reply.body);
    response.headers.push_back(net::Header{"Content-Type", reply.content_type});
    if (!reply.location.empty()) {
        response.headers.push_back(net::Header{"Location", reply.location});
    }
    return response;
}

/// Nothing when the receiver does not answer at all.
std::optional<int> status_of(Manner manner) {
    switch (manner) {
        case Manner::takes:
            return 200;
        case Manner::refuses:
            return 400;
        case Manner::gone:
            return 410;
        case Manner::fails:
            return 503;
        case Manner::limits:
            return 429;
        case Manner::hangs:
        case Manner::takes_hangs:
        case Manner::takes_cuts:
            break;
    }
    return std::nullopt;
}

bool takes(Manner manner) {
    return manner == Manner::takes || manner == Manner::takes_hangs || manner == Manner::takes_cuts;
}

bool refuses(Manner manner) {
    return manner == Manner::refuses || manner == Manner::gone;
}

std::string message_id(const std::string& message) {
    constexpr std::string_view name = "Message-ID:";
    const auto at = message.find(name);
    if (at == std::string::npos) {
        return {};
    }
    const auto begin = message.find('<', at);
    const auto end = message.find('>', at);
    return begin < end && end != std::string::npos ? message.substr(begin, end + 1 - begin)
                                                   : std::string{};
}

}  // namespace

std::string_view to_string(Break kind) {
    constexpr std::array<std::string_view, 6> words{
        "resolve", "refused", "tls", "blackhole", "lost", "cut"};
    return words.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(Manner manner) {
    constexpr std::array<std::string_view, 8> words{
        "takes", "refuses", "gone", "fails", "limits", "hangs", "takes_hangs", "takes_cuts"};
    return words.at(static_cast<std::size_t>(manner));
}

Network::Network(
    vastsim::World& world,
    NetworkSettings settings,
    std::uint64_t seed,
    Trace& trace,
    Observer& observer)
    : world_(world),
      settings_(std::move(settings)),
      random_(seed),
      trace_(trace),
      observer_(observer) {}

const Outage* Network::outage(std::string_view host, Instant at) {
    for (const auto& outage : outages_) {
        const bool here = outage.host.empty() || outage.host == host;
        if (here && outage.from <= at && at < outage.until &&
            (outage.share >= 1 || random_.next_unit() < outage.share)) {
            return &outage;
        }
    }
    return nullptr;
}

Mood Network::mood(const std::string& receiver, Instant at) const {
    const auto moods = moods_.find(receiver);
    if (moods != moods_.end()) {
        for (const auto& mood : moods->second) {
            if (mood.from <= at && at < mood.until) {
                return mood;
            }
        }
    }
    Mood good;
    good.manner = Manner::takes;
    return good;
}

/// For those ways to fail in which the request does not arrive.
Network::Fate Network::broken(const Outage& outage, const net::Request& request) {
    Fate fate;
    fate.after = settings_.latency.draw(random_);
    switch (outage.kind) {
        case Break::resolve:
            fate.result = error_of(Failure::resolve, false, "no such host");
            break;
        case Break::refused:
            fate.result = error_of(Failure::connect, false, "connection refused");
            break;
        case Break::tls:
            fate.result = error_of(Failure::tls, false, "the certificate is another host's");
            break;
        case Break::blackhole:
            fate.after = request.timeout;
            fate.result = error_of(Failure::timeout, false, "no complete answer in time");
            break;
        case Break::lost:
        case Break::cut:
            fate.after = request.timeout;
            fate.result = no_answer(parts_of(request.url).host);
            break;
    }
    return fate;
}

Network::Fate Network::send(const net::Request& request, Now truth) {
    const auto url = parts_of(request.url);
    trace_.add(static_cast<std::uint64_t>(truth.wall.time_since_epoch().count()));
    trace_.add(request.method);
    trace_.add(request.url);
    trace_.add(request.body);
    const auto* outage_now = outage(url.host, truth.wall);
    const bool cut = outage_now != nullptr && outage_now->kind == Break::cut;
    if (outage_now != nullptr) {
        failed(to_string(outage_now->kind));
    }
    if (outage_now != nullptr && !cut) {
        return broken(*outage_now, request);
    }
    auto fate = url.host == settings_.api_host ? ask_api(request, url.target, truth, cut)
                                               : tell(request, url.host, truth, cut);
    if (fate.after >= request.timeout) {
        fate.after = request.timeout;
        fate.result = no_answer(url.host);
    }
    return fate;
}

Network::Fate
Network::ask_api(const net::Request& request, std::string_view target, Now truth, bool cut) {
    constexpr std::size_t drip_bytes = 64;
    constexpr Duration drip_pause = std::chrono::milliseconds{20};
    vastsim::HttpRequest asked;
    asked.method = request.method;
    asked.target = target;
    asked.authorization = header_of(request, "authorization");
    asked.body = request.body;
    asked.peer = "machine";
    auto reply = world_.serve(asked, truth);
    trace_.add(static_cast<std::uint64_t>(reply.status));
    trace_.add(reply.body);
    Fate fate;
    fate.number = ++api_requests_;
    const ApiRequest seen{fate.number, truth.wall, request, target, reply};
    observer_.on_api_request(seen);
    const auto size = reply.body.size();
    fate.after = settings_.latency.draw(random_) + reply.delay;
    switch (reply.wire) {
        case vastsim::HttpReply::Wire::whole:
            fate.result = response_of(std::move(reply));
            break;
        case vastsim::HttpReply::Wire::hang:
            fate.after = request.timeout;
            break;
        case vastsim::HttpReply::Wire::reset:
        case vastsim::HttpReply::Wire::truncate:
            fate.result = broke_off(settings_.api_host);
            break;
        case vastsim::HttpReply::Wire::drip:
            fate.after += drip_pause * static_cast<int>(size / drip_bytes);
            fate.result = response_of(std::move(reply));
            break;
    }
    if (reply.wire != vastsim::HttpReply::Wire::whole) {
        constexpr std::array<std::string_view, 5> words{
            "whole", "answer_hangs", "answer_reset", "answer_truncated", "answer_drips"};
        failed(words.at(static_cast<std::size_t>(reply.wire)));
    }
    if (cut) {
        fate.result = broke_off(settings_.api_host);
    } else if (size > request.body_limit) {
        fate.result = error_of(Failure::too_large, true, "its answer is larger than allowed");
    }
    return fate;
}

/// A webhook or a heartbeat.
Network::Fate
Network::tell(const net::Request& request, const std::string& host, Now truth, bool cut) {
    Fate fate;
    fate.after = settings_.latency.draw(random_);
    const auto present = mood(host, truth.wall);
    const auto status = status_of(present.manner);
    if (present.manner != Manner::takes) {
        failed(to_string(present.manner));
    }
    if (status && !cut) {
        Response response;
        response.status = *status;
        if (present.manner == Manner::limits) {
            const auto seconds = std::chrono::ceil<std::chrono::seconds>(present.retry_after);
            response.headers.push_back(net::Header{"Retry-After", std::to_string(seconds.count())});
        }
        fate.result = std::move(response);
    } else if (cut || present.manner == Manner::takes_cuts) {
        fate.result = broke_off(host);
    } else {
        fate.after = request.timeout;
    }
    const bool taken = takes(present.manner);
    if (host == settings_.heartbeat_host) {
        if (taken) {
            observer_.on_heartbeat(truth.wall);
        }
        return fate;
    }
    const auto id = header_of(request, "webhook-id");
    Delivery delivery;
    delivery.at = truth.wall;
    delivery.receiver = host;
    delivery.id = id;
    delivery.body = request.body;
    delivery.taken = taken;
    delivery.confirmed = taken && status && !cut;
    delivery.refused = refuses(present.manner) && !cut;
    observer_.on_delivery(delivery);
    return fate;
}

Network::MailFate Network::send(const notify::Mail& mail, Now truth) {
    constexpr Duration patience = std::chrono::seconds{25};
    trace_.add(static_cast<std::uint64_t>(truth.wall.time_since_epoch().count()));
    trace_.add(mail.message);
    MailFate fate;
    fate.after = settings_.latency.draw(random_);
    fate.attempt.verdict = notify::Verdict::try_again;
    const auto* outage_now = outage("mail", truth.wall);
    const bool cut = outage_now != nullptr && outage_now->kind == Break::cut;
    if (outage_now != nullptr) {
        failed(to_string(outage_now->kind));
    }
    if (outage_now != nullptr && !cut) {
        const bool slow = outage_now->kind == Break::blackhole || outage_now->kind == Break::lost;
        fate.after = slow ? patience : fate.after;
        fate.attempt.answer = "the mail server cannot be reached";
        return fate;
    }
    const auto present = mood("mail", truth.wall);
    if (present.manner != Manner::takes) {
        failed(to_string(present.manner));
    }
    const auto status = status_of(present.manner);
    if (!status) {
        fate.after = patience;
        fate.attempt.answer = "the mail server does not answer";
    } else if (refuses(present.manner)) {
        fate.attempt.verdict = notify::Verdict::refused;
        fate.attempt.answer = "550 no such mailbox";
    } else if (present.manner == Manner::takes && !cut) {
        fate.attempt.verdict = notify::Verdict::delivered;
        fate.attempt.answer = "250 ok";
    } else {
        fate.attempt.answer = "451 try again later";
    }
    const auto id = message_id(mail.message);
    Delivery delivery;
    delivery.at = truth.wall;
    delivery.receiver = "mail";
    delivery.id = id;
    delivery.body = mail.message;
    delivery.taken = takes(present.manner);
    delivery.confirmed = fate.attempt.verdict == notify::Verdict::delivered;
    delivery.refused = fate.attempt.verdict == notify::Verdict::refused;
    observer_.on_delivery(delivery);
    return fate;
}

void Network::answered(std::uint64_t number, Instant at, const net::Result& result) {
    if (number != 0) {
        const ApiAnswer answer{number, at, result};
        observer_.on_api_answer(answer);
    }
}

}  // namespace vastwatch::simulation
