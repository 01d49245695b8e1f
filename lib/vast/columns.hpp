// The columns of an instance row that are asked for, and what each one is. One table serves the
// query, the decoder and the check against the service's own names, so they cannot differ.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::vast {

enum class Column {
    none,  // not one of ours
    id,
    label,
    gpu_name,
    num_gpus,
    machine_id,
    host_id,
    actual_status,
    intended_status,
    cur_state,
    next_state,
    status_msg,
    start_date,
    end_date,
    is_bid,
    disk_space,
    gpu_util,
    gpu_temp,
    cpu_util,
    mem_usage,
    inet_up_billed,
    inet_down_billed,
    dph_base,
    dph_total,
    storage_cost,
    storage_total_cost,
    credit_discount,
    search,
    instance,
    inet_up_cost,
    inet_down_cost,
    image_uuid,
    image_runtype,
    template_hash_id,
    verification,
    extra_env,  // from here on: verifications only
    onstart,
};

/// `Column::none` for a name that is not asked for.
Column column_of(std::string_view name);

/// The value of select_cols for a sweep: a JSON array of names.
const std::string& sweep_columns();

/// The same with what a Recipe needs besides.
const std::string& verification_columns();

/// All names that are ever asked for.
std::vector<std::string_view> column_names();

}  // namespace vastwatch::vast
