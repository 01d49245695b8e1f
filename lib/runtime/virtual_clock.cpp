#include "runtime/virtual_clock.hpp"

#include "base/assert.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

namespace vastwatch::runtime {

namespace asio = boost::asio;

namespace {

constexpr auto as_value = asio::as_tuple(asio::use_awaitable);

using Handler = asio::any_completion_handler<void(boost::system::error_code)>;

struct Key {
    MonoTime deadline;
    std::uint64_t sequence = 0;

    auto operator<=>(const Key&) const = default;
};

}  // namespace

struct VirtualClock::State {
    State(asio::io_context& the_loop, Now begin) : loop(the_loop), now(begin) {}

    void finish(const Key& key, boost::system::error_code error) {
        const auto found = waiting.find(key);
        if (found == waiting.end()) {
            return;
        }
        auto handler = std::move(found->second);
        waiting.erase(found);
        asio::post(loop, asio::append(std::move(handler), error));
    }

    void run_ready() const {
        loop.restart();
        while (loop.poll() != 0) {
            loop.restart();
        }
    }

    bool run_one_ready() const {
        if (loop.stopped()) {
            loop.restart();
        }
        return loop.poll_one() != 0;
    }

    /// Moves both clocks forward to `time`, never back.
    void move_to(MonoTime time) {
        const auto by = std::max(time - now.mono, Duration::zero());
        now.mono += by;
        now.wall += by;
    }

    void fire_first() {
        const auto key = waiting.begin()->first;
        move_to(key.deadline);
        finish(key, {});
    }

    asio::io_context& loop;
    Now now;
    std::uint64_t next_sequence = 0;
    std::map<Key, Handler> waiting;
};

namespace {

using State = VirtualClock::State;

/// Starts one wait. A named type with trivial members, as the coroutine rule asks.
struct StartWait {
    const std::weak_ptr<State>* state = nullptr;
    const Key* key = nullptr;

    template <class CompletionHandler>
    void operator()(CompletionHandler&& completion) const {
        Handler handler{std::forward<CompletionHandler>(completion)};
        const auto owner = state->lock();
        VW_ASSERT(owner != nullptr);
        // The erased handler has a slot of its own, linked to the coroutine's: a cancellation
        // reaches only what is assigned to that one.
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.assign([weak = *state, waited = *key](asio::cancellation_type) {
                if (const auto clock = weak.lock()) {
                    clock->finish(waited, asio::error::operation_aborted);
                }
            });
        }
        owner->waiting.emplace(*key, std::move(handler));
    }
};

class VirtualTimer final : public Timer {
  public:
    explicit VirtualTimer(const std::shared_ptr<State>& state) : state_(state) {}

    asio::awaitable<bool> wait_until(MonoTime deadline) override;

    void cancel() override {
        cancelled_ = true;
        if (const auto state = state_.lock()) {
            state->finish(key_, asio::error::operation_aborted);
        }
    }

  private:
    std::weak_ptr<State> state_;
    Key key_;
    // cancel() can come when the wait has ended but its waiter has not yet run; this remembers it.
    bool cancelled_ = false;
};

asio::awaitable<bool> VirtualTimer::wait_until(MonoTime deadline) {
    cancelled_ = false;
    if (const auto state = state_.lock()) {
        key_ = Key{std::max(deadline, state->now.mono), state->next_sequence++};
    }
    const StartWait start{&state_, &key_};
    co_await asio::async_initiate<const decltype(as_value)&, void(boost::system::error_code)>(
        start, as_value);
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) {
        throw boost::system::system_error{asio::error::operation_aborted};
    }
    co_return !cancelled_;
}

}  // namespace

VirtualClock::VirtualClock(asio::io_context& loop, Instant wall)
    : VirtualClock(loop, Now{wall, MonoTime{}}) {}

VirtualClock::VirtualClock(asio::io_context& loop, Now now)
    : state_(std::make_shared<State>(loop, now)) {}

VirtualClock::~VirtualClock() {
    abandon();
}

void VirtualClock::abandon() {
    // Handlers own coroutines and may reach back here while they are destroyed.
    auto abandoned = std::exchange(state_->waiting, {});
    abandoned.clear();
}

Now VirtualClock::now() const {
    return state_->now;
}

std::unique_ptr<Timer> VirtualClock::make_timer() {
    return std::make_unique<VirtualTimer>(state_);
}

void VirtualClock::run_until(MonoTime end) {
    state_->run_ready();
    while (!state_->waiting.empty() && state_->waiting.begin()->first.deadline <= end) {
        state_->fire_first();
        state_->run_ready();
    }
    state_->move_to(end);
}

void VirtualClock::advance(Duration duration) {
    VW_ASSERT(duration >= Duration::zero());
    run_until(state_->now.mono + duration);
}

bool VirtualClock::run_until(const std::function<bool()>& done, Duration limit) {
    const auto end = state_->now.mono + limit;
    state_->run_ready();
    while (!done()) {
        if (state_->waiting.empty() || state_->waiting.begin()->first.deadline > end) {
            return false;
        }
        state_->fire_first();
        state_->run_ready();
    }
    return true;
}

bool VirtualClock::step(MonoTime end) {
    if (state_->run_one_ready()) {
        return true;
    }
    if (state_->waiting.empty() || state_->waiting.begin()->first.deadline > end) {
        state_->move_to(end);
        return false;
    }
    state_->fire_first();
    return state_->run_one_ready();
}

void VirtualClock::suspend(Duration duration) {
    VW_ASSERT(duration >= Duration::zero());
    state_->move_to(state_->now.mono + duration);
}

void VirtualClock::step_wall(Duration step) {
    state_->now.wall += step;
}

std::optional<MonoTime> VirtualClock::next_deadline() const {
    if (state_->waiting.empty()) {
        return std::nullopt;
    }
    return state_->waiting.begin()->first.deadline;
}

}  // namespace vastwatch::runtime
