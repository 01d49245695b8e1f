// The whole configuration as one checked value (spec section 3). `policy` is what the core sees;
// the rest says how to reach the world. Secrets are in Secret and appear in no text made from this.
#pragma once

#include "base/secret.hpp"
#include "policy/policy.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vastwatch::config {

enum class LogLevel { debug, info, notice, warning, error };

/// [daemon]. Changing any of these but log_level and timezone takes a restart.
struct Daemon {
    std::string listen_host = "127.0.0.1";
    std::uint16_t listen_port = 9877;
    std::string control_socket = "/run/vastwatch/control.sock";
    std::string state_directory = "/var/lib/vastwatch";
    std::string timezone = "UTC";
    LogLevel log_level = LogLevel::info;
};

/// Where a secret came from: the key that names the place ("api_key_env") and what it says
/// ("VAST_API_KEY"). Empty when there is no secret, or when it stands in the file itself.
struct SecretSource {
    std::string key;
    std::string value;
};

/// How to reach one account; the same order and names as policy.accounts.
struct AccountAccess {
    AccountName name;
    Secret api_key;
    SecretSource api_key_source;
    std::string url = "https://console.vast.ai";
    Duration poll_interval = std::chrono::seconds{60};
    Duration billing_interval = std::chrono::minutes{10};
    Duration request_timeout = std::chrono::seconds{30};
    Duration request_interval = std::chrono::seconds{1};
    std::optional<std::string> ca_file;
};

enum class NotifierType { email, webhook };
enum class WebhookFormat { vastwatch, slack, discord, teams, pagerduty, alertmanager };
using policy::Severity;

/// [notifier.NAME].
struct Notifier {
    NotifierName name;
    NotifierType type = NotifierType::email;
    std::vector<std::string> to;  // email
    Secret url;                   // webhook; may itself be a secret
    SecretSource url_source;
    WebhookFormat format = WebhookFormat::vastwatch;  // webhook
    Secret signing_secret;  // webhook; empty = unsigned; PagerDuty: its integration key
    SecretSource signing_secret_source;
    Severity minimum_severity = Severity::info;
};

enum class StartTls { required, opportunistic, off };

/// [smtp].
struct Smtp {
    std::string server;  // smtp://host:port or smtps://host:port
    StartTls starttls = StartTls::required;
    std::optional<std::string> username;
    Secret password;
    SecretSource password_source;
    std::string from;
    std::optional<std::string> ca_file;  // `ca_file`, for a private mail server
};

/// [heartbeat].
struct Heartbeat {
    Secret url;
    SecretSource url_source;
    Duration interval = std::chrono::minutes{1};
};

/// One complete, checked configuration.
struct Config {
    Daemon daemon;
    std::shared_ptr<const policy::Policy> policy;
    policy::Rules defaults;          // [defaults], which every team's rules began from
    std::size_t written_alerts = 0;  // so many of policy->alerts stand in the file; the rest is
                                     // what capped teams and accounts without any get
    std::vector<AccountAccess> accounts;
    std::vector<Notifier> notifiers;
    std::optional<Smtp> smtp;
    std::optional<Heartbeat> heartbeat;
    std::vector<std::filesystem::path> files;  // what was read, in order
};

/// One mistake: where, which key, what is wrong and what would be right.
struct Mistake {
    std::string file;
    std::uint32_t line = 0;    // 1-based; 0 when the file as a whole is meant
    std::uint32_t column = 0;  // 1-based, in bytes
    std::string key;           // dotted: "team.ml-research.daily_cap"; may be empty
    std::string text;          // "unknown key; did you mean 'daily_cap'?"

    /// "file:line:column: key: text".
    std::string to_string() const;
};

/// Mistakes in the order of files and positions. `unreadable` is set when a file could not be
/// opened at all (exit status 2 of --check-config).
struct Mistakes {
    std::vector<Mistake> list;
    bool unreadable = false;
};

/// Where secrets and defaults come from besides the file; replaced in tests.
struct Surroundings {
    /// The value of an environment variable, nothing when unset.
    std::function<std::optional<std::string>(const std::string& name)> environment;
};

/// The process's environment ($VAST_API_KEY, $CREDENTIALS_DIRECTORY, $STATE_DIRECTORY).
Surroundings process_surroundings();

/// Reads `file` and `file`.d/*.conf in name order, and checks everything. Blocks on files: call at
/// start, or from a worker.
std::variant<std::shared_ptr<const Config>, Mistakes> load(
    const std::filesystem::path& file,
    const Surroundings& surroundings);

/// The configuration in force as TOML, defaults included, secrets replaced by "(hidden)".
/// Loads again to the same configuration where a webhook's URL does not stand in the file itself.
std::string to_toml(const Config& config);

/// One sentence naming the keys whose change takes effect only at a restart (listen,
/// control_socket, state_directory); empty when none of them changed.
std::string summarize_changes(const Config& old_config, const Config& new_config);

/// Every key with its meaning, what it takes and its default, section by section, as plain text.
std::string key_reference();

}  // namespace vastwatch::config
