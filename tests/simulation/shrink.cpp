#include "shrink.hpp"

#include <algorithm>

namespace vastwatch::simulation {

Report shrink(const Report& failed, const Live& live) {
    const auto invariant = failed.violations.front().invariant;
    auto best = failed.options;
    // What depends on the end of the life does so wherever it lies.
    const auto shorter = [&](const Report& report) {
        return std::min(best.length, report.lived + std::chrono::hours{1});
    };
    const auto still_fails = [&](const Options& options) -> std::optional<Report> {
        auto report = live(options, false);
        const bool same =
            !report.violations.empty() && report.violations.front().invariant == invariant;
        return same ? std::optional{std::move(report)} : std::nullopt;
    };
    auto cut = best;
    cut.length = shorter(failed);
    if (still_fails(cut)) {
        best = cut;
    }
    for (std::size_t i = 0; i < trouble_count; ++i) {
        auto fewer = best;
        fewer.troubles.remove(static_cast<Trouble>(i));
        const auto report = still_fails(fewer);
        if (!report) {
            continue;
        }
        best = fewer;
        auto brief = fewer;
        brief.length = shorter(*report);
        if (brief.length < best.length && still_fails(brief)) {
            best = brief;
        }
    }
    return live(best, true);
}

}  // namespace vastwatch::simulation
