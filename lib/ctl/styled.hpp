// Text with styles, kept apart from the control sequences that show them: widths are counted and
// text is cut before any sequence exists, and none exists where colour is off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::ctl {

enum class Style : std::uint8_t { plain, strong, soft, good, warn, bad, accent };

/// A piece of one line. What is added must be printable: text from outside goes through
/// vastwatch::printable first (Fields does).
class Text {
  public:
    Text() = default;

    explicit Text(std::string_view text, Style style = Style::plain) { add(text, style); }

    Text& add(std::string_view text, Style style = Style::plain);
    Text& append(const Text& other);

    /// Terminal columns.
    std::size_t width() const { return width_; }

    bool empty() const { return spans_.empty(); }

    /// At most `columns` wide; what was cut ends in '…'.
    Text cut(std::size_t columns) const;

    /// With control sequences for the styles when `colour`, else the bare text.
    std::string render(bool colour) const;

  private:
    struct Span {
        std::string text;
        Style style = Style::plain;
    };

    std::vector<Span> spans_;
    std::size_t width_ = 0;
};

/// Lines of at most `columns` columns, broken at spaces where there are any. 0 columns: one line.
std::vector<std::string> wrap(std::string_view text, std::size_t columns);

}  // namespace vastwatch::ctl
