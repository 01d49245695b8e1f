#include "model/columns.hpp"

#include "model/hardware.hpp"
#include "model/noise.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;
using json::value;

using Row = const RowSource&;

constexpr double gigabytes_per_terabyte = 1024;

std::int64_t machine(Row row) {
    const InstanceSpec& spec = row.instance.spec;
    return spec.machine_id != 0 ? spec.machine_id : 20000 + spec.id % 30011;
}

double gpus(Row row) { return static_cast<double>(row.instance.spec.num_gpus); }

const GpuModel& model(Row row) { return gpu_model(row.instance.spec.gpu_name); }

template <class T>
value or_null(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : value(nullptr);
}

value seconds(const std::optional<Instant>& instant) {
    return instant ? value(to_unix_seconds(*instant)) : value(nullptr);
}

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

bool present(Row row) {
    return row.instance.condition.actual == "running" || row.instance.condition.actual == "frozen";
}

value environment(Row row) {
    json::array pairs;
    for (const auto& [name, text] : row.instance.spec.env) {
        pairs.push_back(json::array{name, text});
    }
    return pairs;
}

value ports(Row row) {
    if (!present(row)) {
        return nullptr;
    }
    const std::string port = std::to_string(40000 + row.instance.id() % 20000);
    json::array bindings;
    for (const char* address : {"0.0.0.0", "::"}) {
        bindings.push_back(json::object{{"HostIp", address}, {"HostPort", port}});
    }
    return json::object{{"22/tcp", std::move(bindings)}};
}

value volumes(Row row) {
    json::array attached;
    for (const auto& [id, volume] : row.account.volumes()) {
        if (!volume.gone_at && volume.attached.contains(row.instance.id())) {
            attached.push_back(json::object{
                {"id", id},
                {"total_space", volume.spec.size},
                {"avail_space", volume.spec.size * 0.75}});
        }
    }
    return attached;
}

// The five figures of API section 2.7, for a given state of the graphics cards.
value price_figures(Row row, bool gpu_billed, bool discount_all) {
    const double gpu = gpu_billed ? to_double(row.gpu) : 0;
    const double disk = to_double(row.disk);
    const double paid = 1 - row.instance.spec.credit_discount.value_or(0);
    const double discounted = discount_all ? (gpu + disk) * paid : gpu + disk * paid;
    return json::object{
        {"gpuCostPerHour", gpu_billed ? value(gpu) : value(0)},
        {"diskHour", discount_all ? disk * paid : disk},
        {"totalHour", gpu + disk},
        {"discountTotalHour", 0},
        {"discountedTotalPerHour", discounted}};
}

double dph_total(Row row) { return row.instance.spec.dph_base + to_double(row.disk); }

value uptime(Row row) {
    const auto& since = row.instance.running_since;
    return since ? value(in_seconds(row.account.now() - *since) / 60) : value(nullptr);
}

value time_left(Row row) {
    const auto& end = row.instance.end_date;
    return end ? value(in_seconds(*end - row.account.now())) : value(nullptr);
}

value disk_used(Row row, double of) {
    return row.instance.reporting ? value(of * 0.35) : value(-1);
}

constexpr std::array identity_columns{
    Column{"id", true, [](Row row) -> value { return row.instance.id(); }},
    Column{"actual_status", true, [](Row row) { return or_null(row.instance.condition.actual); }},
    Column{"cur_state", true, [](Row row) -> value { return value(row.instance.condition.current); }},
    Column{"next_state", true, [](Row row) -> value { return value(row.instance.condition.next); }},
    Column{
        "intended_status",
        true,
        [](Row row) -> value { return value(row.instance.condition.intended); }},
    Column{"label", true, [](Row row) { return or_null(row.instance.spec.label); }},
    Column{"template_id", true, [](Row) -> value { return nullptr; }},
    Column{"template_hash_id", true, [](Row) -> value { return nullptr; }},
    Column{"template_name", false, [](Row) -> value { return nullptr; }},
    Column{"image_uuid", true, [](Row row) -> value { return value(row.instance.spec.image); }},
    Column{"image_args", false, [](Row) -> value { return json::array{}; }},
    Column{
        "image_runtype", false, [](Row row) -> value { return value(row.instance.spec.runtype); }},
    Column{"extra_env", false, environment},
    Column{"onstart", false, [](Row) -> value { return nullptr; }},
    Column{
        "jupyter_token",
        false,
        [](Row row) -> value {
            return value(hex_token(row.account.seed(), static_cast<std::uint64_t>(row.instance.id())));
        }},
    Column{"status_msg", false, [](Row row) { return or_null(row.instance.status_msg); }},
    Column{
        "public_ipaddr",
        false,
        [](Row row) -> value {
            const std::int64_t host = machine(row);
            return value(fmt::format("198.51.{}.{}\n", host / 250 % 250, host % 250));
        }},
    Column{"local_ipaddrs", false, [](Row) -> value { return "10.10.4.21 172.17.0.1 \n"; }},
    Column{
        "ssh_host",
        false,
        [](Row row) -> value { return value(fmt::format("ssh{}.vast.ai", row.instance.id() % 9)); }},
    Column{
        "ssh_idx",
        false,
        [](Row row) -> value { return value(std::to_string(row.instance.id() % 9)); }},
    Column{"ssh_port", false, [](Row row) -> value { return 10000 + row.instance.id() % 50000; }},
    Column{"machine_dir_ssh_port", false, [](Row row) -> value { return machine(row); }},
    Column{"machine_id", true, machine_column},
};

}  // namespace

}  // namespace vastwatch::vastsim
