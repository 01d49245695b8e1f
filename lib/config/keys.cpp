#include "config/keys.hpp"

#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vastwatch::config {
namespace {

constexpr std::array section_table{
    SectionSpec{"daemon", "[daemon]", "The service itself"},
    SectionSpec{"enforcement", "[enforcement]", "Whether and how fast it acts"},
    SectionSpec{"account", "[account.NAME]", "One Vast.ai API key and what it can see"},
    SectionSpec{"defaults", "[defaults]", "What every team inherits unless it says otherwise"},
    SectionSpec{
        "team",
        "[team.NAME]",
        "A set of instances with budgets and rules; also any key of [defaults]"},
    SectionSpec{"alert", "[[alert]]", "Budget thresholds, each told once per window"},
    SectionSpec{"notifier", "[notifier.NAME]", "Whom alerts go to"},
    SectionSpec{"smtp", "[smtp]", "The mail server, needed by notifiers of type email"},
    SectionSpec{"heartbeat", "[heartbeat]", "Tells an outside dead-man service that all is well"},
    SectionSpec{
        "gateway",
        "[gateway]",
        "The proxy for teams; not served by this version, leave it out"},
};

// One array a section, so that a key is found where it stands in the file.
constexpr std::array daemon_keys{
    KeySpec{
        "daemon",
        "listen",
        Kind::listen,
        "",
        R"("127.0.0.1:9877")",
        "Address of metrics, health, status page and read-only API; port 0 takes a free one"},
    KeySpec{
        "daemon",
        "control_socket",
        Kind::path,
        "",
        R"("/run/vastwatch/control.sock")",
        "Unix socket of vastwatchctl"},
    KeySpec{
        "daemon",
        "state_directory",
        Kind::path,
        "",
        R"("/var/lib/vastwatch")",
        "Database and audit log; $STATE_DIRECTORY when that is set and this is not"},
    KeySpec{
        "daemon",
        "timezone",
        Kind::zone,
        "",
        R"("UTC")",
        "IANA name of the zone in which days and months begin"},
    KeySpec{
        "daemon",
        "log_level",
        Kind::choice,
        "debug|info|notice|warning|error",
        R"("info")",
        "Least level that is logged"},
};

constexpr std::array enforcement_keys{
    KeySpec{
        "enforcement",
        "mode",
        Kind::choice,
        "dry-run|enforce",
        R"("dry-run")",
        "enforce acts; dry-run decides, records and alerts, and acts on nothing"},
    KeySpec{
        "enforcement",
        "max_staleness",
        Kind::duration,
        "1s..1d",
        R"("5m")",
        "Nothing is destroyed or stopped on data older than this"},
    KeySpec{
        "enforcement",
        "max_actions_per_hour",
        Kind::count,
        "0..1000000",
        "60",
        "Across all accounts; 0 = no limit. Actions of caps are exempt"},
    KeySpec{
        "enforcement",
        "mass_idle_limit",
        Kind::percentage,
        "0..100",
        R"("50%")",
        "More than this share of an account due for idle reaping at once waits for approval"},
    KeySpec{
        "enforcement",
        "mass_idle_minimum",
        Kind::count,
        "1..1000000",
        "5",
        "Fewer instances than this never count as a mass"},
};

constexpr std::array account_keys{
    KeySpec{
        "account",
        "api_key_env",
        Kind::variable,
        "",
        "",
        "Environment variable that holds the API key (exactly one of the three api_key_*)"},
    KeySpec{
        "account",
        "api_key_file",
        Kind::secret_path,
        "",
        "",
        "File that holds the API key, not readable by everybody"},
    KeySpec{
        "account",
        "api_key_credential",
        Kind::credential,
        "",
        "",
        "systemd credential that holds the API key"},
    KeySpec{
        "account",
        "url",
        Kind::url,
        "",
        R"("https://console.vast.ai")",
        "Where the API is; http:// only on this machine"},
    KeySpec{
        "account",
        "poll_interval",
        Kind::duration,
        "100ms..1h",
        R"("60s")",
        "Time between two looks at the instances"},
    KeySpec{
        "account",
        "billing_interval",
        Kind::duration,
        "100ms..1d",
        R"("10m")",
        "Time between two looks at the charges"},
    KeySpec{
        "account",
        "request_timeout",
        Kind::duration,
        "100ms..10m",
        R"("30s")",
        "Longest time for one request"},
    KeySpec{
        "account",
        "request_interval",
        Kind::duration,
        "0s..10m",
        R"("1s")",
        "Least time between two requests to one endpoint; adapts on 429"},
    KeySpec{
        "account",
        "ca_file",
        Kind::path,
        "",
        "",
        "Certificates to trust besides the system's, for a private proxy"},
    KeySpec{
        "account",
        "team",
        Kind::name,
        "",
        "",
        "Every instance of this account belongs to this team"},
    KeySpec{
        "account",
        "daily_cap",
        Kind::money,
        "",
        "",
        "Dollars a day over everything in the account"},
    KeySpec{
        "account",
        "monthly_cap",
        Kind::money,
        "",
        "",
        "Dollars a month over everything in the account"},
    KeySpec{
        "account",
        "credit_runway",
        Kind::duration,
        "1m..365d",
        "",
        "Alert when credit lasts less than this at the present burn rate"},
    KeySpec{
        "account",
        "credit_below",
        Kind::money,
        "",
        "",
        "Alert when credit falls below this many dollars"},
};

constexpr std::array defaults_keys{
    KeySpec{
        "defaults",
        "idle_below",
        Kind::utilisation,
        "0..100",
        "5",
        "Percent of GPU utilisation below which a sample is idle"},
    KeySpec{
        "defaults",
        "idle_for",
        Kind::duration,
        "1s..365d",
        R"("2h")",
        "Idle for longer than this is a finding"},
    KeySpec{
        "defaults",
        "idle_action",
        Kind::choice,
        "destroy|stop|alert|off",
        R"("destroy")",
        "What happens to an idle instance"},
    KeySpec{
        "defaults",
        "idle_warning",
        Kind::duration,
        "0s..365d",
        R"("15m")",
        "Warn this long before acting on an idle instance; 0s = no warning"},
    KeySpec{
        "defaults",
        "idle_max_gap",
        Kind::duration,
        "1s..1d",
        R"("5m")",
        "Samples further apart than this, and than three sweeps, do not continue a period"},
    KeySpec{
        "defaults",
        "idle_coverage",
        Kind::percentage,
        "0.001..100",
        R"("80%")",
        "Least share of the period that known samples must account for"},
    KeySpec{
        "defaults",
        "idle_tolerance",
        Kind::percentage,
        "0..99.999",
        R"("0%")",
        "Share of the period that may be busy without ending it"},
    KeySpec{
        "defaults",
        "startup_grace",
        Kind::duration,
        "0s..30d",
        R"("15m")",
        "No idle finding this soon after an instance began to run"},
    KeySpec{
        "defaults",
        "warning_delivery",
        Kind::duration,
        "0s..30d",
        R"("2h")",
        "A destroy waits until the warning was delivered, at most this long"},
    KeySpec{
        "defaults",
        "cap_action",
        Kind::choice,
        "destroy|stop|alert",
        R"("destroy")",
        "What happens when daily_cap, monthly_cap or spending_limit is reached"},
    KeySpec{
        "defaults",
        "cap_warning",
        Kind::duration,
        "0s..30d",
        R"("30m")",
        "Tell the team this long before the predicted crossing of a cap"},
    KeySpec{
        "defaults",
        "cap_strategy",
        Kind::choice,
        "all|shed",
        R"("all")",
        "all acts on everything at the cap; shed takes the least missed before it"},
    KeySpec{
        "defaults",
        "violation_action",
        Kind::choice,
        "destroy|stop|alert",
        R"("alert")",
        "For gpu_types, max_dph, max_instances and interruptible_only"},
    KeySpec{
        "defaults",
        "stopped_for",
        Kind::duration,
        "1s..3650d",
        R"("7d")",
        "An instance stopped this long (its storage bills on) meets stopped_action"},
    KeySpec{
        "defaults",
        "stopped_action",
        Kind::choice,
        "destroy|alert|off",
        R"("alert")",
        "What happens to an instance that stays stopped"},
    KeySpec{
        "defaults",
        "loading_for",
        Kind::duration,
        "1s..365d",
        R"("2h")",
        "An instance that has not run this long after its creation meets loading_action"},
    KeySpec{
        "defaults",
        "loading_action",
        Kind::choice,
        "destroy|alert|off",
        R"("alert")",
        "What happens to an instance that never comes to run"},
    KeySpec{
        "defaults",
        "protect",
        Kind::globs,
        "",
        R"(["*-keep", "keep/*"])",
        "Labels exempt from the idle rule, not from caps"},
    KeySpec{
        "defaults",
        "protect_max",
        Kind::duration,
        "0s..3650d",
        R"("7d")",
        "Protection of one instance ends after this; 0s = no limit"},
    KeySpec{"defaults", "notify", Kind::names, "", "[]", "Notifiers that are told"},
};

constexpr std::array team_keys{
    KeySpec{
        "team",
        "labels",
        Kind::globs,
        "",
        "",
        "Labels of the team's instances; the first match in the order of the file wins"},
    KeySpec{
        "team",
        "gpu_types",
        Kind::globs,
        "",
        "",
        "GPUs that are allowed, without regard to case; without the key, any"},
    KeySpec{"team", "max_instances", Kind::count, "0..1000000", "", "Most instances at a time"},
    KeySpec{"team", "max_dph", Kind::money, "", "", "Most dollars per hour for one instance"},
    KeySpec{
        "team",
        "interruptible_only",
        Kind::flag,
        "",
        "false",
        "On-demand instances are a violation"},
    KeySpec{"team", "protected_ids", Kind::ids, "", "[]", "Instances that no rule touches"},
    KeySpec{"team", "daily_cap", Kind::money, "", "", "Dollars a day"},
    KeySpec{"team", "monthly_cap", Kind::money, "", "", "Dollars a month"},
    KeySpec{"team", "spending_limit", Kind::money, "", "", "Dollars in all, counted from `since`"},
    KeySpec{
        "team",
        "since",
        Kind::date,
        "",
        "",
        "Where spending_limit begins to count; without it, with the first charge known"},
};

constexpr std::array alert_keys{
    KeySpec{"alert", "team", Kind::name, "", "", "The team that is watched (or `account`)"},
    KeySpec{"alert", "account", Kind::name, "", "", "The account that is watched (or `team`)"},
    KeySpec{"alert", "window", Kind::choice, "day|month|lifetime", "", "Over which time"},
    KeySpec{
        "alert",
        "at",
        Kind::thresholds,
        "",
        "",
        "Shares of that window's cap, or amounts of dollars"},
    KeySpec{
        "alert",
        "forecast",
        Kind::flag,
        "",
        "false",
        "Also when the window's projected end crosses the cap, or the largest amount"},
    KeySpec{
        "alert",
        "notify",
        Kind::names,
        "",
        "",
        "Notifiers that are told; without it, those of the team or of [defaults]"},
};

constexpr std::array notifier_keys{
    KeySpec{"notifier", "type", Kind::choice, "email|webhook", "", "How it is reached"},
    KeySpec{"notifier", "to", Kind::addresses, "", "", "email: the recipients"},
    KeySpec{
        "notifier",
        "url",
        Kind::url,
        "",
        "",
        "webhook: where to post (exactly one of url, url_file, url_env, url_credential)"},
    KeySpec{
        "notifier",
        "url_file",
        Kind::secret_path,
        "",
        "",
        "webhook: file that holds the URL, where that is a secret"},
    KeySpec{
        "notifier",
        "url_env",
        Kind::variable,
        "",
        "",
        "webhook: environment variable that holds the URL"},
    KeySpec{
        "notifier",
        "url_credential",
        Kind::credential,
        "",
        "",
        "webhook: systemd credential that holds the URL"},
    KeySpec{
        "notifier",
        "format",
        Kind::choice,
        "vastwatch|slack|discord|teams|pagerduty|alertmanager",
        R"("vastwatch")",
        "webhook: whose payload is posted"},
    KeySpec{
        "notifier",
        "secret_file",
        Kind::secret_path,
        "",
        "",
        "webhook: file that holds the secret which signs the body, or PagerDuty's key"},
    KeySpec{
        "notifier",
        "secret_env",
        Kind::variable,
        "",
        "",
        "webhook: environment variable that holds that secret"},
    KeySpec{
        "notifier",
        "secret_credential",
        Kind::credential,
        "",
        "",
        "webhook: systemd credential that holds that secret"},
    KeySpec{
        "notifier",
        "minimum_severity",
        Kind::choice,
        "info|warning|critical",
        R"("info")",
        "Alerts below this are not sent here"},
};

constexpr std::array smtp_keys{
    KeySpec{
        "smtp",
        "server",
        Kind::smtp_url,
        "",
        "",
        "smtp://host:port, or smtps://host:port for TLS from the first byte"},
    KeySpec{
        "smtp",
        "starttls",
        Kind::choice,
        "required|opportunistic|off",
        R"("required")",
        "Encryption of an smtp:// connection"},
    KeySpec{"smtp", "username", Kind::text, "", "", "With one of the three password_*"},
    KeySpec{"smtp", "password_file", Kind::secret_path, "", "", "File that holds the password"},
    KeySpec{
        "smtp",
        "password_env",
        Kind::variable,
        "",
        "",
        "Environment variable that holds the password"},
    KeySpec{
        "smtp",
        "password_credential",
        Kind::credential,
        "",
        "",
        "systemd credential that holds the password"},
    KeySpec{"smtp", "from", Kind::address, "", "", "Sender of the mails"},
    KeySpec{
        "smtp",
        "ca_file",
        Kind::path,
        "",
        "",
        "Certificates to trust besides the system's, for a private mail server"},
};

constexpr std::array heartbeat_keys{
    KeySpec{
        "heartbeat",
        "url",
        Kind::url,
        "",
        "",
        "What is fetched (exactly one of url, url_file, url_env, url_credential)"},
    KeySpec{"heartbeat", "url_file", Kind::secret_path, "", "", "File that holds the URL"},
    KeySpec{
        "heartbeat",
        "url_env",
        Kind::variable,
        "",
        "",
        "Environment variable that holds the URL"},
    KeySpec{
        "heartbeat",
        "url_credential",
        Kind::credential,
        "",
        "",
        "systemd credential that holds the URL"},
    KeySpec{"heartbeat", "interval", Kind::duration, "100ms..1d", R"("1m")", "How often"},
};

constexpr std::array gateway_keys{
    KeySpec{"gateway", "listen", Kind::listen, "", "", "Address of the proxy"},
    KeySpec{"gateway", "tls_certificate", Kind::path, "", "", "Its certificate"},
    KeySpec{"gateway", "tls_key", Kind::secret_path, "", "", "The certificate's key"},
    KeySpec{"gateway", "account", Kind::name, "", "", "The account it provisions from"},
};

std::vector<KeySpec> join_tables() {
    std::vector<KeySpec> all;
    const auto append = [&](std::span<const KeySpec> table) {
        all.insert(all.end(), table.begin(), table.end());
    };
    append(daemon_keys);
    append(enforcement_keys);
    append(account_keys);
    append(defaults_keys);
    append(team_keys);
    append(alert_keys);
    append(notifier_keys);
    append(smtp_keys);
    append(heartbeat_keys);
    append(gateway_keys);
    return all;
}

bool belongs(const KeySpec& key, std::string_view section) {
    return key.section == section || (section == "team" && key.section == "defaults");
}

std::string describe_range(const KeySpec& key) {
    if (key.range.empty()) {
        return {};
    }
    std::string range{key.range};
    if (key.kind == Kind::choice) {
        for (auto at = range.find('|'); at != std::string::npos; at = range.find('|', at + 3)) {
            range.replace(at, 1, " | ");
        }
    } else if (key.kind == Kind::utilisation) {
        range = "above " + range.replace(range.find(".."), 2, ", up to ");
    } else {
        range.replace(range.find(".."), 2, key.kind == Kind::percentage ? "% to " : " to ");
        range += key.kind == Kind::percentage ? "%" : "";
    }
    return range;
}

}  // namespace

std::span<const SectionSpec> sections() {
    return section_table;
}

std::span<const KeySpec> keys() {
    static const std::vector<KeySpec> all = join_tables();
    return all;
}

const KeySpec* find_key(std::string_view section, std::string_view name) {
    const auto all = keys();
    const auto it = std::find_if(all.begin(), all.end(), [&](const KeySpec& key) {
        return belongs(key, section) && key.name == name;
    });
    return it == all.end() ? nullptr : &*it;
}

std::vector<std::string_view> key_names(std::string_view section) {
    std::vector<std::string_view> names;
    for (const auto& key : keys()) {
        if (belongs(key, section)) {
            names.push_back(key.name);
        }
    }
    return names;
}

std::string key_reference() {
    std::string out;
    for (const auto& section : sections()) {
        out += fmt::format("{}{}  {}\n", out.empty() ? "" : "\n", section.header, section.doc);
        for (const auto& key : keys()) {
            if (key.section != section.name) {
                continue;
            }
            out += fmt::format("  {}: {}.", key.name, key.doc);
            if (const auto range = describe_range(key); !range.empty()) {
                out += fmt::format(" Allowed: {}.", range);
            }
            if (!key.fallback.empty()) {
                out += fmt::format(" Default: {}.", key.fallback);
            }
            out += '\n';
        }
    }
    return out;
}

}  // namespace vastwatch::config
