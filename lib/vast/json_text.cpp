#include "vast/json_text.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>

namespace vastwatch::vast {
namespace {

constexpr std::size_t longest_exponent = 5;

bool is_number_character(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/// The length of the string literal that begins at `at`, to its end or the end of the text.
std::size_t string_length(std::string_view text) {
    std::size_t i = 1;
    while (i < text.size() && text[i] != '"') {
        i += text[i] == '\\' ? 2U : 1U;
    }
    return std::min(i + 1, text.size());
}

std::size_t non_number_length(std::string_view text) {
    constexpr std::array<std::string_view, 3> words{"NaN", "Infinity", "-Infinity"};
    for (const auto word : words) {
        if (text.starts_with(word)) {
            return word.size();
        }
    }
    return 0;
}

std::size_t number_length(std::string_view text) {
    const auto end = std::ranges::find_if_not(text, [](char c) { return is_number_character(c); });
    return static_cast<std::size_t>(end - text.begin());
}

bool has_absurd_exponent(std::string_view number) {
    const auto exponent = number.find_first_of("eE");
    return exponent != std::string_view::npos && number.size() - exponent > longest_exponent;
}

std::optional<boost::json::value> parse_strictly(
    std::string_view body,
    const boost::json::storage_ptr& storage) {
    boost::json::error_code error;
    auto value = boost::json::parse(
        boost::json::string_view(body.data(), body.size()), error, storage, tolerant_options());
    if (error) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

boost::json::parse_options tolerant_options() {
    boost::json::parse_options options;
    options.max_depth = 64;
    options.allow_invalid_utf8 = true;
    return options;
}

std::string_view without_bom(std::string_view body) {
    constexpr std::string_view bom = "\xEF\xBB\xBF";
    return body.starts_with(bom) ? body.substr(bom.size()) : body;
}

std::optional<std::string> with_nulls(std::string_view body) {
    std::string copy;
    bool replaced = false;
    std::size_t done = 0;
    for (std::size_t i = 0; i < body.size();) {
        const auto rest = body.substr(i);
        if (rest.front() == '"') {
            i += string_length(rest);
            continue;
        }
        auto length = non_number_length(rest);
        bool replace = length > 0;
        if (!replace) {
            length = std::max<std::size_t>(number_length(rest), 1);
            replace = has_absurd_exponent(rest.substr(0, length));
        }
        if (replace) {
            copy.append(body.substr(done, i - done)).append("null");
            done = i + length;
            replaced = true;
        }
        i += length;
    }
    if (!replaced) {
        return std::nullopt;
    }
    copy.append(body.substr(done));
    return copy;
}

std::optional<boost::json::value> parse_json(
    std::string_view body,
    boost::json::storage_ptr storage) {
    body = without_bom(body);
    auto value = parse_strictly(body, storage);
    if (value) {
        return value;
    }
    const auto repaired = with_nulls(body);
    if (!repaired) {
        return std::nullopt;
    }
    return parse_strictly(*repaired, storage);
}

}  // namespace vastwatch::vast
