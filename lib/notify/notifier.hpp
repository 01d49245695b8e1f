// One way to tell somebody. A notifier tries once and says what happened; it keeps no queue.
#pragma once

#include "alerts/alert.hpp"
#include "base/calendar.hpp"
#include "base/ids.hpp"
#include "config/config.hpp"
#include "net/http_client.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::notify {

/// What one attempt came to.
enum class Verdict {
    delivered,
    try_again,  // the network, a 4xx of SMTP, 408, 429, 5xx
    refused,    // will not do better by trying again: an SMTP 5xx, another HTTP 4xx
};

struct Attempt {
    Verdict verdict = Verdict::try_again;
    std::optional<Duration> retry_after;  // Retry-After, when the other side named a time
    std::string answer;                   // what it said: printable, at most 300 bytes, no secrets
    /// With try_again: the mail addresses that have it already, when only others failed; somebody
    /// has been told then. A retry leaves them out.
    std::vector<std::string> reached;
};

class Notifier {
  public:
    Notifier() = default;
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;
    virtual ~Notifier() = default;

    virtual const NotifierName& name() const = 0;
    virtual policy::Severity minimum_severity() const = 0;

    /// Tries once, within 30 seconds. `alert.id` makes Message-ID and webhook-id, so that a retry
    /// is recognised as the same.
    virtual boost::asio::awaitable<Attempt> deliver(alerts::Alert alert) = 0;
};

/// A mail ready to go: RFC 5322 bytes with CRLF, and its envelope.
struct Mail {
    std::string from;             // bare address
    std::vector<std::string> to;  // bare addresses
    std::string message;
};

/// Sends mail without holding the loop; production is libcurl on one worker thread.
class Mailer {
  public:
    Mailer() = default;
    Mailer(const Mailer&) = delete;
    Mailer& operator=(const Mailer&) = delete;
    virtual ~Mailer() = default;

    virtual boost::asio::awaitable<Attempt> send(Mail mail) = 0;
};

std::unique_ptr<Mailer> make_smtp_mailer(const config::Smtp& settings);

/// `sender` is the From header of [smtp]; `calendar` says in which zone times are written.
std::unique_ptr<Notifier> make_email_notifier(
    Mailer& mailer,
    const config::Notifier& settings,
    std::string sender,
    Calendar calendar);

std::unique_ptr<Notifier> make_webhook_notifier(
    net::HttpClient& http,
    runtime::Clock& clock,
    const config::Notifier& settings,
    Calendar calendar);

}  // namespace vastwatch::notify
