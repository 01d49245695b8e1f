#include "support.hpp"

#include <doctest/doctest.h>

namespace vastwatch::notify {
namespace {

using Addresses = std::vector<std::string>;

Attempt made(Verdict verdict, Addresses reached) {
    Attempt attempt;
    attempt.verdict = verdict;
    attempt.reached = std::move(reached);
    return attempt;
}

/// A notifier to two people behind a mailer that answers as told.
struct Setting {
    explicit Setting(
        std::vector<Attempt> answers,
        std::string sender = "vastwatch <v@company.com>") {
        mailer.answers = std::move(answers);
        settings.name = NotifierName{"ops"};
        settings.minimum_severity = policy::Severity::warning;
        settings.to = {"a@company.com", "Lead <b@company.com>"};
        notifier = make_email_notifier(mailer, settings, std::move(sender), Calendar{});
    }

    Attempt deliver() { return testing::run(loop, notifier->deliver(testing::sample_alert())); }

    boost::asio::io_context loop;
    testing::FakeMailer mailer;
    config::Notifier settings;
    std::unique_ptr<Notifier> notifier;
};

}  // namespace

TEST_CASE("an email notifier sends one mail to all of its addresses") {
    Setting setting{{made(Verdict::delivered, {})}};
    CHECK(setting.deliver().verdict == Verdict::delivered);
    REQUIRE(setting.mailer.mails.size() == 1);
    const auto& mail = setting.mailer.mails[0];
    CHECK(mail.from == "v@company.com");
    CHECK(mail.to == Addresses{"a@company.com", "b@company.com"});
    CHECK(testing::read_mail(mail.message).header("to") == "a@company.com, Lead <b@company.com>");
    CHECK(setting.notifier->name().str() == "ops");
    CHECK(setting.notifier->minimum_severity() == policy::Severity::warning);
}

TEST_CASE("a retry goes to those who have not got it, as the same mail") {
    Setting setting{{made(Verdict::try_again, {"a@company.com"}), made(Verdict::delivered, {})}};
    CHECK(setting.deliver().verdict == Verdict::try_again);
    CHECK(setting.deliver().verdict == Verdict::delivered);
    REQUIRE(setting.mailer.mails.size() == 2);
    CHECK(setting.mailer.mails[1].to == Addresses{"b@company.com"});
    CHECK(setting.mailer.mails[1].message == setting.mailer.mails[0].message);
}

TEST_CASE("who was reached is remembered over a failure of the network") {
    Setting setting{
        {made(Verdict::try_again, {"a@company.com"}),
         made(Verdict::try_again, {}),
         made(Verdict::delivered, {})}};
    setting.deliver();
    setting.deliver();
    setting.deliver();
    CHECK(setting.mailer.mails.at(2).to == Addresses{"b@company.com"});
}

TEST_CASE("an alert that reached somebody counts as delivered when the others refuse it") {
    Setting setting{{made(Verdict::try_again, {"a@company.com"}), made(Verdict::refused, {})}};
    setting.deliver();
    CHECK(setting.deliver().verdict == Verdict::delivered);
}

TEST_CASE("an alert that reached nobody and is refused is refused") {
    Setting setting{{made(Verdict::try_again, {}), made(Verdict::refused, {})}};
    setting.deliver();
    CHECK(setting.deliver().verdict == Verdict::refused);
}

TEST_CASE("who has one alert still gets the next") {
    Setting setting{{made(Verdict::try_again, {"a@company.com"})}};
    setting.deliver();
    auto next = testing::sample_alert();
    next.id = AlertId{"01JNEXT"};
    testing::run(setting.loop, setting.notifier->deliver(next));
    CHECK(setting.mailer.mails.at(1).to == Addresses{"a@company.com", "b@company.com"});
}

TEST_CASE("an unusable sender is refused with a word on what to mend") {
    Setting setting{{made(Verdict::delivered, {})}, "v@company.com\r\nBcc: x@evil.test"};
    const auto attempt = setting.deliver();
    CHECK(attempt.verdict == Verdict::refused);
    CHECK(attempt.answer == "`from` of [smtp] is no usable address");
    CHECK(setting.mailer.mails.empty());
}

}  // namespace vastwatch::notify
