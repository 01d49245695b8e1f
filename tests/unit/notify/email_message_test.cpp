#include "notify/email_message.hpp"

#include "support.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace vastwatch::notify {
namespace {

using testing::hostile_alert;
using testing::huge_alert;
using testing::read_mail;
using testing::sample_alert;

MailContext context() {
    MailContext out;
    out.from = Mailbox{"vastwatch", "vastwatch@company.com"};
    out.to = {Mailbox{"", "ops@company.com"}, Mailbox{"", "lead@company.com"}};
    out.notifier = NotifierName{"ops"};
    out.calendar = testing::berlin();
    return out;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("a mail says who, what and when in its headers") {
    const auto mail = read_mail(compose_mail(sample_alert(), context()));
    CHECK(mail.header("from") == "vastwatch <vastwatch@company.com>");
    CHECK(mail.header("to") == "ops@company.com, lead@company.com");
    CHECK(mail.header("subject") == "[vastwatch] ml-research has spent 80% of its daily cap");
    CHECK(mail.header("date") == "Sat, 21 Nov 2026 19:04:05 +0000");
    CHECK(mail.header("message-id") == "<01JDA1B2C3D4E5F6G7H8J9K0M1.ops@company.com>");
    CHECK(mail.header("auto-submitted") == "auto-generated");
    CHECK(mail.header("x-vastwatch-kind") == "budget_threshold");
    CHECK(mail.header("x-vastwatch-team") == "ml-research");
    CHECK(mail.header("x-vastwatch-id") == "01JDA1B2C3D4E5F6G7H8J9K0M1");
    CHECK(mail.header("list-id") == "<ops.vastwatch.company.com>");
    CHECK(mail.header("mime-version") == "1.0");
}

TEST_CASE("the same alert gives the same bytes, so that a retry is the same mail") {
    CHECK(compose_mail(sample_alert(), context()) == compose_mail(sample_alert(), context()));
}

TEST_CASE("another notifier's mail has another Message-ID") {
    const auto alert = sample_alert();
    CHECK(
        message_id(alert, NotifierName{"ops"}, "a.test") !=
        message_id(alert, NotifierName{"chat"}, "a.test"));
}

TEST_CASE("resolved and dry-run mails are marked in the subject") {
    auto alert = sample_alert();
    alert.resolved = true;
    alert.dry_run = true;
    const auto mail = read_mail(compose_mail(alert, context()));
    CHECK(
        mail.header("subject") ==
        "[vastwatch] [resolved] [dry run] ml-research has spent 80% of its daily cap");
}

TEST_CASE("only what is critical and lasts is marked important") {
    auto alert = sample_alert();
    CHECK(read_mail(compose_mail(alert, context())).header("importance").empty());
    alert.severity = policy::Severity::critical;
    CHECK(read_mail(compose_mail(alert, context())).header("importance") == "high");
    alert.resolved = true;
    CHECK(read_mail(compose_mail(alert, context())).header("importance").empty());
}

TEST_CASE("mails of one team and window are one thread, whatever they are about") {
    const auto first = sample_alert();
    auto second = sample_alert();
    second.id = AlertId{"01JDB"};
    second.kind = alerts::Kind::cap_reached;
    second.condition = "cap/team/ml-research/day/2026-11-21";
    const auto a = read_mail(compose_mail(first, context()));
    const auto b = read_mail(compose_mail(second, context()));
    CHECK(!a.header("references").empty());
    CHECK(a.header("references") == b.header("references"));
    CHECK(a.header("in-reply-to") == b.header("in-reply-to"));
    CHECK(a.header("message-id") != b.header("message-id"));
    CHECK(a.header("message-id") != a.header("references"));
}

TEST_CASE("another team, another window or the next day is another thread") {
    const auto thread = thread_id(sample_alert(), "a.test");
    auto other = sample_alert();
    other.team = TeamName{"other"};
    CHECK(thread_id(other, "a.test") != thread);
    other = sample_alert();
    other.window = policy::Window::month;
    CHECK(thread_id(other, "a.test") != thread);
    other = sample_alert();
    other.window_start = testing::at("2026-11-22T00:00:00Z");
    CHECK(thread_id(other, "a.test") != thread);
}

TEST_CASE("a warning and what came of it are one thread of their instance") {
    auto warning = sample_alert();
    warning.window.reset();
    warning.condition = "idle_warning/instance/312";
    auto destroyed = warning;
    destroyed.condition = "instance_destroyed/instance/312";
    CHECK(thread_id(warning, "a.test") == thread_id(destroyed, "a.test"));
    destroyed.condition = "instance_destroyed/instance/313";
    CHECK(thread_id(warning, "a.test") != thread_id(destroyed, "a.test"));
}

TEST_CASE("an alert about nothing in particular stands alone") {
    alerts::Alert alert;
    alert.id = AlertId{"01J"};
    const auto mail = read_mail(compose_mail(alert, context()));
    CHECK(mail.headers.count("references") == 0);
}

TEST_CASE("both parts tell the figures, the text, the instances and what to do next") {
    auto alert = sample_alert();
    alert.kind = alerts::Kind::idle_warning;
    alert.instances_omitted = 41;
    const auto mail = read_mail(compose_mail(alert, context()));
    for (const auto& part : {mail.text, mail.html}) {
        for (const char* told :
             {"ml-research has spent 80% of its daily cap",
              "$160.02",
              "$200.00",
              "$12.4000/h",
              "2026-11-21 23:17:31 CET",
              "At the present rate",
              "Nothing is taken down yet.",
              "312",
              "ml-research/llama",
              "8× H100 SXM",
              "$18.4000/h",
              "2h 5m",
              "destroy",
              "and 41 more",
              "vastwatchctl explain 312",
              "vastwatchctl protect 312"}) {
            CAPTURE(told);
            CHECK(contains(part, told));
        }
    }
}

TEST_CASE("the plain text begins with its title") {
    const auto mail = read_mail(compose_mail(sample_alert(), context()));
    CHECK(
        mail.text.starts_with("ml-research has spent 80% of its daily cap\n"
                              "==========================================\n\n"
                              "Team                ml-research\n"));
}

TEST_CASE("hostile names and texts add no header") {
    const auto mail = read_mail(compose_mail(hostile_alert(), context()));
    const auto clean = read_mail(compose_mail(sample_alert(), context()));
    CHECK(mail.headers.count("bcc") == 0);
    CHECK(mail.headers.count("x-evil") == 0);
    std::vector<std::string> names;
    for (const auto& [name, values] : mail.headers) {
        CHECK(values.size() == 1);
        names.push_back(name);
    }
    std::vector<std::string> expected;
    for (const auto& [name, values] : clean.headers) {
        expected.push_back(name);
    }
    CHECK(names == expected);
    CHECK(mail.header("message-id") == "<01J=3E=0D=0AX-Evil=3A=201.ops@company.com>");
}

TEST_CASE("hostile names and texts are inert in the HTML part") {
    const auto mail = read_mail(compose_mail(hostile_alert(), context()));
    CHECK(!contains(mail.html, "<script"));
    CHECK(!contains(mail.html, "\" onload"));
    CHECK(contains(mail.html, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    CHECK(!contains(mail.html, "href"));
    CHECK(!contains(mail.html, "src="));
}

TEST_CASE("no control character and no reordering mark gets into either part") {
    const auto mail = read_mail(compose_mail(hostile_alert(), context()));
    for (const auto& part : {mail.text, mail.html}) {
        CHECK(std::none_of(part.begin(), part.end(), [](char c) {
            return (c >= 0 && c < ' ' && c != '\n') || c == '\x7f';
        }));
        CHECK(!contains(part, "\xE2\x80\xAE"));
    }
}

TEST_CASE("an alert as long as one may be keeps every line of the mail within 78 columns") {
    const auto message = compose_mail(huge_alert(), context());
    std::string_view rest = message;
    std::size_t longest = 0;
    while (!rest.empty()) {
        const auto end = rest.find("\r\n");
        REQUIRE(end != std::string_view::npos);
        CHECK(rest.substr(0, end).find_first_of("\r\n") == std::string_view::npos);
        longest = std::max(longest, end);
        rest.remove_prefix(end + 2);
    }
    CHECK(longest <= 78);
    CHECK(std::all_of(message.begin(), message.end(), [](char c) { return c >= 0; }));
}

}  // namespace vastwatch::notify
