#include "ctl/page.hpp"

#include <algorithm>

namespace vastwatch::ctl {

void Page::line(const Text& text) {
    const auto shown = look_.width == 0 ? text : text.cut(look_.width);
    lines_.push_back(shown.render(look_.colour));
}

void Page::paragraph(std::string_view text, Style style) {
    paragraph(Text{""}, text, style);
}

void Page::paragraph(const Text& first, std::string_view text, Style style) {
    constexpr std::size_t least = 20;
    const auto indent = first.width();
    const auto width =
        look_.width == 0 ? 0 : std::max(least, look_.width - std::min(look_.width, indent));
    auto before = first;
    for (const auto& piece : wrap(text, width)) {
        line(Text{before}.add(piece, style));
        before = Text{std::string(indent, ' ')};
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
