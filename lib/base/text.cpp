#include "base/text.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace vastwatch {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct Sequence {
    std::size_t length;  // bytes consumed, at least 1
    std::uint32_t code;  // the code point, when valid
    bool valid;
};

bool continuation(std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

/// The sequence at `at`, per RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
Sequence decode(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80U) {
        return Sequence{1, lead, true};
    }
    std::size_t length = 0;
    std::uint32_t code = 0;
    if (lead >= 0xC2U && lead <= 0xDFU) {
        length = 2;
        code = lead & 0x1FU;
    } else if ((lead & 0xF0U) == 0xE0U) {
        length = 3;
        code = lead & 0x0FU;
    } else if (lead >= 0xF0U && lead <= 0xF4U) {
        length = 4;
        code = lead & 0x07U;
    } else {
        return Sequence{1, 0, false};
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (!continuation(text, at + i)) {
            return Sequence{1, 0, false};
        }
        code = (code << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    }
    const bool overlong = (length == 3 && code < 0x800U) || (length == 4 && code < 0x10000U);
    const bool surrogate = code >= 0xD800U && code <= 0xDFFFU;
    if (overlong || surrogate || code > 0x10FFFFU) {
        return Sequence{1, 0, false};
    }
    return Sequence{length, code, true};
}

/// Control characters, and the invisible ones that reorder or break a line.
bool unprintable(std::uint32_t code) {
    return code < 0x20U || (code >= 0x7FU && code <= 0x9FU) || code == 0x061CU || code == 0x200EU ||
           code == 0x200FU || (code >= 0x2028U && code <= 0x202EU) ||
           (code >= 0x2066U && code <= 0x2069U) || code == 0xFEFFU;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
        }
    }
    return row.back();
}

}  // namespace

std::string_view trim(std::string_view text) {
    constexpr std::string_view space = " \t\r\n\v\f";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::string to_lower(std::string_view text) {
    std::string lower{text};
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lower;
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto sequence = decode(text, at);
        out += sequence.valid ? text.substr(at, sequence.length) : replacement;
        at += sequence.length;
    }
    return out;
}

std::string printable(std::string_view text, std::size_t max_characters) {
    std::string out;
    out.reserve(text.size());
    std::size_t shown = 0;
    for (std::size_t at = 0; at < text.size(); ++shown) {
        const auto sequence = decode(text, at);
        if (max_characters != 0 && shown + 1 == max_characters &&
            at + sequence.length < text.size()) {
            return out + "…";
        }
        if (!sequence.valid) {
            out += replacement;
        } else if (unprintable(sequence.code)) {
            out += '?';
        } else {
            out += text.substr(at, sequence.length);
        }
        at += sequence.length;
    }
    return out;
}

std::string escape_html(std::string_view text) {
    std::string out;
    const std::string safe = printable(text);
    out.reserve(safe.size());
    for (const char c : safe) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size(); ++width) {
        at += decode(text, at).length;
    }
    return width;
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates) {
    std::string_view best;
    std::size_t best_distance = std::min<std::size_t>(3, text.size() / 3 + 1) + 1;
    for (const auto candidate : candidates) {
        const auto distance = edit_distance(text, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

}  // namespace vastwatch
