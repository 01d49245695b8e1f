#include "vast/pacer.hpp"

#include "support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <doctest/doctest.h>

#include <exception>
#include <map>
#include <string>
#include <vector>

namespace vastwatch::vast {
namespace {

using namespace std::chrono_literals;

MonoTime at(Duration since_start) {
    return MonoTime{} + since_start;
}

RateLimit threshold(Duration duration) {
    RateLimit limit;
    limit.threshold = duration;
    return limit;
}

/// Callers that want a turn, and when each got it.
struct Queue {
    boost::asio::io_context loop;
    runtime::VirtualClock clock{loop, Instant(1'795'287'600s)};
    Pacer pacer{clock, 1s};
    std::vector<std::string> order;
    std::map<std::string, MonoTime> times;
    std::map<std::string, bool> got;

    static boost::asio::awaitable<void> wait_for_turn(
        Queue& queue,
        std::string name,
        Endpoint endpoint,
        Urgency urgency,
        MonoTime deadline) {
        const bool turn = co_await queue.pacer.acquire(endpoint, urgency, deadline);
        queue.order.push_back(name);
        queue.times[name] = queue.clock.mono();
        queue.got[name] = turn;
    }

    void join(std::string name, Urgency urgency, MonoTime deadline = at(1h)) {
        join_at(Endpoint::instances, std::move(name), urgency, deadline);
    }

    void join_at(Endpoint endpoint, std::string name, Urgency urgency, MonoTime deadline = at(1h)) {
        auto task = wait_for_turn(*this, std::move(name), endpoint, urgency, deadline);
        boost::asio::co_spawn(loop, std::move(task), [](std::exception_ptr) {});
        clock.advance(Duration::zero());
    }
};

}  // namespace

TEST_CASE("the first request leaves at once, the next after the interval") {
    Queue queue;
    queue.join("a", Urgency::routine);
    queue.join("b", Urgency::routine);
    queue.clock.advance(1min);
    CHECK(queue.times["a"] == at(0s));
    CHECK(queue.times["b"] >= at(1s));
    CHECK(queue.times["b"] <= at(1100ms));
}

TEST_CASE("no two of many requests leave closer together than the interval") {
    Queue queue;
    for (int i = 0; i < 20; ++i) {
        queue.join(std::to_string(i), Urgency::routine);
    }
    queue.clock.advance(1min);
    REQUIRE(queue.order.size() == 20);
    for (std::size_t i = 1; i < queue.order.size(); ++i) {
        CHECK(queue.times[queue.order[i]] - queue.times[queue.order[i - 1]] >= 1s);
    }
}

TEST_CASE("the urgent goes before what waited longer, equals go in order of arrival") {
    Queue queue;
    queue.join("first", Urgency::routine);
    queue.join("page", Urgency::routine);
    queue.join("page 2", Urgency::routine);
    queue.join("verify", Urgency::verify);
    queue.join("destroy", Urgency::act);
    queue.join("verify 2", Urgency::verify);
    queue.clock.advance(1min);
    const std::vector<std::string> order{
        "first", "destroy", "verify", "verify 2", "page", "page 2"};
    CHECK(queue.order == order);
}

TEST_CASE("an urgent one that comes while another already waits for the clock goes first") {
    Queue queue;
    queue.join("first", Urgency::routine);
    queue.join("page", Urgency::routine);
    queue.clock.advance(500ms);
    queue.join("destroy", Urgency::act);
    queue.clock.advance(1min);
    CHECK(queue.times["destroy"] < queue.times["page"]);
    CHECK(queue.times["destroy"] <= at(1100ms));
}

TEST_CASE("a turn that was given back goes to who waits for the next") {
    Queue queue;
    queue.join("withheld", Urgency::routine);
    queue.join("waits", Urgency::routine);
    queue.clock.advance(200ms);
    queue.pacer.give_back(Endpoint::instances);
    queue.clock.advance(Duration::zero());
    CHECK(queue.times["waits"] == at(200ms));
}

TEST_CASE("a turn that was given back after a 429 shortens nothing") {
    Queue queue;
    queue.join("withheld", Urgency::routine);
    queue.pacer.limited(Endpoint::instances, threshold(30s));
    queue.pacer.give_back(Endpoint::instances);
    queue.join("next", Urgency::routine);
    queue.clock.advance(1min);
    CHECK(queue.times["next"] >= at(30s));
}

TEST_CASE("endpoints do not wait for one another") {
    Queue queue;
    queue.join_at(Endpoint::instances, "list", Urgency::routine);
    queue.join_at(Endpoint::destroy, "destroy", Urgency::act);
    queue.join_at(Endpoint::charges, "charges", Urgency::routine);
    CHECK(queue.order.size() == 3);
}

TEST_CASE("who cannot have a turn by the deadline is told so, and the queue goes on") {
    Queue queue;
    queue.join("a", Urgency::routine);
    queue.join("b", Urgency::routine);
    queue.join("late", Urgency::routine, at(1500ms));
    queue.join("c", Urgency::routine);
    queue.clock.advance(1min);
    CHECK_FALSE(queue.got["late"]);
    CHECK(queue.times["late"] <= at(1500ms));
    CHECK(queue.got["c"]);
    CHECK(queue.times["c"] <= at(2100ms));
}

TEST_CASE("who could only have a turn after the deadline does not wait for it") {
    Queue queue;
    queue.pacer.limited(Endpoint::instances, threshold(30s));
    queue.join("a", Urgency::routine, at(10s));
    CHECK(queue.times["a"] == at(0s));
    CHECK_FALSE(queue.got["a"]);
}

TEST_CASE("a waiter that is cancelled leaves the queue to those behind it") {
    Queue queue;
    queue.join("a", Urgency::routine);
    boost::asio::cancellation_signal cancel;
    bool aborted = false;
    boost::asio::co_spawn(
        queue.loop,
        queue.pacer.acquire(Endpoint::instances, Urgency::act, at(1h)),
        boost::asio::bind_cancellation_slot(
            cancel.slot(),
            [&aborted](std::exception_ptr error, bool) { aborted = error != nullptr; }));
    queue.join("b", Urgency::routine);
    boost::asio::post(
        queue.loop, [&cancel] { cancel.emit(boost::asio::cancellation_type::terminal); });
    queue.clock.advance(1min);
    CHECK(aborted);
    CHECK(queue.got["b"]);
    CHECK(queue.times["b"] <= at(1100ms));
}

TEST_CASE("the intervals are the documented ones at the default request interval") {
    Queue queue;
    CHECK(queue.pacer.interval(Endpoint::instances) == 1s);
    CHECK(queue.pacer.interval(Endpoint::destroy) == 3s);
    CHECK(queue.pacer.interval(Endpoint::stop) == 4s);
    CHECK(queue.pacer.interval(Endpoint::charges) == 1s);
    CHECK(queue.pacer.interval(Endpoint::user) == 2s);
    CHECK(queue.pacer.interval(Endpoint::spend_rate) == 2s);
    CHECK(queue.pacer.interval(Endpoint::price_increases) == 2s);
}

TEST_CASE("another request interval scales all of them") {
    Queue queue;
    const Pacer fast(queue.clock, 50ms);
    CHECK(fast.interval(Endpoint::instances) == 50ms);
    CHECK(fast.interval(Endpoint::destroy) == 150ms);
    const Pacer slow(queue.clock, 5s);
    CHECK(slow.interval(Endpoint::stop) == 20s);
}

TEST_CASE("after a 429 the next request waits for longer than the threshold it named") {
    Pace pace(1s);
    pace.sent(at(0s));
    pace.limited(at(1s), threshold(3s));
    CHECK(pace.free_at() > at(4s));
    CHECK(pace.free_at() < at(5s));
    CHECK(pace.interval() == 3s);
}

TEST_CASE("a 429 without a threshold makes the interval longer all the same") {
    Pace pace(1s);
    pace.limited(at(0s), RateLimit());
    CHECK(pace.interval() == 1250ms);
    CHECK(pace.free_at() > at(1250ms));
}

TEST_CASE("Retry-After is waited for, up to a bound") {
    Pace pace(1s);
    RateLimit limit;
    limit.retry_after = 20s;
    pace.limited(at(0s), limit);
    CHECK(pace.free_at() >= at(20s));
    limit.retry_after = 24h;
    pace.limited(at(0s), limit);
    CHECK(pace.free_at() < at(10min));
}

TEST_CASE("the interval never grows past a minute, however often the service complains") {
    Pace pace(1s);
    for (int i = 0; i < 100; ++i) {
        pace.limited(at(0s), threshold(1h));
    }
    CHECK(pace.interval() == 1min);
}

TEST_CASE("the interval returns slowly, in the first hour not below the threshold named") {
    Pace pace(1s);
    pace.limited(at(0s), threshold(2s));
    pace.limited(at(0s), threshold(2s));
    const auto raised = pace.interval();
    REQUIRE(raised > 2s);
    pace.accepted(at(10s));
    CHECK(pace.interval() < raised);
    CHECK(pace.interval() > raised * 9 / 10);
    for (int i = 0; i < 10'000; ++i) {
        pace.accepted(at(10min));
    }
    CHECK(pace.interval() >= 2s);
    CHECK(pace.interval() < 2010ms);
    for (int i = 0; i < 10'000; ++i) {
        pace.accepted(at(2h));
    }
    CHECK(pace.interval() < 1010ms);
    CHECK(pace.interval() >= 1s);
}

TEST_CASE("a listing that waits is passed by three reads before an action and no more") {
    Queue queue;
    queue.pacer.limited(Endpoint::instances, threshold(20s));
    queue.join("sweep", Urgency::routine);
    for (int i = 0; i < 6; ++i) {
        queue.join("read " + std::to_string(i), Urgency::verify);
    }
    queue.clock.advance(10min);
    REQUIRE(queue.order.size() == 7);
    CHECK(queue.order[2] == "read 2");
    CHECK(queue.order[3] == "sweep");
    CHECK(queue.order[4] == "read 3");
}

TEST_CASE("an interval of a minute returns within minutes when requests are taken again") {
    Pace pace(1s);
    for (int i = 0; i < 100; ++i) {
        pace.limited(at(0s), RateLimit());
    }
    REQUIRE(pace.interval() == 1min);
    MonoTime now = at(2h);
    for (int i = 0; i < 60; ++i) {
        pace.accepted(now);
        now += pace.interval();
    }
    CHECK(pace.interval() < 10s);
    CHECK(now < at(2h + 20min));
}

}  // namespace vastwatch::vast
