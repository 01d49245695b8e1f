#include "model/rows.hpp"

#include "model/hardware.hpp"
#include "model/noise.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;
using json::value;

constexpr double hours_per_month = 720;

// What several columns are made of.
struct Source {
    Source(const Account& of, const Instance& shown)
        : account(of),
          instance(shown),
          spec(shown.spec),
          model(gpu_model(shown.spec.gpu_name)),
          gpus(static_cast<double>(shown.spec.num_gpus)),
          disk_hour(shown.spec.storage_cost * shown.spec.disk_space / hours_per_month),
          dph_total(shown.spec.dph_base + disk_hour),
          machine(
              shown.spec.machine_id != 0 ? shown.spec.machine_id : 20000 + shown.spec.id % 30011) {}

    const Account& account;
    const Instance& instance;
    const InstanceSpec& spec;
    const GpuModel& model;
    double gpus;
    double disk_hour;
    double dph_total;
    std::int64_t machine;
};

template <class T>
value or_null(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : value(nullptr);
}

value number_or_null(double number) {
    return number > 0 ? value(number) : value(nullptr);
}

double in_seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

void add_state(json::object& row, const Source& source) {
    const Instance& instance = source.instance;
    const InstanceSpec& spec = source.spec;
    json::array env;
    for (const auto& [name, text] : spec.env) {
        env.push_back(json::array{value(name), value(text)});
    }
    row["id"] = spec.id;
    row["actual_status"] = or_null(instance.condition.actual);
    row["cur_state"] = instance.condition.current;
    row["next_state"] = instance.condition.next;
    row["intended_status"] = instance.condition.intended;
    row["label"] = or_null(spec.label);
    row["template_id"] = nullptr;
    row["template_hash_id"] = nullptr;
    row["template_name"] = nullptr;
    row["image_uuid"] = spec.image;
    row["image_args"] = json::array{};
    row["image_runtype"] = spec.runtype;
    row["extra_env"] = std::move(env);
    row["onstart"] = nullptr;
    row["jupyter_token"] = hex_token(source.account.seed(), static_cast<std::uint64_t>(spec.id));
    row["status_msg"] = or_null(instance.status_msg);
}

value ports_of(const Source& source) {
    if (!source.instance.running_since) {
        return nullptr;
    }
    const std::string port = std::to_string(40000 + source.spec.id % 20000);
    json::array bindings;
    for (const char* address : {"0.0.0.0", "::"}) {
        bindings.push_back(json::object{{"HostIp", address}, {"HostPort", port}});
    }
    return json::object{{"22/tcp", std::move(bindings)}};
}

void add_place(json::object& row, const Source& source) {
    const std::int64_t machine = source.machine;
    const std::int64_t id = source.spec.id;
    const bool bare = machine % 5 == 0;
    row["public_ipaddr"] =
        fmt::format("198.51.{}.{}{}", machine / 200 % 200, 1 + machine % 250, bare ? "\n" : "");
    row["local_ipaddrs"] = "10.10.4.21 172.17.0.1 \n";
    row["ssh_host"] = fmt::format("ssh{}.vast.ai", id % 9);
    row["ssh_idx"] = std::to_string(id % 9);
    row["ssh_port"] = 10000 + id % 50000;
    row["machine_dir_ssh_port"] = machine;
    row["machine_id"] = machine;
    row["bundle_id"] = 1'400'000'000 + id % 10'000'000;
    row["host_id"] = 60000 + machine % 9973;
    row["hosting_type"] = machine % 2;
    row["static_ip"] = true;
    row["geolocation"] = bare ? ", US" : "Quebec, CA";
    row["country_code"] = bare ? value(nullptr) : value("CA");
    row["verification"] = source.spec.verification;
    row["external"] = false;
    row["direct_port_count"] = 199;
    row["direct_port_start"] = -1;
    row["direct_port_end"] = -1;
    row["ports"] = ports_of(source);
    row["logo"] = "/static/logos/vastai_small2.png";
    row["webpage"] = nullptr;
}

void add_time(json::object& row, const Source& source) {
    const Instance& instance = source.instance;
    const Instant now = source.account.now();
    row["start_date"] = to_unix_seconds(instance.start_date);
    row["end_date"] = nullptr;
    row["duration"] = nullptr;
    if (instance.end_date) {
        row["end_date"] = to_unix_seconds(*instance.end_date);
        row["duration"] = in_seconds(*instance.end_date - now);
    }
    row["uptime_mins"] = nullptr;
    if (instance.running_since) {
        row["uptime_mins"] = in_seconds(now - *instance.running_since) / 60;
    }
    row["time_remaining"] = "";
    row["time_remaining_isbid"] = "";
    row["client_run_time"] = 1.1;
    row["host_run_time"] = 2592000.0;
}

