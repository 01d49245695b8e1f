#include "core/open_cases.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ranges>
#include <string>

namespace vastwatch::simulation {

void tell_open_cases(
    Story& story,
    const engine::View& view,
    std::string_view violation,
    const Explain& explain,
    Instant at) {
    for (const auto& item : view.cases) {
        if (!enforcement::is_end(item.step)) {
            story.add(
                at,
                "open case: {} {} {}, {}, due {}: {}",
                enforcement::to_string(item.step),
                policy::to_string(item.action),
                item.instance.value(),
                enforcement::explain(item.wait),
                format_rfc3339(item.due),
                item.detail);
        }
    }
    for (const auto& hold : view.holds) {
        story.add(
            at,
            "open hold {} ({}) of {}",
            hold.id.value(),
            enforcement::to_string(hold.kind),
            fmt::join(hold.instances | std::views::transform(&InstanceId::value), " "));
    }
    for (const auto& instance : view.instances) {
        const auto id = instance.instance->id;
        if (violation.find(std::to_string(id.value())) == std::string_view::npos) {
            continue;
        }
        if (const auto explanation = explain(id)) {
            story.add(at, "the daemon explains: {}", explanation->headline);
            for (const auto& paragraph : explanation->paragraphs) {
                story.add(at, "    {}", paragraph);
            }
        }
    }
}

}  // namespace vastwatch::simulation
