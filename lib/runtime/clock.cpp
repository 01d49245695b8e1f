#include "runtime/clock.hpp"

#include <utility>

namespace vastwatch::runtime {

namespace asio = boost::asio;

asio::awaitable<void> Clock::sleep_for(Duration duration) {
    auto timer = make_timer();
    co_await timer->wait_until(mono() + duration);
}

asio::awaitable<bool> Alarm::wait_until(MonoTime deadline) {
    if (!notified_) {
        co_await timer_->wait_until(deadline);
    }
    // A notify() may come between the end of the wait and here: it counts.
    co_return std::exchange(notified_, false);
}

asio::awaitable<bool> Alarm::wait() {
    return wait_until(MonoTime::max());
}

void Alarm::notify() {
    notified_ = true;
    timer_->cancel();
}

}  // namespace vastwatch::runtime
