#include "world/load.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace vastwatch::simulation {

std::shared_ptr<const config::Config> load_config(const Plan& plan, int variant) {
    const auto file = std::filesystem::temp_directory_path() /
                      fmt::format("vastwatch-simulation-{}.conf", ::getpid());
    std::ofstream{file} << config_text(plan, variant);
    config::Surroundings surroundings;
    surroundings.environment = [](const std::string& name) {
        return name.starts_with("KEY_") ? std::optional{"key-of-" + name.substr(4)} : std::nullopt;
    };
    auto loaded = config::load(file, surroundings);
    std::filesystem::remove(file);
    if (const auto* mistakes = std::get_if<config::Mistakes>(&loaded)) {
        for (const auto& mistake : mistakes->list) {
            fmt::print(stderr, "{}\n", mistake.to_string());
        }
        VW_ASSERT(false);
    }
    return std::get<std::shared_ptr<const config::Config>>(loaded);
}

}  // namespace vastwatch::simulation
