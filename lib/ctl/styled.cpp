#include "ctl/styled.hpp"

#include "base/text.hpp"

namespace vastwatch::ctl {
namespace {

std::string_view sequence(Style style) {
    switch (style) {
        case Style::plain:
            return "";
        case Style::strong:
            return "\x1b[1m";
        case Style::soft:
            return "\x1b[2m";
        case Style::good:
            return "\x1b[32m";
        case Style::warn:
            return "\x1b[33m";
        case Style::bad:
            return "\x1b[1;31m";
        case Style::accent:
            return "\x1b[36m";
    }
    return "";
}

/// The bytes of the first `columns` code points of valid UTF-8.
std::size_t bytes_of(std::string_view text, std::size_t columns) {
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
        const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
        if (begins && columns-- == 0) {
            break;
        }
    }
    return at;
}

}  // namespace

Text& Text::add(std::string_view text, Style style) {
    if (text.empty()) {
        return *this;
    }
    width_ += display_width(text);
    if (!spans_.empty() && spans_.back().style == style) {
        spans_.back().text += text;
    } else {
        spans_.push_back(Span{std::string{text}, style});
    }
    return *this;
}

Text& Text::append(const Text& other) {
    for (const auto& span : other.spans_) {
        add(span.text, span.style);
    }
    return *this;
}

Text Text::cut(std::size_t columns) const {
    if (width_ <= columns) {
        return *this;
    }
    Text out;
    if (columns == 0) {
        return out;
    }
    std::size_t left = columns - 1;
    for (const auto& span : spans_) {
        const auto width = display_width(span.text);
        if (width > left) {
            out.add(std::string_view{span.text}.substr(0, bytes_of(span.text, left)), span.style);
            out.add("…", span.style);
            break;
        }
        out.add(span.text, span.style);
        left -= width;
    }
    return out;
}

std::string Text::render(bool colour) const {
    std::string out;
    for (const auto& span : spans_) {
        const auto start = colour ? sequence(span.style) : std::string_view{};
        out += start;
        out += span.text;
        out += start.empty() ? "" : "\x1b[0m";
    }
    return out;
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines;
    while (columns != 0 && display_width(text) > columns) {
        const auto limit = bytes_of(text, columns);
        // A space right behind the limit is as good a place to break as one before it.
        auto end = text.rfind(' ', limit);
        if (end == std::string_view::npos || end == 0) {
            end = limit;
        }
        lines.emplace_back(trim(text.substr(0, end)));
        text.remove_prefix(end);
        text = trim(text);
    }
    lines.emplace_back(text);
    return lines;
}

}  // namespace vastwatch::ctl
