#include "vast/url.hpp"

namespace vastwatch::vast {
namespace {

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size() * 3);
    for (const char c : text) {
        if (is_unreserved(c)) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += digits[byte >> 4U];
        encoded += digits[byte & 0x0FU];
    }
    return encoded;
}

UrlBuilder::UrlBuilder(std::string_view origin, std::string_view path) {
    while (!origin.empty() && origin.back() == '/') {
        origin.remove_suffix(1);
    }
    url_ = origin;
    url_ += path;
}

UrlBuilder& UrlBuilder::add(std::string_view name, std::string_view value) {
    url_ += separator_;
    url_ += percent_encode(name);
    url_ += '=';
    url_ += percent_encode(value);
    separator_ = '&';
    return *this;
}

}  // namespace vastwatch::vast