void add_hardware(json::object& row, const Source& source) {
    const GpuModel& model = source.model;
    const double share = std::min(1.0, source.gpus / 8);
    row["cpu_arch"] = "amd64";
    row["cpu_cores"] = 128;
    row["cpu_cores_effective"] = 128 * share;
    row["cpu_name"] = "AMD EPYC 7543 32-Core Processor";
    row["cpu_ram"] = 515481;
    row["gpu_name"] = source.spec.gpu_name;
    row["gpu_arch"] = "nvidia";
    row["num_gpus"] = source.spec.num_gpus;
    row["gpu_ram"] = model.memory_mb;
    row["gpu_totalram"] = model.memory_mb * source.spec.num_gpus;
    row["gpu_frac"] = share;
    row["gpu_lanes"] = 16;
    row["gpu_mem_bw"] = model.memory_bandwidth;
    row["gpu_display_active"] = false;
    row["bw_nvlink"] = model.nvlink;
    row["compute_cap"] = model.compute_cap;
    row["cuda_max_good"] = 12.8;
    row["driver_version"] = "570.133.20";
    row["has_avx"] = 1;
    row["os_version"] = "22.04";
    row["mobo_name"] = "ROMED8-2T";
    row["pci_gen"] = 4.0;
    row["pcie_bw"] = 24.9;
    row["disk_name"] = "SAMSUNG MZQL23T8HCLS";
    row["disk_bw"] = 4211.7;
    row["inet_up"] = 812.4;
    row["inet_down"] = 903.7;
    row["dlperf"] = model.dlperf * source.gpus;
    row["total_flops"] = model.teraflops * source.gpus;
    row["dlperf_per_dphtotal"] = model.dlperf * source.gpus / std::max(source.dph_total, 1e-9);
    row["flops_per_dphtotal"] = model.teraflops * source.gpus / std::max(source.dph_total, 1e-9);
    row["score"] = nullptr;
    row["reliability2"] = 0.9981423;
}

void add_load(json::object& row, const Source& source) {
    Sample sample = sample_of(source.instance, source.account.now(), source.account.seed());
    const bool seen = source.instance.reporting.has_value();
    row["cpu_util"] = std::move(sample.cpu_util);
    row["mem_limit"] = std::move(sample.mem_limit);
    row["mem_usage"] = std::move(sample.mem_usage);
    row["vmem_usage"] = std::move(sample.vmem_usage);
    row["gpu_util"] = std::move(sample.gpu_util);
    row["gpu_temp"] = std::move(sample.gpu_temp);
    row["disk_space"] = source.spec.disk_space;
    row["disk_util"] = seen ? value(0.35) : value(-1);
    row["disk_usage"] = seen ? value(source.spec.disk_space * 0.35) : value(-1);
    row["inet_up_billed"] = std::move(sample.inet_up_billed);
    row["inet_down_billed"] = std::move(sample.inet_down_billed);
}

// The five figures of API section 2.7. `discount_all` is how the object `instance` has it; in
// `search` only the disk is less.
value price_figures(const Source& source, bool gpu_billed, bool discount_all) {
    const double gpu = gpu_billed ? source.spec.dph_base : 0;
    const double paid = 1 - source.spec.credit_discount.value_or(0);
    const double sum = gpu + source.disk_hour;
    const double discounted = discount_all ? sum * paid : gpu + source.disk_hour * paid;
    return json::object{
        {"gpuCostPerHour", gpu_billed ? value(gpu) : value(0)},
        {"diskHour", discount_all ? source.disk_hour * paid : source.disk_hour},
        {"totalHour", sum},
        {"discountTotalHour", 0},
        {"discountedTotalPerHour", discounted}};
}

void add_money(json::object& row, const Source& source) {
    const InstanceSpec& spec = source.spec;
    const Instance& instance = source.instance;
    const auto memory = static_cast<double>(source.model.memory_mb) * source.gpus;
    row["inet_up_cost"] = spec.inet_up_cost;
    row["inet_down_cost"] = spec.inet_down_cost;
    row["internet_up_cost_per_tb"] = spec.inet_up_cost * 1024;
    row["internet_down_cost_per_tb"] = spec.inet_down_cost * 1024;
    row["rentable"] = true;
    row["min_bid"] = spec.min_bid;
    row["is_bid"] = spec.is_bid;
    row["dph_base"] = spec.dph_base;
    row["dph_total"] = source.dph_total;
    row["search"] = price_figures(source, true, false);
    row["instance"] = price_figures(source, gpu_bills(instance.condition), true);
    row["storage_cost"] = spec.storage_cost;
    row["storage_total_cost"] = source.disk_hour;
    row["vram_costperhour"] = source.dph_total / memory;
    row["credit_balance"] = number_or_null(to_double(instance.deposit));
    row["credit_discount"] = or_null(spec.credit_discount);
    row["credit_discount_max"] = 0.4;
}

