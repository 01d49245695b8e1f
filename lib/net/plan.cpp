#include "net/plan.hpp"

#include "base/text.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace vastwatch::net {

namespace urls = boost::urls;

namespace {

constexpr std::size_t longest_unix_path = 107;  // sockaddr_un, with its final zero
constexpr std::string_view user_agent = "vastwatch/" VASTWATCH_VERSION;

constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";

constexpr std::array<std::string_view, 6> own_headers =
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "user-agent"};

Error refuse(std::string detail) {
    return Error{.failure = Failure::bad_url, .sent = false, .detail = std::move(detail)};
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char character) {
        return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
               (character >= 'A' && character <= 'Z') ||
               token_marks.find(character) != token_marks.npos;
    });
}

bool is_field_value(std::string_view text) {
    return std::ranges::all_of(text, [](char character) {
        const auto byte = static_cast<unsigned char>(character);
        return (byte >= 0x20 && byte != 0x7F) || character == '\t';
    });
}

std::string base64(std::string_view text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string encoded;
    for (std::size_t at = 0; at < text.size(); at += 3) {
        const auto group = text.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t index = 0; index < 3; ++index) {
            const auto byte = index < group.size() ? static_cast<unsigned char>(group[index]) : 0U;
            bits = (bits << 8U) | byte;
        }
        for (std::size_t index = 0; index < 4; ++index) {
            const auto digit = (bits >> (18U - 6U * index)) & 63U;
            encoded += index <= group.size() ? digits[digit] : '=';
        }
    }
    return encoded;
}

/// What http, https and proxy URLs have in common.
struct Address {
    std::string host;       // without brackets
    std::string authority;  // host:port, an IPv6 address in brackets
    std::uint16_t port = 0;
    std::string basic;  // "Basic …" of the user information; empty = none
};

/// A port in decimal, 1 to 65535. Boost.URL 1.81's own port_number() wraps around above that.
std::optional<std::uint16_t> parse_port(std::string_view digits) {
    std::uint16_t port = 0;
    const auto* end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, port);
    if (error != std::errc{} || rest != end || port == 0) {
        return std::nullopt;
    }
    return port;
}

std::optional<Address> address_of(const urls::url_view& url, std::uint16_t default_port) {
    const auto encoded = url.encoded_host();
    const std::string_view text{encoded.data(), encoded.size()};
    constexpr std::size_t longest = 253;  // of a name, RFC 1035 section 2.3.4 in characters
    if (text.empty() || text.size() > longest || text.find('%') != text.npos ||
        url.host_type() == urls::host_type::ipvfuture) {
        return std::nullopt;
    }
    Address address;
    address.host = to_lower(url.host_address());
    address.port = default_port;
    if (!url.port().empty()) {
        const auto digits = url.port();
        const auto port = parse_port(std::string_view{digits.data(), digits.size()});
        if (!port) {
            return std::nullopt;
        }
        address.port = *port;
    }
    address.authority = fmt::format("{}:{}", to_lower(text), address.port);
    if (url.has_userinfo()) {
        address.basic = "Basic " + base64(url.user() + ":" + url.password());
    }
    return address;
}

std::optional<Error> check_fields(const Request& request) {
    if (!is_token(request.method)) {
        return refuse("the method is not a word");
    }
    for (const auto& header : request.headers) {
        if (!is_token(header.name)) {
            return refuse("a header name has a character that is not allowed");
        }
        if (!is_field_value(header.value)) {
            return refuse("the header " + header.name + " has a line break or control character");
        }
        if (std::ranges::find(own_headers, to_lower(header.name)) != own_headers.end()) {
            return refuse("the header " + header.name + " is written by the client itself");
        }
    }
    const auto& path = request.unix_socket;
    if (path.size() > longest_unix_path || path.find('\0') != std::string::npos) {
        return refuse("the path of the socket is longer than 107 bytes");
    }
    return std::nullopt;
}

std::string target_of(const urls::url_view& url) {
    const auto encoded = url.encoded_target();
    std::string target{encoded.data(), encoded.size()};
    if (target.empty() || target.front() != '/') {
        target.insert(0, "/");
    }
    return target;
}

