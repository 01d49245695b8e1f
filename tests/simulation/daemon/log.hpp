// The process's log: counted, told to the observer, and its latest lines kept.
#pragma once

#include "daemon/observer.hpp"
#include "runtime/log.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>

namespace vastwatch::simulation {

class BoundedLog final : public runtime::Log {
  public:
    BoundedLog(Observer& observer, std::function<Instant()> now)
        : observer_(observer), now_(std::move(now)) {}

    void write(
        runtime::Level level,
        std::string_view event,
        std::string message,
        std::vector<runtime::Field> fields) override;

    void set_level(runtime::Level level) { level_ = level; }

    /// Lines so far, and those of each event.
    std::uint64_t lines() const { return lines_; }

    const std::map<std::string, std::uint64_t, std::less<>>& events() const { return events_; }

    std::uint64_t count(std::string_view event) const {
        const auto found = events_.find(event);
        return found == events_.end() ? 0 : found->second;
    }

    /// "2026-11-21T19:04:05.000Z warning event: message", oldest first, at most two hundred.
    const std::deque<std::string>& latest() const { return latest_; }

  private:
    Observer& observer_;
    std::function<Instant()> now_;
    runtime::Level level_ = runtime::Level::info;
    std::uint64_t lines_ = 0;
    std::map<std::string, std::uint64_t, std::less<>> events_;
    std::deque<std::string> latest_;
};

}  // namespace vastwatch::simulation
