#include "config/draft.hpp"
#include "config/secrets.hpp"
#include "config/urls.hpp"

#include <fmt/format.h>

namespace vastwatch::config {
namespace {

WebhookFormat format_of(std::string_view word) {
    if (word == "slack") {
        return WebhookFormat::slack;
    }
    if (word == "discord") {
        return WebhookFormat::discord;
    }
    if (word == "teams") {
        return WebhookFormat::teams;
    }
    if (word == "pagerduty") {
        return WebhookFormat::pagerduty;
    }
    return word == "alertmanager" ? WebhookFormat::alertmanager : WebhookFormat::vastwatch;
}

Severity severity_of(std::string_view word) {
    if (word == "warning") {
        return Severity::warning;
    }
    return word == "critical" ? Severity::critical : Severity::info;
}

/// A key that the other type has would be ignored in silence: somebody expects something of it.
void refuse_foreign(
    const Section& section,
    std::initializer_list<std::string_view> keys,
    std::string_view owner) {
    for (const auto key : keys) {
        if (section.has(key)) {
            section.mistake(
                key, fmt::format("has no meaning here; it belongs to type = {}", owner));
        }
    }
}

void read_email(const Section& section, Notifier& notifier) {
    section.read("to", notifier.to);
    const auto* node = section.node("to");
    const auto* list = node == nullptr ? nullptr : node->as<Node::List>();
    if (node == nullptr || (list != nullptr && list->empty())) {
        section.missing("to", "needed for type = \"email\": an array of mail addresses");
    }
    refuse_foreign(
        section,
        {"url",
         "url_file",
         "url_env",
         "url_credential",
         "format",
         "secret_file",
         "secret_env",
         "secret_credential"},
        "\"webhook\"");
}

void read_webhook(const Draft& draft, const Section& section, Notifier& notifier) {
    auto url = read_secret(section, "url", true, draft.surroundings);
    if (!url.value.empty() && url.key != "url") {
        if (const auto mistake = url_mistake(url.value.reveal(), "http", "https")) {
            section.mistake(url.key, "what is there is no URL: " + *mistake);
        }
    }
    notifier.url = std::move(url.value);
    notifier.url_source = std::move(url.source);
    auto secret = read_secret(section, "secret", false, draft.surroundings);
    std::string format;
    if (section.read("format", format)) {
        notifier.format = format_of(format);
    }
    if (notifier.format == WebhookFormat::pagerduty && secret.key.empty()) {
        section.missing(
            "secret_file",
            "format = \"pagerduty\" needs its integration key: one of secret_file, secret_env, "
            "secret_credential");
    }
    refuse_foreign(section, {"to"}, "\"email\"");
    notifier.signing_secret = std::move(secret.value);
    notifier.signing_secret_source = std::move(secret.source);
}

void read_notifier(Draft& draft, const Section& section) {
    Notifier notifier;
    notifier.name = NotifierName{section.name()};
    std::string type;
    if (section.read("type", type)) {
        notifier.type = type == "email" ? NotifierType::email : NotifierType::webhook;
        if (notifier.type == NotifierType::email) {
            read_email(section, notifier);
        } else {
            read_webhook(draft, section, notifier);
        }
    } else if (!section.has("type")) {
        section.missing("type", R"(needed: "email" or "webhook")");
    }
    std::string severity;
    if (section.read("minimum_severity", severity)) {
        notifier.minimum_severity = severity_of(severity);
    }
    if (notifier.type == NotifierType::email && !type.empty() &&
        draft.root.find("smtp") == nullptr) {
        section.missing("type", "mail needs a table [smtp] with the server to send through");
    }
    draft.policy.all_notifiers.push_back(notifier.name);
    draft.config.notifiers.push_back(std::move(notifier));
}

void check_smtp(const Section& section, const Smtp& smtp, bool has_password) {
    if (smtp.username && !has_password) {
        section.missing(
            "username", "a username needs one of password_file, password_env, password_credential");
    }
    if (!section.has("username") && has_password) {
        section.contradiction(
            {"password_file", "password_env", "password_credential"},
            "a password needs a username");
    }
    const bool implicit_tls = smtp.server.starts_with("smtps:");
    if (implicit_tls && smtp.starttls != StartTls::required) {
        section.mistake(
            "starttls", "has no meaning with smtps://, which is encrypted from the first byte");
    }
    if (!implicit_tls && smtp.starttls == StartTls::off && has_password &&
        !is_loopback_url(smtp.server)) {
        section.mistake(
            "starttls", "the password would cross the network in clear; expected \"required\"");
    }
}

void read_smtp(Draft& draft) {
    const auto section = draft.section("smtp");
    if (!section) {
        return;
    }
    Smtp smtp;
    section->read("server", smtp.server);
    section->read("from", smtp.from);
    for (const std::string_view key : {"server", "from"}) {
        if (!section->has(key)) {
            section->missing(
                key,
                key == "server" ? "needed: smtp://host:port or smtps://host:port"
                                : "needed: the address that mails come from");
        }
    }
    std::string starttls;
    if (section->read("starttls", starttls)) {
        smtp.starttls = starttls == "off"        ? StartTls::off
                        : starttls == "required" ? StartTls::required
                                                 : StartTls::opportunistic;
    }
    section->read("username", smtp.username);
    auto password = read_secret(*section, "password", false, draft.surroundings);
    check_smtp(*section, smtp, !password.key.empty());
    smtp.password = std::move(password.value);
    smtp.password_source = std::move(password.source);
    draft.read_file_path(*section, "ca_file", smtp.ca_file);
    draft.config.smtp = std::move(smtp);
}

}  // namespace

void read_notifiers(Draft& draft) {
    for (const auto& section : draft.named_sections("notifier")) {
        read_notifier(draft, section);
    }
    read_smtp(draft);
}

}  // namespace vastwatch::config
