#include "runtime/worker.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace vastwatch::runtime {

namespace asio = boost::asio;

namespace {

/// Starts one job. A named type with trivial members, as the coroutine rule asks.
struct StartJob {
    Worker* worker = nullptr;
    std::function<void()>* job = nullptr;

    template <class Handler>
    void operator()(Handler&& handler) const {
        // The guard keeps the loop running for as long as only the worker is busy.
        struct Waiting {
            explicit Waiting(std::decay_t<Handler> completion)
                : guard(asio::make_work_guard(asio::get_associated_executor(completion))),
                  handler(std::move(completion)) {}

            asio::executor_work_guard<asio::associated_executor_t<std::decay_t<Handler>>> guard;
            std::decay_t<Handler> handler;
        };

        auto waiting = std::make_shared<Waiting>(std::forward<Handler>(handler));
        std::function<void()> done = [waiting]() {
            asio::post(waiting->guard.get_executor(), std::move(waiting->handler));
        };
        worker->post(std::move(*job), std::move(done));
    }
};

}  // namespace

ThreadWorker::~ThreadWorker() {
    pool_.join();
}

void ThreadWorker::post(std::function<void()> job, std::function<void()> done) {
    asio::post(pool_, [job = std::move(job), done = std::move(done)]() mutable {
        job();
        job = nullptr;
        done();
    });
}

void InlineWorker::post(std::function<void()> job, std::function<void()> done) {
    job();
    job = nullptr;
    done();
}

asio::awaitable<void> run_job(Worker& worker, std::function<void()> job) {
    const StartJob start{&worker, &job};
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
        start, asio::use_awaitable);
}

}  // namespace vastwatch::runtime
