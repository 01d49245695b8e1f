// Where work goes that blocks by nature (a database commit, a mail): one thread of its own, awaited
// from the loop. A simulation runs the same work in place, so that its order is always the same.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace vastwatch::runtime {

class Worker {
  public:
    Worker() = default;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    virtual ~Worker() = default;

    /// Runs `job`, which must not throw, after all jobs given before, and then calls `done` (on
    /// whatever thread the job ran). Both are destroyed before `done` returns or in it.
    virtual void post(std::function<void()> job, std::function<void()> done) = 0;
};

/// One thread. The destructor runs what was posted to its end; the io_context of the coroutines
/// that wait for it must still be there then.
class ThreadWorker final : public Worker {
  public:
    ThreadWorker() = default;
    ThreadWorker(const ThreadWorker&) = delete;
    ThreadWorker& operator=(const ThreadWorker&) = delete;
    ~ThreadWorker() override;

    void post(std::function<void()> job, std::function<void()> done) override;

  private:
    boost::asio::thread_pool pool_{1};
};

/// No thread: a job runs within post(). For simulations and tests.
class InlineWorker final : public Worker {
  public:
    void post(std::function<void()> job, std::function<void()> done) override;
};

/// Awaits `job` on the worker. Never cancelled half way: the job carries its own limits.
boost::asio::awaitable<void> run_job(Worker& worker, std::function<void()> job);

namespace detail {

/// What crosses the threads: the function, then what it gave.
template <class F, class R>
struct Call {
    using Value = std::conditional_t<std::is_void_v<R>, bool, R>;

    explicit Call(F function) : function_(std::move(function)) {}

    void run() noexcept {
        try {
            if constexpr (std::is_void_v<R>) {
                (*function_)();
                value_ = true;
            } else {
                value_.emplace((*function_)());
            }
        } catch (...) {
            error_ = std::current_exception();
        }
        function_.reset();
    }

    R take() {
        if (error_) {
            std::rethrow_exception(error_);
        }
        if constexpr (!std::is_void_v<R>) {
            return std::move(*value_);
        }
    }

  private:
    std::optional<F> function_;
    std::optional<Value> value_;
    std::exception_ptr error_;
};

}  // namespace detail

/// Awaits fn() on the worker and gives what it returned, or throws what it threw. `fn` is a named
/// object, moved in (see the coroutine rule); it is destroyed on the worker's thread.
template <class F>
boost::asio::awaitable<std::invoke_result_t<F&>> run_on(Worker& worker, F fn) {
    using Call = detail::Call<F, std::invoke_result_t<F&>>;
    auto call = std::make_shared<Call>(std::move(fn));
    std::function<void()> job = [call]() { call->run(); };
    co_await run_job(worker, std::move(job));
    co_return call->take();
}

}  // namespace vastwatch::runtime
