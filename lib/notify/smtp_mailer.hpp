// The Mailer of production: libcurl on a thread of its own, one mail after the other, because
// libcurl's way of sharing an event loop blocks it for seconds with SMTP. Each mail is bounded in
// time, the queue in length, and both end quickly when the mailer is destroyed, which must be
// before the io_context of those who wait for it.
#pragma once

#include "notify/notifier.hpp"

namespace vastwatch::notify {

/// How long and how much.
struct SmtpLimits {
    Duration connect = std::chrono::seconds{10};
    Duration total = std::chrono::seconds{20};  // name resolution to the last answer
    std::size_t queue = 64;                     // mails waiting; more are answered try_again
};

std::unique_ptr<Mailer> make_smtp_mailer(const config::Smtp& settings, SmtpLimits limits);

}  // namespace vastwatch::notify
