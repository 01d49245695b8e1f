#include "runtime/seeded_random.hpp"
#include "runtime/system_clock.hpp"
#include "runtime/virtual_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using vastwatch::Duration;
using vastwatch::Instant;
using vastwatch::MonoTime;
using vastwatch::runtime::Alarm;
using vastwatch::runtime::Clock;
using vastwatch::runtime::SystemClock;
using vastwatch::runtime::Timer;
using vastwatch::runtime::VirtualClock;

const Instant start{1'800'000'000s};

struct World {
    asio::io_context loop{1};
    VirtualClock clock{loop, start};
    std::vector<std::string> trace;
};

asio::awaitable<void> note_after(World& world, Duration delay, std::string name) {
    co_await world.clock.sleep_for(delay);
    world.trace.push_back(name);
}

asio::awaitable<void>
record_wait(Timer& timer, MonoTime deadline, std::vector<std::string>& trace) {
    try {
        const auto reached = co_await timer.wait_until(deadline);
        trace.emplace_back(reached ? "reached" : "cancelled");
    } catch (const boost::system::system_error& error) {
        trace.emplace_back(
            error.code() == asio::error::operation_aborted ? "aborted" : "other error");
    }
}

asio::awaitable<void>
record_alarm(Alarm& alarm, MonoTime deadline, std::vector<std::string>& trace) {
    const auto notified = co_await alarm.wait_until(deadline);
    trace.emplace_back(notified ? "notified" : "deadline");
}

using Trace = std::vector<std::string>;

}  // namespace

TEST_CASE("virtual clock: timers fire in the order of their deadlines, not of their start") {
    World world;
    asio::co_spawn(world.loop, note_after(world, 3h, "late"), asio::detached);
    asio::co_spawn(world.loop, note_after(world, 1s, "early"), asio::detached);
    world.clock.advance(24h);
    CHECK(world.trace == Trace{"early", "late"});
}

TEST_CASE("virtual clock: equal deadlines fire in the order in which the waits began") {
    World world;
    for (const auto* name : {"a", "b", "c"}) {
        asio::co_spawn(world.loop, note_after(world, 5s, name), asio::detached);
    }
    world.clock.advance(5s);
    CHECK(world.trace == Trace{"a", "b", "c"});
}

TEST_CASE("virtual clock: a timer beyond the end of a run does not fire in it") {
    World world;
    asio::co_spawn(world.loop, note_after(world, 10s, "ten"), asio::detached);
    world.clock.advance(9999ms);
    CHECK(world.trace.empty());
    world.clock.advance(1ms);
    CHECK(world.trace == Trace{"ten"});
}

TEST_CASE("virtual clock: both clocks show the end of the run after it") {
    World world;
    world.clock.advance(90s);
    CHECK(world.clock.mono() == MonoTime{90s});
    CHECK(world.clock.wall() == start + 90s);
}

TEST_CASE("virtual clock: a wall step moves the wall clock alone and no timer") {
    World world;
    asio::co_spawn(world.loop, note_after(world, 10s, "ten"), asio::detached);
    world.clock.run_until(MonoTime{});
    world.clock.step_wall(-1h);
    CHECK(world.clock.wall() == start - 1h);
    CHECK(world.clock.next_deadline() == MonoTime{10s});
}

TEST_CASE("virtual clock: run_until a condition stops at the moment it holds") {
    World world;
    asio::co_spawn(world.loop, note_after(world, 7s, "seven"), asio::detached);
    asio::co_spawn(world.loop, note_after(world, 9s, "nine"), asio::detached);
    CHECK(world.clock.run_until([&] { return !world.trace.empty(); }, 1min));
    CHECK(world.clock.mono() == MonoTime{7s});
    CHECK_FALSE(world.clock.run_until([&] { return world.trace.size() > 2; }, 1min));
}

TEST_CASE("virtual clock: it can go on from where another stood") {
    asio::io_context loop{1};
    const vastwatch::Now begin{start, MonoTime{3h}};
    const VirtualClock clock{loop, begin};
    CHECK(clock.wall() == start);
    CHECK(clock.mono() == MonoTime{3h});
}

