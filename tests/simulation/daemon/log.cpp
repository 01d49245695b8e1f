#include "daemon/log.hpp"

#include <fmt/format.h>

#include <array>

namespace vastwatch::simulation {

std::string_view to_string(Turn turn) {
    constexpr std::array<std::string_view, 7> words{
        "started", "start_failed", "stopped", "fault", "killed", "power_cut", "stop_slow"};
    return words.at(static_cast<std::size_t>(turn));
}

void BoundedLog::write(
    runtime::Level level,
    std::string_view event,
    std::string message,
    std::vector<runtime::Field> /*fields*/) {
    constexpr std::size_t most = 200;
    if (level < level_) {
        return;
    }
    ++lines_;
    const auto found = events_.find(event);
    if (found == events_.end()) {
        events_.emplace(event, 1);
    } else {
        ++found->second;
    }
    const auto at = now_();
    observer_.on_log(at, level, event, message);
    latest_.push_back(fmt::format(
        "{} {} {}: {}", format_rfc3339_millis(at), runtime::to_string(level), event, message));
    if (latest_.size() > most) {
        latest_.pop_front();
    }
}

}  // namespace vastwatch::simulation
