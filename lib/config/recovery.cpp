#include "config/recovery.hpp"

#include "base/text.hpp"
#include "config/toml_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace vastwatch::config {
namespace {

constexpr int most_syntax_errors = 20;
constexpr int most_steps_back = 8;

/// A half-open range of lines, counted from 0.
struct Lines {
    std::size_t first = 0;
    std::size_t last = 0;
};

bool key_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view{"_-.\"' \t"}.find(c) != std::string_view::npos;
}

bool looks_like_keys(std::string_view text) {
    text = trim(text);
    return !text.empty() && std::all_of(text.begin(), text.end(), key_character);
}

/// "[team.a]" and "[[alert]]", also when the closing bracket is missing.
bool looks_like_header(std::string_view line) {
    line = trim(line);
    if (!line.starts_with('[')) {
        return false;
    }
    line.remove_prefix(line.starts_with("[[") ? 2 : 1);
    return looks_like_keys(line.substr(0, line.find_first_of("]#")));
}

bool looks_like_statement(std::string_view line) {
    const auto equals = line.find('=');
    return looks_like_header(line) ||
           (equals != std::string_view::npos && looks_like_keys(line.substr(0, equals)));
}

/// The text of a file, of which statements can be blanked without moving the others.
class Text {
  public:
    Text(std::string text, std::uint32_t file) : text_(std::move(text)), file_(file) {
        starts_.push_back(0);
        for (std::size_t at = text_.find('\n'); at != std::string::npos;
             at = text_.find('\n', at + 1)) {
            starts_.push_back(at + 1);
        }
        starts_.push_back(text_.size());
    }

    std::size_t line_count() const { return starts_.size() - 1; }

    std::string_view line(std::size_t index) const {
        return std::string_view{text_}.substr(starts_[index], starts_[index + 1] - starts_[index]);
    }

    std::variant<Node, SyntaxError> parse() const { return parse_toml(text_, file_); }

    /// What stands before a line, on its own.
    std::variant<Node, SyntaxError> parse_before(std::size_t index) const {
        return parse_toml(std::string_view{text_}.substr(0, starts_[index]), file_);
    }

    /// Only `lines`, and the header that they stand under.
    std::variant<Node, SyntaxError> parse_alone(Lines lines) const {
        std::string alone = text_;
        blank(alone, Lines{lines.last, line_count()});
        std::size_t header = lines.first;
        if (!looks_like_header(line(lines.first))) {
            while (header > 0 && !looks_like_header(line(header))) {
                --header;
            }
        }
        blank(alone, Lines{0, header});
        blank(alone, Lines{std::min(header + 1, lines.first), lines.first});
        return parse_toml(alone, file_);
    }

    bool is_blank(Lines lines) const {
        for (auto index = lines.first; index < lines.last; ++index) {
            if (!trim(line(index)).empty()) {
                return false;
            }
        }
        return true;
    }

    void blank(Lines lines) { blank(text_, lines); }

    /// The statement around a line: back to where the text before it is whole, on to where the next
    /// one begins. A header takes its whole section along, whose keys would change their meaning.
    std::optional<Lines> statement_at(std::size_t index) const {
        std::size_t first = index;
        for (int step = 0; step < most_steps_back; ++step) {
            while (first > 0 && !looks_like_statement(line(first))) {
                --first;
            }
            const bool whole = std::holds_alternative<Node>(parse_before(first));
            if (whole || first == 0) {
                return Lines{first, end_of_statement(first, index)};
            }
            --first;
        }
        return std::nullopt;
    }

  private:
    std::size_t end_of_statement(std::size_t first, std::size_t at_least) const {
        const bool section = looks_like_header(line(first));
        std::size_t last = std::max(first, at_least) + 1;
        while (last < line_count() && !looks_like_header(line(last)) &&
               (section || !looks_like_statement(line(last)))) {
            ++last;
        }
        return last;
    }

    void blank(std::string& text, Lines lines) const {
        for (auto at = starts_[lines.first]; at < starts_[std::max(lines.first, lines.last)];
             ++at) {
            if (text[at] != '\n' && text[at] != '\r') {
                text[at] = ' ';
            }
        }
    }

    std::string text_;
    std::uint32_t file_;
    std::vector<std::size_t> starts_;
};

struct Redefinition {
    std::string key;
    Place first;
    Place again;
};