TEST_CASE("virtual clock: a step runs one handler and no more") {
    World world;
    asio::post(world.loop, [&] { world.trace.emplace_back("first"); });
    asio::post(world.loop, [&] { world.trace.emplace_back("second"); });
    CHECK(world.clock.step(MonoTime{1h}));
    CHECK(world.trace == std::vector<std::string>{"first"});
}

TEST_CASE("virtual clock: a step without work ends at its limit and says so") {
    World world;
    CHECK_FALSE(world.clock.step(MonoTime{1h}));
    CHECK(world.clock.mono() == MonoTime{1h});
}

TEST_CASE("virtual clock: steps come to the same as a run") {
    World world;
    asio::co_spawn(world.loop, note_after(world, 2s, "late"), asio::detached);
    asio::co_spawn(world.loop, note_after(world, 1s, "early"), asio::detached);
    while (world.clock.step(MonoTime{3s})) {
    }
    CHECK(world.trace == std::vector<std::string>{"early", "late"});
}

TEST_CASE("virtual clock: what was due while the machine slept is late") {
    World world;
    asio::co_spawn(world.loop, note_after(world, 1min, "due"), asio::detached);
    world.clock.advance(1s);
    world.clock.suspend(1h);
    CHECK(world.trace.empty());
    world.clock.advance(0s);
    CHECK(world.trace == std::vector<std::string>{"due"});
    CHECK(world.clock.wall() == start + 1h + 1s);
}

TEST_CASE("virtual clock: abandoned coroutines are destroyed and never go on") {
    World world;
    asio::co_spawn(world.loop, note_after(world, 1s, "never"), asio::detached);
    world.clock.advance(0s);
    world.clock.abandon();
    CHECK_FALSE(world.clock.next_deadline());
    world.clock.advance(1h);
    CHECK(world.trace.empty());
}

TEST_CASE("virtual timer: cancel() ends the wait with false, at once") {
    World world;
    const auto timer = world.clock.make_timer();
    asio::co_spawn(world.loop, record_wait(*timer, MonoTime{1h}, world.trace), asio::detached);
    world.clock.run_until(MonoTime{1s});
    timer->cancel();
    world.clock.run_until(MonoTime{1s});
    CHECK(world.trace == Trace{"cancelled"});
    CHECK_FALSE(world.clock.next_deadline().has_value());
}

TEST_CASE("virtual timer: cancel() of a timer nobody waits on does not spoil the next wait") {
    World world;
    const auto timer = world.clock.make_timer();
    timer->cancel();
    asio::co_spawn(world.loop, record_wait(*timer, MonoTime{1s}, world.trace), asio::detached);
    world.clock.advance(2s);
    CHECK(world.trace == Trace{"reached"});
}

TEST_CASE("virtual timer: cancelling the coroutine throws operation_aborted and leaves no wait") {
    World world;
    const auto timer = world.clock.make_timer();
    asio::cancellation_signal signal;
    asio::co_spawn(
        world.loop,
        record_wait(*timer, MonoTime{1h}, world.trace),
        asio::bind_cancellation_slot(signal.slot(), asio::detached));
    world.clock.run_until(MonoTime{1s});
    asio::post(world.loop, [&] { signal.emit(asio::cancellation_type::terminal); });
    world.clock.run_until(MonoTime{2s});
    CHECK(world.trace == Trace{"aborted"});
    CHECK_FALSE(world.clock.next_deadline().has_value());
}

TEST_CASE("virtual clock: it may be destroyed while coroutines wait on it") {
    asio::io_context loop{1};
    Trace trace;
    {
        VirtualClock clock{loop, start};
        const auto timer = clock.make_timer();
        asio::co_spawn(loop, record_wait(*timer, MonoTime{1h}, trace), asio::detached);
        clock.run_until(MonoTime{1s});
    }
    loop.restart();
    loop.poll();
    CHECK(trace.empty());
}