std::string wire_form(const Request& request, const urls::url_view& url, const Address& address) {
    const bool usual_port = url.port().empty();
    const std::string_view host =
        usual_port ? std::string_view{address.authority}.substr(0, address.authority.rfind(':'))
                   : std::string_view{address.authority};
    auto bytes = fmt::format(
        "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nAccept-Encoding: identity\r\n",
        request.method,
        target_of(url),
        host,
        user_agent);
    bool authorized = false;
    for (const auto& header : request.headers) {
        bytes += fmt::format("{}: {}\r\n", header.name, header.value);
        authorized = authorized || to_lower(header.name) == "authorization";
    }
    if (!authorized && !address.basic.empty()) {
        bytes += fmt::format("Authorization: {}\r\n", address.basic);
    }
    const bool has_body = !request.body.empty() || request.method == "POST" ||
                          request.method == "PUT" || request.method == "PATCH";
    if (has_body) {
        bytes += fmt::format("Content-Length: {}\r\n", request.body.size());
    }
    return bytes + "\r\n" + request.body;
}

/// An entry of NO_PROXY matches the host itself and what is below it.
bool covers(std::string_view entry, std::string_view host) {
    if (entry.starts_with('.')) {
        entry.remove_prefix(1);
    }
    if (!host.ends_with(entry) || entry.empty()) {
        return false;
    }
    return host.size() == entry.size() || host[host.size() - entry.size() - 1] == '.';
}

}  // namespace

std::variant<Plan, Error> make_plan(const Request& request) {
    if (auto error = check_fields(request)) {
        return std::move(*error);
    }
    const auto parsed = urls::parse_uri(request.url);
    if (!parsed) {
        return refuse("this is not a URL: " + url_origin(request.url));
    }
    const urls::url_view& url = *parsed;
    const bool tls = url.scheme_id() == urls::scheme::https;
    if (!tls && url.scheme_id() != urls::scheme::http) {
        return refuse("only http and https are spoken: " + url_origin(request.url));
    }
    const auto address = address_of(url, tls ? 443 : 80);
    if (!address) {
        return refuse("no usable host or port: " + url_origin(request.url));
    }
    Plan plan;
    plan.method = request.method;
    plan.tls = tls;
    plan.host = address->host;
    plan.port = address->port;
    plan.authority = address->authority;
    plan.origin = url_origin(request.url);
    plan.unix_socket = request.unix_socket;
    plan.ca_file = request.ca_file;
    plan.peer = fmt::format(
        "{} {} {}\n{}", tls ? "https" : "http", plan.authority, plan.unix_socket, plan.ca_file);
    plan.bytes = wire_form(request, url, *address);
    plan.body_limit = request.body_limit;
    if (!plan.unix_socket.empty()) {
        plan.origin = "the socket " + printable(plan.unix_socket);
    }
    return plan;
}

std::variant<std::optional<Proxy>, Error> make_proxy(const ProxySettings& settings) {
    if (settings.https_proxy.empty()) {
        return std::optional<Proxy>{};
    }
    const auto parsed = urls::parse_uri(settings.https_proxy);
    if (!parsed || parsed->scheme_id() != urls::scheme::http) {
        return refuse("the proxy must be written http://[user:password@]host[:port]");
    }
    auto address = address_of(*parsed, 80);
    if (!address) {
        return refuse("the proxy's URL has no usable host or port");
    }
    Proxy proxy;
    proxy.host = std::move(address->host);
    proxy.port = address->port;
    proxy.origin = "the proxy " + address->authority;
    proxy.authorization = std::move(address->basic);
    std::string_view rest = settings.no_proxy;
    while (!rest.empty()) {
        const auto entry = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
        if (!trim(entry).empty()) {
            proxy.exceptions.push_back(to_lower(trim(entry)));
        }
    }
    return std::optional<Proxy>{std::move(proxy)};
}

bool goes_direct(const Proxy& proxy, std::string_view host, std::uint16_t port) {
    const auto suffix = fmt::format(":{}", port);
    return std::ranges::any_of(proxy.exceptions, [&](std::string_view entry) {
        if (entry == "*" || covers(entry, host)) {
            return true;
        }
        return entry.ends_with(suffix) &&
               covers(entry.substr(0, entry.size() - suffix.size()), host);
    });
}

std::string connect_request(const Plan& plan, const Proxy& proxy) {
    auto bytes = fmt::format(
        "CONNECT {0} HTTP/1.1\r\nHost: {0}\r\nUser-Agent: {1}\r\n", plan.authority, user_agent);
    if (!proxy.authorization.empty()) {
        bytes += fmt::format("Proxy-Authorization: {}\r\n", proxy.authorization);
    }
    return bytes + "\r\n";
}

}  // namespace vastwatch::net
