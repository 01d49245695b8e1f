// An alert as a mail: headers that thread and cannot be injected into, a plain text and an HTML
// part that say the same. Pure: the same alert gives the same bytes, so that a retry is the same
// mail.
#pragma once

#include "alerts/alert.hpp"
#include "base/calendar.hpp"
#include "notify/mail_address.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::notify {

/// Who writes to whom, and in which zone times are told.
struct MailContext {
    Mailbox from;
    std::vector<Mailbox> to;
    NotifierName notifier;
    Calendar calendar;
};

/// The whole message, RFC 5322 with CRLF.
std::string compose_mail(const alerts::Alert& alert, const MailContext& context);

/// "<01J….ops@company.com>": stable per alert and notifier.
std::string
message_id(const alerts::Alert& alert, const NotifierName& notifier, std::string_view domain);

/// The message id that all mails of one thread refer to: one thread per team (or account) and
/// window, one per instance, else one per condition; nothing for an alert that is about none. No
/// mail bears this id itself, so that the thread holds together whichever mail came first.
std::optional<std::string> thread_id(const alerts::Alert& alert, std::string_view domain);

/// The two parts, lines ended by '\n'.
std::string mail_text(const alerts::Alert& alert, const MailContext& context);
std::string mail_html(const alerts::Alert& alert, const MailContext& context);

}  // namespace vastwatch::notify
