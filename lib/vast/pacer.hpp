// When a request may leave. Each endpoint has a rhythm: a least time between two requests, which
// grows when the service says 429 and shrinks back slowly. Who waits for an endpoint is served by
// urgency, then by arrival: what is about to be destroyed must not wait for a sweep to end. But
// nobody is passed by for ever: what is destroyed must not be so on a listing that grows old.
#pragma once

#include "base/time.hpp"
#include "runtime/clock.hpp"
#include "vast/answer.hpp"
#include "vast/endpoint.hpp"

#include <boost/asio/awaitable.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace vastwatch::vast {

/// Lower goes first.
enum class Urgency { act, verify, routine };

/// The rhythm of one endpoint. Pure: it is told the time.
class Pace {
  public:
    /// `base` is the interval when the service does not complain.
    explicit Pace(Duration base);

    /// Another interval when the service does not complain.
    void set_base(Duration base);

    /// The earliest moment for the next request; long ago when there was none yet.
    MonoTime free_at() const { return free_at_; }

    /// The least time between two requests as it is now.
    Duration interval() const { return interval_; }

    /// A request leaves now.
    void sent(MonoTime now);

    /// It did not leave after all: the next one may, unless a 429 came meanwhile.
    void not_sent();

    /// The service took a request: the interval shrinks a little towards what it may be, which is
    /// the base or, for an hour after a 429, the threshold that it named.
    void accepted(MonoTime now);

    /// The service said 429: the next request waits for at least what it asked for and a margin,
    /// and the interval grows.
    void limited(MonoTime now, const RateLimit& limit);

  private:
    Duration floor(MonoTime now) const;

    Duration base_;
    Duration interval_;
    MonoTime free_at_ = MonoTime::min();
    MonoTime turn_from_;
    MonoTime turn_until_;
    Duration said_{0};
    MonoTime said_at_;
};

class Pacer {
  public:
    /// Documented intervals are for a `request_interval` of one second; another one scales all.
    Pacer(runtime::Clock& clock, Duration request_interval);

    /// Goes on at the pace of `before`, together with whoever still waits there: to the service it
    /// is one and the same client.
    Pacer(runtime::Clock& clock, Duration request_interval, const Pacer& before);

    /// Waits for this caller's turn and takes it: true. False, at once or later, when the turn
    /// cannot come by the deadline. Throws operation_aborted when cancelled.
    boost::asio::awaitable<bool> acquire(Endpoint endpoint, Urgency urgency, MonoTime deadline);

    /// The turn that was taken last was not used: whoever waits may have it.
    void give_back(Endpoint endpoint);

    void accepted(Endpoint endpoint);
    void limited(Endpoint endpoint, const RateLimit& limit);

    Duration interval(Endpoint endpoint) const;

    /// How long a request that comes now would wait for the endpoint, others in the queue aside.
    Duration wait(Endpoint endpoint) const;

  private:
    struct Waiter {
        Urgency urgency = Urgency::routine;
        std::uint64_t number = 0;
        runtime::Alarm* alarm = nullptr;
        int passed = 0;  // how many of greater urgency went in front of it
    };

    struct Lane {
        explicit Lane(Duration base) : pace(base) {}

        Pace pace;
        std::vector<Waiter> queue;  // in the order of service
        std::uint64_t next_number = 0;
    };

    class Place;

    Lane& lane(Endpoint endpoint) const;

    runtime::Clock& clock_;
    // Shared with those who wait, so that a coroutine frame destroyed late may leave its queue, and
    // with the pacer that comes after this one.
    std::array<std::shared_ptr<Lane>, endpoint_count> lanes_;
};

}  // namespace vastwatch::vast
