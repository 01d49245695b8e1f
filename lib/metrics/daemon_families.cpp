// What the daemon says of itself.
#include "metrics/families.hpp"

#include <boost/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vastwatch::metrics {
namespace {

std::size_t pauses(const Source& source) {
    return source.view->health.pause ? 1 : 0;
}

std::string compiler() {
#if defined(__clang__)
    return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

void build_info(std::string& out, std::string_view name, const Source& source, std::size_t) {
    const auto& given = source.view->health.version;
    const auto version = escape_label(given.empty() ? std::string_view{VASTWATCH_VERSION} : given);
    const auto boost = fmt::format(
        "{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
    append_sample(
        out, name, {{"version", version}, {"boost", boost}, {"compiler", compiler()}}, "1");
}

/// A figure of the daemon without labels.
template <auto get>
void scalar(std::string& out, std::string_view name, const Source& source, std::size_t) {
    append_sample(out, name, {}, get(*source.view));
}

std::string snapshot_time(const engine::View& view) {
    return decimal_instant(view.at);
}

std::string_view ready(const engine::View& view) {
    return flag(view.health.ready);
}

std::string_view dry_run(const engine::View& view) {
    return flag(!view.health.enforce);
}

std::string_view paused(const engine::View& view) {
    return flag(view.health.pause.has_value());
}

std::string_view state_writable(const engine::View& view) {
    return flag(view.health.store_writable);
}

std::size_t state_files(const Source&) {
    return 2;
}

void state_damaged(std::string& out, std::string_view name, const Source& source, std::size_t i) {
    const auto& health = source.view->health;
    const auto& damage = i == 0 ? health.database_set_aside : health.audit_problem;
    const std::string_view file = i == 0 ? "database" : "audit_log";
    append_sample(out, name, {{"file", file}}, flag(!damage.empty()));
}

std::string_view reload_successful(const engine::View& view) {
    return flag(view.health.config_reload_successful);
}

void pause_start(std::string& out, std::string_view name, const Source& source, std::size_t) {
    append_sample(out, name, {}, decimal_instant(source.view->health.pause->since));
}

std::string open_holds(const engine::View& view) {
    return std::to_string(view.holds.size());
}

std::string protections(const engine::View& view) {
    return std::to_string(view.protections.size());
}

std::string open_actions(const engine::View& view) {
    const auto open =
        std::count_if(view.cases.begin(), view.cases.end(), [](const enforcement::Case& action) {
            return !enforcement::is_end(action.step);
        });
    return std::to_string(open);
}

constexpr std::array families{
    Family{
        "vastwatch_build_info",
        gauge,
        "Always 1; what this daemon was built from.",
        one,
        build_info},
    Family{
        "vastwatch_snapshot_timestamp_seconds",
        gauge,
        "The moment all figures of this scrape are for, in Unix seconds.",
        one,
        scalar<snapshot_time>},
    Family{
        "vastwatch_ready",
        gauge,
        "1 when every account was listed, none is stale, and the state can be written.",
        one,
        scalar<ready>},
    Family{
        "vastwatch_dry_run",
        gauge,
        "1 when the configuration says dry-run: nothing is acted upon.",
        one,
        scalar<dry_run>},
    Family{
        "vastwatch_enforcement_paused",
        gauge,
        "1 while an operator has suspended all actions.",
        one,
        scalar<paused>},
    Family{
        "vastwatch_enforcement_pause_start_timestamp_seconds",
        gauge,
        "When the pause in force began; absent without one.",
        pauses,
        pause_start},
    Family{
        "vastwatch_state_writable",
        gauge,
        "1 when the state directory can be written; without it nothing destructive is done.",
        one,
        scalar<state_writable>},
    Family{
        "vastwatch_state_damaged",
        gauge,
        "1 when that file of the state was found damaged as this process started: a database that "
        "was set aside, an audit log that does not chain.",
        state_files,
        state_damaged},
    Family{
        "vastwatch_config_last_reload_successful",
        gauge,
        "1 when the latest reload of the configuration took effect.",
        one,
        scalar<reload_successful>},
    Family{
        "vastwatch_holds",
        gauge,
        "Mass actions that wait for an operator's decision.",
        one,
        scalar<open_holds>},
    Family{
        "vastwatch_protections",
        gauge,
        "Instances that an operator has exempted from every rule.",
        one,
        scalar<protections>},
    Family{
        "vastwatch_open_actions",
        gauge,
        "Actions that are decided upon, waiting or under way.",
        one,
        scalar<open_actions>},
};

}  // namespace

std::span<const Family> daemon_families() {
    return families;
}

}  // namespace vastwatch::metrics
