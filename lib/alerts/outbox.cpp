#include "alerts/outbox.hpp"

#include "base/enum_names.hpp"

#include <algorithm>

namespace vastwatch::alerts {
namespace {

constexpr EnumNames<Delivery, 3> delivery_names{{
    {Delivery::pending, "pending"},
    {Delivery::delivered, "delivered"},
    {Delivery::failed, "failed"},
}};

}  // namespace

std::string_view to_string(Delivery delivery) {
    return name_of(delivery_names, delivery);
}

std::optional<Delivery> parse_delivery(std::string_view text) {
    return value_of(delivery_names, text);
}

Duration backoff(int attempts, std::optional<Duration> retry_after, double unit) {
    constexpr Duration first = std::chrono::seconds{5};
    constexpr Duration longest = std::chrono::hours{1};
    const int doublings = std::clamp(attempts - 1, 0, 20);
    const Duration whole = std::min<Duration>(first * (std::int64_t{1} << doublings), longest);
    const auto half = whole / 2;
    const Duration jittered =
        half + Duration{static_cast<std::int64_t>(unit * static_cast<double>(half.count()))};
    return std::max(jittered, std::min(retry_after.value_or(Duration{0}), longest));
}

}  // namespace vastwatch::alerts
