// Text of strangers on its way out: to terminals, HTML, metrics, mail headers and mail bodies. What
// comes out is taken apart as its reader would, and must hold nothing but the text.
#include "base/text.hpp"
#include "fuzz.hpp"
#include "metrics/text_format.hpp"
#include "notify/mail_address.hpp"
#include "notify/mail_encoding.hpp"
#include "notify/presentation.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace vastwatch::fuzz {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

void check_plain(std::string_view text) {
    const auto valid = valid_utf8(text);
    require(is_utf8(valid), "valid UTF-8 is valid", valid);
    require((valid == text) == is_utf8(text), "only what is wrong is replaced", valid);
    require(valid_utf8(valid) == valid, "replacing twice changes nothing", valid);
    const auto shown = printable(text);
    require(is_printable(shown), "what is printable does not act", shown);
    require(printable(shown) == shown, "printing twice changes nothing", shown);
    for (const std::size_t most : {1U, 2U, 20U}) {
        const auto cut = printable(text, most);
        require(is_printable(cut), "what is cut is printable", cut);
        require(display_width(cut) <= most, "what is cut is short enough", cut);
    }
    require_shown(notify::short_answer(text), 300, "an answer is short");
}

void check_html(std::string_view text) {
    auto html = escape_html(text);
    require(html.find_first_of("<>\"'") == std::string::npos, "HTML stays text", html);
    require(is_printable(html), "HTML does not act", html);
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> entities{
        {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}}};
    for (const auto& [entity, character] : entities) {
        html = replaced(std::move(html), entity, character);
    }
    require(html == printable(text), "HTML shows the text", html);
}

/// Reads `name{label="value"} 1\n` as a scraper does; the value.
std::string scraped(std::string_view line) {
    constexpr std::string_view head = "vastwatch_sample{label=\"";
    require(line.starts_with(head), "a sample begins with its name", line);
    line.remove_prefix(head.size());
    std::string value;
    while (!line.empty() && line.front() != '"') {
        if (line.front() == '\\') {
            line.remove_prefix(1);
            require(!line.empty(), "an escape is whole", line);
            require(
                std::string_view{"\\\"n"}.find(line.front()) != std::string_view::npos,
                "an escape is known",
                line);
            value += line.front() == 'n' ? '\n' : line.front();
        } else {
            require(line.front() != '\n', "a sample is one line", line);
            value += line.front();
        }
        line.remove_prefix(1);
    }
    require(line == "\"} 1\n", "a sample ends with its value", line);
    return value;
}

void check_metrics(std::string_view text) {
    const auto escaped = metrics::escape_label(text);
    std::string out;
    metrics::append_sample(
        out, "vastwatch_sample", {metrics::Label{"label", std::string_view{escaped}}}, "1");
    require(is_utf8(out), "metrics are UTF-8", out);
    const auto expected = replaced(valid_utf8(text), std::string_view{"\0", 1}, "\xEF\xBF\xBD");
    require(scraped(out) == expected, "a label is scraped as it was", out);
}

std::string base64_decoded(std::string_view text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        if (c == '=') {
            break;
        }
        const auto digit = digits.find(c);
        require(digit != std::string_view::npos, "base64 has its digits", text);
        bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU);
        }
    }
    return out;
}

/// The lines of a header, which must end in CRLF, be short, and begin with a space but for the
/// first.
std::vector<std::string_view> header_lines(std::string_view header) {
    std::vector<std::string_view> lines;
    require(header.ends_with("\r\n"), "a header ends with CRLF", header);
    while (!header.empty()) {
        const auto end = header.find("\r\n");
        const auto line = header.substr(0, end);
        header.remove_prefix(end + 2);
        require(line.size() <= 78, "a line of a header is short", line);
        require(
            std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; }),
            "a header is printable ASCII",
            line);
        require(lines.empty() || line.starts_with(' '), "a header goes on with a space", line);
        require(line.find_first_not_of(' ') != std::string_view::npos, "no line is empty", line);
        lines.push_back(line);
    }
    return lines;
}

