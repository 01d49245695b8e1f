#include "notify/mail_address.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace vastwatch::notify {
namespace {

constexpr std::size_t longest_address = 254;

bool address_character(char c) {
    constexpr std::string_view forbidden = "()<>[]:;@\\,\"";
    return c > ' ' && c <= '~' && forbidden.find(c) == std::string_view::npos;
}

bool address_part(std::string_view part) {
    return !part.empty() && part.front() != '.' && part.back() != '.' &&
           part.find("..") == std::string_view::npos &&
           std::all_of(part.begin(), part.end(), address_character);
}

std::string unquoted(std::string_view name) {
    if (name.size() < 2 || name.front() != '"' || name.back() != '"') {
        return std::string{name};
    }
    std::string out;
    bool escaped = false;
    for (const char c : name.substr(1, name.size() - 2)) {
        if (c == '\\' && !escaped) {
            escaped = true;
            continue;
        }
        out += c;
        escaped = false;
    }
    return out;
}

}  // namespace

std::string_view Mailbox::domain() const {
    return std::string_view{address}.substr(address.find('@') + 1);
}

bool is_mail_address(std::string_view text) {
    const auto at = text.find('@');
    return text.size() <= longest_address && at != std::string_view::npos &&
           address_part(text.substr(0, at)) && address_part(text.substr(at + 1));
}

std::optional<Mailbox> parse_mailbox(std::string_view text) {
    text = trim(text);
    std::string_view name;
    auto address = text;
    const auto open = text.rfind('<');
    if (open != std::string_view::npos) {
        if (!text.ends_with('>')) {
            return std::nullopt;
        }
        name = trim(text.substr(0, open));
        address = trim(text.substr(open + 1, text.size() - open - 2));
    }
    if (!is_mail_address(address)) {
        return std::nullopt;
    }
    return Mailbox{unquoted(name), std::string{address}};
}

}  // namespace vastwatch::notify
