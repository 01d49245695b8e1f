#include "ctl/page.hpp"

#include <algorithm>

namespace vastwatch::ctl {

void Page::line(const Text& text) {
    const auto shown = look_.width == 0 ? text : text.cut(look_.width);
    lines_.push_back(shown.render(look_.colour));
}

void Page::paragraph(std::string_view text, Style style, std::size_t indent) {
    constexpr std::size_t least = 20;
    const auto width =
        look_.width == 0 ? 0 : std::max(least, look_.width - std::min(look_.width, indent));
    bool first = true;
    for (const auto& piece : wrap(text, width)) {
        line(Text{first ? "" : std::string(indent, ' ')}.add(piece, style));
        first = false;
    }
}

void Page::blank() {
    lines_.emplace_back();
}

void Page::heading(std::string_view title) {
    if (!lines_.empty()) {
        blank();
    }
    line(Text{title, Style::strong});
}

void Page::table(const Table& table) {
    for (const auto& row : table.lines(look_.width)) {
        line(row);
    }
}

}  // namespace vastwatch::ctl
