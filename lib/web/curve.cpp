#include "web/curve.hpp"

#include "base/text.hpp"
#include "web/page_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace vastwatch::web {
namespace {

/// Lines are drawn on a canvas this wide that is stretched to the width there is; text and dots are
/// placed beside it by percentages, so that they are not.
constexpr double canvas_width = 1000;
constexpr double bottom = 116;       // where the time axis lies, in pixels
constexpr double top = 16;           // the highest line, with room for its text above
constexpr double label_height = 13;  // texts closer than this would touch
constexpr double tallest_cap = 3;    // a cap this many times as high would press the curve flat
constexpr int most_grid_lines = 4;
/// A projection is drawn to this much above the cap: what lies beyond would press the rest flat.
constexpr double above_cap = 1.25;
/// A day's first figure is this late at most when the daemon ran at midnight.
constexpr Duration first_figure = std::chrono::minutes{20};

/// From instants and dollars to the drawing's coordinates.
class Scale {
  public:
    Scale(Instant begin, Instant end, double highest)
        : begin_(begin), span_(seconds(end - begin)), highest_(highest) {}

    double share(Instant at) const { return std::clamp(seconds(at - begin_) / span_, 0.0, 1.0); }

    double x(Instant at) const { return share(at) * canvas_width; }

    double percent(Instant at) const { return share(at) * 100; }

    double y(double dollars) const {
        return bottom - std::clamp(dollars / highest_, 0.0, 1.0) * (bottom - top);
    }

    double y(Usd amount) const { return y(to_double(amount)); }

    double highest() const { return highest_; }

  private:
    static double seconds(Duration duration) {
        return std::chrono::duration<double>(duration).count();
    }

