// Owns the long-running coroutines ("loops"), each with a name. A loop that ends while the group is
// not stopping is a fault, and told. Lives on the loop's thread; the io_context must outlive it.
#pragma once

#include "runtime/clock.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace vastwatch::runtime {

class TaskGroup {
  public:
    /// Called with the loop's name and what it threw (null when it just returned).
    using OnFault = std::function<void(const std::string& name, std::exception_ptr error)>;

    TaskGroup(boost::asio::io_context& loop, Clock& clock, OnFault on_fault);

    /// Loops that are still there are left to the io_context, which destroys them with itself; none
    /// of them is reported any more.
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Starts the loop at the next turn of the io_context.
    void spawn(std::string name, boost::asio::awaitable<void> task);

    /// Cancels every loop: what it awaits ends with operation_aborted. Loops spawned later are
    /// cancelled at once. Only from within a handler or coroutine of the io_context.
    void stop();

    /// Ends with true once no loop is left, or with false when that took longer than `limit`. One
    /// caller at a time.
    boost::asio::awaitable<bool> join(Duration limit);

    /// The loops that still run, in the order of their start.
    std::vector<std::string> names() const;

    /// What an exception says, for a log line; "ended" for null.
    static std::string describe(const std::exception_ptr& error);

  private:
    struct Task;
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace vastwatch::runtime
