// Lines of output under construction, as wide as the terminal and no wider.
#pragma once

#include "ctl/figures.hpp"
#include "ctl/styled.hpp"
#include "ctl/table.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vastwatch::ctl {

/// Finished lines, without newlines, with control sequences only where Look allows colour.
using Lines = std::vector<std::string>;

class Page {
  public:
    /// `look` must outlive it.
    explicit Page(const Look& look) : look_(look) {}

    /// Cut at the width.
    void line(const Text& text);
    /// Wrapped at the width: all of it is shown. What follows `first` and the lines below it are
    /// indented by as much as `first` is wide.
    void paragraph(std::string_view text, Style style = Style::plain);
    void paragraph(const Text& first, std::string_view text, Style style = Style::plain);
    void blank();
    /// A heading, after an empty line unless it comes first.
    void heading(std::string_view title);
    void table(const Table& table);

    const Look& look() const { return look_; }

    Lines take() { return std::move(lines_); }

  private:
    const Look& look_;
    Lines lines_;
};

}  // namespace vastwatch::ctl
