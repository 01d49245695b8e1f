#include "runtime/loop_lag.hpp"
#include "runtime/task_group.hpp"
#include "runtime/virtual_clock.hpp"
#include "runtime/with_deadline.hpp"
#include "runtime/worker.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace rt = vastwatch::runtime;
using namespace std::chrono_literals;
using boost::system::result;
using vastwatch::Duration;
using vastwatch::Instant;
using vastwatch::MonoTime;
using Trace = std::vector<std::string>;

struct World {
    asio::io_context loop{1};
    rt::VirtualClock clock{loop, Instant{1'800'000'000s}};
    Trace trace;
    rt::TaskGroup tasks{
        loop,
        clock,
        [this](const std::string& name, const std::exception_ptr& error) {
            trace.push_back(name + ": " + rt::TaskGroup::describe(error));
        }};

    /// What runs in a handler, as stop() demands.
    void in_handler(std::function<void()> what) {
        asio::post(loop, std::move(what));
        clock.run_until(clock.mono());
    }
};

asio::awaitable<void> beat(World& world) {
    for (;;) {
        co_await world.clock.sleep_for(10s);
    }
}

asio::awaitable<void> end_after(World& world, Duration delay) {
    co_await world.clock.sleep_for(delay);
}

asio::awaitable<void> fail_after(World& world, Duration delay) {
    co_await world.clock.sleep_for(delay);
    throw std::runtime_error{"broken"};
}

asio::awaitable<void> clean_up(World& world, Duration how_long) {
    try {
        co_await world.clock.sleep_for(24h);
    } catch (const boost::system::system_error&) {
        world.trace.emplace_back("cleaning up");
    }
    co_await asio::this_coro::reset_cancellation_state();
    co_await world.clock.sleep_for(how_long);
}

asio::awaitable<void> join(World& world, Duration limit) {
    const auto all = co_await world.tasks.join(limit);
    world.trace.emplace_back(all ? "all gone" : "some left");
}

asio::awaitable<result<int>> answer_after(rt::Clock& clock, Duration delay, int answer) {
    co_await clock.sleep_for(delay);
    co_return answer;
}

asio::awaitable<result<int>> throw_after(rt::Clock& clock, Duration delay) {
    co_await clock.sleep_for(delay);
    throw std::runtime_error{"broken"};
}

asio::awaitable<void> race(World& world, asio::awaitable<result<int>> operation) {
    try {
        auto limited = rt::with_deadline<int>(world.clock, 2s, std::move(operation));
        const auto outcome = co_await std::move(limited);
        world.trace.push_back(
            outcome ? std::to_string(*outcome) : std::string{outcome.error().message()});
    } catch (const boost::system::system_error& error) {
        world.trace.push_back("threw " + error.code().message());
    } catch (const std::exception& error) {
        world.trace.push_back(std::string{"threw "} + error.what());
    }
}

template <class F>
asio::awaitable<void> work(rt::Worker& worker, F job, Trace& trace) {
    try {
        const auto value = co_await rt::run_on(worker, std::move(job));
        trace.push_back(std::to_string(value));
    } catch (const std::exception& error) {
        trace.push_back(std::string{"threw "} + error.what());
    }
}

asio::awaitable<void> work_void(rt::Worker& worker, std::function<void()> job, Trace& trace) {
    co_await rt::run_on(worker, std::move(job));
    trace.emplace_back("done");
}

/// Each of its timers is late by 300 ms, as on a loop that something holds up.
class LateClock final : public rt::Clock {
  public:
    explicit LateClock(rt::Clock& clock) : clock_(clock) {}

    vastwatch::Now now() const override { return clock_.now(); }

    std::unique_ptr<rt::Timer> make_timer() override {
        class LateTimer final : public rt::Timer {
          public:
            explicit LateTimer(std::unique_ptr<rt::Timer> timer) : timer_(std::move(timer)) {}

            asio::awaitable<bool> wait_until(MonoTime deadline) override {
                return timer_->wait_until(deadline + 300ms);
            }

            void cancel() override { timer_->cancel(); }

          private:
            std::unique_ptr<rt::Timer> timer_;
        };

        return std::make_unique<LateTimer>(clock_.make_timer());
    }

  private:
    rt::Clock& clock_;
};

}  // namespace

TEST_CASE("task group: a loop that throws is told with its name and reason") {
    World world;
    world.tasks.spawn("steady", beat(world));
    world.tasks.spawn("frail", fail_after(world, 1s));
    world.clock.advance(1min);
    CHECK(world.trace == Trace{"frail: broken"});
    CHECK(world.tasks.names() == Trace{"steady"});
}

TEST_CASE("task group: a loop that merely ends is a fault, too") {
    World world;
    world.tasks.spawn("short", end_after(world, 1s));
    world.clock.advance(1min);
    CHECK(world.trace == Trace{"short: ended"});
}

TEST_CASE("task group: stop() ends every loop, and none of that is a fault") {
    World world;
    world.tasks.spawn("one", beat(world));
    world.tasks.spawn("two", beat(world));
    world.clock.advance(1min);
    world.in_handler([&] { world.tasks.stop(); });
    CHECK(world.trace.empty());
    CHECK(world.tasks.names().empty());
}

TEST_CASE("task group: a loop spawned after stop() does not run on") {
    World world;
    world.in_handler([&] {
        world.tasks.stop();
        world.tasks.spawn("late", beat(world));
    });
    CHECK(world.tasks.names().empty());
}

TEST_CASE("task group: join() waits for a loop that cleans up") {
    World world;
    world.tasks.spawn("tidy", clean_up(world, 2s));
    world.clock.advance(1s);
    world.in_handler([&] { world.tasks.stop(); });
    asio::co_spawn(world.loop, join(world, 5s), asio::detached);
    world.clock.advance(1s);
    CHECK(world.trace == Trace{"cleaning up"});
    world.clock.advance(1s);
    CHECK(world.trace == Trace{"cleaning up", "all gone"});
}

TEST_CASE("task group: join() gives up at its limit and says so") {
    World world;
    world.tasks.spawn("stubborn", clean_up(world, 1h));
    world.clock.advance(1s);
    world.in_handler([&] { world.tasks.stop(); });
    asio::co_spawn(world.loop, join(world, 5s), asio::detached);
    world.clock.advance(6s);
    CHECK(world.trace == Trace{"cleaning up", "some left"});
    CHECK(world.tasks.names() == Trace{"stubborn"});
}

TEST_CASE("task group: join() of an empty group ends at once") {
    World world;
    asio::co_spawn(world.loop, join(world, 5s), asio::detached);
    world.clock.run_until(MonoTime{});
    CHECK(world.trace == Trace{"all gone"});
}

TEST_CASE("task group: it may be destroyed while its loops run") {
    asio::io_context loop{1};
    rt::VirtualClock clock{loop, Instant{}};
    bool told = false;
    auto tasks = std::make_unique<rt::TaskGroup>(
        loop, clock, [&](const std::string&, const std::exception_ptr&) { told = true; });
    auto job = [](rt::Clock& the_clock) -> asio::awaitable<void> {
        co_await the_clock.sleep_for(1s);
    };
    tasks->spawn("orphan", job(clock));
    clock.run_until(MonoTime{});
    tasks.reset();
    clock.advance(1min);
    CHECK_FALSE(told);
}

TEST_CASE("with_deadline: an operation that is quick enough gives its value at its own time") {
    World world;
    asio::co_spawn(world.loop, race(world, answer_after(world.clock, 1s, 7)), asio::detached);
    CHECK(world.clock.run_until([&] { return !world.trace.empty(); }, 1min));
    CHECK(world.trace == Trace{"7"});
    CHECK(world.clock.mono() == MonoTime{1s});
    CHECK_FALSE(world.clock.next_deadline().has_value());
}

TEST_CASE("with_deadline: an operation that is too slow is cancelled at the deadline") {
    World world;
    asio::co_spawn(world.loop, race(world, answer_after(world.clock, 9s, 7)), asio::detached);
    CHECK(world.clock.run_until([&] { return !world.trace.empty(); }, 1min));
    CHECK(world.trace == Trace{"Connection timed out"});
    CHECK(world.clock.mono() == MonoTime{2s});
    CHECK_FALSE(world.clock.next_deadline().has_value());
}

TEST_CASE("with_deadline: an exception passes at once instead of being swallowed until the end") {
    World world;
    asio::co_spawn(world.loop, race(world, throw_after(world.clock, 1s)), asio::detached);
    CHECK(world.clock.run_until([&] { return !world.trace.empty(); }, 1min));
    CHECK(world.trace == Trace{"threw broken"});
    CHECK(world.clock.mono() == MonoTime{1s});
}

TEST_CASE("with_deadline: cancelling the outer coroutine ends operation and timer") {
    World world;
    asio::cancellation_signal signal;
    asio::co_spawn(
        world.loop,
        race(world, answer_after(world.clock, 9s, 7)),
        asio::bind_cancellation_slot(signal.slot(), asio::detached));
    world.clock.advance(1s);
    world.in_handler([&] { signal.emit(asio::cancellation_type::terminal); });
    CHECK(world.trace == Trace{"threw Operation canceled"});
    CHECK_FALSE(world.clock.next_deadline().has_value());
}

TEST_CASE("worker: the job runs on another thread and its value comes back to the loop") {
    asio::io_context loop{1};
    rt::ThreadWorker worker;
    Trace trace;
    const auto here = std::this_thread::get_id();
    auto job = [here]() { return std::this_thread::get_id() == here ? 1 : 2; };
    asio::co_spawn(loop, work(worker, job, trace), asio::detached);
    loop.run();
    CHECK(trace == Trace{"2"});
}

TEST_CASE("worker: what the job throws is thrown in the coroutine") {
    asio::io_context loop{1};
    rt::ThreadWorker worker;
    Trace trace;
    auto job = []() -> int { throw std::runtime_error{"disk full"}; };
    asio::co_spawn(loop, work(worker, job, trace), asio::detached);
    loop.run();
    CHECK(trace == Trace{"threw disk full"});
}

TEST_CASE("worker: a job may own what cannot be copied") {
    asio::io_context loop{1};
    rt::ThreadWorker worker;
    Trace trace;
    auto job = [number = std::make_unique<int>(5)]() { return *number; };
    asio::co_spawn(loop, work(worker, std::move(job), trace), asio::detached);
    loop.run();
    CHECK(trace == Trace{"5"});
}

TEST_CASE("worker: jobs run one after another in the order given") {
    asio::io_context loop{1};
    rt::ThreadWorker worker;
    Trace trace;
    Trace order;
    for (const auto* name : {"a", "b", "c"}) {
        asio::co_spawn(
            loop,
            work_void(
                worker, [&order, name] { order.emplace_back(name); }, trace),
            asio::detached);
    }
    loop.run();
    CHECK(order == Trace{"a", "b", "c"});
    CHECK(trace.size() == 3);
}

TEST_CASE("worker: its end waits for the jobs it was given") {
    asio::io_context loop{1};
    Trace trace;
    bool ran = false;
    {
        rt::ThreadWorker worker;
        asio::co_spawn(loop, work_void(worker, [&ran] { ran = true; }, trace), asio::detached);
        loop.poll();
    }
    CHECK(ran);
    loop.restart();
    loop.run();
    CHECK(trace == Trace{"done"});
}

TEST_CASE("inline worker: the job runs on the loop's own thread") {
    asio::io_context loop{1};
    rt::InlineWorker worker;
    Trace trace;
    const auto here = std::this_thread::get_id();
    auto job = [here]() { return std::this_thread::get_id() == here ? 1 : 2; };
    asio::co_spawn(loop, work(worker, job, trace), asio::detached);
    loop.run();
    CHECK(trace == Trace{"1"});
}

TEST_CASE("loop lag: a loop that is on time has none") {
    World world;
    std::vector<Duration> lags;
    asio::co_spawn(
        world.loop,
        rt::measure_lag(world.clock, 1s, [&](Duration lag) { lags.push_back(lag); }),
        asio::detached);
    world.clock.advance(3s);
    CHECK(lags == std::vector<Duration>{0s, 0s, 0s});
}

TEST_CASE("loop lag: what a timer is late by is reported, each time from anew") {
    World world;
    LateClock late{world.clock};
    std::vector<Duration> lags;
    asio::co_spawn(
        world.loop,
        rt::measure_lag(late, 1s, [&](Duration lag) { lags.push_back(lag); }),
        asio::detached);
    world.clock.advance(2600ms);
    CHECK(lags == std::vector<Duration>{300ms, 300ms});
}
