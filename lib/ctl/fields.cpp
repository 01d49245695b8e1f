#include "ctl/fields.hpp"

#include "base/text.hpp"

#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace vastwatch::ctl {
namespace {

namespace json = boost::json;

constexpr double longest_seconds = 100.0 * 365.25 * 86400.0;

std::string_view view_of(const json::string& text) {
    return {text.data(), text.size()};
}

/// Two-byte C1 controls, DEL, and the three-byte marks that reorder or break a line: their code
/// point, when the character at `at` is one of them; 0 otherwise.
std::uint32_t harmful(std::string_view text, std::size_t at) {
    const auto byte = [&text](std::size_t index) {
        return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
    };
    if (byte(at) == 0x7FU) {
        return 0x7FU;
    }
    if (byte(at) == 0xC2U && byte(at + 1) >= 0x80U && byte(at + 1) <= 0x9FU) {
        return byte(at + 1);
    }
    const bool three = at + 2 < text.size() && (byte(at) & 0xF0U) == 0xE0U;
    const auto code = three ? ((byte(at) & 0x0FU) << 12U) | ((byte(at + 1) & 0x3FU) << 6U) |
                                  (byte(at + 2) & 0x3FU)
                            : 0U;
    const bool marks = code == 0x200EU || code == 0x200FU || (code >= 0x2028U && code <= 0x202EU) ||
                       (code >= 0x2066U && code <= 0x2069U) || code == 0xFEFFU;
    return marks ? code : 0U;
}

std::size_t length_of(std::uint32_t code) {
    if (code < 0x80U) {
        return 1;
    }
    return code < 0x800U ? 2 : 3;
}

}  // namespace

const json::value* Fields::find(std::string_view name) const {
    const auto* value = object_ == nullptr ? nullptr : object_->if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<std::string> Fields::text(std::string_view name) const {
    const auto* value = find(name);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    if (text == nullptr || text->empty()) {
        return std::nullopt;
    }
    return printable(view_of(*text));
}

std::string Fields::word(std::string_view name) const {
    return text(name).value_or("?");
}

std::optional<double> Fields::number(std::string_view name) const {
    const auto* value = find(name);
    if (value == nullptr || !value->is_number()) {
        return std::nullopt;
    }
    const auto number = value->to_number<double>();
    return std::isfinite(number) ? std::optional{number} : std::nullopt;
}

std::optional<std::int64_t> Fields::whole(std::string_view name) const {
    const auto* value = find(name);
    const auto* number = value == nullptr ? nullptr : value->if_int64();
    return number == nullptr ? std::nullopt : std::optional{*number};
}

std::optional<std::size_t> Fields::amount(std::string_view name) const {
    const auto number = whole(name);
    return number && *number >= 0 ? std::optional{static_cast<std::size_t>(*number)} : std::nullopt;
}

std::optional<Instant> Fields::time(std::string_view name) const {
    const auto* value = find(name);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::nullopt : parse_rfc3339(view_of(*text));
}

std::optional<Duration> Fields::seconds(std::string_view name) const {
    const auto count = number(name);
    if (!count || std::abs(*count) > longest_seconds) {
        return std::nullopt;
    }
    return std::chrono::round<Duration>(std::chrono::duration<double>{*count});
}

bool Fields::flag(std::string_view name) const {
    const auto* value = find(name);
    const auto* flag = value == nullptr ? nullptr : value->if_bool();
    return flag != nullptr && *flag;
}

Fields Fields::object(std::string_view name) const {
    const auto* value = find(name);
    const auto* object = value == nullptr ? nullptr : value->if_object();
    return object == nullptr ? Fields{} : Fields{*object};
}

std::vector<Fields> Fields::objects(std::string_view name) const {
    std::vector<Fields> out;
    const auto* value = find(name);
    const auto* array = value == nullptr ? nullptr : value->if_array();
    if (array == nullptr) {
        return out;
    }
    for (const auto& element : *array) {
        if (const auto* object = element.if_object()) {
            out.emplace_back(*object);
        }
    }
    return out;
}

std::optional<std::size_t> Fields::count(std::string_view name) const {
    const auto* value = find(name);
    const auto* array = value == nullptr ? nullptr : value->if_array();
    return array == nullptr ? std::nullopt : std::optional{array->size()};
}

std::vector<std::string> Fields::texts(std::string_view name) const {
    std::vector<std::string> out;
    const auto* value = find(name);
    const auto* array = value == nullptr ? nullptr : value->if_array();
    if (array == nullptr) {
        return out;
    }
    for (const auto& element : *array) {
        if (const auto* text = element.if_string()) {
            out.push_back(printable(view_of(*text)));
        }
    }
    return out;
}

std::optional<json::object> parse_object(std::string_view text) {
    json::error_code error;
    auto value = json::parse(text, error);
    if (error || !value.is_object()) {
        return std::nullopt;
    }
    return std::move(value.get_object());
}

std::string json_line(std::string_view json) {
    const auto text = valid_utf8(trim(json));
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto code = harmful(text, at);
        if (code != 0) {
            out += fmt::format("\\u{:04x}", code);
            at += length_of(code);
            continue;
        }
        // Between the parts of valid JSON control characters can only be white space.
        const char byte = text[at++];
        out += static_cast<unsigned char>(byte) < 0x20U ? ' ' : byte;
    }
    return out;
}

}  // namespace vastwatch::ctl
