// A log that keeps what it gets: for tests, in which the log is part of what is promised.
#pragma once

#include "runtime/log.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::runtime {

struct LogEntry {
    Level level = Level::info;
    std::string event;
    std::string message;
    std::vector<Field> fields;

    /// The value of that field; nothing when it has none.
    std::optional<std::string> value(std::string_view key) const;
};

class MemoryLog final : public Log {
  public:
    void write(Level level, std::string_view event, std::string message, std::vector<Field> fields)
        override;

    /// Everything, oldest first.
    const std::vector<LogEntry>& entries() const { return entries_; }

    /// How many entries of that event there are.
    std::size_t count(std::string_view event) const;

    /// The latest entry of that event, null when there is none; valid until the next write.
    const LogEntry* last(std::string_view event) const;

    void clear() { entries_.clear(); }

  private:
    std::vector<LogEntry> entries_;
};

}  // namespace vastwatch::runtime