/// What a reader shows for "Subject: …".
std::string unfolded(std::string_view header) {
    std::string out;
    bool word_before = false;
    for (auto line : header_lines(header)) {
        constexpr std::string_view begin = "=?UTF-8?B?";
        if (out.empty() && !word_before) {
            line.remove_prefix(std::string_view{"Subject:"}.size());
        }
        const auto trimmed = line.substr(std::min<std::size_t>(1, line.size()));
        if (trimmed.starts_with(begin)) {
            require(trimmed.ends_with("?="), "an encoded word has an end", trimmed);
            out += base64_decoded(trimmed.substr(begin.size(), trimmed.size() - begin.size() - 2));
            word_before = true;
        } else {
            require(!word_before, "encoded and plain words are not mixed", header);
            out += line;
        }
    }
    return out;
}

void check_headers(std::string_view text) {
    const auto header = notify::text_header("Subject", text);
    auto shown = unfolded(header);
    // Runs of spaces are one in a header.
    std::string expected;
    for (const char c : printable(text)) {
        if (c != ' ' || (!expected.empty() && expected.back() != ' ')) {
            expected += c;
        }
    }
    require(
        std::string{trim(shown)} == std::string{trim(expected)},
        "a subject is read as it was",
        header);
    const auto token = notify::token_header("X-Token", text);
    require(std::count(token.begin(), token.end(), '\n') == 1, "a token is one line", token);
    const auto mailbox = notify::parse_mailbox(text);
    if (mailbox) {
        require(notify::is_mail_address(mailbox->address), "an address is one", mailbox->address);
        const auto to = notify::address_header("To", std::vector<notify::Mailbox>(2, *mailbox));
        for (const auto line : split(to, '\n')) {
            require(line.size() <= 998, "a line of a header fits", line);
            require(
                line.empty() || (line.ends_with('\r') && line.find('\r') == line.size() - 1),
                "a header's lines end with CRLF",
                line);
        }
    }
    notify::Mailbox named;
    named.name = text;
    named.address = "ops@example.com";
    header_lines(notify::address_header("From", std::vector<notify::Mailbox>(2, named)));
    const auto id = notify::id_token(text);
    require_shown(id, 80, "a token of an id is short");
    require(id.find_first_of(" <>@\"") == std::string::npos, "a token of an id is one word", id);
}

void check_body(std::string_view text) {
    const auto encoded = notify::quoted_printable(text);
    std::string decoded;
    for (std::string_view rest = encoded; !rest.empty();) {
        const auto end = rest.find("\r\n");
        require(end != std::string_view::npos, "a mail's line ends with CRLF", rest);
        auto line = rest.substr(0, end);
        rest.remove_prefix(end + 2);
        require(line.size() <= 76, "a mail's line is short", line);
        require(!line.ends_with(' '), "no relay strips a space", line);
        require(!line.starts_with("From "), "no mail store splits it", line);
        const bool soft = line.ends_with('=');
        line.remove_suffix(soft ? 1 : 0);
        for (std::size_t i = 0; i < line.size(); ++i) {
            require(line[i] >= ' ' && line[i] <= '~', "a mail's line is ASCII", line);
            if (line[i] != '=') {
                decoded += line[i];
                continue;
            }
            require(i + 2 < line.size(), "an escape is whole", line);
            decoded +=
                static_cast<char>(std::stoi(std::string(line.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        }
        decoded += soft ? "" : "\n";
    }
    const auto expected = std::string(text) + (text.empty() || text.ends_with('\n') ? "" : "\n");
    require(decoded == expected, "a mail's text is read as it was", encoded);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    check_plain(text);
    check_html(text);
    check_metrics(text);
    check_headers(text);
    check_body(text);
    return 0;
}

}  // namespace vastwatch::fuzz
