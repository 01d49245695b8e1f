#include "runtime/log.hpp"

#include <array>
#include <utility>

namespace vastwatch::runtime {

namespace {

constexpr std::array<std::pair<Level, std::string_view>, 5> level_names = {{
    {Level::debug, "debug"},
    {Level::info, "info"},
    {Level::notice, "notice"},
    {Level::warning, "warning"},
    {Level::error, "error"},
}};

}  // namespace

std::string_view to_string(Level level) {
    for (const auto& [value, name] : level_names) {
        if (value == level) {
            return name;
        }
    }
    return "error";
}

std::optional<Level> parse_level(std::string_view text) {
    for (const auto& [value, name] : level_names) {
        if (name == text) {
            return value;
        }
    }
    return std::nullopt;
}

Field field(std::string_view key, std::string_view value) {
    return Field{std::string{key}, std::string{value}};
}

Field field(std::string_view key, std::int64_t value) {
    return Field{std::string{key}, std::to_string(value)};
}

void Log::debug(std::string_view event, std::string message, std::vector<Field> fields) {
    write(Level::debug, event, std::move(message), std::move(fields));
}

void Log::info(std::string_view event, std::string message, std::vector<Field> fields) {
    write(Level::info, event, std::move(message), std::move(fields));
}

void Log::notice(std::string_view event, std::string message, std::vector<Field> fields) {
    write(Level::notice, event, std::move(message), std::move(fields));
}

void Log::warning(std::string_view event, std::string message, std::vector<Field> fields) {
    write(Level::warning, event, std::move(message), std::move(fields));
}

void Log::error(std::string_view event, std::string message, std::vector<Field> fields) {
    write(Level::error, event, std::move(message), std::move(fields));
}

}  // namespace vastwatch::runtime
