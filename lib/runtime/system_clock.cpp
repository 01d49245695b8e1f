#include "runtime/system_clock.hpp"

#include "base/assert.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <ctime>
#include <fstream>

namespace vastwatch::runtime {

namespace asio = boost::asio;

namespace {

constexpr auto as_value = asio::as_tuple(asio::use_awaitable);

// steady_timer stands still while the machine is suspended and the deadline does not: so a long
// wait is made of short ones, after each of which the deadline is looked at again.
constexpr Duration longest_step = std::chrono::seconds{30};

Duration read_clock(clockid_t id) {
    std::timespec time{};
    VW_ASSERT(clock_gettime(id, &time) == 0);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

MonoTime mono_now() {
    return MonoTime{read_clock(CLOCK_BOOTTIME)};
}

class SystemTimer final : public Timer {
  public:
    explicit SystemTimer(asio::io_context& loop) : timer_(loop) {}

    asio::awaitable<bool> wait_until(MonoTime deadline) override;

    void cancel() override {
        cancelled_ = true;
        timer_.cancel();
    }

  private:
    asio::steady_timer timer_;
    // cancel() can come when the step has ended but its waiter has not yet run; this remembers it.
    bool cancelled_ = false;
};

asio::awaitable<bool> SystemTimer::wait_until(MonoTime deadline) {
    cancelled_ = false;
    auto left = std::max(deadline - mono_now(), Duration::zero());
    do {
        timer_.expires_after(std::min(left, longest_step));
        co_await timer_.async_wait(as_value);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            throw boost::system::system_error{asio::error::operation_aborted};
        }
        left = deadline - mono_now();
    } while (!cancelled_ && left > Duration::zero());
    co_return !cancelled_;
}

}  // namespace

Now SystemClock::now() const {
    return Now{Instant{read_clock(CLOCK_REALTIME)}, mono_now()};
}

std::unique_ptr<Timer> SystemClock::make_timer() {
    return std::make_unique<SystemTimer>(loop_);
}

std::string boot_id() {
    std::ifstream file{"/proc/sys/kernel/random/boot_id"};
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace vastwatch::runtime
