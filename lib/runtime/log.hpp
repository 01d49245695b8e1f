// The log: an event name, a sentence for people, and fields for programs. Injected, never fetched.
// No secret can reach it: Secret has no conversion to text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::runtime {

/// syslog's levels, those that are used.
enum class Level { debug, info, notice, warning, error };

std::string_view to_string(Level level);

/// The reverse of to_string; nothing for any other text.
std::optional<Level> parse_level(std::string_view text);

/// A field of a log line: `key` lower_case ("account"); the journal gets it as VASTWATCH_ACCOUNT.
struct Field {
    std::string key;
    std::string value;
};

/// field("instances", 60), field("account", name.str()).
Field field(std::string_view key, std::string_view value);
Field field(std::string_view key, std::int64_t value);

class Log {
  public:
    Log() = default;
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    virtual ~Log() = default;

    /// `event` is a constant like "sweep_failed". Implementations escape control characters.
    virtual void
    write(Level level, std::string_view event, std::string message, std::vector<Field> fields) = 0;

    void debug(std::string_view event, std::string message, std::vector<Field> fields = {});
    void info(std::string_view event, std::string message, std::vector<Field> fields = {});
    void notice(std::string_view event, std::string message, std::vector<Field> fields = {});
    void warning(std::string_view event, std::string message, std::vector<Field> fields = {});
    void error(std::string_view event, std::string message, std::vector<Field> fields = {});
};

}  // namespace vastwatch::runtime
