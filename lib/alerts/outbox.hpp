// What is still to be told to whom. An entry is made in the same transaction as its alert and ends
// as delivered or failed; in between it is tried with growing pauses (spec section 8).
#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::alerts {

enum class Delivery { pending, delivered, failed };

std::string_view to_string(Delivery delivery);
std::optional<Delivery> parse_delivery(std::string_view text);

struct OutboxEntry {
    AlertId alert;
    NotifierName notifier;
    Delivery state = Delivery::pending;
    int attempts = 0;
    Instant created;
    Instant next_attempt;
    std::optional<Instant> ended;
    std::string answer;  // the latest, printable

    friend bool operator==(const OutboxEntry&, const OutboxEntry&) = default;
};

/// An undelivered alert is given up this long after it was made.
constexpr Duration delivery_limit = std::chrono::hours{24};

/// The pause after the `attempts`-th failed attempt (1-based): 5 s doubling up to 1 h, of which a
/// random part between half and all is taken; never shorter than `retry_after`, which itself counts
/// for at most an hour. `unit` is uniform in [0, 1).
Duration backoff(int attempts, std::optional<Duration> retry_after, double unit);

/// The record that a condition was told, so that it is not told again.
struct Condition {
    std::string key;  // Alert::condition
    AlertId alert;    // the latest one about it
    bool firing = true;
    Instant since;
    Instant told;
    std::optional<Instant> forget;  // when it can be dropped: a day after the end of its window

    friend bool operator==(const Condition&, const Condition&) = default;
};

}  // namespace vastwatch::alerts
