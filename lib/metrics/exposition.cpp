#include "metrics/exposition.hpp"

#include "metrics/families.hpp"

#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace vastwatch::metrics {
namespace {

const Family* family_at(std::size_t index) {
    const std::array<std::span<const Family>, 4> tables{
        daemon_families(), account_families(), team_families(), instance_families()};
    for (const auto& table : tables) {
        if (index < table.size()) {
            return &table[index];
        }
        index -= table.size();
    }
    return nullptr;
}

Exposition::FindingCounts count_findings(const engine::View& view) {
    std::map<std::pair<std::string_view, rules::Rule>, std::size_t> counts;
    for (const auto& finding : view.findings) {
        if (finding.holds(view.at)) {
            ++counts[{finding.team.str(), finding.rule}];
        }
    }
    Exposition::FindingCounts out;
    for (const auto& [key, count] : counts) {
        out.emplace_back(TeamName{std::string{key.first}}, key.second, count);
    }
    return out;
}

std::map<TeamName, Exposition::Failing> failing_actions_of(const engine::View& view) {
    std::map<TeamName, Exposition::Failing> out;
    for (const auto& item : view.cases) {
        if (item.failure_told && !enforcement::is_end(item.step)) {
            auto& team = out[item.team];
            ++team.actions;
            team.cost += item.rate;
        }
    }
    return out;
}

}  // namespace

Exposition::Exposition(std::shared_ptr<const engine::View> view, ExpositionLimits limits)
    : limits_(limits) {
    source_.findings = count_findings(*view);
    source_.savings = savings_of(*view);
    source_.failing = failing_actions_of(*view);
    std::size_t series = 0;
    for (const auto& instance : view->instances) {
        const auto more = series_of(instance);
        const bool fits = source_.series_dropped == 0 && series + more <= limits.instance_series;
        source_.instances_shown += fits ? 1U : 0U;
        source_.series_dropped += fits ? 0U : more;
        series += more;
    }
    source_.view = std::move(view);
}

bool Exposition::next(std::string& out) {
    const auto enough = out.size() + limits_.slice_bytes;
    while (const auto* family = family_at(family_)) {
        const auto count = family->count(source_);
        if (element_ == 0 && count > 0) {
            append_header(out, family->name, family->help, family->type);
        }
        while (element_ < count) {
            family->append(out, family->name, source_, element_++);
            if (out.size() >= enough) {
                return true;
            }
        }
        ++family_;
        element_ = 0;
    }
    return false;
}

std::string render(std::shared_ptr<const engine::View> view) {
    Exposition exposition{std::move(view)};
    std::string out;
    bool more = true;
    while (more) {
        more = exposition.next(out);
    }
    return out;
}

}  // namespace vastwatch::metrics
