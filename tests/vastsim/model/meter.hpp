// What one contract has cost, exactly: rates that change at known instants, integrated without
// rounding. Truth is read from here to the nano-dollar, at any instant, past ones included.
#pragma once

#include "base/money.hpp"
#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace vastwatch::vastsim {

/// The kinds of money a contract costs, in the order of a charge's items.
enum class Item : std::uint8_t { gpu, disk, down, up };

inline constexpr std::size_t item_count = 4;

/// Rates of the four items, indexed by Item.
using Rates = std::array<UsdPerHour, item_count>;

UsdPerHour total(const Rates& rates);

/// Money without rounding, in nano-dollars times nanoseconds per hour. Sums are exact; it is
/// rounded only where it is read.
class ExactUsd {
  public:
    constexpr ExactUsd() = default;

    static ExactUsd accrued(UsdPerHour rate, Duration span);
    static ExactUsd of(Usd amount);

    friend ExactUsd operator+(ExactUsd a, ExactUsd b) { return ExactUsd{a.value_ + b.value_}; }

    friend ExactUsd operator-(ExactUsd a, ExactUsd b) { return ExactUsd{a.value_ - b.value_}; }

    ExactUsd& operator+=(ExactUsd other) {
        value_ += other.value_;
        return *this;
    }

    friend auto operator<=>(ExactUsd, ExactUsd) = default;

    bool is_zero() const { return value_ == 0; }

    /// Rounded half to even to a nano-dollar.
    Usd usd() const;

    /// Rounded half to even to a thousandth of a dollar, as charges are written.
    std::int64_t mills() const;

  private:
    __extension__ using Wide = __int128;

    explicit constexpr ExactUsd(Wide value) : value_(value) {}

    Wide value_ = 0;
};

/// Amounts of the four items, indexed by Item.
using ExactItems = std::array<ExactUsd, item_count>;

ExactItems operator+(const ExactItems& a, const ExactItems& b);
ExactItems operator-(const ExactItems& a, const ExactItems& b);
ExactUsd total(const ExactItems& items);

/// A history of rates, and of the label the money belongs to.
class Meter {
  public:
    struct Segment {
        Instant from;
        Rates rates;
        std::size_t label = 0;  ///< index into labels()
        ExactItems before;      ///< what had accrued at `from`
    };

    /// From `at` on, not before any earlier change, the rates are these.
    void set(Instant at, const Rates& rates, const std::string& label);

    /// What accrued from the beginning until `instant`.
    ExactItems until(Instant instant) const;

    /// What accrued between two instants.
    ExactItems between(Instant from, Instant to) const { return until(to) - until(from); }

    /// The rates in force at `instant`; zero before the first.
    Rates rates_at(Instant instant) const;

    /// Calls `visit(segment, span)` for each stretch of constant rates between two instants.
    template <class Visitor>
    void visit(Instant from, Instant to, Visitor visit) const {
        const Segment* segment = segment_at(from);
        std::size_t i =
            segment == nullptr ? 0 : static_cast<std::size_t>(segment - segments_.data());
        for (; i < segments_.size() && segments_[i].from < to; ++i) {
            const bool last = i + 1 == segments_.size();
            const Instant begin = std::max(from, segments_[i].from);
            const Instant end = last ? to : std::min(to, segments_[i + 1].from);
            if (begin < end) {
                visit(segments_[i], end - begin);
            }
        }
    }

    /// Oldest first; each lasts until the next one, the last one for ever.
    const std::vector<Segment>& segments() const { return segments_; }

    const std::string& label_of(const Segment& segment) const { return labels_[segment.label]; }

  private:
    const Segment* segment_at(Instant instant) const;

    std::vector<Segment> segments_;
    std::vector<std::string> labels_;
};

}  // namespace vastwatch::vastsim