TEST_CASE("alarm: a notify() before the wait is not lost") {
    World world;
    Alarm alarm{world.clock};
    alarm.notify();
    asio::co_spawn(world.loop, record_alarm(alarm, MonoTime{1h}, world.trace), asio::detached);
    world.clock.run_until(MonoTime{});
    CHECK(world.trace == Trace{"notified"});
}

TEST_CASE("alarm: a notify() is used up by one wait") {
    World world;
    Alarm alarm{world.clock};
    alarm.notify();
    alarm.notify();
    asio::co_spawn(world.loop, record_alarm(alarm, MonoTime{1h}, world.trace), asio::detached);
    world.clock.run_until(MonoTime{});
    asio::co_spawn(world.loop, record_alarm(alarm, MonoTime{1h}, world.trace), asio::detached);
    world.clock.run_until(MonoTime{2h});
    CHECK(world.trace == Trace{"notified", "deadline"});
}

TEST_CASE("alarm: a notify() during the wait ends it") {
    World world;
    Alarm alarm{world.clock};
    asio::co_spawn(world.loop, record_alarm(alarm, MonoTime{1h}, world.trace), asio::detached);
    world.clock.run_until(MonoTime{1s});
    alarm.notify();
    world.clock.run_until(MonoTime{1s});
    CHECK(world.trace == Trace{"notified"});
}

TEST_CASE("system timer: a deadline that has passed is reached at once") {
    asio::io_context loop{1};
    SystemClock clock{loop};
    const auto timer = clock.make_timer();
    Trace trace;
    asio::co_spawn(loop, record_wait(*timer, clock.mono() - 1s, trace), asio::detached);
    loop.run();
    CHECK(trace == Trace{"reached"});
}

TEST_CASE("system timer: it never ends before its deadline") {
    asio::io_context loop{1};
    SystemClock clock{loop};
    const auto timer = clock.make_timer();
    const auto deadline = clock.mono() + 20ms;
    Trace trace;
    asio::co_spawn(loop, record_wait(*timer, deadline, trace), asio::detached);
    loop.run();
    CHECK(trace == Trace{"reached"});
    CHECK(clock.mono() >= deadline);
}

TEST_CASE("system timer: cancel() ends even a wait without end") {
    asio::io_context loop{1};
    SystemClock clock{loop};
    const auto timer = clock.make_timer();
    Trace trace;
    asio::co_spawn(loop, record_wait(*timer, MonoTime::max(), trace), asio::detached);
    loop.poll();
    timer->cancel();
    loop.run();
    CHECK(trace == Trace{"cancelled"});
}

TEST_CASE("system timer: cancelling the coroutine throws operation_aborted") {
    asio::io_context loop{1};
    SystemClock clock{loop};
    const auto timer = clock.make_timer();
    asio::cancellation_signal signal;
    Trace trace;
    asio::co_spawn(
        loop,
        record_wait(*timer, MonoTime::max(), trace),
        asio::bind_cancellation_slot(signal.slot(), asio::detached));
    asio::post(
        loop, [&] { asio::post(loop, [&] { signal.emit(asio::cancellation_type::terminal); }); });
    loop.run();
    CHECK(trace == Trace{"aborted"});
}

TEST_CASE("system clock: its wall clock is the system's") {
    asio::io_context loop{1};
    const SystemClock clock{loop};
    const auto before = std::chrono::system_clock::now();
    const auto wall = clock.wall();
    const auto after = std::chrono::system_clock::now();
    CHECK(wall >= before);
    CHECK(wall <= after);
}

TEST_CASE("a boot has one name") {
    CHECK(vastwatch::runtime::boot_id().size() == 36);
    CHECK(vastwatch::runtime::boot_id() == vastwatch::runtime::boot_id());
}

TEST_CASE("seeded random: the same seed repeats the same numbers, another seed does not") {
    vastwatch::runtime::SeededRandom first{42};
    vastwatch::runtime::SeededRandom same{42};
    vastwatch::runtime::SeededRandom other{43};
    bool differs = false;
    for (int round = 0; round < 100; ++round) {
        const auto number = first.next();
        CHECK(number == same.next());
        differs = differs || number != other.next();
    }
    CHECK(differs);
}
