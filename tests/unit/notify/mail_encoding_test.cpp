#include "notify/mail_encoding.hpp"

#include "support.hpp"

#include <doctest/doctest.h>

#include <array>

namespace vastwatch::notify {
namespace {

std::size_t longest_line(std::string_view text) {
    std::size_t longest = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find("\r\n"), text.size());
        longest = std::max(longest, end);
        text.remove_prefix(std::min(end + 2, text.size()));
    }
    return longest;
}

/// Whether each line but the first begins with a space and holds something, so that nothing but one
/// header is in it.
bool is_one_header(std::string_view text) {
    if (!text.ends_with("\r\n")) {
        return false;
    }
    text.remove_suffix(2);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool line_end = text.substr(i, 2) == "\r\n";
        if (!line_end && (text[i] == '\r' || text[i] == '\n' || text[i] == '\0')) {
            return false;
        }
        if (line_end) {
            if (i + 3 >= text.size() || text[i + 2] != ' ' || text[i + 3] == '\r') {
                return false;
            }
            ++i;
        }
    }
    return true;
}

}  // namespace

TEST_CASE("a short ASCII header stays as it is") {
    CHECK(text_header("Subject", "[vastwatch] hello") == "Subject: [vastwatch] hello\r\n");
}

TEST_CASE("a long ASCII header is folded at spaces") {
    std::string text;
    for (int i = 0; i < 40; ++i) {
        text += "word" + std::to_string(i) + " ";
    }
    const auto header = text_header("Subject", text);
    CHECK(is_one_header(header));
    CHECK(longest_line(header) <= 78);
    CHECK(header.find("=?") == std::string::npos);
}

TEST_CASE("text that is not ASCII becomes encoded words of at most 75 characters") {
    const auto header = text_header(
        "Subject",
        "[vastwatch] Größenwahn: команда потратила 80 % дневного "
        "лимита 🔥🔥🔥🔥🔥🔥🔥🔥");
    CHECK(is_one_header(header));
    CHECK(longest_line(header) <= 76);
    CHECK(header.starts_with("Subject: =?UTF-8?B?"));
}

TEST_CASE("a word too long for a line is encoded, not left over-long") {
    const auto header = text_header("Subject", std::string(500, 'a'));
    CHECK(is_one_header(header));
    CHECK(longest_line(header) <= 78);
}

TEST_CASE("text that looks like an encoded word is not taken for one") {
    CHECK(
        text_header("Subject", "=?UTF-8?B?aGk=?=") ==
        "Subject: =?UTF-8?B?PT9VVEYtOD9CP2FHaz0/PQ==?=\r\n");
}

TEST_CASE("no text can begin a header of its own") {
    using namespace std::string_literals;
    for (const auto& text :
         {"a\r\nBcc: x@y"s,
          "a\nBcc: x@y"s,
          "a\rBcc: x@y"s,
          "a\0b"s,
          "\r\n\r\nbody"s,
          "\r\n"s,
          "a\xE2\x80\xA8"
          "b"s,
          "\x0b\x0c\x85"s,
          std::string(3000, '\n'),
          ""s,
          " "s}) {
        CHECK(is_one_header(text_header("Subject", text)));
        CHECK(is_one_header(token_header("X-Token", text)));
        Mailbox mailbox;
        mailbox.name = text;
        mailbox.address = "a@b.test";
        const std::array mailboxes{mailbox, mailbox};
        CHECK(is_one_header(address_header("From", mailboxes)));
    }
}

TEST_CASE("a display name is quoted where it must be and encoded where it is not ASCII") {
    const auto from = [](std::string name) {
        const std::array mailboxes{Mailbox{std::move(name), "a@b.test"}};
        return address_header("From", mailboxes);
    };
    CHECK(from("") == "From: a@b.test\r\n");
    CHECK(from("vast watch") == "From: vast watch <a@b.test>\r\n");
    CHECK(from("Watch, \"the\" one") == "From: \"Watch, \\\"the\\\" one\" <a@b.test>\r\n");
    CHECK(from("Wächter") == "From: =?UTF-8?B?V8OkY2h0ZXI=?= <a@b.test>\r\n");
}

