#include "ctl/table.hpp"

#include "base/assert.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace vastwatch::ctl {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t note_indent = 4;
constexpr std::size_t least_note_width = 20;

}  // namespace

void Table::row(std::vector<Text> cells) {
    VW_ASSERT(cells.size() == columns_.size());
    rows_.push_back(Row{std::move(cells), {}});
}

void Table::note(std::string_view text) {
    VW_ASSERT(!rows_.empty());
    rows_.back().notes.emplace_back(text);
}

std::size_t Table::natural(std::size_t column) const {
    std::size_t width = display_width(columns_[column].title);
    for (const auto& row : rows_) {
        width = std::max(width, row.cells[column].width());
    }
    return width;
}

std::vector<Table::Shown> Table::fit(std::size_t width) const {
    std::vector<Shown> shown;
    shown.reserve(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        shown.push_back(Shown{i, natural(i)});
    }
    const auto total = [&shown](auto width_of) {
        std::size_t sum = shown.empty() ? 0 : gap * (shown.size() - 1);
        for (const auto& item : shown) {
            sum += width_of(item);
        }
        return sum;
    };
    const auto least = [this](const Shown& item) {
        const auto floor = columns_[item.column].least;
        return floor == 0 ? item.width : std::min(floor, item.width);
    };
    if (width == 0) {
        return shown;
    }
    while (total(least) > width) {
        const auto worst =
            std::max_element(shown.begin(), shown.end(), [this](const Shown& a, const Shown& b) {
                return columns_[a.column].rank < columns_[b.column].rank;
            });
        if (worst == shown.end() || columns_[worst->column].rank == 0) {
            break;
        }
        shown.erase(worst);
    }
    // What is too much is taken from the widest column that can still give.
    for (auto sum = total([](const Shown& item) { return item.width; }); sum > width; --sum) {
        Shown* widest = nullptr;
        for (auto& item : shown) {
            const bool gives = item.width > least(item);
            if (gives && (widest == nullptr || item.width > widest->width)) {
                widest = &item;
            }
        }
        if (widest == nullptr) {
            break;
        }
        --widest->width;
    }
    return shown;
}

Text Table::line(const std::vector<Shown>& shown, const std::vector<Text>& cells) const {
    Text out;
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const auto& item = shown[i];
        const auto cell = cells[item.column].cut(item.width);
        const std::string padding(item.width - cell.width(), ' ');
        const bool right = columns_[item.column].align == Align::right;
        const bool last = i + 1 == shown.size();
        out.add(right ? padding : "").append(cell);
        out.add(right || last ? "" : padding).add(last ? "" : std::string(gap, ' '));
    }
    return out;
}

std::vector<Text> Table::lines(std::size_t width) const {
    const auto shown = fit(width);
    std::vector<Text> titles;
    titles.reserve(columns_.size());
    for (const auto& column : columns_) {
        titles.emplace_back(column.title, Style::soft);
    }
    std::vector<Text> out;
    const auto add = [&out, width](const Text& text) {
        out.push_back(width == 0 ? text : text.cut(width));
    };
    add(line(shown, titles));
    const std::string indent(note_indent, ' ');
    const auto note_width =
        width == 0 ? 0 : std::max(least_note_width, width - std::min(width, note_indent));
    for (const auto& row : rows_) {
        add(line(shown, row.cells));
        for (const auto& note : row.notes) {
            for (const auto& piece : wrap(note, note_width)) {
                add(Text{indent + piece, Style::soft});
            }
        }
    }
    return out;
}

}  // namespace vastwatch::ctl