    Instant begin_;
    double span_;
    double highest_;
};

struct Plot {
    const engine::TeamView& team;
    const engine::View& view;
    const engine::WindowView& day;
    Scale scale;
    bool show_cap = false;
};

/// Where the projection ends in the drawing: at the day's end, or where it leaves at the top.
struct End {
    double x;
    double y;
    bool inside;
};

End end_of_projection(const Plot& plot) {
    const double spent = to_double(plot.day.spend);
    const double ahead = to_double(*plot.day.projected);
    const double highest = plot.scale.highest();
    if (ahead <= highest || ahead <= spent) {
        return {canvas_width, plot.scale.y(ahead), true};
    }
    const double now = plot.scale.x(plot.view.at);
    const double share = (highest - spent) / (ahead - spent);
    return {now + share * (canvas_width - now), plot.scale.y(highest), false};
}

/// Without what was said before the first charges were read, when the daemon started in the day.
bool is_blind_start(const engine::SpendPoint& point, const Plot& plot) {
    return point.today <= Usd{} && point.at - plot.day.start > first_figure;
}

/// 1, 2 or 5 times a power of ten, so that few lines divide the height.
double grid_step(double highest) {
    const double least = highest / most_grid_lines;
    const double power = std::pow(10.0, std::floor(std::log10(least)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= least) {
            return factor * power;
        }
    }
    return 10 * power;
}

void append_grid(std::string& out, const Plot& plot) {
    const double step = grid_step(plot.scale.highest());
    const int lines = static_cast<int>(plot.scale.highest() / step);
    for (int i = 1; i <= lines; ++i) {
        const double dollars = i * step;
        const double y = plot.scale.y(dollars);
        const bool at_cap =
            plot.show_cap && std::abs(y - plot.scale.y(*plot.day.cap)) < label_height;
        if (at_cap) {
            continue;
        }
        add(out,
            "<line class=\"grid\" x2=\"100%\" y1=\"{0:.0f}\" y2=\"{0:.0f}\"/>"
            "<text y=\"{1:.0f}\">${2:.{3}f}</text>",
            y,
            y - 3,
            dollars,
            step < 1 ? 2 : 0);
    }
}

/// Hours below, at the quarters of the day; a day of 23 or 25 hours has odd ones.
void append_hours(std::string& out, const Plot& plot) {
    struct Tick {
        int quarter;
        std::string_view anchor;
    };

    constexpr std::array<Tick, 5> ticks{
        {{0, "start"}, {1, "middle"}, {2, "middle"}, {3, "middle"}, {4, "end"}}};
    const auto quarter = (*plot.day.end - plot.day.start) / 4;
    constexpr std::size_t hours_and_minutes = 5;
    add(out, "<line class=\"axis\" x2=\"100%\" y1=\"{0:.0f}\" y2=\"{0:.0f}\"/>", bottom);
    for (const auto& tick : ticks) {
        const auto at = plot.day.start + tick.quarter * quarter;
        const auto text = tick.quarter == 4
                              ? std::string{"24:00"}
                              : plot.view.calendar.format_time(at).substr(0, hours_and_minutes);
        add(out,
            "<text x=\"{}%\" y=\"{:.0f}\" text-anchor=\"{}\">{}</text>",
            tick.quarter * 25,
            bottom + 15,
            tick.anchor,
            text);
    }
}

void append_lines(std::string& out, const Plot& plot) {
    const auto& scale = plot.scale;
    const auto now = plot.view.at;
    std::string line;
    double first_x = -1;
    double first_y = bottom;
    const auto point = [&](Instant at, Usd spent) {
        const auto x = scale.x(at);
        const auto y = scale.y(spent);
        if (first_x < 0) {
            first_x = x;
            first_y = y;
        }
        add(line, "{:.0f},{:.0f} ", x, y);
    };
    for (const auto& one : plot.team.curve) {
        const bool begun = first_x >= 0;
        const bool of_today = one.at >= plot.day.start && one.at <= now;
        if (of_today && (begun || !is_blind_start(one, plot))) {
            point(one.at, one.today);
        }
    }
    point(now, plot.day.spend);
    add(out,
        "<svg height=\"{0:.0f}\" viewBox=\"0 0 {1:.0f} {0:.0f}\" preserveAspectRatio=\"none\">"
        "<polygon class=\"area\" points=\"{4:.0f},{0:.0f} {2}{3:.0f},{0:.0f}\"/>",
        bottom,
        canvas_width,
        line,
        scale.x(now),
        first_x);
    // Before the first figure nothing is known but that the day began at nothing.
    add(out,
        "<polyline class=\"unseen\" points=\"0,{:.0f} {:.0f},{:.0f}\"/>",
        bottom,
        first_x,
        first_y);
    add(out, "<polyline class=\"spent\" points=\"{}\"/>", line);
    if (plot.day.projected) {
        const auto end = end_of_projection(plot);
        add(out,
            "<polyline class=\"ahead\" points=\"{:.0f},{:.0f} {:.0f},{:.0f}\"/>",
            scale.x(now),
            scale.y(plot.day.spend),
            end.x,
            end.y);
    }
    if (plot.show_cap) {
        add(out,
            "<polyline class=\"cap\" points=\"0,{0:.0f} {1:.0f},{0:.0f}\"/>",
            scale.y(*plot.day.cap),
            canvas_width);
    }
    out += "</svg>";
}

/// Dots and their texts: now, the crossing or else the end, and the cap.
void append_marks(std::string& out, const Plot& plot) {
    const auto& day = plot.day;
    const auto& scale = plot.scale;
    add(out,
        "<circle class=\"now\" cx=\"{:.1f}%\" cy=\"{:.0f}\" r=\"3.5\"/>",
        scale.percent(plot.view.at),
        scale.y(day.spend));
    if (plot.show_cap) {
        add(out,
            "<text class=\"cap-text\" y=\"{:.0f}\">cap {}</text>",
            scale.y(*day.cap) - 4,
            format_usd(*day.cap));
    }
    const bool ahead = day.cap && day.spend < *day.cap && day.crossing;
    if (plot.show_cap && ahead) {
        constexpr double room_at_the_right = 85;
        const auto x = scale.percent(*day.crossing);
        add(out,
            "<circle class=\"meets\" cx=\"{0:.1f}%\" cy=\"{1:.0f}\" r=\"4\"/>"
            "<text class=\"meets-text\" x=\"{0:.1f}%\" y=\"{2:.0f}\" "
            "text-anchor=\"{3}\">{4}</text>",
            x,
            scale.y(*day.cap),
            scale.y(*day.cap) - 7,
            x > room_at_the_right ? "end" : "middle",
            plot.view.calendar.format_time(*day.crossing));
        return;
    }
    const bool apart =
        day.projected && end_of_projection(plot).inside &&
        (!plot.show_cap || std::abs(scale.y(*day.projected) - scale.y(*day.cap)) > label_height);
    if (apart) {
        add(out,
            "<text x=\"100%\" y=\"{:.0f}\" text-anchor=\"end\">{}</text>",
            scale.y(*day.projected) - 6,
            format_usd(*day.projected));
    }
}

std::string in_words(const Plot& plot) {
    const auto& day = plot.day;
    std::string text = fmt::format(
        "{} spent today by {}", format_usd(day.spend), clock_time(plot.view.at, plot.view));
    if (day.cap) {
        text += " of a cap of " + format_usd(*day.cap);
    }
    if (day.cap && day.spend >= *day.cap) {
        return text + ", which is reached";
    }
    if (day.crossing) {
        return text + ", which is reached at " + clock_time(*day.crossing, plot.view);
    }
    return day.projected ? text + ", heading for " + format_usd(*day.projected) : text;
}

}  // namespace

std::string day_curve(const engine::TeamView& team, const engine::View& view) {
    const auto* day = find_window(team.windows, policy::Window::day);
    if (day == nullptr || !day->end || *day->end <= day->start) {
        return {};
    }
    const auto reach = std::max(day->spend, day->projected.value_or(day->spend));
    if (reach <= Usd{}) {
        return {};
    }
    const bool show_cap =
        day->cap && *day->cap > Usd{} && to_double(*day->cap) <= tallest_cap * to_double(reach);
    double highest = to_double(reach);
    if (show_cap) {
        const auto needed = to_double(std::max(day->spend, *day->cap));
        highest = std::clamp(highest, needed, needed * above_cap);
    }
    const Plot plot{team, view, *day, Scale{day->start, *day->end, highest}, show_cap};
    std::string out = fmt::format(
        "<svg class=\"curve\" role=\"img\" aria-label=\"{}\">", escape_html(in_words(plot)));
    append_grid(out, plot);
    append_hours(out, plot);
    append_lines(out, plot);
    append_marks(out, plot);
    out += "</svg>";
    return out;
}

}  // namespace vastwatch::web
