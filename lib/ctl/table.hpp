// Aligned tables that fit the width they are given: elastic columns are cut first, then the
// columns that matter least are left out.
#pragma once

#include "ctl/styled.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vastwatch::ctl {

enum class Align : std::uint8_t { left, right };

struct Column {
    std::string title;
    Align align = Align::left;
    std::size_t least = 0;  // may be cut down to this many columns; 0 = is never cut
    int rank = 0;           // the highest goes first when space is short; 0 = always stays
};

class Table {
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// A cell for each column.
    void row(std::vector<Text> cells);

    /// Text below the row added last, indented and wrapped.
    void note(std::string_view text);

    bool empty() const { return rows_.empty(); }

    /// The heading and the rows, each at most `width` columns wide; 0 = as wide as they are.
    std::vector<Text> lines(std::size_t width) const;

  private:
    struct Row {
        std::vector<Text> cells;
        std::vector<std::string> notes;
    };

    struct Shown {
        std::size_t column = 0;
        std::size_t width = 0;
    };

    std::vector<Shown> fit(std::size_t width) const;
    std::size_t natural(std::size_t column) const;
    Text line(const std::vector<Shown>& shown, const std::vector<Text>& cells) const;

    std::vector<Column> columns_;
    std::vector<Row> rows_;
};

}  // namespace vastwatch::ctl
