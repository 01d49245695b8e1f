#include "notify/mail_encoding.hpp"

#include "base/text.hpp"
#include "notify/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vastwatch::notify {
namespace {

constexpr std::size_t line_limit = 76;
constexpr std::string_view word_begin = "=?UTF-8?B?";
constexpr std::string_view word_end = "?=";

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::string single_spaced(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c != ' ' || (!out.empty() && out.back() != ' ')) {
            out += c;
        }
    }
    return std::string{trim(out)};
}

/// Whether plain ASCII can be folded at its spaces and taken for nothing but itself.
bool can_stay_plain(std::string_view text) {
    if (!is_ascii(text) || text.find("=?") != std::string_view::npos) {
        return false;
    }
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (end > line_limit / 2) {
            return false;
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return true;
}

/// `text` folded at spaces, the first line beginning in `column`.
std::string folded(std::string_view text, std::size_t column) {
    std::string out;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (!out.empty() && column + 1 + end > line_limit) {
            out += "\r\n";
            column = 0;
        }
        if (!out.empty()) {
            out += ' ';
            ++column;
        }
        out += text.substr(0, end);
        column += end;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

/// `text` (valid UTF-8) as encoded words of whole code points, the first beginning in `column`.
std::string encoded_words(std::string_view text, std::size_t column) {
    std::string out;
    while (!text.empty()) {
        const auto room = line_limit - column - word_begin.size() - word_end.size();
        auto take = std::min(room / 4 * 3, text.size());
        while (take < text.size() && continuation(text[take])) {
            --take;
        }
        out += out.empty() ? "" : "\r\n ";
        out += word_begin;
        out += base64_encode(text.substr(0, take));
        out += word_end;
        text.remove_prefix(take);
        column = 1;
    }
    return out;
}

std::string quoted_name(std::string_view name) {
    const auto atom = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == ' ' || c == '-' || c == '_';
    };
    if (std::all_of(name.begin(), name.end(), atom)) {
        return std::string{name};
    }
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + "\"";
}

std::string mailbox_text(const Mailbox& mailbox, std::size_t column) {
    // As it is written: every quote and backslash of a name takes two.
    constexpr std::size_t longest_plain_name = 42;
    const auto name = single_spaced(printable(mailbox.name, 80));
    if (name.empty()) {
        return mailbox.address;
    }
    auto shown = quoted_name(name);
    if (!is_ascii(name) || name.find("=?") != std::string::npos ||
        shown.size() > longest_plain_name) {
        shown = encoded_words(name, column);
    }
    const auto last_line = shown.size() - std::min(shown.size(), shown.rfind('\n') + 1);
    const bool fits = column + last_line + mailbox.address.size() + 3 <= line_limit;
    return fmt::format("{}{}<{}>", shown, fits ? " " : "\r\n ", mailbox.address);
}

bool stays_in_quoted_printable(char c) {
    return c >= ' ' && c <= '~' && c != '=';
}

std::string escaped(char c) {
    return fmt::format("={:02X}", static_cast<unsigned char>(c));
}

/// One line, soft breaks included, without its end. A space before a line end is encoded, because
/// relays strip it; so is the F of "From ", which some mail stores take for the next message.
std::string quoted_printable_line(std::string_view line) {
    std::string out;
    std::size_t column = 0;
    for (std::size_t at = 0; at < line.size(); ++at) {
        const char c = line[at];
        const bool last = at + 1 == line.size();
        const bool plain = stays_in_quoted_printable(c) && !(c == ' ' && last);
        auto piece = plain ? std::string(1, c) : escaped(c);
        if (column + piece.size() > line_limit - 1) {
            out += "=\r\n";
            column = 0;
        }
        if (column == 0 && line.substr(at).starts_with("From ")) {
            piece = escaped(c);
        }
        out += piece;
        column += piece.size();
    }
    return out;
}

}  // namespace

std::string text_header(std::string_view name, std::string_view text) {
    const auto safe = single_spaced(printable(text));
    const auto column = name.size() + 2;
    const auto value = can_stay_plain(safe) ? folded(safe, column) : encoded_words(safe, column);
    return fmt::format("{}: {}\r\n", name, value);
}

std::string token_header(std::string_view name, std::string_view value) {
    std::string safe;
    std::copy_if(value.begin(), value.end(), std::back_inserter(safe), [](char c) {
        return c >= ' ' && c <= '~';
    });
    return fmt::format("{}: {}\r\n", name, safe);
}

std::string address_header(std::string_view name, std::span<const Mailbox> mailboxes) {
    auto out = fmt::format("{}: ", name);
    bool first = true;
    for (const auto& mailbox : mailboxes) {
        out += first ? "" : ",\r\n ";
        out += mailbox_text(mailbox, first ? name.size() + 2 : 1);
        first = false;
    }
    return out + "\r\n";
}

std::string mail_date(Instant instant) {
    constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto midnight = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date{midnight};
    const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(instant - midnight)};
    return fmt::format(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
        days[std::chrono::weekday{midnight}.c_encoding()],
        static_cast<unsigned>(date.day()),
        months[static_cast<unsigned>(date.month()) - 1],
        static_cast<int>(date.year()),
        time.hours().count(),
        time.minutes().count(),
        time.seconds().count());
}

std::string quoted_printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        out += quoted_printable_line(text.substr(0, end));
        out += "\r\n";
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string id_token(std::string_view text) {
    constexpr std::size_t limit = 80;
    constexpr std::size_t digest_length = 24;
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_';
        out += plain ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c));
    }
    if (out.size() > limit) {
        out.resize(limit - digest_length);
        out += sha256_hex(text).substr(0, digest_length);
    }
    return out;
}

}  // namespace vastwatch::notify
