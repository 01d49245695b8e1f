#include "vast/decode_instances.hpp"

#include "vast/answer.hpp"
#include "vast/json_fields.hpp"
#include "vast/json_text.hpp"
#include "vast/row_builder.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace vastwatch::vast {
namespace {

using boost::json::error_code;
using JsonText = boost::json::string_view;

constexpr std::size_t most_levels = 72;  // above what tolerant_options() lets through
constexpr std::size_t most_text_bytes = std::size_t{64} * 1024;
constexpr std::size_t most_token_bytes = 8192;

// Levels of nesting: the page, its array of rows, a row, what a row's field holds, a pair in it.
constexpr std::size_t page_level = 1;
constexpr std::size_t rows_level = 2;
constexpr std::size_t row_level = 3;
constexpr std::size_t nested_level = 4;
constexpr std::size_t pair_level = 5;

enum class PageField { none, instances, next_token, total, found, success, error, message };

PageField page_field(std::string_view key) {
    constexpr std::array<std::pair<std::string_view, PageField>, 9> fields{{
        {"instances", PageField::instances},
        {"next_token", PageField::next_token},
        {"total_instances", PageField::total},
        {"instances_found", PageField::found},
        {"success", PageField::success},
        {"error", PageField::error},
        {"msg", PageField::message},
        {"message", PageField::message},
        {"detail", PageField::message},
    }};
    for (const auto& [name, value] : fields) {
        if (name == key) {
            return value;
        }
    }
    return PageField::none;
}

/// A string or key that may come in parts; in one part it is never copied.
class Text {
  public:
    void add(JsonText part) {
        const auto room = most_text_bytes - std::min(most_text_bytes, parts_.size());
        parts_.append(part.data(), std::min(part.size(), room));
    }

    std::string_view finish(JsonText last) {
        if (parts_.empty()) {
            return {last.data(), last.size()};
        }
        add(last);
        whole_ = std::exchange(parts_, {});
        return whole_;
    }

  private:
    std::string parts_;
    std::string whole_;
};

/// Receives the parser's events. Where an event belongs follows from the level of nesting, the
/// kind of the container there, and the last key seen.
class PageHandler {
  public:
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_object_size = max_array_size;
    static constexpr std::size_t max_string_size = max_array_size;
    static constexpr std::size_t max_key_size = max_array_size;

    explicit PageHandler(bool with_recipes) : with_recipes_(with_recipes) {}

    bool on_document_begin(error_code&) { return true; }

    bool on_document_end(error_code&) { return true; }

    bool on_array_begin(error_code&) {
        open(false);
        return true;
    }

    bool on_array_end(std::size_t, error_code&) {
        close();
        return true;
    }

    bool on_object_begin(error_code&) {
        open(true);
        return true;
    }

    bool on_object_end(std::size_t, error_code&) {
        close();
        return true;
    }

    bool on_string_part(JsonText part, std::size_t, error_code&) {
        text_.add(part);
        return true;
    }

    bool on_string(JsonText last, std::size_t, error_code&) {
        value(Scalar::of_text(text_.finish(last)));
        return true;
    }

    bool on_key_part(JsonText part, std::size_t, error_code&) {
        text_.add(part);
        return true;
    }

    bool on_key(JsonText last, std::size_t, error_code&) {
        key(text_.finish(last));
        return true;
    }

    bool on_number_part(JsonText, error_code&) { return true; }

    bool on_int64(std::int64_t number, JsonText, error_code&) {
        value(Scalar::of_integer(number));
        return true;
    }

    bool on_uint64(std::uint64_t number, JsonText, error_code&) {
        value(Scalar::of_number(static_cast<double>(number)));
        return true;
    }

    bool on_double(double number, JsonText, error_code&) {
        value(Scalar::of_number(number));
        return true;
    }

    bool on_bool(bool boolean, error_code&) {
        value(Scalar::of_boolean(boolean));
        return true;
    }

    bool on_null(error_code&) {
        value(Scalar::of_null());
        return true;
    }

    bool on_comment_part(JsonText, error_code&) { return true; }

    bool on_comment(JsonText, error_code&) { return true; }

    Outcome<Page> take();

  private:
    void open(bool object);
    void close();
    void key(std::string_view name);
    void value(const Scalar& scalar);
    void page_value(const Scalar& scalar);
    void pair_value(const Scalar& scalar);
    void end_row();

    bool in_rows() const { return in_rows_ && level_ >= rows_level; }

    bool with_recipes_;
    std::size_t level_ = 0;
    std::array<bool, most_levels> is_object_{};
    bool in_rows_ = false;   // the container at rows_level is the array of rows
    bool row_open_ = false;  // the container at row_level is a row
    PageField page_field_ = PageField::none;
    Column column_ = Column::none;
    Text text_;
    std::string nested_key_;
    std::size_t pair_index_ = 0;
    RowBuilder builder_;

