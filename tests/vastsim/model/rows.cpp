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

/// A row in the making: every column, or only those asked for, in a fixed order.
class Row {
  public:
    explicit Row(const ColumnChoice* choice) : choice_(choice) {
        made_.reserve(choice == nullptr ? 112 : choice->count());
    }

    /// `make()` gives the value, and is called only when it is wanted.
    template <class Make>
    void put(std::string_view column, Make make) {
        if (choice_ == nullptr || choice_->has(next_)) {
            made_.emplace(column, make());
        }
        ++next_;
    }

    json::object take() { return std::move(made_); }

  private:
    const ColumnChoice* choice_;
    std::size_t next_ = 0;
    json::object made_;
};

value env_of(const InstanceSpec& spec) {
    json::array env;
    for (const auto& [name, text] : spec.env) {
        env.push_back(json::array{value(name), value(text)});
    }
    return env;
}

void add_state(Row& row, const Source& source) {
    const Instance& instance = source.instance;
    const InstanceSpec& spec = source.spec;
    row.put("id", [&] { return value(spec.id); });
    row.put("actual_status", [&] { return or_null(instance.condition.actual); });
    row.put("cur_state", [&] { return value(instance.condition.current); });
    row.put("next_state", [&] { return value(instance.condition.next); });
    row.put("intended_status", [&] { return value(instance.condition.intended); });
    row.put("label", [&] { return or_null(spec.label); });
    row.put("template_id", [&] { return value(nullptr); });
    row.put("template_hash_id", [&] { return value(nullptr); });
    row.put("template_name", [&] { return value(nullptr); });
    row.put("image_uuid", [&] { return value(spec.image); });
    row.put("image_args", [&] { return value(json::array{}); });
    row.put("image_runtype", [&] { return value(spec.runtype); });
    row.put("extra_env", [&] { return env_of(spec); });
    row.put("onstart", [&] { return value(nullptr); });
    row.put("jupyter_token", [&] {
        return value(hex_token(source.account.seed(), static_cast<std::uint64_t>(spec.id)));
    });
    row.put("status_msg", [&] { return or_null(instance.status_msg); });
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

void add_place(Row& row, const Source& source) {
    const std::int64_t machine = source.machine;
    const std::int64_t id = source.spec.id;
    const bool bare = machine % 5 == 0;
    row.put("public_ipaddr", [&] {
        return value(fmt::format(
            "198.51.{}.{}{}", machine / 200 % 200, 1 + machine % 250, bare ? "\n" : ""));
    });
    row.put("local_ipaddrs", [&] { return value("10.10.4.21 172.17.0.1 \n"); });
    row.put("ssh_host", [&] { return value(fmt::format("ssh{}.vast.ai", id % 9)); });
    row.put("ssh_idx", [&] { return value(std::to_string(id % 9)); });
    row.put("ssh_port", [&] { return value(10000 + id % 50000); });
    row.put("machine_dir_ssh_port", [&] { return value(machine); });
    row.put("machine_id", [&] { return value(machine); });
    row.put("bundle_id", [&] { return value(1'400'000'000 + id % 10'000'000); });
    row.put("host_id", [&] { return value(60000 + machine % 9973); });
    row.put("hosting_type", [&] { return value(machine % 2); });
    row.put("static_ip", [&] { return value(true); });
    row.put("geolocation", [&] { return value(bare ? ", US" : "Quebec, CA"); });
    row.put("country_code", [&] { return bare ? value(nullptr) : value("CA"); });
    row.put("verification", [&] { return value(source.spec.verification); });
    row.put("external", [&] { return value(false); });
    row.put("direct_port_count", [&] { return value(199); });
    row.put("direct_port_start", [&] { return value(-1); });
    row.put("direct_port_end", [&] { return value(-1); });
    row.put("ports", [&] { return ports_of(source); });
    row.put("logo", [&] { return value("/static/logos/vastai_small2.png"); });
    row.put("webpage", [&] { return value(nullptr); });
}

void add_time(Row& row, const Source& source) {
    const Instance& instance = source.instance;
    const Instant now = source.account.now();
    const auto& end = instance.end_date;
    const auto& since = instance.running_since;
    row.put("start_date", [&] { return value(to_unix_seconds(instance.start_date)); });
    row.put("end_date", [&] { return end ? value(to_unix_seconds(*end)) : value(nullptr); });
    row.put("duration", [&] { return end ? value(in_seconds(*end - now)) : value(nullptr); });
    row.put("uptime_mins", [&] {
        return value(since ? value(in_seconds(now - *since) / 60) : value(nullptr));
    });
    row.put("time_remaining", [&] { return value(""); });
    row.put("time_remaining_isbid", [&] { return value(""); });
    row.put("client_run_time", [&] { return value(1.1); });
    row.put("host_run_time", [&] { return value(2592000.0); });
}

void add_hardware(Row& row, const Source& source) {
    const GpuModel& model = source.model;
    const double share = std::min(1.0, source.gpus / 8);
    row.put("cpu_arch", [&] { return value("amd64"); });
    row.put("cpu_cores", [&] { return value(128); });
    row.put("cpu_cores_effective", [&] { return value(128 * share); });
    row.put("cpu_name", [&] { return value("AMD EPYC 7543 32-Core Processor"); });
    row.put("cpu_ram", [&] { return value(515481); });
    row.put("gpu_name", [&] { return value(source.spec.gpu_name); });
    row.put("gpu_arch", [&] { return value("nvidia"); });
    row.put("num_gpus", [&] { return value(source.spec.num_gpus); });
    row.put("gpu_ram", [&] { return value(model.memory_mb); });
    row.put("gpu_totalram", [&] { return value(model.memory_mb * source.spec.num_gpus); });
    row.put("gpu_frac", [&] { return value(share); });
    row.put("gpu_lanes", [&] { return value(16); });
    row.put("gpu_mem_bw", [&] { return value(model.memory_bandwidth); });
    row.put("gpu_display_active", [&] { return value(false); });
    row.put("bw_nvlink", [&] { return value(model.nvlink); });
    row.put("compute_cap", [&] { return value(model.compute_cap); });
    row.put("cuda_max_good", [&] { return value(12.8); });
    row.put("driver_version", [&] { return value("570.133.20"); });
    row.put("has_avx", [&] { return value(1); });
    row.put("os_version", [&] { return value("22.04"); });
    row.put("mobo_name", [&] { return value("ROMED8-2T"); });
    row.put("pci_gen", [&] { return value(4.0); });
    row.put("pcie_bw", [&] { return value(24.9); });
    row.put("disk_name", [&] { return value("SAMSUNG MZQL23T8HCLS"); });
    row.put("disk_bw", [&] { return value(4211.7); });
    row.put("inet_up", [&] { return value(812.4); });
    row.put("inet_down", [&] { return value(903.7); });
    row.put("dlperf", [&] { return value(model.dlperf * source.gpus); });
    row.put("total_flops", [&] { return value(model.teraflops * source.gpus); });
    row.put("dlperf_per_dphtotal", [&] {
        return value(model.dlperf * source.gpus / std::max(source.dph_total, 1e-9));
    });
    row.put("flops_per_dphtotal", [&] {
        return value(model.teraflops * source.gpus / std::max(source.dph_total, 1e-9));
    });
    row.put("score", [&] { return value(nullptr); });
    row.put("reliability2", [&] { return value(0.9981423); });
}

void add_load(Row& row, const Source& source) {
    Sample sample = sample_of(source.instance, source.account.now(), source.account.seed());
    const bool seen = source.instance.reporting.has_value();
    row.put("cpu_util", [&] { return value(std::move(sample.cpu_util)); });
    row.put("mem_limit", [&] { return value(std::move(sample.mem_limit)); });
    row.put("mem_usage", [&] { return value(std::move(sample.mem_usage)); });
    row.put("vmem_usage", [&] { return value(std::move(sample.vmem_usage)); });
    row.put("gpu_util", [&] { return value(std::move(sample.gpu_util)); });
    row.put("gpu_temp", [&] { return value(std::move(sample.gpu_temp)); });
    row.put("disk_space", [&] { return value(source.spec.disk_space); });
    row.put("disk_util", [&] { return seen ? value(0.35) : value(-1); });
    row.put("disk_usage", [&] {
        return value(seen ? value(source.spec.disk_space * 0.35) : value(-1));
    });
    row.put("inet_up_billed", [&] { return value(std::move(sample.inet_up_billed)); });
    row.put("inet_down_billed", [&] { return value(std::move(sample.inet_down_billed)); });
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

void add_money(Row& row, const Source& source) {
    const InstanceSpec& spec = source.spec;
    const Instance& instance = source.instance;
    const auto memory = static_cast<double>(source.model.memory_mb) * source.gpus;
    row.put("inet_up_cost", [&] { return value(spec.inet_up_cost); });
    row.put("inet_down_cost", [&] { return value(spec.inet_down_cost); });
    row.put("internet_up_cost_per_tb", [&] { return value(spec.inet_up_cost * 1024); });
    row.put("internet_down_cost_per_tb", [&] { return value(spec.inet_down_cost * 1024); });
    row.put("rentable", [&] { return value(true); });
    row.put("min_bid", [&] { return value(spec.min_bid); });
    row.put("is_bid", [&] { return value(spec.is_bid); });
    row.put("dph_base", [&] { return value(spec.dph_base); });
    row.put("dph_total", [&] { return value(source.dph_total); });
    row.put("search", [&] { return price_figures(source, true, false); });
    row.put("instance", [&] {
        return value(price_figures(source, gpu_bills(instance.condition), true));
    });
    row.put("storage_cost", [&] { return value(spec.storage_cost); });
    row.put("storage_total_cost", [&] { return value(source.disk_hour); });
    row.put("vram_costperhour", [&] { return value(source.dph_total / memory); });
    row.put("credit_balance", [&] { return number_or_null(to_double(instance.deposit)); });
    row.put("credit_discount", [&] { return or_null(spec.credit_discount); });
    row.put("credit_discount_max", [&] { return value(0.4); });
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

json::object row_of(const Account& account, const Instance& instance, const ColumnChoice* choice) {
    const Source source(account, instance);
    Row row{choice};
    add_state(row, source);
    add_place(row, source);
    add_time(row, source);
    add_hardware(row, source);
    add_load(row, source);
    add_money(row, source);
    row.put("volume_info", [&] { return volumes_of(source); });
    json::object made = row.take();
    for (const auto& column : instance.spec.columns) {
        made[column.key()] = column.value();
    }
    return made;
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
    return row_of(account, instance, nullptr);
}

ColumnChoice::ColumnChoice(const Account& account, const std::vector<std::string>& columns) {
    static const std::vector<std::string> all = [&account] {
        Instance any;
        std::vector<std::string> names;
        for (const auto& column : row_of(account, any, nullptr)) {
            names.emplace_back(column.key());
        }
        return names;
    }();
    wanted_.reserve(all.size());
    for (const std::string& name : all) {
        wanted_.push_back(std::ranges::find(columns, name) != columns.end());
    }
    count_ = columns.size();
}

json::object
chosen_row(const Account& account, const Instance& instance, const ColumnChoice& choice) {
    return row_of(account, instance, &choice);
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
    // Of each GPU, and of each gigabyte.
    const auto gpus = static_cast<double>(std::max<std::int64_t>(spec.num_gpus, 1));
    const double disk = spec.storage_cost / hours_per_month / seconds_per_hour;
    const auto end =
        instance.end_date ? value(to_unix_seconds(*instance.end_date)) : value(nullptr);
    json::object row;
    row["pending_price_increase_id"] = instance.pending->id;
    row["contract_id"] = spec.id;
    row["host_id"] = 60000 + spec.id % 9973;
    row["new_gpu_costpersec"] = instance.pending->dph_base / gpus / seconds_per_hour;
    row["new_disk_ram_costpersec"] = disk;
    row["old_gpu_costpersec"] = spec.dph_base / gpus / seconds_per_hour;
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
