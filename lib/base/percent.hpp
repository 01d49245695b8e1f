// A percentage as its own type, so that 0.8 and 80 cannot be taken for one another.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace vastwatch {

/// A percentage; 80 means 80%.
class Percent {
  public:
    constexpr Percent() = default;

    explicit constexpr Percent(double percent) : percent_(percent) {}

    constexpr double value() const { return percent_; }

    /// 0.8 for 80%.
    constexpr double ratio() const { return percent_ / 100.0; }

    friend constexpr auto operator<=>(Percent, Percent) = default;

  private:
    double percent_ = 0;
};

/// "80%", "12.5%": a non-negative decimal number and a percent sign; nothing for other text.
std::optional<Percent> parse_percent(std::string_view text);

/// The shortest form: "80%", "12.5%".
std::string format_percent(Percent percent);

}  // namespace vastwatch
