#include "config/config.hpp"

#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace vastwatch::config {

std::string summarize_changes(const Config& old_config, const Config& new_config) {
    const auto& before = old_config.daemon;
    const auto& after = new_config.daemon;
    std::vector<std::string_view> changed;
    if (before.listen_host != after.listen_host || before.listen_port != after.listen_port) {
        changed.emplace_back("daemon.listen");
    }
    if (before.control_socket != after.control_socket) {
        changed.emplace_back("daemon.control_socket");
    }
    if (before.state_directory != after.state_directory) {
        changed.emplace_back("daemon.state_directory");
    }
    if (changed.empty()) {
        return {};
    }
    return fmt::format(
        "{} changed, which takes effect at the next restart", fmt::join(changed, ", "));
}

}  // namespace vastwatch::config
