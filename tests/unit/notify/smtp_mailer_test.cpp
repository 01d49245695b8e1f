// The real mailer against a real, strict mail server.
#include "notify/smtp_mailer.hpp"

#include "python_server.hpp"
#include "runtime/clock.hpp"
#include "support.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>

namespace vastwatch::notify {
namespace {

namespace json = boost::json;

/// The server, the settings that reach it, and a notifier that mails through it.
struct Setting {
    explicit Setting(const std::string& tls, std::string_view script = "[]")
        : server{
              "smtp_server.py",
              {"--mail-dir",
               folder.path() / "mail",
               "--cert-dir",
               folder.path() / "tls",
               "--script",
               write_script(script),
               "--tls",
               tls}} {
        smtp.server =
            fmt::format("{}://localhost:{}", tls == "implicit" ? "smtps" : "smtp", server.port());
        smtp.username = "vastwatch";
        smtp.password = Secret{"correct horse"};
        smtp.ca_file = folder.path() / "tls" / "certificate.pem";
    }

    std::string write_script(std::string_view text) const {
        const auto path = folder.path() / "script.json";
        std::ofstream{path} << text;
        return path;
    }

    Attempt deliver(const alerts::Alert& alert) {
        const auto mailer = make_smtp_mailer(smtp, limits);
        config::Notifier settings;
        settings.name = NotifierName{"ops"};
        settings.to = {"a@company.test", "b@company.test"};
        const auto notifier =
            make_email_notifier(*mailer, settings, "vastwatch <v@company.test>", Calendar{});
        return testing::run(loop, notifier->deliver(alert));
    }

    Attempt deliver() { return deliver(testing::sample_alert()); }

    std::vector<json::object> mails() const {
        std::ifstream file{folder.path() / "mail" / "mails.jsonl"};
        std::vector<json::object> out;
        std::string line;
        while (std::getline(file, line)) {
            out.push_back(json::parse(line).as_object());
        }
        return out;
    }

