#include "vast/pacer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vastwatch::vast {
namespace {

constexpr Duration longest_interval = std::chrono::minutes{1};
constexpr Duration longest_pause = std::chrono::minutes{5};
constexpr Duration said_holds = std::chrono::hours{1};
constexpr Duration recovery = std::chrono::minutes{5};
constexpr int most_passed = 3;

// Requests reach the service a little closer together or further apart than they leave here.
Duration spacing(Duration interval) {
    return interval + interval / 50;
}

Duration with_margin(Duration wait) {
    return wait + wait / 10;
}

Duration scaled(Duration documented, Duration request_interval) {
    constexpr double second =
        std::chrono::duration<double, std::nano>(std::chrono::seconds{1}).count();
    const double factor = static_cast<double>(request_interval.count()) / second;
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double, std::nano>(static_cast<double>(documented.count()) * factor));
}

}  // namespace

Pace::Pace(Duration base) : base_(base), interval_(base) {}

void Pace::set_base(Duration base) {
    interval_ = interval_ == base_ ? base : std::max(interval_, base);
    base_ = base;
}

Duration Pace::floor(MonoTime now) const {
    const bool holds = said_ > Duration::zero() && now - said_at_ < said_holds;
    return holds ? std::max(base_, said_) : base_;
}

void Pace::sent(MonoTime now) {
    turn_from_ = now;
    turn_until_ = now + spacing(interval_);
    free_at_ = turn_until_;
}

void Pace::not_sent() {
    if (free_at_ == turn_until_) {
        free_at_ = turn_from_;
    }
}

void Pace::accepted(MonoTime now) {
    const Duration least = floor(now);
    if (interval_ > least) {
        // A fiftieth of the excess with each request, or what comes to as much in five minutes when
        // requests are rare: a service that limited for hours must not keep us slow for hours more.
        const Duration excess = interval_ - least;
        const auto part = std::max<Duration::rep>(
            excess.count() / 50, excess.count() / (recovery / std::min(interval_, recovery)));
        interval_ = std::max(least, interval_ - std::max(Duration{part}, Duration{1}));
    }
}

void Pace::limited(MonoTime now, const RateLimit& limit) {
    const Duration most = std::max(base_, longest_interval);
    if (limit.threshold) {
        said_ = std::min(*limit.threshold, most);
        said_at_ = now;
    }
    const Duration grown = std::max(interval_ + interval_ / 4, floor(now));
    interval_ = std::min(grown, most);
    Duration pause = with_margin(interval_);
    if (limit.retry_after) {
        pause = std::max(pause, with_margin(std::min(*limit.retry_after, longest_pause)));
    }
    free_at_ = std::max(free_at_, now + pause);
}

/// A place in a lane's queue, given up in whatever way the wait ends.
class Pacer::Place {
  public:
    Place(std::shared_ptr<Lane> lane, Waiter waiter)
        : lane_(std::move(lane)), number_(waiter.number) {
        // In front of what is less urgent, but for what has been passed often enough.
        auto& queue = lane_->queue;
        auto place = queue.end();
        while (place != queue.begin()) {
            const auto ahead = std::prev(place);
            if (ahead->urgency <= waiter.urgency || ahead->passed >= most_passed) {
                break;
            }
            ++ahead->passed;
            place = ahead;
        }
        queue.insert(place, waiter);
    }

    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    ~Place() {
        auto& queue = lane_->queue;
        std::erase_if(queue, [this](const Waiter& waiter) { return waiter.number == number_; });
        if (!queue.empty()) {
            queue.front().alarm->notify();
        }
    }

    bool is_first() const { return lane_->queue.front().number == number_; }

  private:
    std::shared_ptr<Lane> lane_;
    std::uint64_t number_;
};

Pacer::Pacer(runtime::Clock& clock, Duration request_interval) : clock_(clock) {
    const Duration least = std::max<Duration>(request_interval, std::chrono::milliseconds{1});
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        const auto documented = documented_interval(static_cast<Endpoint>(i));
        lanes_[i] = std::make_shared<Lane>(scaled(documented, least));
    }
}

Pacer::Pacer(runtime::Clock& clock, Duration request_interval, const Pacer& before)
    : clock_(clock), lanes_(before.lanes_) {
    const Duration least = std::max<Duration>(request_interval, std::chrono::milliseconds{1});
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        const auto documented = documented_interval(static_cast<Endpoint>(i));
        lanes_[i]->pace.set_base(scaled(documented, least));
    }
}

Pacer::Lane& Pacer::lane(Endpoint endpoint) const {
    return *lanes_[static_cast<std::size_t>(endpoint)];
}

boost::asio::awaitable<bool> Pacer::acquire(Endpoint endpoint, Urgency urgency, MonoTime deadline) {
    const auto lane = lanes_[static_cast<std::size_t>(endpoint)];
    runtime::Alarm alarm(clock_);
    Waiter waiter;
    waiter.urgency = urgency;
    waiter.number = lane->next_number++;
    waiter.alarm = &alarm;
    const Place place(lane, waiter);
    for (;;) {
        const MonoTime now = clock_.mono();
        const MonoTime free_at = lane->pace.free_at();
        if (free_at > deadline) {
            co_return false;
        }
        const bool first = place.is_first();
        if (first && now >= free_at) {
            lane->pace.sent(now);
            co_return true;
        }
        if (now >= deadline) {
            co_return false;
        }
        // The one in front waits for the endpoint, the others until they are in front.
        MonoTime until = deadline;
        if (first) {
            until = free_at;
        }
        co_await alarm.wait_until(until);
    }
}

void Pacer::give_back(Endpoint endpoint) {
    auto& given = lane(endpoint);
    given.pace.not_sent();
    if (!given.queue.empty()) {
        given.queue.front().alarm->notify();
    }
}

void Pacer::accepted(Endpoint endpoint) {
    lane(endpoint).pace.accepted(clock_.mono());
}

void Pacer::limited(Endpoint endpoint, const RateLimit& limit) {
    lane(endpoint).pace.limited(clock_.mono(), limit);
}

Duration Pacer::interval(Endpoint endpoint) const {
    return lane(endpoint).pace.interval();
}

Duration Pacer::wait(Endpoint endpoint) const {
    const MonoTime now = clock_.mono();
    return std::max(lane(endpoint).pace.free_at(), now) - now;
}

}  // namespace vastwatch::vast
