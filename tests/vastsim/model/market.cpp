#include "model/market.hpp"

#include "model/filter.hpp"
#include "model/hardware.hpp"
#include "model/noise.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;
using json::value;

constexpr std::size_t most_offers = 64;
constexpr double hours_per_month = 720;
constexpr double default_storage = 8;

struct Place {
    const char* text;
    const char* country;
};

// NOLINTBEGIN(modernize-use-designated-initializers): a table reads better without names.
constexpr std::array<Place, 6> places{{
    {"Quebec, CA", "CA"},
    {", US", "US"},
    {"Switzerland, CH", "CH"},
    {"Sweden, SE", "SE"},
    {"California, US", "US"},
    {"Japan, JP", "JP"},
}};

// NOLINTEND(modernize-use-designated-initializers)

Offer make_offer(std::int64_t id, Instant begin, Random& random) {
    const auto models = gpu_models();
    const GpuModel& model = models[random.below(models.size())];
    constexpr std::array<std::int64_t, 6> sizes{1, 1, 1, 2, 4, 8};
    Offer offer;
    offer.id = id;
    offer.machine_id = 40000 + static_cast<std::int64_t>(random.below(20000));
    offer.gpu_name = model.name;
    offer.num_gpus = sizes[random.below(sizes.size())];
    const double price =
        model.dph * random.between(0.85, 1.4) * static_cast<double>(offer.num_gpus);
    offer.dph_base = std::round(price * 1000) / 1000;
    offer.min_bid = std::round(price * 600) / 1000;
    offer.storage_cost = random.chance(0.5) ? 0.15 : 0.2;
    offer.disk_space = std::round(random.between(200, 4000));
    offer.reliability = random.between(0.95, 0.9999);
    offer.verified = random.chance(0.85);
    const Place& place = places[random.below(places.size())];
    offer.geolocation = place.text;
    offer.country = place.country;
    offer.end_date = begin + std::chrono::hours{24 * (5 + static_cast<int>(random.below(60)))};
    return offer;
}

void add_hardware(json::object& row, const Offer& offer) {
    const GpuModel& model = gpu_model(offer.gpu_name);
    const auto gpus = static_cast<double>(offer.num_gpus);
    for (const char* name :
         {"bundled_results",
          "external",
          "hostname",
          "webpage",
          "cluster_id",
          "avail_vol_ask_id",
          "avail_vol_dph",
          "avail_vol_size",
          "nw_disk_min_bw",
          "nw_disk_max_bw",
          "nw_disk_avg_bw",
          "discount_rate"}) {
        row[name] = nullptr;
    }
    for (const char* name : {"gpu_display_active", "vms_enabled", "is_vm_deverified"}) {
        row[name] = false;
    }
    row["bw_nvlink"] = model.nvlink;
    row["compute_cap"] = model.compute_cap;
    row["cpu_arch"] = "amd64";
    row["cpu_cores"] = 128;
    row["cpu_cores_effective"] = 16 * gpus;
    row["cpu_ghz"] = 3.7;
    row["cpu_name"] = "AMD EPYC 7543 32-Core Processor";
    row["cpu_ram"] = 515481;
    row["credit_discount_max"] = 0.4;
    row["cuda_max_good"] = 13.0;
    row["direct_port_count"] = 199;
    row["disk_bw"] = 4211.7;
    row["disk_name"] = "SAMSUNG MZQL23T8HCLS";
    row["disk_space"] = offer.disk_space;
    row["driver_version"] = "580.95.05";
    row["driver_vers"] = 580095005;
    row["gpu_arch"] = "nvidia";
    row["gpu_frac"] = gpus / 8;
    row["gpu_lanes"] = 16;
    row["gpu_mem_bw"] = model.memory_bandwidth;
    row["gpu_name"] = offer.gpu_name;
    row["num_gpus"] = offer.num_gpus;
    row["gpu_ram"] = model.memory_mb;
    row["gpu_total_ram"] = model.memory_mb * offer.num_gpus;
    row["gpu_max_power"] = 450.0;
    row["gpu_max_temp"] = 90.0;
    row["gpu_ids"] = json::array{value(600000 + offer.machine_id)};
    row["has_avx"] = 1;
    row["inet_down"] = 812.9;
    row["inet_up"] = 702.1;
    row["mobo_name"] = "ROMED8-2T";
    row["os_version"] = "22.04";
    row["pci_gen"] = 4.0;
    row["pcie_bw"] = 24.9;
    row["total_flops"] = model.teraflops * gpus;
    row["dlperf"] = model.dlperf * gpus;
    row["resource_type"] = "gpu";
}

value prices(double gpu, double disk) {
    return json::object{
        {"gpuCostPerHour", gpu},
        {"diskHour", disk},
        {"totalHour", gpu + disk},
        {"discountTotalHour", 0},
        {"discountedTotalPerHour", gpu + disk}};
}

// `verified` is a filter only; `geolocation` is asked for by country; an offer's own id is not
// searchable under that name.
value search_column(const Offer& offer, const json::object& row, std::string_view column) {
    if (column == "verified") {
        return offer.verified;
    }
    if (column == "geolocation") {
        return value(offer.country);
    }
    if (column == "id") {
        return nullptr;
    }
    if (column == "external") {
        return false;
    }
    const value* found = row.if_contains(column);
    return found == nullptr ? value(nullptr) : *found;
}

json::object filters_of(const json::object& query) {
    json::object filters;
    for (const auto& entry : query) {
        if (entry.value().is_object()) {
            filters[entry.key()] = entry.value();
        }
    }
    return filters;
}

struct SortKey {
    std::string column;
    bool descending;
};

