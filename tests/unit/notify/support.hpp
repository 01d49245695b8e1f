// What the tests of this module share: an alert with everything in it, a hostile text, readers for
// mails, and ways to run one coroutine.
#pragma once

#include "alerts/alert.hpp"
#include "net/http_client.hpp"
#include "notify/notifier.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::notify::testing {

Instant at(std::string_view rfc3339);

/// A budget_threshold of team ml-research with one instance.
alerts::Alert sample_alert();

/// A sample whose every text tries to break out of where it is put.
alerts::Alert hostile_alert();

/// sample_alert() with texts and lists as long as an alert may have them, in four-byte characters.
alerts::Alert huge_alert();

Calendar berlin();

/// A mail taken apart: headers by lower-case name, unfolded, encoded words decoded; both parts
/// decoded, with '\n' as line end.
struct ReadMail {
    std::map<std::string, std::vector<std::string>> headers;
    std::string text;
    std::string html;

    /// The only header of that name; empty when there is none or more than one.
    std::string header(const std::string& name) const;
};

ReadMail read_mail(std::string_view message);

/// Runs `loop` until that delivery has come to an end.
Attempt run(boost::asio::io_context& loop, boost::asio::awaitable<Attempt> delivery);

/// Remembers mails and answers each with the next of `answers` (the last one again and again).
class FakeMailer final : public Mailer {
  public:
    boost::asio::awaitable<Attempt> send(Mail mail) override;

    std::vector<Mail> mails;
    std::vector<Attempt> answers;
};

/// Remembers requests and answers all of them with `answer`.
class FakeHttp final : public net::HttpClient {
  public:
    boost::asio::awaitable<net::Result> send(net::Request request) override;

    std::vector<net::Request> requests;
    net::Result answer = net::Response{200, {}, "ok"};
};

}  // namespace vastwatch::notify::testing
