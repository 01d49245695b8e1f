// Mailboxes as configuration and envelopes write them. Only plain ASCII addresses without quoting:
// everything else is refused rather than passed on to a mail server. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vastwatch::notify {

/// "vastwatch <vastwatch@company.com>": a display name, which may be empty, and the bare address.
struct Mailbox {
    std::string name;
    std::string address;

    /// What follows the '@'.
    std::string_view domain() const;
};

/// local@domain in ASCII without spaces, quotes, comments or control characters, at most 254 bytes.
bool is_mail_address(std::string_view text);

/// Reads "a@b", "<a@b>", "Name <a@b>" and "\"Name\" <a@b>"; nothing for other text.
std::optional<Mailbox> parse_mailbox(std::string_view text);

}  // namespace vastwatch::notify