value volumes_of(const Source& source) {
    json::array attached;
    for (const auto& [id, volume] : source.account.volumes()) {
        if (!volume.gone_at && volume.attached.contains(source.spec.id)) {
            attached.push_back(json::object{
                {"id", id},
                {"total_space", volume.spec.size},
                {"avail_space", volume.spec.size * 0.75}});
        }
    }
    return attached;
}

using Reader = value (*)(const Instance&);

constexpr std::array<std::pair<std::string_view, Reader>, 15> searchable{{
    {"id", [](const Instance& i) { return value(i.id()); }},
    {"label", [](const Instance& i) { return or_null(i.spec.label); }},
    {"actual_status", [](const Instance& i) { return or_null(i.condition.actual); }},
    {"intended_status", [](const Instance& i) { return value(i.condition.intended); }},
    {"cur_state", [](const Instance& i) { return value(i.condition.current); }},
    {"next_state", [](const Instance& i) { return value(i.condition.next); }},
    {"gpu_name", [](const Instance& i) { return value(i.spec.gpu_name); }},
    {"verification", [](const Instance& i) { return value(i.spec.verification); }},
    {"machine_id",
     [](const Instance& i) {
         return value(i.spec.machine_id != 0 ? i.spec.machine_id : 20000 + i.spec.id % 30011);
     }},
    {"start_date", [](const Instance& i) { return value(to_unix_seconds(i.start_date)); }},
    {"end_date",
     [](const Instance& i) {
         return i.end_date ? value(to_unix_seconds(*i.end_date)) : value(nullptr);
     }},
    {"is_bid", [](const Instance& i) { return value(i.spec.is_bid); }},
    {"image_uuid", [](const Instance& i) { return value(i.spec.image); }},
    {"disk_space", [](const Instance& i) { return value(i.spec.disk_space); }},
    {"template_id", [](const Instance&) { return value(nullptr); }},
}};

}  // namespace

json::object full_row(const Account& account, const Instance& instance) {
    const Source source(account, instance);
    json::object row;
    row.reserve(112);
    add_state(row, source);
    add_place(row, source);
    add_time(row, source);
    add_hardware(row, source);
    add_load(row, source);
    add_money(row, source);
    row["volume_info"] = volumes_of(source);
    for (const auto& column : instance.spec.columns) {
        row[column.key()] = column.value();
    }
    return row;
}

bool is_searchable(std::string_view column) {
    return std::ranges::any_of(
        searchable, [column](const auto& entry) { return entry.first == column; });
}

value search_value(const Instance& instance, std::string_view column) {
    const auto* found = std::ranges::find_if(
        searchable, [column](const auto& entry) { return entry.first == column; });
    return found == searchable.end() ? value(nullptr) : found->second(instance);
}

json::object volume_row(const Volume& volume) {
    json::array users;
    for (const auto& [instance, until] : volume.attached) {
        if (!until) {
            users.push_back(value(instance));
        }
    }
    json::object row;
    row["id"] = volume.spec.id;
    row["label"] = volume.spec.label;
    row["disk_space"] = volume.spec.size;
    row["status"] = "active";
    row["machine_id"] = 20000 + volume.spec.id % 30011;
    row["host_id"] = 60000 + volume.spec.id % 9973;
    row["cluster_id"] = nullptr;
    row["disk_name"] = "SAMSUNG MZQL23T8HCLS";
    row["driver_version"] = "570.133.20";
    row["inet_up"] = 812.4;
    row["inet_down"] = 903.7;
    row["reliability2"] = 0.9981423;
    row["start_date"] = to_unix_seconds(volume.start_date);
    row["end_date"] = nullptr;
    row["verification"] = "verified";
    row["geolocation"] = "Quebec, CA";
    row["instances"] = std::move(users);
    return row;
}

json::object increase_row(const Instance& instance) {
    constexpr double seconds_per_hour = 3600;
    const InstanceSpec& spec = instance.spec;
    const double disk = spec.storage_cost * spec.disk_space / hours_per_month / seconds_per_hour;
    const auto end =
        instance.end_date ? value(to_unix_seconds(*instance.end_date)) : value(nullptr);
    json::object row;
    row["pending_price_increase_id"] = instance.pending->id;
    row["contract_id"] = spec.id;
    row["host_id"] = 60000 + spec.id % 9973;
    row["new_gpu_costpersec"] = instance.pending->dph_base / seconds_per_hour;
    row["new_disk_ram_costpersec"] = disk;
    row["old_gpu_costpersec"] = spec.dph_base / seconds_per_hour;
    row["old_disk_ram_costpersec"] = disk;
    for (const char* prefix : {"new_", "old_"}) {
        for (const char* name : {"bwu_cost", "bwd_cost", "platform_fee"}) {
            row[std::string{prefix} + name] = nullptr;
        }
    }
    row["contract_end_date"] = end;
    row["ask_end_date"] = end;
    row["created_at"] = to_unix_seconds(instance.pending->created_at);
    return row;
}

}  // namespace vastwatch::vastsim
