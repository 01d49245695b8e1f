#include "web/sparkline.hpp"

#include "web/page_text.hpp"

#include <algorithm>
#include <cmath>

namespace vastwatch::web {
namespace {

constexpr double width = 96;
constexpr double height = 20;
constexpr Duration longest = std::chrono::hours{3};
constexpr Duration shortest = std::chrono::minutes{10};
/// Time from one sample to the next counts as what the first said, but no longer than this.
constexpr Duration reach = std::chrono::minutes{5};

double y_of(double percent) {
    return std::round(height - std::clamp(percent, 0.0, 100.0) / 100 * height);
}

/// One path for all columns of a kind: the outline of each.
void append_column(std::string& path, double from, double to, double low, double high) {
    add(path, "M{:.0f} {:.0f}H{:.0f}V{:.0f}H{:.0f}z", from, high, to, low, from);
}

void append_path(std::string& out, std::string_view kind, const std::string& path) {
    if (!path.empty()) {
        add(out, "<path class=\"{}\" d=\"{}\"/>", kind, path);
    }
}

}  // namespace

Duration sparkline_span(const engine::View& view) {
    auto oldest = view.at;
    for (const auto& one : view.instances) {
        if (!one.instance->samples.empty()) {
            oldest = std::min(oldest, one.instance->samples.front().first);
        }
    }
    return std::clamp(view.at - oldest, shortest, longest);
}

std::string sparkline(const fleet::Instance& instance, Instant now, Duration span) {
    const auto begin = now - span;
    const auto x_of = [&](Instant at) {
        const auto share = std::chrono::duration<double>(at - begin) / span;
        return std::round(std::clamp(share, 0.0, 1.0) * width);
    };
    std::string busy;
    std::string peaks;
    std::string idle;
    for (std::size_t i = 0; i < instance.samples.size(); ++i) {
        const auto& run = instance.samples[i];
        const auto next = i + 1 < instance.samples.size() ? instance.samples[i + 1].first : now;
        const auto end = std::min(next, run.last + reach);
        if (end <= begin || !run.lowest || !run.highest) {
            continue;
        }
        const auto left = x_of(run.first);
        const auto right = std::max(x_of(end), left + 1);
        if (run.evidence == fleet::Evidence::idle) {
            append_column(idle, left, right, height, std::min(y_of(*run.highest), height - 2));
        } else if (run.evidence == fleet::Evidence::busy) {
            append_column(busy, left, right, height, y_of(*run.lowest));
            append_column(peaks, left, right, y_of(*run.lowest), y_of(*run.highest));
        }
    }
    if (busy.empty() && peaks.empty() && idle.empty()) {
        return {};
    }
    std::string out = fmt::format(
        "<svg class=\"spark\" viewBox=\"0 0 {:.0f} {:.0f}\" aria-hidden=\"true\">", width, height);
    append_path(out, "b", busy);
    append_path(out, "p", peaks);
    append_path(out, "i", idle);
    out += "</svg>";
    return out;
}

}  // namespace vastwatch::web