    boost::asio::io_context loop;
    testing::TemporaryFolder folder;
    testing::PythonServer server;
    config::Smtp smtp;
    SmtpLimits limits;
};

bool says(const Attempt& attempt, std::string_view part) {
    return attempt.answer.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE_BEGIN("smtp");

TEST_CASE("smtp: a mail arrives whole, over TLS, with its envelope") {
    Setting setting{"starttls"};
    auto alert = testing::sample_alert();
    alert.text = ".a line that begins with a dot\n..\n.\nand one after it, 💸";
    const auto attempt = setting.deliver(alert);
    CHECK(attempt.verdict == Verdict::delivered);
    CHECK(attempt.answer == "250 2.0.0 queued as test");
    const auto mails = setting.mails();
    REQUIRE(mails.size() == 1);
    CHECK(mails[0].at("from").as_string() == "v@company.test");
    CHECK(json::serialize(mails[0].at("to")) == R"(["a@company.test","b@company.test"])");
    CHECK(mails[0].at("user").as_string() == "vastwatch");
    CHECK(mails[0].at("tls").as_bool());
    const auto& message = mails[0].at("message").as_string();
    const auto mail = testing::read_mail(std::string_view{message.data(), message.size()});
    CHECK(mail.header("subject") == "[vastwatch] ml-research has spent 80% of its daily cap");
    CHECK(mail.header("message-id") == "<01JDA1B2C3D4E5F6G7H8J9K0M1.ops@company.test>");
    CHECK(
        mail.text.find("\n.a line that begins with a dot\n..\n.\nand one after it, 💸\n") !=
        std::string::npos);
    CHECK(mail.html.find("$160.02") != std::string::npos);
}

TEST_CASE("smtp: TLS from the first byte works as well") {
    Setting setting{"implicit"};
    CHECK(setting.deliver().verdict == Verdict::delivered);
    REQUIRE(setting.mails().size() == 1);
    CHECK(setting.mails()[0].at("tls").as_bool());
}

TEST_CASE("smtp: a wrong password is tried again, named as what it is, and not shown") {
    Setting setting{"starttls"};
    setting.smtp.password = Secret{"battery staple"};
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(says(attempt, "refuses the login of [smtp]: 535 5.7.8 authentication failed"));
    CHECK(!says(attempt, "battery"));
    CHECK(setting.mails().empty());
}

TEST_CASE("smtp: a server that repeats what we logged in with does not make it known") {
    Setting setting{
        "starttls",
        R"([{"at":"auth","reply":"535 no: AHZhc3R3YXRjaABjb3JyZWN0IGhvcnNl, correct horse"}])"};
    const auto attempt = setting.deliver();
    CHECK(says(attempt, "refuses the login of [smtp]: 535 no: [hidden], [hidden]"));
}

TEST_CASE("smtp: a mailbox that is busy once gets the mail on the next try") {
    Setting setting{
        "starttls", R"([{"at":"rcpt","match":"@","reply":"450 4.2.0 greylisted","times":2}])"};
    const auto first = setting.deliver();
    CHECK(first.verdict == Verdict::try_again);
    CHECK(
        first.answer ==
        "a@company.test: 450 4.2.0 greylisted; b@company.test: 450 4.2.0 greylisted");
    CHECK(setting.deliver().verdict == Verdict::delivered);
    CHECK(setting.mails().size() == 1);
}

TEST_CASE("smtp: of two mailboxes the busy one is named apart from the one that was reached") {
    Setting setting{
        "starttls", R"([{"at":"rcpt","match":"b@","reply":"450 4.2.0 greylisted","times":1}])"};
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(attempt.reached == std::vector<std::string>{"a@company.test"});
    REQUIRE(setting.mails().size() == 1);
    CHECK(json::serialize(setting.mails()[0].at("to")) == R"(["a@company.test"])");
}

TEST_CASE("smtp: mailboxes that do not exist are refused for good") {
    Setting setting{"starttls", R"([{"at":"rcpt","reply":"550 5.1.1 no such user"}])"};
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::refused);
    CHECK(
        attempt.answer ==
        "a@company.test: 550 5.1.1 no such user; b@company.test: 550 5.1.1 no such user");
}

TEST_CASE("smtp: content that the server will not have is refused for good") {
    Setting setting{"starttls", R"([{"at":"data","reply":"554 5.6.0 looks like spam"}])"};
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::refused);
    CHECK(attempt.answer == "554 5.6.0 looks like spam");
}

TEST_CASE("smtp: a certificate that nobody vouches for stops the mail") {
    Setting setting{"starttls"};
    setting.smtp.ca_file.reset();
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(says(attempt, "certificate is not trusted"));
    CHECK(setting.mails().empty());
}

TEST_CASE("smtp: a certificate for another name stops the mail") {
    Setting setting{"starttls"};
    setting.smtp.server = fmt::format("smtp://127.0.0.2:{}", setting.server.port());
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(setting.mails().empty());
}

TEST_CASE("smtp: without STARTTLS neither password nor mail leaves when it is required") {
    Setting setting{"none"};
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(says(attempt, "offers no STARTTLS"));
    CHECK(setting.mails().empty());
}

TEST_CASE("smtp: without STARTTLS the mail leaves in the clear where that is allowed") {
    for (const auto starttls : {config::StartTls::opportunistic, config::StartTls::off}) {
        Setting setting{"none"};
        setting.smtp.starttls = starttls;
        setting.smtp.username.reset();
        CHECK(setting.deliver().verdict == Verdict::delivered);
        REQUIRE(setting.mails().size() == 1);
        CHECK(!setting.mails()[0].at("tls").as_bool());
    }
}

TEST_CASE("smtp: a server that refuses us at once is tried again with its words") {
    Setting setting{"starttls", R"([{"at":"connect","reply":"421 4.3.2 shutting down"}])"};
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(says(attempt, "421 4.3.2 shutting down"));
}

TEST_CASE("smtp: a connection that breaks in the middle is tried again") {
    for (const char* stage : {"connect", "ehlo", "mail", "rcpt", "data"}) {
        CAPTURE(stage);
        Setting setting{
            "starttls", fmt::format(R"([{{"at":"{}","action":"drop","times":1}}])", stage)};
        CHECK(setting.deliver().verdict == Verdict::try_again);
        CHECK(setting.deliver().verdict == Verdict::delivered);
    }
}

TEST_CASE("smtp: nobody listening is tried again") {
    Setting setting{"starttls"};
    setting.smtp.server = "smtp://127.0.0.1:1";
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(says(attempt, "could not be reached"));
}

TEST_CASE("smtp: a server that stops answering is given up within the limit") {
    for (const char* stage : {"connect", "ehlo", "mail", "rcpt", "data"}) {
        CAPTURE(stage);
        Setting setting{"starttls", fmt::format(R"([{{"at":"{}","action":"hang"}}])", stage)};
        setting.limits.total = std::chrono::milliseconds{500};
        const auto begin = std::chrono::steady_clock::now();
        const auto attempt = setting.deliver();
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{30});
        CHECK(attempt.verdict == Verdict::try_again);
        CHECK(says(attempt, "did not answer in time"));
    }
}

TEST_CASE("smtp: a server that takes the mail but says no goodbye has still taken it") {
    for (const char* action : {"hang", "drop"}) {
        CAPTURE(action);
        Setting setting{"starttls", fmt::format(R"([{{"at":"quit","action":"{}"}}])", action)};
        const auto begin = std::chrono::steady_clock::now();
        CHECK(setting.deliver().verdict == Verdict::delivered);
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{30});
        CHECK(setting.mails().size() == 1);
    }
}

TEST_CASE("smtp: the mailer can be destroyed while a server hangs, long before the limit") {
    Setting setting{"starttls", R"([{"at":"rcpt","action":"hang"}])"};
    setting.limits.total = std::chrono::minutes{10};
    auto mailer = make_smtp_mailer(setting.smtp, setting.limits);
    std::optional<Attempt> attempt;
    Mail mail;
    mail.from = "a@b.test";
    mail.to = {"c@d.test"};
    mail.message = "Subject: x\r\n\r\nx\r\n";
    boost::asio::co_spawn(
        setting.loop, mailer->send(mail), [&](std::exception_ptr, Attempt result) {
            attempt = std::move(result);
        });
    setting.loop.poll();
    CHECK(setting.server.read_line() == "hang rcpt");
    const auto begin = std::chrono::steady_clock::now();
    mailer.reset();
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::minutes{1});
    setting.loop.run();
    REQUIRE(attempt);
    CHECK(attempt->verdict == Verdict::try_again);
    CHECK(says(*attempt, "vastwatch is stopping"));
}

TEST_CASE("smtp: more mails than the queue holds are sent back at once") {
    Setting setting{"starttls"};
    setting.limits.queue = 0;
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(says(attempt, "too many mails"));
    CHECK(setting.mails().empty());
}

TEST_SUITE_END();

}  // namespace vastwatch::notify
