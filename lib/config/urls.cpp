#include "config/urls.hpp"

#include "base/text.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <fmt/format.h>

namespace vastwatch::config {

std::optional<std::string> url_mistake(
    std::string_view text,
    std::string_view scheme,
    std::string_view secure_scheme,
    bool origin_only) {
    const auto parsed = boost::urls::parse_uri(text);
    if (!parsed) {
        return fmt::format(
            "expected a URL such as {}://host/path, without spaces or unusual characters",
            secure_scheme);
    }
    const auto& url = *parsed;
    const auto actual = to_lower(std::string{url.scheme()});
    if (actual != scheme && actual != secure_scheme) {
        return fmt::format("expected a URL that begins with {}:// or {}://", secure_scheme, scheme);
    }
    if (url.encoded_host().empty() || (url.has_port() && url.port_number() == 0)) {
        return "expected a host, and a port from 1 to 65535 if any, in the URL";
    }
    if (url.has_userinfo()) {
        return "a user name or password in the URL is not supported";
    }
    if (url.has_fragment()) {
        return "a fragment (#…) in the URL is not sent to anybody; leave it out";
    }
    const auto path = url.encoded_path();
    if (origin_only && (url.has_query() || !(path.empty() || path == "/"))) {
        return "expected only a host and a port after the scheme";
    }
    return std::nullopt;
}

bool is_loopback_url(std::string_view text) {
    const auto parsed = boost::urls::parse_uri(text);
    if (!parsed) {
        return false;
    }
    const auto host = to_lower(std::string{parsed->encoded_host()});
    const bool ipv4 = parsed->host_type() == boost::urls::host_type::ipv4;
    return host == "localhost" || host == "[::1]" || (ipv4 && host.starts_with("127."));
}

std::string origin_of(std::string_view text) {
    const auto parsed = boost::urls::parse_uri(text);
    if (!parsed) {
        return {};
    }
    return std::string{parsed->scheme()} + "://" + std::string{parsed->encoded_host_and_port()};
}

}  // namespace vastwatch::config
