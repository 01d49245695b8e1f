#include "config/toml_document.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>

namespace vastwatch::config {
namespace {

constexpr int deepest_brackets = 16;
constexpr int most_dots = 8;

/// Follows strings and comments just enough to count brackets and dots outside of them. The library
/// builds dotted keys into nested tables without a limit and frees them by recursion.
class DepthScan {
  public:
    explicit DepthScan(std::string_view text) : text_(text) {}

    /// The offset at which something nests too deeply, nothing when nothing does.
    std::optional<std::size_t> run() {
        while (at_ < text_.size()) {
            if (text_[at_] == '"' || text_[at_] == '\'') {
                skip_string(text_[at_]);
            } else if (text_[at_] == '#') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else {
                count(text_[at_++]);
            }
            if (brackets_ > deepest_brackets || dots_ > most_dots) {
                return std::min(at_, text_.size()) - 1;
            }
        }
        return std::nullopt;
    }

  private:
    void count(char c) {
        switch (c) {
            case '[':
            case '{':
                ++brackets_;
                dots_ = 0;
                break;
            case ']':
            case '}':
                brackets_ = std::max(0, brackets_ - 1);
                dots_ = 0;
                break;
            case '.':
                ++dots_;
                break;
            case '\n':
            case ',':
            case '=':
                dots_ = 0;
                break;
            default:
                break;
        }
    }

    void skip_string(char quote) {
        const std::string triple(3, quote);
        const bool multiline = text_.substr(at_, 3) == triple;
        at_ += multiline ? 3U : 1U;
        while (at_ < text_.size()) {
            if (multiline ? text_.substr(at_, 3) == triple : text_[at_] == quote) {
                at_ += multiline ? 3U : 1U;
                return;
            }
            if (!multiline && text_[at_] == '\n') {
                return;  // not TOML; the parser stops here as well
            }
            const bool escape = text_[at_] == '\\' && quote == '"';
            at_ += escape ? 2U : 1U;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int brackets_ = 0;
    int dots_ = 0;
};

Place place_of_offset(std::string_view text, std::size_t offset, std::uint32_t file) {
    const auto before = text.substr(0, offset);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    return Place{
        file,
        static_cast<std::uint32_t>(line),
        static_cast<std::uint32_t>(offset - line_start + 1)};
}

/// Turns the library's positions (columns in code points) into ours (columns in bytes).
class Positions {
  public:
    Positions(std::string_view text, std::uint32_t file) : text_(text), file_(file) {
        starts_.push_back(0);
        for (std::size_t at = text.find('\n'); at != std::string_view::npos;
             at = text.find('\n', at + 1)) {
            starts_.push_back(at + 1);
        }
    }

    Place place(toml::source_position position) {
        const auto line = std::clamp<std::size_t>(position.line, 1, starts_.size());
        // The library counts the end of the file as a character of the last line.
        const auto end = line < starts_.size() ? starts_[line] - 1 : text_.size();
        // Most positions follow one another: a line of a hundred thousand values is counted once.
        if (line != line_ || position.column < column_) {
            line_ = line;
            column_ = 1;
            at_ = starts_[line - 1];
        }
        for (; column_ < position.column && at_ < end; ++column_) {
            ++at_;
            while (at_ < end && (static_cast<unsigned char>(text_[at_]) & 0xC0U) == 0x80U) {
                ++at_;
            }
        }
        const auto column = at_ - starts_[line - 1] + 1;
        return Place{file_, static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(column)};
    }

  private:
    std::string_view text_;
    std::uint32_t file_;
    std::vector<std::size_t> starts_;
    std::size_t line_ = 0;  // the position found last, and its offset
    std::uint32_t column_ = 1;
    std::size_t at_ = 0;
};

Node convert(const toml::node& node, Positions& positions);

Node::Table convert_table(const toml::table& table, Positions& positions) {
    Node::Table entries;
    entries.reserve(table.size());
    for (const auto& [key, value] : table) {
        Entry entry;
        entry.key = std::string{key.str()};
        entry.place = positions.place(key.source().begin);
        entry.node = convert(value, positions);
        entries.push_back(std::move(entry));
    }
    // The library keeps keys in alphabetical order; teams match in the order of the file.
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return a.place < b.place;
    });
    return entries;
}

Node::List convert_list(const toml::array& array, Positions& positions) {
    Node::List list;
    list.reserve(array.size());
    for (const auto& element : array) {
        list.push_back(convert(element, positions));
    }
    return list;
}

Node convert(const toml::node& node, Positions& positions) {
    Node result;
    result.place = positions.place(node.source().begin);
    if (const auto* table = node.as_table()) {
        result.value = convert_table(*table, positions);
    } else if (const auto* array = node.as_array()) {
        result.value = convert_list(*array, positions);
    } else if (const auto flag = node.value_exact<bool>()) {
        result.value = *flag;
    } else if (const auto integer = node.value_exact<std::int64_t>()) {
        result.value = *integer;
    } else if (const auto number = node.value_exact<double>()) {
        result.value = *number;
    } else if (auto text = node.value_exact<std::string>()) {
        result.value = std::move(*text);
    } else if (const auto date = node.value_exact<toml::date>()) {
        result.value = std::chrono::year{date->year} / std::chrono::month{date->month} /
                       std::chrono::day{date->day};
    } else {
        result.value = Unused{node.is_time() ? "a time of day" : "a date with a time"};
    }
    return result;
}

/// The library's sentence without what it quotes: a few characters of a value can be part of a
/// secret that somebody forgot to put in quotes.
std::string harmless(std::string_view description) {
    constexpr std::string_view preamble = "Error while parsing ";
    if (description.find("could not determine value type") != std::string_view::npos) {
        return "not a value; text stands in double quotes";
    }
    if (description.find("not representable in 64 bits") != std::string_view::npos) {
        return "the number is too large";
    }
    if (description.find("unescaped control characters") != std::string_view::npos) {
        return "the string does not end on its line, or has a control character in it";
    }
    if (description.find("string: encountered end-of-file") != std::string_view::npos) {
        return "the string does not end";
    }
    if (description.find("unknown escape sequence") != std::string_view::npos) {
        return "unknown escape sequence; write a backslash as \\\\, or use single quotes";
    }
    std::string text{description.substr(0, description.find(", saw"))};
    if (text.starts_with(preamble)) {
        text = text.substr(preamble.size());
        const auto colon = text.find(": ");
        if (colon != std::string::npos) {
            text = text.substr(colon + 2) + " (" + text.substr(0, colon) + ")";
        }
    }
    return text;
}

}  // namespace

std::variant<Node, SyntaxError> parse_toml(std::string_view text, std::uint32_t file) {
    SyntaxError error;
    if (const auto deep = DepthScan{text}.run()) {
        error.place = place_of_offset(text, *deep, file);
        error.text = "nested too deeply: no key takes that";
        return error;
    }
    Positions positions{text, file};
    try {
        const auto table = toml::parse(text, std::string_view{});
        Node root = make_table(Place{file, 1, 1});
        root.value = convert_table(table, positions);
        return root;
    } catch (const toml::parse_error& failure) {
        error.place = positions.place(failure.source().begin);
        error.text = "not TOML: " + harmless(failure.description());
        error.redefinition = failure.description().find("redefine") != std::string_view::npos;
    }
    return error;
}

}  // namespace vastwatch::config
