#include "vast/columns.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace vastwatch::vast {
namespace {

using Entry = std::pair<std::string_view, Column>;

constexpr std::array<Entry, 36> entries{{
    {"id", Column::id},
    {"label", Column::label},
    {"gpu_name", Column::gpu_name},
    {"num_gpus", Column::num_gpus},
    {"machine_id", Column::machine_id},
    {"host_id", Column::host_id},
    {"actual_status", Column::actual_status},
    {"intended_status", Column::intended_status},
    {"cur_state", Column::cur_state},
    {"next_state", Column::next_state},
    {"status_msg", Column::status_msg},
    {"start_date", Column::start_date},
    {"end_date", Column::end_date},
    {"is_bid", Column::is_bid},
    {"disk_space", Column::disk_space},
    {"gpu_util", Column::gpu_util},
    {"gpu_temp", Column::gpu_temp},
    {"cpu_util", Column::cpu_util},
    {"mem_usage", Column::mem_usage},
    {"inet_up_billed", Column::inet_up_billed},
    {"inet_down_billed", Column::inet_down_billed},
    {"dph_base", Column::dph_base},
    {"dph_total", Column::dph_total},
    {"storage_cost", Column::storage_cost},
    {"storage_total_cost", Column::storage_total_cost},
    {"credit_discount", Column::credit_discount},
    {"search", Column::search},
    {"instance", Column::instance},
    {"inet_up_cost", Column::inet_up_cost},
    {"inet_down_cost", Column::inet_down_cost},
    {"image_uuid", Column::image_uuid},
    {"image_runtype", Column::image_runtype},
    {"template_hash_id", Column::template_hash_id},
    {"verification", Column::verification},
    {"extra_env", Column::extra_env},
    {"onstart", Column::onstart},
}};

// Most keys of a full row are not ours: a comparison of lengths first is all that most cost.
constexpr bool shorter_or_less(const Entry& a, const Entry& b) {
    return a.first.size() != b.first.size() ? a.first.size() < b.first.size() : a.first < b.first;
}

constexpr auto sorted_entries() {
    auto sorted = entries;
    std::ranges::sort(sorted, shorter_or_less);
    return sorted;
}

constexpr auto by_length = sorted_entries();

std::string json_array(bool with_recipe) {
    std::string text = "[";
    for (const auto& [name, column] : entries) {
        if (!with_recipe && column >= Column::extra_env) {
            continue;
        }
        text += text.size() > 1 ? ",\"" : "\"";
        text += name;
        text += '"';
    }
    return text + "]";
}

}  // namespace

Column column_of(std::string_view name) {
    const Entry wanted{name, Column::none};
    const auto* found = std::ranges::lower_bound(by_length, wanted, shorter_or_less);
    return found != by_length.end() && found->first == name ? found->second : Column::none;
}

const std::string& sweep_columns() {
    static const std::string columns = json_array(false);
    return columns;
}

const std::string& verification_columns() {
    static const std::string columns = json_array(true);
    return columns;
}

std::vector<std::string_view> column_names() {
    std::vector<std::string_view> names;
    names.reserve(entries.size());
    for (const auto& [name, column] : entries) {
        names.push_back(name);
    }
    return names;
}

}  // namespace vastwatch::vast