std::vector<SortKey> sort_keys(const value* order) {
    std::vector<SortKey> keys;
    if (order == nullptr || !order->is_array()) {
        return keys;
    }
    for (const value& key : order->get_array()) {
        if (key.is_array() && key.get_array().size() == 2 && key.get_array()[0].is_string()) {
            const std::string column{key.get_array()[0].get_string()};
            keys.push_back(SortKey{.column = column, .descending = key.get_array()[1] == "desc"});
        }
    }
    return keys;
}

void sort_rows(std::vector<json::object>& rows, const value* order) {
    const std::vector<SortKey> keys = sort_keys(order);
    const value nothing;
    std::ranges::sort(rows, [&](const json::object& a, const json::object& b) {
        for (const SortKey& key : keys) {
            const value* in_a = a.if_contains(key.column);
            const value* in_b = b.if_contains(key.column);
            const value& left = in_a == nullptr ? nothing : *in_a;
            const value& right = in_b == nullptr ? nothing : *in_b;
            if (sorts_before(left, right)) {
                return !key.descending;
            }
            if (sorts_before(right, left)) {
                return key.descending;
            }
        }
        return a.at("id").as_int64() < b.at("id").as_int64();
    });
}

}  // namespace

Market::Market(std::size_t offers, Instant begin, std::uint64_t seed) {
    Random random(seed ^ 0x6d61726b6574U);
    for (std::size_t i = 0; i < offers; ++i) {
        last_id_ += 1 + static_cast<std::int64_t>(random.below(5));
        offers_.push_back(make_offer(last_id_, begin, random));
    }
}

const Offer* Market::find(std::int64_t id) const {
    const auto found =
        std::ranges::find_if(offers_, [id](const Offer& offer) { return offer.id == id; });
    return found == offers_.end() ? nullptr : &*found;
}

void Market::take(std::int64_t id) {
    for (Offer& offer : offers_) {
        if (offer.id == id) {
            offer.id = ++last_id_;
        }
    }
}

json::object offer_row(const Offer& offer, double disk, bool bid, Instant now) {
    const double gpu = bid ? offer.min_bid : offer.dph_base;
    const double storage = offer.storage_cost * disk / hours_per_month;
    const double sum = gpu + storage;
    json::object row;
    row.reserve(100);
    row["id"] = offer.id;
    row["ask_contract_id"] = offer.id;
    row["bundle_id"] = 900'000'000 + offer.machine_id;
    row["machine_id"] = offer.machine_id;
    row["host_id"] = 60000 + offer.machine_id % 9973;
    row["hosting_type"] = offer.machine_id % 2;
    add_hardware(row, offer);
    row["dph_base"] = gpu;
    for (const char* name : {"dph_total", "dph_total_adj", "discounted_dph_total"}) {
        row[name] = sum;
    }
    row["discounted_hourly"] = 0.0;
    row["min_bid"] = offer.min_bid;
    row["is_bid"] = bid;
    row["storage_cost"] = offer.storage_cost;
    row["storage_total_cost"] = storage;
    row["inet_up_cost"] = offer.inet_up_cost;
    row["inet_down_cost"] = offer.inet_down_cost;
    row["internet_up_cost_per_tb"] = offer.inet_up_cost * 1024;
    row["internet_down_cost_per_tb"] = offer.inet_down_cost * 1024;
    row["search"] = prices(gpu, storage);
    row["instance"] = prices(0, storage);
    row["dlperf_per_dphtotal"] = row.at("dlperf").get_double() / sum;
    row["flops_per_dphtotal"] = row.at("total_flops").get_double() / sum;
    row["vram_costperhour"] = sum / static_cast<double>(row.at("gpu_total_ram").get_int64());
    row["duration"] = std::chrono::duration<double>(offer.end_date - now).count();
    row["end_date"] = to_unix_seconds(offer.end_date);
    row["start_date"] = nullptr;
    row["geolocation"] = offer.geolocation;
    row["geolocode"] = 21843;
    row["logo"] = "/static/logos/vastai_small2.png";
    row["public_ipaddr"] = "198.51.100.7";
    for (const char* name : {"reliability", "reliability2", "expected_reliability"}) {
        row[name] = offer.reliability;
    }
    row["reliability_mult"] = 0.97;
    row["rentable"] = true;
    row["rented"] = false;
    row["static_ip"] = true;
    row["score"] = row.at("dlperf_per_dphtotal").get_double() * offer.reliability;
    row["verification"] = offer.verified ? "verified" : "unverified";
    row["vericode"] = offer.verified ? 1 : 0;
    row["rn"] = 1;
    row["time_remaining"] = "";
    row["time_remaining_isbid"] = "";
    return row;
}

json::array Market::search(const json::object& query, Instant now) const {
    double disk = default_storage;
    if (const value* storage = query.if_contains("allocated_storage");
        storage != nullptr && storage->is_number()) {
        disk = storage->to_number<double>();
    }
    const value* type = query.if_contains("type");
    const bool bid = type != nullptr && *type == "bid";
    const json::object filters = filters_of(query);
    std::vector<json::object> rows;
    for (const Offer& offer : offers_) {
        json::object row = offer_row(offer, disk, bid, now);
        const auto read = [&](std::string_view column) {
            return search_column(offer, row, column);
        };
        if (passes(filters, read)) {
            rows.push_back(std::move(row));
        }
    }
    sort_rows(rows, query.if_contains("order"));
    std::size_t limit = most_offers;
    if (const value* asked = query.if_contains("limit");
        asked != nullptr && asked->is_int64() && asked->get_int64() > 0) {
        limit = std::min(limit, static_cast<std::size_t>(asked->get_int64()));
    }
    json::array found;
    for (std::size_t i = 0; i < rows.size() && i < limit; ++i) {
        found.push_back(std::move(rows[i]));
    }
    return found;
}

}  // namespace vastwatch::vastsim
