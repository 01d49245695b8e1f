#include "base/text.hpp"
#include "config/config.hpp"
#include "config/urls.hpp"

#include <fmt/format.h>

namespace vastwatch::config {
namespace {

using policy::Rules;

std::string toml_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) {
            out += fmt::format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
            out += c;
        }
    }
    return out + "\"";
}

/// A name as part of a table's header. Names have no character that needs more than quotes.
std::string header_name(const std::string& name) {
    return name.find('.') == std::string::npos ? name : toml_string(name);
}

std::string value_text(std::string_view text) {
    return toml_string(text);
}

std::string value_text(const std::string& text) {
    return toml_string(text);
}

std::string value_text(Duration duration) {
    return toml_string(format_duration(duration));
}

std::string value_text(Usd amount) {
    return to_decimal(amount);
}

std::string value_text(UsdPerHour rate) {
    return to_decimal(rate);
}

std::string value_text(Percent percent) {
    return fmt::format("\"{}%\"", percent.value());
}

std::string value_text(policy::Action action) {
    return toml_string(policy::to_string(action));
}

std::string value_text(policy::CapStrategy strategy) {
    return strategy == policy::CapStrategy::shed ? "\"shed\"" : "\"all\"";
}

std::string value_text(bool flag) {
    return flag ? "true" : "false";
}

std::string value_text(int number) {
    return fmt::format("{}", number);
}

std::string value_text(InstanceId id) {
    return fmt::format("{}", id.value());
}

template <class Tag>
std::string value_text(const Name<Tag>& name) {
    return toml_string(name.str());
}

std::string value_text(const policy::Threshold& threshold) {
    return threshold.percent ? value_text(*threshold.percent)
                             : value_text(threshold.amount.value_or(Usd{}));
}

std::string value_text(std::chrono::year_month_day date) {
    return fmt::format(
        "{:04}-{:02}-{:02}",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()));
}

template <class T>
std::string value_text(const std::vector<T>& list) {
    std::string out = "[";
    for (const auto& element : list) {
        out += (out.size() > 1 ? ", " : "") + value_text(element);
    }
    return out + "]";
}

std::string_view word(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::notice:
            return "notice";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "info";
}

std::string_view word(WebhookFormat format) {
    switch (format) {
        case WebhookFormat::vastwatch:
            return "vastwatch";
        case WebhookFormat::slack:
            return "slack";
        case WebhookFormat::discord:
            return "discord";
        case WebhookFormat::teams:
            return "teams";
        case WebhookFormat::pagerduty:
            return "pagerduty";
        case WebhookFormat::alertmanager:
            return "alertmanager";
    }
    return "vastwatch";
}

std::string_view word(StartTls starttls) {
    switch (starttls) {
        case StartTls::required:
            return "required";
        case StartTls::opportunistic:
            return "opportunistic";
        case StartTls::off:
            return "off";
    }
    return "required";
}

/// Writes tables and keys in order.
class Writer {
  public:
    void header(std::string_view text) { out_ += fmt::format("\n{}\n", text); }

    template <class T>
    void key(std::string_view name, const T& value) {
        out_ += fmt::format("{} = {}\n", name, value_text(value));
    }

    template <class T>
    void key(std::string_view name, const std::optional<T>& value) {
        if (value) {
            key(name, *value);
        }
    }

    /// Only where it differs from what is inherited.
    template <class T>
    void key(std::string_view name, const T& value, const T* inherited) {
        if (inherited == nullptr || !(value == *inherited)) {
            key(name, value);
        }
    }

    /// The key that names a secret's place. The secret itself is never asked for.
    void source(const SecretSource& source) {
        if (!source.key.empty()) {
            key(source.key, source.value);
        }
    }

    /// A URL by its source or, where it stands in the file, by its host alone.
    void url(const Secret& url, const SecretSource& url_source) {
        if (url_source.key.empty()) {
            key("url", origin_of(url.reveal()) + "/(hidden)");
        } else {
            source(url_source);
        }
    }

    void raw(std::string_view text) { out_ += text; }

    std::string take() { return std::move(out_); }

  private:
    std::string out_;
};

void write_daemon(Writer& out, const Daemon& daemon) {
    const bool ipv6 = daemon.listen_host.find(':') != std::string::npos;
    out.header("[daemon]");
    out.key(
        "listen",
        fmt::format(
            "{}{}{}:{}", ipv6 ? "[" : "", daemon.listen_host, ipv6 ? "]" : "", daemon.listen_port));
    out.key("control_socket", daemon.control_socket);
    out.key("state_directory", daemon.state_directory);
    out.key("timezone", daemon.timezone);
    out.key("log_level", word(daemon.log_level));
}

void write_enforcement(Writer& out, const policy::Enforcement& enforcement) {
    out.header("[enforcement]");
    out.key("mode", std::string_view{enforcement.enforce ? "enforce" : "dry-run"});
    out.key("max_staleness", enforcement.max_staleness);
    out.key("max_actions_per_hour", enforcement.max_actions_per_hour);
    out.key("mass_idle_limit", enforcement.mass_idle_limit);
    out.key("mass_idle_minimum", enforcement.mass_idle_minimum);
}