    Page page_;
    std::size_t arrays_of_rows_ = 0;
    bool is_page_ = false;
    bool bad_token_ = false;
    std::optional<std::int64_t> total_;
    std::optional<std::int64_t> found_;
    ErrorFields error_;
};

void PageHandler::open(bool object) {
    ++level_;
    is_object_[std::min(level_, most_levels - 1)] = object;
    if (level_ == page_level) {
        is_page_ = object;
    } else if (level_ == rows_level) {
        in_rows_ = is_page_ && page_field_ == PageField::instances && !object;
        arrays_of_rows_ += in_rows_ ? 1U : 0U;
        bad_token_ = bad_token_ || (is_page_ && page_field_ == PageField::next_token);
    } else if (level_ == row_level && in_rows_) {
        row_open_ = object;
        page_.skipped += object ? 0U : 1U;
        column_ = Column::none;
    } else if (level_ == nested_level && row_open_ && column_ != Column::none) {
        builder_.set(column_, Scalar::of_nested());
    } else if (level_ == pair_level) {
        pair_index_ = 0;
    }
}

void PageHandler::close() {
    if (level_ == row_level && row_open_) {
        end_row();
    }
    if (level_ == rows_level) {
        in_rows_ = false;
    }
    --level_;
}

void PageHandler::end_row() {
    row_open_ = false;
    auto row = builder_.take_row();
    if (!row) {
        ++page_.skipped;
        return;
    }
    if (with_recipes_) {
        page_.recipes.push_back(builder_.take_recipe(*row));
    }
    page_.rows.push_back(*std::move(row));
}

void PageHandler::key(std::string_view name) {
    if (level_ == page_level) {
        page_field_ = page_field(name);
    } else if (level_ == row_level && row_open_) {
        column_ = column_of(name);
    } else if (level_ == nested_level && row_open_) {
        if (column_ == Column::extra_env && with_recipes_) {
            builder_.add_environment_name(name);
        } else if (column_ == Column::search || column_ == Column::instance) {
            nested_key_ = name;
        }
    }
}

void PageHandler::value(const Scalar& scalar) {
    if (level_ == page_level && is_page_) {
        page_value(scalar);
    } else if (level_ == rows_level && in_rows_) {
        ++page_.skipped;
    } else if (!row_open_ || column_ == Column::none) {
        return;
    } else if (level_ == row_level) {
        builder_.set(column_, scalar);
    } else if (level_ == nested_level && is_object_[nested_level]) {
        builder_.set_nested(column_, nested_key_, scalar);
    } else if (level_ == pair_level) {
        pair_value(scalar);
    }
}

void PageHandler::pair_value(const Scalar& scalar) {
    const bool is_pair = !is_object_[nested_level] && !is_object_[pair_level];
    const bool is_name = pair_index_++ == 0;
    if (with_recipes_ && column_ == Column::extra_env && is_pair && is_name) {
        const auto name = read_text(scalar);
        if (name) {
            builder_.add_environment_name(*name);
        }
    }
}

void PageHandler::page_value(const Scalar& scalar) {
    switch (page_field_) {
        case PageField::next_token:
            page_.next_token.clear();
            bad_token_ = scalar.kind != Scalar::Kind::null && scalar.kind != Scalar::Kind::text;
            if (scalar.kind == Scalar::Kind::text) {
                bad_token_ = scalar.text.size() > most_token_bytes;
                page_.next_token = scalar.text.substr(0, most_token_bytes);
            }
            break;
        case PageField::total:
            total_ = read_integer(scalar, 0);
            break;
        case PageField::found:
            found_ = read_integer(scalar, 0);
            break;
        case PageField::success:
            if (scalar.kind == Scalar::Kind::boolean) {
                error_.success = scalar.boolean;
            }
            break;
        case PageField::error:
            error_.code = printable_code(read_text(scalar).value_or(""));
            break;
        case PageField::message:
            error_.message = printable_message(read_text(scalar).value_or(""));
            break;
        case PageField::none:
        case PageField::instances:
            break;
    }
}

Outcome<Page> PageHandler::take() {
    if (!is_page_) {
        return bad_answer("it is not a JSON object");
    }
    const bool no_rows = arrays_of_rows_ == 0;
    if (error_.success == false || (no_rows && !error_.code.empty())) {
        return refused(error_);
    }
    if (arrays_of_rows_ != 1) {
        return bad_answer("it has no array of instances");
    }
    if (!total_) {
        return bad_answer("it does not say how many instances there are");
    }
    if (bad_token_) {
        return bad_answer("its next_token is no text");
    }
    const auto listed = page_.rows.size() + page_.skipped;
    if (found_ && *found_ != static_cast<std::int64_t>(listed)) {
        return incomplete("a page has other than the number of instances that it says");
    }
    page_.total = *total_;
    return std::move(page_);
}

Outcome<Page> decode_strictly(std::string_view body, bool with_recipes, bool& is_json) {
    boost::json::basic_parser<PageHandler> parser(tolerant_options(), with_recipes);
    error_code error;
    const auto read = parser.write_some(false, body.data(), body.size(), error);
    is_json = !error && read == body.size();
    if (!is_json) {
        return bad_answer("it is not JSON, or not all of it");
    }
    return parser.handler().take();
}

Outcome<Page> decode(std::string_view body, bool with_recipes) {
    body = without_bom(body);
    bool is_json = false;
    auto outcome = decode_strictly(body, with_recipes, is_json);
    if (is_json) {
        return outcome;
    }
    const auto repaired = with_nulls(body);
    if (!repaired) {
        return outcome;
    }
    return decode_strictly(*repaired, with_recipes, is_json);
}

}  // namespace

Outcome<Page> decode_page(std::string_view body) {
    return decode(body, false);
}

Outcome<Page> decode_page_with_recipes(std::string_view body) {
    return decode(body, true);
}

Outcome<std::vector<std::string>> decode_row_keys(std::string_view body) {
    const auto value = parse_json(body, {});
    const auto* page = value ? value->if_object() : nullptr;
    const auto* rows = page == nullptr ? nullptr : array_field(*page, "instances");
    if (rows == nullptr) {
        return bad_answer("it has no array of instances");
    }
    std::vector<std::string> names;
    const auto* row = rows->empty() ? nullptr : rows->front().if_object();
    if (row != nullptr) {
        for (const auto& entry : *row) {
            names.emplace_back(entry.key().data(), entry.key().size());
        }
    }
    return names;
}

}  // namespace vastwatch::vast
