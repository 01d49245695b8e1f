#include "notify/email_message.hpp"

#include "base/text.hpp"
#include "notify/digest.hpp"
#include "notify/mail_encoding.hpp"
#include "notify/presentation.hpp"

#include <fmt/format.h>

#include <array>

namespace vastwatch::notify {
namespace {

/// What all mails of one thread have in common; empty when the alert stands alone.
std::string thread_root(const alerts::Alert& alert) {
    if (alert.window && (alert.team || alert.account)) {
        const auto owner =
            alert.team ? "team/" + alert.team->str() : "account/" + alert.account->str();
        const auto start = alert.window_start ? format_rfc3339(*alert.window_start) : "";
        return fmt::format("{}/{}/{}", owner, policy::to_string(*alert.window), start);
    }
    const auto instance = condition_instance(alert);
    if (instance) {
        return fmt::format("instance/{}", instance->value());
    }
    return alert.condition;
}

std::string identity_headers(const alerts::Alert& alert, const MailContext& context) {
    const auto domain = context.from.domain();
    auto out = token_header("Message-ID", message_id(alert, context.notifier, domain));
    const auto thread = thread_id(alert, domain);
    if (thread) {
        out += token_header("In-Reply-To", *thread);
        out += token_header("References", *thread);
    }
    out += token_header(
        "List-Id", fmt::format("<{}.vastwatch.{}>", id_token(context.notifier.str()), domain));
    return out;
}

/// For mail filters: what the alert is about, and that nobody should answer it by machine.
std::string filter_headers(const alerts::Alert& alert) {
    auto out = token_header("Auto-Submitted", "auto-generated");
    out += token_header("X-Auto-Response-Suppress", "All");
    out += text_header("X-Vastwatch-Id", printable(alert.id.str(), 60));
    out += token_header("X-Vastwatch-Kind", alerts::to_string(alert.kind));
    out += token_header("X-Vastwatch-Severity", policy::to_string(alert.severity));
    out += token_header("X-Vastwatch-Status", alert.resolved ? "resolved" : "firing");
    if (alert.team) {
        out += text_header("X-Vastwatch-Team", printable(alert.team->str(), 200));
    }
    if (alert.account) {
        out += text_header("X-Vastwatch-Account", printable(alert.account->str(), 200));
    }
    if (alert.severity == policy::Severity::critical && !alert.resolved) {
        out += token_header("Importance", "high");
        out += token_header("X-Priority", "1");
    }
    return out;
}

std::string body_part(std::string_view type, std::string_view content) {
    return fmt::format(
        "Content-Type: {}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n{}",
        type,
        quoted_printable(content));
}

}  // namespace

std::string
message_id(const alerts::Alert& alert, const NotifierName& notifier, std::string_view domain) {
    return fmt::format("<{}.{}@{}>", id_token(alert.id.str()), id_token(notifier.str()), domain);
}

std::optional<std::string> thread_id(const alerts::Alert& alert, std::string_view domain) {
    const auto root = thread_root(alert);
    if (root.empty()) {
        return std::nullopt;
    }
    // A digest, because a team's name may hold what a message id must not.
    return fmt::format("<thread.{}@{}>", sha256_hex(root).substr(0, 32), domain);
}

std::string compose_mail(const alerts::Alert& alert, const MailContext& context) {
    const std::array from{context.from};
    auto out = address_header("From", from);
    out += address_header("To", context.to);
    out += text_header("Subject", "[vastwatch] " + headline(alert));
    out += token_header("Date", mail_date(alert.time));
    out += identity_headers(alert, context);
    out += filter_headers(alert);
    // "=_" cannot occur in quoted-printable text, so no content can look like the boundary.
    const auto boundary = fmt::format("=_vastwatch_{}", sha256_hex(alert.id.str()).substr(0, 16));
    out += "MIME-Version: 1.0\r\n";
    out += fmt::format("Content-Type: multipart/alternative;\r\n boundary=\"{}\"\r\n", boundary);
    out += fmt::format("\r\n--{}\r\n", boundary);
    out += body_part("text/plain", mail_text(alert, context));
    out += fmt::format("\r\n--{}\r\n", boundary);
    out += body_part("text/html", mail_html(alert, context));
    out += fmt::format("\r\n--{}--\r\n", boundary);
    return out;
}

}  // namespace vastwatch::notify
