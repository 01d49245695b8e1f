// Sends the requests of one account: each in its endpoint's turn, with the key, reported after it
// ended, and every failure put into words that hold no secret. What may be repeated is said here;
// whether it is repeated is up to those who call.
#pragma once

#include "net/http_client.hpp"
#include "vast/client.hpp"
#include "vast/endpoint.hpp"
#include "vast/pacer.hpp"

#include <boost/asio/awaitable.hpp>

#include <array>
#include <string>
#include <string_view>

namespace vastwatch::vast {

/// One request, before it has a turn and a key.
struct Call {
    Endpoint endpoint = Endpoint::instances;
    Urgency urgency = Urgency::routine;
    std::string method = "GET";
    std::string url;
    std::string body;    // JSON; empty for GET
    MayLeave may_leave;  // empty = it may
};

constexpr int most_attempts = 3;

/// What came of one attempt.
struct Attempt {
    Outcome<net::Response> answer;
    Now left;  // when the request was sent, after its turn had come
};

class Caller {
  public:
    Caller(World world, Access access);

    /// Goes on at the pace of `before`.
    Caller(World world, Access access, const Caller& before);

    const std::string& origin() const { return access_.url; }

    const AccountName& account() const { return access_.account; }

    Now now() const { return world_.clock.now(); }

    /// When a call to this endpoint that begins now has to have had its last attempt.
    MonoTime deadline_for(Endpoint endpoint) const;

    /// One attempt: a 2xx answer whose body is worth decoding, or a failure. What is withheld does
    /// not use its turn up.
    boost::asio::awaitable<Attempt> attempt(Call call, MonoTime deadline);

    /// Waits before the next attempt, a random time out of a range that grows ("full jitter").
    boost::asio::awaitable<void> back_off(int attempts_made);

    /// The same failure with the key, should the service have repeated it, taken out: whole, and
    /// where a text was cut within it.
    Failure clean(Failure failure) const;

    /// How long from one request of this endpoint to the next, one after the other.
    Duration step(Endpoint endpoint) const;

    /// How long until a request to this endpoint that comes now is answered.
    Duration next_answer(Endpoint endpoint) const;

  private:
    net::Request make_request(const Call& call) const;
    Outcome<net::Response> settle(const Call& call, net::Result result, Duration took);
    void report(Endpoint endpoint, std::string code, Duration took) const;
    void remember(Endpoint endpoint, Duration took);
    void log(const Call& call, const Failure& failure) const;

    World world_;
    Access access_;
    Pacer pacer_;
    std::array<Duration, endpoint_count> usual_{};  // moving average of how long answers take
};

/// Whether a GET that failed so is worth another attempt.
bool may_repeat_read(const Failure& failure);

/// Whether an action that failed so surely had no effect, and is worth another attempt.
bool may_repeat_action(const Failure& failure);

}  // namespace vastwatch::vast
