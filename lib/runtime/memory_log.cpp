#include "runtime/memory_log.hpp"

#include <algorithm>
#include <utility>

namespace vastwatch::runtime {

std::optional<std::string> LogEntry::value(std::string_view key) const {
    const auto found = std::ranges::find(fields, key, &Field::key);
    if (found == fields.end()) {
        return std::nullopt;
    }
    return found->value;
}

void MemoryLog::write(
    Level level,
    std::string_view event,
    std::string message,
    std::vector<Field> fields) {
    entries_.push_back(LogEntry{level, std::string{event}, std::move(message), std::move(fields)});
}

std::size_t MemoryLog::count(std::string_view event) const {
    return static_cast<std::size_t>(std::ranges::count(entries_, event, &LogEntry::event));
}

const LogEntry* MemoryLog::last(std::string_view event) const {
    const LogEntry* found = nullptr;
    for (const auto& entry : entries_) {
        if (entry.event == event) {
            found = &entry;
        }
    }
    return found;
}

}  // namespace vastwatch::runtime
