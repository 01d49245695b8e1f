#include "web/curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace vastwatch::web {
namespace {

constexpr double width = 320;
constexpr double height = 64;
/// Room above the highest line, so that it is not cut.
constexpr double top = 4;
/// A cap more than this many times as high as the curve would press it flat.
constexpr double tallest_cap = 3;

/// From instants and dollars to the drawing's coordinates.
class Scale {
  public:
    Scale(Instant begin, Instant end, double highest)
        : begin_(begin), span_(seconds(end - begin)), highest_(highest) {}

    double x(Instant at) const {
        return std::clamp(seconds(at - begin_) / span_, 0.0, 1.0) * width;
    }

    double y(Usd amount) const {
        const auto share = std::clamp(to_double(amount) / highest_, 0.0, 1.0);
        return height - share * (height - top);
    }

  private:
    static double seconds(Duration duration) {
        return std::chrono::duration<double>(duration).count();
    }

    Instant begin_;
    double span_;
    double highest_;
};

const engine::WindowView* day_window(const engine::TeamView& team) {
    const auto found = std::find_if(
        team.windows.begin(), team.windows.end(), [](const engine::WindowView& window) {
            return window.window == policy::Window::day && window.end;
        });
    return found == team.windows.end() ? nullptr : &*found;
}

}  // namespace

std::string day_curve(const engine::TeamView& team, Instant now) {
    const auto* day = day_window(team);
    if (day == nullptr || *day->end <= day->start) {
        return {};
    }
    const auto reach = std::max(day->spend, day->projected.value_or(day->spend));
    if (reach <= Usd{}) {
        return {};
    }
    const bool show_cap = day->cap && to_double(*day->cap) <= tallest_cap * to_double(reach);
    const auto highest = show_cap ? std::max(reach, *day->cap) : reach;
    const Scale scale{day->start, *day->end, to_double(highest)};

    std::string line = fmt::format("0,{:.1f}", height);
    for (const auto& point : team.curve) {
        if (point.at >= day->start && point.at <= now) {
            line += fmt::format(" {:.1f},{:.1f}", scale.x(point.at), scale.y(point.today));
        }
    }
    line += fmt::format(" {:.1f},{:.1f}", scale.x(now), scale.y(day->spend));

    std::string out = fmt::format(
        "<svg class=\"curve\" viewBox=\"0 0 {0} {1}\" preserveAspectRatio=\"none\" "
        "aria-hidden=\"true\"><polygon class=\"area\" points=\"{2} {3:.1f},{1}\"/>"
        "<polyline class=\"spent\" points=\"{2}\"/>",
        width,
        height,
        line,
        scale.x(now));
    if (day->projected) {
        fmt::format_to(
            std::back_inserter(out),
            "<polyline class=\"ahead\" points=\"{:.1f},{:.1f} {:.1f},{:.1f}\"/>",
            scale.x(now),
            scale.y(day->spend),
            width,
            scale.y(*day->projected));
    }
    if (show_cap) {
        const auto y = scale.y(*day->cap);
        fmt::format_to(
            std::back_inserter(out),
            "<polyline class=\"cap\" points=\"0,{0:.1f} {1},{0:.1f}\"/>",
            y,
            width);
    }
    out += "</svg>";
    return out;
}

}  // namespace vastwatch::web
