// How text becomes mail: header lines that no text can break out of (RFC 5322, RFC 2047) and
// quoted-printable bodies (RFC 2045). Everything ends lines with CRLF and stays within 78 columns.
// Pure.
#pragma once

#include "base/time.hpp"
#include "notify/mail_address.hpp"

#include <span>
#include <string>
#include <string_view>

namespace vastwatch::notify {

/// "Name: text\r\n" for free text: folded at spaces when it is plain ASCII, else as encoded words.
/// Control characters of `text` (CR, LF and NUL among them) become '?'.
std::string text_header(std::string_view name, std::string_view text);

/// "Name: value\r\n" for tokens of our own making: no encoding; characters that are not printable
/// ASCII are left out.
std::string token_header(std::string_view name, std::string_view value);

/// "Name: mailbox,\r\n mailbox\r\n".
std::string address_header(std::string_view name, std::span<const Mailbox> mailboxes);

/// RFC 5322 date in UTC: "Sat, 21 Nov 2026 19:04:05 +0000".
std::string mail_date(Instant instant);

/// Quoted-printable of UTF-8 text whose lines end in '\n'.
std::string quoted_printable(std::string_view text);

/// `text` as part of a message id: letters, digits, '-' and '_' stay, other bytes become =XX, and
/// what is longer than 80 characters ends in a digest of the whole.
std::string id_token(std::string_view text);

}  // namespace vastwatch::notify
