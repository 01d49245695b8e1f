#include "config/draft.hpp"
#include "config/secrets.hpp"
#include "config/urls.hpp"

#include <fmt/format.h>

namespace vastwatch::config {
namespace {

LogLevel log_level_of(std::string_view word) {
    if (word == "debug") {
        return LogLevel::debug;
    }
    if (word == "notice") {
        return LogLevel::notice;
    }
    if (word == "warning") {
        return LogLevel::warning;
    }
    return word == "error" ? LogLevel::error : LogLevel::info;
}

/// $STATE_DIRECTORY, which systemd sets to one or more paths with colons between.
std::optional<std::string> state_directory_of(const Surroundings& surroundings) {
    auto value = surroundings.environment("STATE_DIRECTORY");
    if (!value || !value->starts_with('/')) {
        return std::nullopt;
    }
    return value->substr(0, value->find(':'));
}

void read_daemon(Draft& draft) {
    auto& daemon = draft.config.daemon;
    if (auto directory = state_directory_of(draft.surroundings)) {
        daemon.state_directory = std::move(*directory);
    }
    const auto section = draft.section("daemon");
    if (!section) {
        return;
    }
    ListenAddress listen;
    if (section->read("listen", listen)) {
        daemon.listen_host = listen.host;
        daemon.listen_port = listen.port;
    }
    section->read("control_socket", daemon.control_socket);
    section->read("state_directory", daemon.state_directory);
    if (section->read("timezone", daemon.timezone)) {
        draft.policy.calendar = Calendar::find(daemon.timezone).value_or(Calendar{});
    }
    std::string level;
    if (section->read("log_level", level)) {
        daemon.log_level = log_level_of(level);
    }
}

void read_enforcement(Draft& draft) {
    draft.enforcement = draft.section("enforcement");
    if (!draft.enforcement) {
        return;
    }
    auto& enforcement = draft.policy.enforcement;
    std::string mode;
    if (draft.enforcement->read("mode", mode)) {
        enforcement.enforce = mode == "enforce";
    }
    draft.enforcement->read("max_staleness", enforcement.max_staleness);
    draft.enforcement->read("max_actions_per_hour", enforcement.max_actions_per_hour);
    draft.enforcement->read("mass_idle_limit", enforcement.mass_idle_limit);
    draft.enforcement->read("mass_idle_minimum", enforcement.mass_idle_minimum);
}

void read_heartbeat(Draft& draft) {
    const auto section = draft.section("heartbeat");
    if (!section) {
        return;
    }
    Heartbeat heartbeat;
    auto url = read_secret(*section, "url", true, draft.surroundings);
    if (!url.value.empty() && url.key != "url") {
        if (const auto mistake = url_mistake(url.value.reveal(), "http", "https")) {
            section->mistake(url.key, "what is there is no URL: " + *mistake);
        }
    }
    heartbeat.url = std::move(url.value);
    heartbeat.url_source = std::move(url.source);
    section->read("interval", heartbeat.interval);
    draft.config.heartbeat = std::move(heartbeat);
}

/// The gateway does not exist yet: a table for it must not look as if it were in force. Its keys
/// are checked all the same.
void read_gateway(Draft& draft) {
    const auto section = draft.section("gateway");
    if (!section) {
        return;
    }
    draft.problems.add(
        section->place(""),
        "gateway",
        "this version does not serve the gateway; leave the table out");
    ListenAddress listen;
    section->read("listen", listen);
    std::string text;
    section->read("tls_certificate", text);
    section->read("tls_key", text);
    if (section->read("account", text)) {
        draft.check_reference(*section, "account", *section->node("account"), "account", text);
    }
}

}  // namespace

void read_basics(Draft& draft) {
    read_daemon(draft);
    read_enforcement(draft);
    read_heartbeat(draft);
    read_gateway(draft);
}

}  // namespace vastwatch::config
