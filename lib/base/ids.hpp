// Strong types for what identifies things, so that a team's name cannot be passed for an account's.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace vastwatch {

/// An integer id of one kind of thing.
template <class Tag>
class NumberId {
  public:
    constexpr NumberId() = default;

    explicit constexpr NumberId(std::int64_t value) : value_(value) {}

    constexpr std::int64_t value() const { return value_; }

    friend constexpr auto operator<=>(NumberId, NumberId) = default;

  private:
    std::int64_t value_ = 0;
};

/// A name of one kind of thing.
template <class Tag>
class Name {
  public:
    Name() = default;

    explicit Name(std::string value) : value_(std::move(value)) {}

    const std::string& str() const { return value_; }

    bool empty() const { return value_.empty(); }

    friend auto operator<=>(const Name&, const Name&) = default;

  private:
    std::string value_;
};

/// Vast.ai's contract id: 64 bits wide, never reused (API section 2.4).
using InstanceId = NumberId<struct InstanceIdTag>;
/// A mass action that waits for `vastwatchctl approve`.
using HoldId = NumberId<struct HoldIdTag>;

using AccountName = Name<struct AccountNameTag>;
using TeamName = Name<struct TeamNameTag>;
using NotifierName = Name<struct NotifierNameTag>;
/// A ULID, the `id` of an alert in every format and across restarts.
using AlertId = Name<struct AlertIdTag>;

}  // namespace vastwatch

template <class Tag>
struct std::hash<vastwatch::NumberId<Tag>> {
    std::size_t operator()(vastwatch::NumberId<Tag> id) const noexcept {
        return std::hash<std::int64_t>{}(id.value());
    }
};

template <class Tag>
struct std::hash<vastwatch::Name<Tag>> {
    std::size_t operator()(const vastwatch::Name<Tag>& name) const noexcept {
        return std::hash<std::string>{}(name.str());
    }
};
