// A worker thread without a thread: its work is done some time later on the virtual clock, one
// after the other, so that other coroutines run in between as they do in production.
#pragma once

#include "runtime/clock.hpp"
#include "runtime/random.hpp"
#include "runtime/worker.hpp"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <functional>

namespace vastwatch::simulation {

/// How long something takes, uniformly distributed.
struct Span {
    Duration least{0};
    Duration most{0};

    Duration draw(runtime::Random& random) const {
        if (most <= least) {
            return least;
        }
        const auto width = static_cast<std::uint64_t>((most - least).count());
        return least + Duration{static_cast<std::int64_t>(random.next() % (width + 1))};
    }
};

class SlowWorker final : public runtime::Worker {
  public:
    SlowWorker(runtime::Clock& clock, runtime::Random& random, Span span)
        : clock_(clock), random_(random), span_(span), wake_(clock) {}

    void post(std::function<void()> job, std::function<void()> done) override;

    /// Drops the work that waits, and destroys the coroutines that wait for it, without running
    /// either.
    void abandon();

    /// Does the work; never returns.
    boost::asio::awaitable<void> run();

  private:
    struct Work {
        std::function<void()> job;
        std::function<void()> done;
    };

    runtime::Clock& clock_;
    runtime::Random& random_;
    Span span_;
    runtime::Alarm wake_;
    std::deque<Work> queue_;
};

}  // namespace vastwatch::simulation