void write_account(Writer& out, const policy::Account& account, const AccountAccess& access) {
    out.header(fmt::format("[account.{}]", header_name(account.name.str())));
    out.source(access.api_key_source);
    out.key("url", access.url);
    out.key("poll_interval", access.poll_interval);
    out.key("billing_interval", access.billing_interval);
    out.key("request_timeout", access.request_timeout);
    out.key("request_interval", access.request_interval);
    out.key("ca_file", access.ca_file);
    out.key("team", account.team);
    out.key("daily_cap", account.caps.daily);
    out.key("monthly_cap", account.caps.monthly);
    out.key("credit_runway", account.credit_runway);
    out.key("credit_below", account.credit_below);
}

/// The keys of [defaults]; with `base`, only those that differ from it.
void write_rules(Writer& out, const Rules& rules, const Rules* base) {
    const auto inherited = [&](auto member) {
        return base == nullptr ? nullptr : &(base->*member);
    };
    const auto write = [&](std::string_view name, auto member) {
        out.key(name, rules.*member, inherited(member));
    };
    if (base == nullptr || rules.idle_below != base->idle_below) {
        out.raw(fmt::format("idle_below = {}\n", rules.idle_below.value()));
    }
    write("idle_for", &Rules::idle_for);
    write("idle_action", &Rules::idle_action);
    write("idle_warning", &Rules::idle_warning);
    write("idle_max_gap", &Rules::idle_max_gap);
    write("idle_coverage", &Rules::idle_coverage);
    write("idle_tolerance", &Rules::idle_tolerance);
    write("startup_grace", &Rules::startup_grace);
    write("warning_delivery", &Rules::warning_delivery);
    write("cap_action", &Rules::cap_action);
    write("cap_warning", &Rules::cap_warning);
    write("cap_strategy", &Rules::cap_strategy);
    write("violation_action", &Rules::violation_action);
    write("stopped_for", &Rules::stopped_for);
    write("stopped_action", &Rules::stopped_action);
    write("loading_for", &Rules::loading_for);
    write("loading_action", &Rules::loading_action);
    write("protect", &Rules::protect);
    write("protect_max", &Rules::protect_max);
    write("notify", &Rules::notify);
}

void write_team(Writer& out, const policy::Team& team, const Rules& defaults) {
    const bool is_unassigned = team.name == policy::unassigned();
    out.header(fmt::format("[team.{}]", header_name(team.name.str())));
    if (!is_unassigned && !team.labels.empty()) {
        out.key("labels", team.labels);
    }
    if (!team.gpu_types.empty()) {
        out.key("gpu_types", team.gpu_types);
    }
    out.key("max_instances", team.max_instances);
    out.key("max_dph", team.max_dph);
    out.key("interruptible_only", team.interruptible_only);
    out.key("protected_ids", team.protected_ids);
    out.key("daily_cap", team.caps.daily);
    out.key("monthly_cap", team.caps.monthly);
    out.key("spending_limit", team.caps.lifetime);
    out.key("since", team.since);
    // Unassigned does not inherit actions, so all of its own are told.
    write_rules(out, team.rules, is_unassigned ? nullptr : &defaults);
}

void write_alert(Writer& out, const policy::BudgetAlert& alert) {
    out.header("[[alert]]");
    out.key("team", alert.team);
    out.key("account", alert.account);
    out.key("window", policy::to_string(alert.window));
    out.key("at", alert.at);
    out.key("forecast", alert.forecast);
    out.key("notify", alert.notify);
}

void write_notifier(Writer& out, const Notifier& notifier) {
    out.header(fmt::format("[notifier.{}]", header_name(notifier.name.str())));
    if (notifier.type == NotifierType::email) {
        out.key("type", std::string_view{"email"});
        out.key("to", notifier.to);
    } else {
        out.key("type", std::string_view{"webhook"});
        out.url(notifier.url, notifier.url_source);
        out.key("format", word(notifier.format));
        out.source(notifier.signing_secret_source);
    }
    out.key("minimum_severity", policy::to_string(notifier.minimum_severity));
}

void write_smtp(Writer& out, const Smtp& smtp) {
    out.header("[smtp]");
    out.key("server", smtp.server);
    out.key("starttls", word(smtp.starttls));
    out.key("username", smtp.username);
    out.source(smtp.password_source);
    out.key("from", smtp.from);
    out.key("ca_file", smtp.ca_file);
}

}  // namespace

std::string to_toml(const Config& config) {
    Writer out;
    for (const auto& file : config.files) {
        out.raw(fmt::format("# {}\n", printable(file.native())));
    }
    write_daemon(out, config.daemon);
    write_enforcement(out, config.policy->enforcement);
    for (std::size_t i = 0; i < config.accounts.size(); ++i) {
        write_account(out, config.policy->accounts.at(i), config.accounts[i]);
    }
    out.header("[defaults]");
    write_rules(out, config.defaults, nullptr);
    for (const auto& team : config.policy->teams) {
        write_team(out, team, config.defaults);
    }
    for (std::size_t i = 0; i < config.written_alerts; ++i) {
        write_alert(out, config.policy->alerts.at(i));
    }
    for (const auto& notifier : config.notifiers) {
        write_notifier(out, notifier);
    }
    if (config.smtp) {
        write_smtp(out, *config.smtp);
    }
    if (config.heartbeat) {
        out.header("[heartbeat]");
        out.url(config.heartbeat->url, config.heartbeat->url_source);
        out.key("interval", config.heartbeat->interval);
    }
    return out.take();
}

}  // namespace vastwatch::config
