#include "model/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

namespace vastwatch::vastsim {
namespace {

namespace json = boost::json;

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void append(std::string& text, const json::value& value);

void append_double(std::string& text, double number) {
    if (!std::isfinite(number)) {
        text += "null";
        return;
    }
    const std::size_t begin = text.size();
    fmt::format_to(std::back_inserter(text), "{}", number);
    if (text.find_first_of(".e", begin) == std::string::npos) {
        text += ".0";
    }
}

void append_string(std::string& text, std::string_view string) {
    const bool plain = std::ranges::all_of(string, [](char letter) {
        return letter >= ' ' && letter <= '~' && letter != '"' && letter != '\\';
    });
    if (plain) {
        text += '"';
        text += string;
        text += '"';
    } else {
        text += json::serialize(string);
    }
}

void append_object(std::string& text, const json::object& object) {
    const char* separator = "";
    text += '{';
    for (const auto& member : object) {
        text += separator;
        append_string(text, member.key());
        text += ": ";
        append(text, member.value());
        separator = ", ";
    }
    text += '}';
}

void append_array(std::string& text, const json::array& array) {
    const char* separator = "";
    text += '[';
    for (const json::value& element : array) {
        text += separator;
        append(text, element);
        separator = ", ";
    }
    text += ']';
}

void append(std::string& text, const json::value& value) {
    if (value.is_object()) {
        append_object(text, value.get_object());
    } else if (value.is_array()) {
        append_array(text, value.get_array());
    } else if (value.is_double()) {
        append_double(text, value.get_double());
    } else if (value.is_string()) {
        append_string(text, value.get_string());
    } else if (value.is_int64()) {
        fmt::format_to(std::back_inserter(text), "{}", value.get_int64());
    } else {
        text += json::serialize(value);
    }
}

int hex_digit(char digit) {
    int value = -1;
    const auto result = std::from_chars(&digit, &digit + 1, value, 16);
    return result.ec == std::errc{} ? value : -1;
}

}  // namespace

std::string to_text(const json::value& value) {
    std::string text;
    append(text, value);
    return text;
}

std::string to_text(const json::object& object) {
    std::string text;
    append_object(text, object);
    return text;
}

std::string to_base64(std::string_view bytes) {
    std::string text;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char byte : bytes) {
        bits = (bits << 8U) | static_cast<unsigned char>(byte);
        count += 8;
        while (count >= 6) {
            count -= 6;
            text += alphabet[(bits >> static_cast<unsigned>(count)) & 63U];
        }
    }
    if (count > 0) {
        text += alphabet[(bits << static_cast<unsigned>(6 - count)) & 63U];
    }
    while (text.size() % 4 != 0) {
        text += '=';
    }
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    while (!text.empty() && text.back() == '=') {
        text.remove_suffix(1);
    }
    for (const char letter : text) {
        const auto digit = alphabet.find(letter);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>((bits >> static_cast<unsigned>(count)) & 255U);
        }
    }
    return bytes;
}

std::string decode_query(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high >= 0 && low >= 0) {
                decoded += static_cast<char>(high * 16 + low);
                i += 2;
                continue;
            }
        }
        decoded += text[i] == '+' ? ' ' : text[i];
    }
    return decoded;
}

}  // namespace vastwatch::vastsim
