#include "model/hardware.hpp"

#include <algorithm>
#include <array>

namespace vastwatch::vastsim {
namespace {

// NOLINTBEGIN(modernize-use-designated-initializers): a table reads better without names.
constexpr std::array<GpuModel, 14> models{{
    {"A100 PCIE", 40960, 800, 19.5, 62.1, 0.80, 1320.5, 0},
    {"A100 SXM4", 81920, 800, 19.5, 78.4, 1.20, 1611.2, 270.3},
    {"H100 NVL", 95830, 900, 60.3, 96.2, 2.40, 3210.4, 290.1},
    {"H100 PCIE", 81559, 900, 51.2, 88.7, 2.00, 1710.9, 0},
    {"H100 SXM", 81559, 900, 66.9, 103.2, 2.24, 2611.3, 382.1},
    {"H200", 143771, 900, 66.9, 118.5, 2.80, 3820.6, 401.7},
    {"L40S", 46068, 890, 91.6, 61.3, 0.68, 811.4, 0},
    {"RTX 3090", 24576, 860, 35.6, 36.2, 0.18, 812.8, 0},
    {"RTX 4090", 24564, 890, 81.8, 98.1, 0.34, 862.5, 0},
    {"RTX 5090", 32607, 1200, 104.8, 141.0, 0.68, 1520.3, 0},
    {"RTX 6000Ada", 49140, 890, 91.1, 68.4, 0.72, 801.0, 0},
    {"RTX A5000", 24564, 860, 27.8, 24.0, 0.17, 651.7, 0},
    {"RTX A6000", 49140, 860, 38.7, 33.5, 0.42, 652.9, 0},
    {"Tesla V100", 32768, 700, 15.7, 21.9, 0.22, 741.1, 130.0},
}};

constexpr GpuModel unknown_model{"", 16384, 750, 20.0, 20.0, 0.25, 500.0, 0};
// NOLINTEND(modernize-use-designated-initializers)

}  // namespace

std::span<const GpuModel> gpu_models() {
    return models;
}

const GpuModel& gpu_model(std::string_view name) {
    const auto* found =
        std::ranges::find_if(models, [name](const GpuModel& model) { return model.name == name; });
    return found == models.end() ? unknown_model : *found;
}

}  // namespace vastwatch::vastsim