/// Follows the one path of `alone` through `earlier`, as far as both have it.
std::optional<Redefinition> find_redefinition(const Node& alone, const Node& earlier) {
    std::optional<Redefinition> found;
    const Node* a = &alone;
    const Node* b = &earlier;
    std::string path;
    while (const auto* table = a->as<Node::Table>()) {
        const auto* entry = table->size() == 1 ? &table->front() : nullptr;
        const auto* match = entry == nullptr ? nullptr : b->find(entry->key);
        if (match == nullptr) {
            break;
        }
        path += (path.empty() ? "" : ".") + entry->key;
        found = Redefinition{path, match->place, entry->place};
        a = &entry->node;
        b = &match->node;
        if (is_table_list(*a) && is_table_list(*b)) {
            a = &a->as<Node::List>()->back();
            b = &b->as<Node::List>()->back();
        }
    }
    return found;
}

/// Says what is wrong at `lines`; for a redefinition, with the first place.
void report(const SyntaxError& error, const Text& text, Lines lines, Problems& problems) {
    if (error.redefinition) {
        const auto alone = text.parse_alone(lines);
        const auto before = text.parse_before(lines.first);
        const auto* a = std::get_if<Node>(&alone);
        const auto* b = std::get_if<Node>(&before);
        const auto twice = a != nullptr && b != nullptr ? find_redefinition(*a, *b) : std::nullopt;
        if (twice) {
            problems.add(
                twice->again,
                twice->key,
                "defined twice; first at " + problems.where(twice->first));
            // A value given again takes nothing away; the keys of a table do.
            if (looks_like_header(text.line(lines.first))) {
                problems.mark_incomplete();
            }
            return;
        }
    }
    problems.add(error.place, "", error.text);
    problems.mark_incomplete();
}

/// Where `text` has a NUL or stops being UTF-8.
std::optional<std::size_t> first_bad_byte(const std::string& text) {
    const auto valid = valid_utf8(text);
    const auto differs =
        std::mismatch(text.begin(), text.end(), valid.begin(), valid.end()).first - text.begin();
    const auto at = std::min(static_cast<std::size_t>(differs), text.find('\0'));
    return at < text.size() ? std::optional{at} : std::nullopt;
}

void report_bad_byte(
    const std::string& text,
    std::size_t at,
    std::uint32_t file,
    Problems& problems) {
    const auto line_start = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(at);
    Place place;
    place.file = file;
    place.line = static_cast<std::uint32_t>(std::count(text.begin(), end, '\n') + 1);
    place.column = static_cast<std::uint32_t>(at - line_start + 1);
    problems.add(
        place,
        "",
        text[at] == '\0' ? "a NUL byte; the file must be UTF-8 text"
                         : "not UTF-8; the file must be UTF-8 text");
}

void merge_tables(Node& into, Node&& from, const std::string& path, Problems& problems) {
    auto& target = std::get<Node::Table>(into.value);
    for (auto& entry : std::get<Node::Table>(from.value)) {
        const auto existing = std::find_if(
            target.begin(), target.end(), [&](const Entry& e) { return e.key == entry.key; });
        const auto key = path.empty() ? entry.key : path + "." + entry.key;
        if (existing == target.end()) {
            target.push_back(std::move(entry));
        } else if (existing->node.as<Node::Table>() && entry.node.as<Node::Table>()) {
            merge_tables(existing->node, std::move(entry.node), key, problems);
        } else if (is_table_list(existing->node) && is_table_list(entry.node)) {
            auto& list = std::get<Node::List>(existing->node.value);
            for (auto& element : std::get<Node::List>(entry.node.value)) {
                list.push_back(std::move(element));
            }
        } else {
            problems.add(
                entry.place, key, "defined twice; first at " + problems.where(existing->place));
        }
    }
}

}  // namespace

Node read_toml(std::string text, std::uint32_t file, Problems& problems) {
    if (const auto bad = first_bad_byte(text)) {
        report_bad_byte(text, *bad, file, problems);
        problems.mark_incomplete();
        return make_table(Place{file, 1, 1});
    }
    Text lines{std::move(text), file};
    for (int errors = 0; errors < most_syntax_errors; ++errors) {
        auto parsed = lines.parse();
        if (auto* root = std::get_if<Node>(&parsed)) {
            return std::move(*root);
        }
        const auto& error = std::get<SyntaxError>(parsed);
        const auto line = std::min<std::size_t>(error.place.line, lines.line_count()) - 1;
        const auto statement = lines.statement_at(line);
        if (!statement || lines.is_blank(*statement)) {
            problems.add(error.place, "", error.text);
            break;
        }
        report(error, lines, *statement, problems);
        lines.blank(*statement);
    }
    problems.mark_incomplete();
    return make_table(Place{file, 1, 1});
}

void merge(Node& into, Node&& from, Problems& problems) {
    merge_tables(into, std::move(from), "", problems);
}

}  // namespace vastwatch::config
