#include "notify/smtp_dialogue.hpp"

#include <doctest/doctest.h>

namespace vastwatch::notify {
namespace {

/// A dialogue that went well up to and including the login.
SmtpDialogue logged_in() {
    SmtpDialogue dialogue;
    dialogue.received("220 mail.test\r\n");
    dialogue.sent("EHLO us\r\n");
    dialogue.received("250-mail.test\r\n");
    dialogue.received("250 AUTH PLAIN\r\n");
    dialogue.sent("AUTH PLAIN\r\n");
    dialogue.received("334 \r\n");
    dialogue.sent("AHVzZXIAcGFzc3dvcmQ=\r\n");
    dialogue.received("235 ok\r\n");
    dialogue.sent("MAIL FROM:<a@b>\r\n");
    dialogue.received("250 ok\r\n");
    return dialogue;
}

void recipient(SmtpDialogue& dialogue, std::string_view address, std::string_view reply) {
    dialogue.sent("RCPT TO:<" + std::string{address} + ">\r\n");
    dialogue.received(reply);
}

void content(SmtpDialogue& dialogue, std::string_view reply) {
    dialogue.sent("DATA\r\n");
    dialogue.received("354 go on\r\n");
    dialogue.received(reply);
}

}  // namespace

TEST_CASE("a mail that the server took is delivered, with its words") {
    auto dialogue = logged_in();
    recipient(dialogue, "x@y", "250 ok");
    content(dialogue, "250 2.0.0 queued as 77");
    dialogue.sent("QUIT\r\n");
    dialogue.received("221 bye");
    const auto attempt = dialogue.outcome(SmtpEnd::done, {});
    CHECK(attempt.verdict == Verdict::delivered);
    CHECK(attempt.answer == "250 2.0.0 queued as 77");
    CHECK(attempt.reached.empty());
}

TEST_CASE("one refused mailbox does not undo the delivery to the others") {
    auto dialogue = logged_in();
    recipient(dialogue, "gone@y", "550 no such user");
    recipient(dialogue, "x@y", "250 ok");
    content(dialogue, "250 queued");
    const auto attempt = dialogue.outcome(SmtpEnd::done, {});
    CHECK(attempt.verdict == Verdict::delivered);
    CHECK(attempt.answer == "250 queued; but gone@y: 550 no such user");
}

TEST_CASE("a mailbox that is busy is tried again, without those that have the mail") {
    auto dialogue = logged_in();
    recipient(dialogue, "busy@y", "450 greylisted");
    recipient(dialogue, "x@y", "250 ok");
    content(dialogue, "250 queued");
    const auto attempt = dialogue.outcome(SmtpEnd::done, {});
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(attempt.reached == std::vector<std::string>{"x@y"});
}

TEST_CASE("when every mailbox is refused for good, so is the mail") {
    auto dialogue = logged_in();
    recipient(dialogue, "a@y", "550 no such user");
    recipient(dialogue, "b@y", "551 moved");
    const auto attempt = dialogue.outcome(SmtpEnd::broken, "RCPT failed");
    CHECK(attempt.verdict == Verdict::refused);
    CHECK(attempt.answer == "a@y: 550 no such user; b@y: 551 moved");
}

TEST_CASE("when one of the refused mailboxes is only busy, the mail is tried again") {
    auto dialogue = logged_in();
    recipient(dialogue, "a@y", "451 later");
    recipient(dialogue, "b@y", "550 no such user");
    const auto attempt = dialogue.outcome(SmtpEnd::broken, "RCPT failed");
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(attempt.reached.empty());
}

TEST_CASE("content is refused for good by a 5xx and for now by a 4xx") {
    auto refused = logged_in();
    recipient(refused, "x@y", "250 ok");
    content(refused, "554 looks like spam");
    CHECK(refused.outcome(SmtpEnd::broken, "").verdict == Verdict::refused);
    auto later = logged_in();
    recipient(later, "x@y", "250 ok");
    content(later, "452 disk full");
    CHECK(later.outcome(SmtpEnd::broken, "").verdict == Verdict::try_again);
}

TEST_CASE("a wrong password may be mended: the mail is tried again") {
    SmtpDialogue dialogue;
    dialogue.sent("AUTH PLAIN\r\n");
    dialogue.received("334 \r\n");
    dialogue.sent("AHVzZXIAcGFzc3dvcmQ=\r\n");
    dialogue.received("535 5.7.8 authentication failed");
    const auto attempt = dialogue.outcome(SmtpEnd::broken, "Login denied");
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(
        attempt.answer ==
        "the mail server refuses the login of [smtp]: 535 5.7.8 authentication failed");
}

TEST_CASE("a 5xx to the greeting, the hello or the sender is about us, and tried again") {
    SmtpDialogue greeting;
    greeting.received("554 not you");
    CHECK(greeting.outcome(SmtpEnd::broken, "").verdict == Verdict::try_again);
    SmtpDialogue sender;
    sender.sent("MAIL FROM:<a@b>\r\n");
    sender.received("530 5.7.0 Must issue a STARTTLS command first");
    const auto attempt = sender.outcome(SmtpEnd::broken, "");
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(
        attempt.answer ==
        "the mail server refuses us: 530 5.7.0 Must issue a STARTTLS command first");
}

TEST_CASE("a connection that broke says what broke, whatever was answered before") {
    auto dialogue = logged_in();
    recipient(dialogue, "gone@y", "550 no such user");
    recipient(dialogue, "x@y", "250 ok");
    dialogue.sent("DATA\r\n");
    const auto attempt = dialogue.outcome(SmtpEnd::broken, "connection reset");
    CHECK(attempt.verdict == Verdict::try_again);
    CHECK(attempt.answer == "connection reset");
}

TEST_CASE("a server's words are made printable and short") {
    auto dialogue = logged_in();
    recipient(dialogue, "x@y", "550 \x1b[31m" + std::string(5000, 'x'));
    const auto attempt = dialogue.outcome(SmtpEnd::broken, "");
    CHECK(attempt.answer.size() <= 300);
    CHECK(attempt.answer.find('\x1b') == std::string::npos);
}

TEST_CASE("nonsense from the server is no reply") {
    auto dialogue = logged_in();
    for (const char* line :
         {"", "5", "abc", "55x no", "-55 no", "550-more to come", "5500 no", "\r\n"}) {
        dialogue.received(line);
    }
    CHECK(dialogue.outcome(SmtpEnd::broken, "reset").answer == "reset");
}

TEST_CASE("what is given up because the daemon ends is tried again") {
    CHECK(SmtpDialogue{}.outcome(SmtpEnd::stopping, {}).verdict == Verdict::try_again);
}

}  // namespace vastwatch::notify
