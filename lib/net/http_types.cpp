#include "base/text.hpp"
#include "net/http_client.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace vastwatch::net {

namespace {

constexpr std::array<std::pair<Failure, std::string_view>, 11> failure_names = {{
    {Failure::bad_url, "bad_url"},
    {Failure::resolve, "resolve"},
    {Failure::connect, "connect"},
    {Failure::proxy, "proxy"},
    {Failure::tls, "tls"},
    {Failure::timeout, "timeout"},
    {Failure::reset, "reset"},
    {Failure::bad_response, "bad_response"},
    {Failure::too_large, "too_large"},
    {Failure::cancelled, "cancelled"},
    {Failure::withheld, "withheld"},
}};

/// A URL cut at its separators, nothing checked: it must work for text that is no URL, too.
struct Pieces {
    std::string_view scheme;
    std::string_view host;  // with brackets around an IPv6 address
    std::string_view port;
    std::string_view path;
};

bool is_scheme(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '-' || c == '.';
    });
}

Pieces cut(std::string_view url) {
    Pieces pieces;
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos || !is_scheme(url.substr(0, scheme_end))) {
        return pieces;
    }
    pieces.scheme = url.substr(0, scheme_end);
    url.remove_prefix(scheme_end + 3);
    const auto authority = url.substr(0, url.find_first_of("/?#"));
    const auto rest = url.substr(authority.size());
    pieces.path = rest.substr(0, rest.find_first_of("?#"));
    const auto at = authority.rfind('@');
    const auto address = at == std::string_view::npos ? authority : authority.substr(at + 1);
    const auto colon = address.rfind(':');
    if (colon == std::string_view::npos || address.find(']', colon) != std::string_view::npos) {
        pieces.host = address;
    } else {
        pieces.host = address.substr(0, colon);
        pieces.port = address.substr(colon + 1);
    }
    return pieces;
}

}  // namespace

std::string_view to_string(Failure failure) {
    for (const auto& [value, name] : failure_names) {
        if (value == failure) {
            return name;
        }
    }
    return "unknown";
}

std::optional<std::string_view> Response::header(std::string_view name) const {
    const auto wanted = to_lower(name);
    for (const auto& candidate : headers) {
        if (candidate.name.size() == wanted.size() && to_lower(candidate.name) == wanted) {
            return candidate.value;
        }
    }
    return std::nullopt;
}

std::string Response::content_type() const {
    const auto value = header("Content-Type");
    if (!value) {
        return {};
    }
    return to_lower(trim(value->substr(0, value->find(';'))));
}

std::string url_path(std::string_view url) {
    const auto path = cut(url).path;
    return path.empty() ? "/" : std::string{path};
}

std::string url_origin(std::string_view url) {
    const auto pieces = cut(url);
    if (pieces.host.empty()) {
        return "(no URL)";
    }
    constexpr std::size_t longest = 260;  // more than any host has
    auto origin = to_lower(pieces.scheme) + "://" + printable(pieces.host, longest);
    if (!pieces.port.empty()) {
        return origin + ":" + printable(pieces.port, 10);
    }
    return origin + (to_lower(pieces.scheme) == "http" ? ":80" : ":443");
}

}  // namespace vastwatch::net
