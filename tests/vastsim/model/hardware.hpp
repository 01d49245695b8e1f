// The graphics cards of the made-up market: what rows and offers say about each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace vastwatch::vastsim {

struct GpuModel {
    std::string_view name;
    std::int64_t memory_mb;
    std::int64_t compute_cap;
    double teraflops;         ///< of one card
    double dlperf;            ///< of one card
    double dph;               ///< a usual price of one card, $/h
    double memory_bandwidth;  ///< GB/s
    double nvlink;            ///< GB/s, 0 = none
};

/// All of them, by name.
std::span<const GpuModel> gpu_models();

/// The one of that name; a middling card for a name unknown to the market.
const GpuModel& gpu_model(std::string_view name);

}  // namespace vastwatch::vastsim
