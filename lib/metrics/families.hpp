// The families of the exposition, a table for each kind of what they speak of. Internal to the
// module.
#pragma once

#include "metrics/exposition.hpp"
#include "metrics/text_format.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vastwatch::metrics {

using Source = Exposition::Source;

/// How many elements a family is written from, and how the series of one of them are appended. An
/// element may have none.
struct Family {
    std::string_view name;
    std::string_view type;
    std::string_view help;
    std::size_t (*count)(const Source&);
    void (*append)(std::string& out, std::string_view name, const Source&, std::size_t index);
};

constexpr std::string_view gauge = "gauge";
constexpr std::string_view counter = "counter";

constexpr std::string_view flag(bool value) {
    return value ? "1" : "0";
}

inline std::string decimal_instant(Instant instant) {
    return decimal_seconds(instant.time_since_epoch());
}

inline std::size_t one(const Source&) {
    return 1;
}

// --- Budgets, of accounts and teams alike; nothing where there is no such figure.

std::optional<std::string> window_spend(const engine::WindowView& window);
std::optional<std::string> window_cap(const engine::WindowView& window);
std::optional<std::string> window_projected(const engine::WindowView& window);
std::optional<std::string> window_crossing(const engine::WindowView& window);

template <auto get>
void append_windows(
    std::string& out,
    std::string_view name,
    std::span<const engine::WindowView> windows,
    Label owner) {
    for (const auto& window : windows) {
        if (const auto value = get(window)) {
            append_sample(out, name, {owner, {"window", policy::to_string(window.window)}}, *value);
        }
    }
}

// --- The tables.

std::span<const Family> daemon_families();
std::span<const Family> account_families();
std::span<const Family> team_families();
std::span<const Family> instance_families();

/// How many series one instance has.
std::size_t series_of(const engine::InstanceView& view);

}  // namespace vastwatch::metrics
