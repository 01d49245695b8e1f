// Instances, a series each.
#include "metrics/families.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace vastwatch::metrics {
namespace {

std::size_t instances(const Source& source) {
    return source.instances_shown;
}

void instance_info(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& instance = *source.view->instances[index].instance;
    const auto& row = instance.row;
    const auto text = [](const auto& number) {
        return number ? std::to_string(*number) : std::string{};
    };
    std::string_view interruptible;
    if (row.interruptible) {
        interruptible = *row.interruptible ? "true" : "false";
    }
    append_sample(
        out,
        name,
        {{"account", escape_label(instance.account.str())},
         {"team", escape_label(instance.team.str())},
         {"instance", std::to_string(instance.id.value())},
         {"label", escape_label(row.label)},
         {"gpu_name", escape_label(row.gpu_name)},
         {"num_gpus", text(row.num_gpus)},
         {"machine", text(row.machine_id)},
         {"interruptible", interruptible}},
        "1");
}

std::optional<std::string> instance_rate(const engine::InstanceView& instance) {
    return instance.rate_known ? std::optional{to_decimal(instance.rate)} : std::nullopt;
}

std::optional<std::string> instance_util(const engine::InstanceView& instance) {
    const auto& util = instance.gpu_util;
    return util && std::isfinite(*util) ? std::optional{fmt::format("{}", *util / 100.0)}
                                        : std::nullopt;
}

std::optional<std::string> instance_idle(const engine::InstanceView& instance) {
    return decimal_seconds(instance.idle);
}

std::optional<std::string> instance_spend(const engine::InstanceView& instance) {
    return to_decimal(instance.spend);
}

template <auto get>
void instance_figure(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& view = source.view->instances[index];
    if (const auto value = get(view)) {
        append_sample(
            out,
            name,
            {{"account", escape_label(view.instance->account.str())},
             {"team", escape_label(view.instance->team.str())},
             {"instance", std::to_string(view.instance->id.value())}},
            *value);
    }
}

void instance_deadline(
    std::string& out,
    std::string_view name,
    const Source& source,
    std::size_t index) {
    const auto& view = source.view->instances[index];
    if (view.deadline) {
        append_sample(
            out,
            name,
            {{"account", escape_label(view.instance->account.str())},
             {"team", escape_label(view.instance->team.str())},
             {"instance", std::to_string(view.instance->id.value())},
             {"action", policy::to_string(view.deadline->action)},
             {"rule", rules::to_string(view.deadline->rule)}},
            decimal_instant(view.deadline->at));
    }
}

void dropped(std::string& out, std::string_view name, const Source& source, std::size_t) {
    append_sample(out, name, {}, std::to_string(source.series_dropped));
}

constexpr std::array families{
    Family{
        "vastwatch_instance_info",
        gauge,
        "Always 1; what an instance is.",
        instances,
        instance_info},
    Family{
        "vastwatch_instance_dollars_per_hour",
        gauge,
        "What an instance costs now; absent when its rate is unknown.",
        instances,
        instance_figure<instance_rate>},
    Family{
        "vastwatch_instance_gpu_utilization_ratio",
        gauge,
        "GPU utilisation from 0 to 1; absent when unknown.",
        instances,
        instance_figure<instance_util>},
    Family{
        "vastwatch_instance_idle_seconds",
        gauge,
        "How long an instance has been idle without interruption.",
        instances,
        instance_figure<instance_idle>},
    Family{
        "vastwatch_instance_spend_dollars",
        gauge,
        "What an instance has cost so far.",
        instances,
        instance_figure<instance_spend>},
    Family{
        "vastwatch_instance_deadline_timestamp_seconds",
        gauge,
        "When something is due to be done to an instance if nothing changes; absent when nothing "
        "is.",
        instances,
        instance_deadline},
    Family{
        "vastwatch_series_dropped",
        gauge,
        "Series of instances left out of this scrape because there are too many.",
        one,
        dropped},
};

}  // namespace

/// How many series one instance has.
std::size_t series_of(const engine::InstanceView& view) {
    return 3U + (view.rate_known ? 1U : 0U) + (instance_util(view) ? 1U : 0U) +
           (view.deadline ? 1U : 0U);
}

std::span<const Family> instance_families() {
    return families;
}

}  // namespace vastwatch::metrics
