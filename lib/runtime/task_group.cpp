#include "runtime/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace vastwatch::runtime {

namespace asio = boost::asio;

/// Shared with the coroutine's completion handler: Asio keeps things in the signal's slot for as
/// long as the coroutine lives, which can be longer than the group.
struct TaskGroup::Task {
    std::string name;
    asio::cancellation_signal signal;
};

struct TaskGroup::State {
    State(asio::io_context& the_loop, Clock& the_clock, OnFault fault)
        : loop(the_loop), clock(the_clock), on_fault(std::move(fault)), changed(the_clock) {}

    void finish(const std::shared_ptr<Task>& task, const std::exception_ptr& error) {
        std::erase(tasks, task);
        changed.notify();
        if (!stopping) {
            on_fault(task->name, error);
        }
    }

    asio::io_context& loop;
    Clock& clock;
    OnFault on_fault;
    Alarm changed;
    std::vector<std::shared_ptr<Task>> tasks;
    bool stopping = false;
};

TaskGroup::TaskGroup(asio::io_context& loop, Clock& clock, OnFault on_fault)
    : state_(std::make_shared<State>(loop, clock, std::move(on_fault))) {}

TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(std::string name, asio::awaitable<void> task) {
    auto entry = std::make_shared<Task>();
    entry->name = std::move(name);
    state_->tasks.push_back(entry);
    auto done = [group = std::weak_ptr{state_}, entry](const std::exception_ptr& error) {
        if (const auto state = group.lock()) {
            state->finish(entry, error);
        }
    };
    asio::co_spawn(
        state_->loop,
        std::move(task),
        asio::bind_cancellation_slot(entry->signal.slot(), std::move(done)));
    if (state_->stopping) {
        entry->signal.emit(asio::cancellation_type::terminal);
    }
}

void TaskGroup::stop() {
    state_->stopping = true;
    // A copy, because a loop may end, and so leave the list, while others are being told.
    const auto tasks = state_->tasks;
    for (const auto& task : tasks) {
        task->signal.emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<bool> TaskGroup::join(Duration limit) {
    const auto state = state_;
    const auto deadline = state->clock.mono() + limit;
    while (!state->tasks.empty() && state->clock.mono() < deadline) {
        co_await state->changed.wait_until(deadline);
    }
    co_return state->tasks.empty();
}

std::vector<std::string> TaskGroup::names() const {
    std::vector<std::string> result;
    std::ranges::transform(
        state_->tasks, std::back_inserter(result), [](const auto& task) { return task->name; });
    return result;
}

std::string TaskGroup::describe(const std::exception_ptr& error) {
    if (!error) {
        return "ended";
    }
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& exception) {
        return exception.what();
    } catch (...) {
        return "unknown exception";
    }
}

}  // namespace vastwatch::runtime