TEST_CASE("a display name that quoting makes too long for a line is encoded") {
    const std::array mailboxes{Mailbox{std::string(39, '\\'), "a@b.test"}};
    CHECK(address_header("From", mailboxes).starts_with("From: =?UTF-8?B?"));
}

TEST_CASE("many recipients are one to a line") {
    const std::array mailboxes{Mailbox{"", "a@b.test"}, Mailbox{"C", "c@d.test"}};
    CHECK(address_header("To", mailboxes) == "To: a@b.test,\r\n C <c@d.test>\r\n");
}

TEST_CASE("addresses that could do anything but receive mail are refused") {
    for (const char* good : {"a@b", "first.last+tag@mail.example.com", "x_y=z@[x"}) {
        CHECK(is_mail_address(good) == (std::string_view{good} != "x_y=z@[x"));
    }
    for (const char* bad :
         {"",
          "a",
          "@b",
          "a@",
          "a@b@c d",
          "a b@c",
          "a@b\r\nRCPT TO:<x@y>",
          "a@b>",
          "<a@b",
          "\"a\"@b",
          "a@b,c@d",
          "a..b@c",
          ".a@b",
          "a@b.",
          "ä@b",
          "a@b\x7f",
          "a(b)@c"}) {
        CAPTURE(bad);
        CHECK(!is_mail_address(bad));
    }
    CHECK(!is_mail_address(std::string(250, 'a') + "@b.test"));
}

TEST_CASE("mailboxes are read with and without a name") {
    CHECK(parse_mailbox(" a@b.test ")->address == "a@b.test");
    const auto named = parse_mailbox("\"Watch, \\\"er\" <a@b.test>");
    REQUIRE(named);
    CHECK(named->name == "Watch, \"er");
    CHECK(named->address == "a@b.test");
    CHECK(named->domain() == "b.test");
    CHECK(!parse_mailbox("Name <a@b.test"));
    CHECK(!parse_mailbox("Name <a@b.test> x"));
    CHECK(!parse_mailbox("Name <>"));
}

TEST_CASE("dates are those of RFC 5322 in UTC") {
    CHECK(mail_date(testing::at("2026-11-21T19:04:05.9Z")) == "Sat, 21 Nov 2026 19:04:05 +0000");
    CHECK(mail_date(testing::at("2026-02-01T00:00:00Z")) == "Sun, 01 Feb 2026 00:00:00 +0000");
}

TEST_CASE("quoted-printable keeps lines within 76 columns and ends them with CRLF") {
    const auto encoded = quoted_printable(std::string(200, 'x') + "\nsecond = 100 % ä \n\nlast");
    CHECK(longest_line(encoded) <= 76);
    CHECK(encoded.find("second =3D 100 % =C3=A4=20\r\n\r\nlast\r\n") != std::string::npos);
}

TEST_CASE("a line that mail stores would take for the next message is disarmed") {
    CHECK(quoted_printable("From here on\n") == "=46rom here on\r\n");
}

TEST_CASE("such a line is disarmed where only a soft break makes it one, too") {
    const std::string before(75, 'x');
    CHECK(quoted_printable(before + "From y\n") == before + "=\r\n=46rom y\r\n");
}

TEST_CASE("a control character does not survive quoted-printable as itself") {
    using namespace std::string_literals;
    CHECK(quoted_printable("a\0\rb\n"s) == "a=00=0Db\r\n");
}

TEST_CASE("id tokens are unambiguous and bounded") {
    CHECK(id_token("ops-1_x") == "ops-1_x");
    CHECK(id_token("a>b\r\n") == "a=3Eb=0D=0A");
    const auto one = id_token(std::string(1000, 'a') + "1");
    const auto other = id_token(std::string(1000, 'a') + "2");
    CHECK(one.size() == 80);
    CHECK(one != other);
}

}  // namespace vastwatch::notify
