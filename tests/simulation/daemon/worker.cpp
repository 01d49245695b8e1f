#include "daemon/worker.hpp"

#include <utility>

namespace vastwatch::simulation {

void SlowWorker::post(std::function<void()> job, std::function<void()> done) {
    queue_.push_back(Work{std::move(job), std::move(done)});
    wake_.notify();
}

void SlowWorker::abandon() {
    auto abandoned = std::exchange(queue_, {});
    abandoned.clear();
}

boost::asio::awaitable<void> SlowWorker::run() {
    for (;;) {
        if (queue_.empty()) {
            co_await wake_.wait();
            continue;
        }
        const auto takes = span_.draw(random_);
        co_await clock_.sleep_for(takes);
        auto work = std::move(queue_.front());
        queue_.pop_front();
        work.job();
        work.job = nullptr;
        work.done();
    }
}

}  // namespace vastwatch::simulation
