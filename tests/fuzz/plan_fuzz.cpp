// A request on its way to the wire, and the proxy it goes through. The input's lines: the method,
// the URL, a header's value, the proxy, its exceptions, and then the body.
#include "fuzz.hpp"
#include "net/plan.hpp"

#include <algorithm>
#include <string>
#include <variant>

namespace vastwatch::fuzz {
namespace {

/// The head of a request, without its empty line: a request line and fields, nothing else.
void check_head(std::string_view head) {
    for (const auto line : split(head, '\n')) {
        if (line.empty()) {
            continue;
        }
        require(line.ends_with('\r'), "a line of a request ends with CRLF", head);
        const auto text = line.substr(0, line.size() - 1);
        require(
            std::ranges::none_of(
                text,
                [](char c) {
                    const auto byte = static_cast<unsigned char>(c);
                    return (byte < 0x20U && c != '\t') || byte == 0x7FU;
                }),
            "no control character leaves",
            head);
    }
}

void check_plan(const net::Plan& plan, const net::Request& request) {
    require(!plan.host.empty() && plan.port != 0, "a plan leads to somebody", request.url);
    const auto end = plan.bytes.find("\r\n\r\n");
    require(end != std::string::npos, "a request has a head", plan.bytes);
    const auto head = std::string_view(plan.bytes).substr(0, end + 2);
    check_head(head);
    require(plan.bytes.substr(end + 4) == request.body, "a body leaves as it is", plan.bytes);
    require(head.starts_with(request.method + " "), "a request begins with its method", head);
    std::size_t hosts = 0;
    std::size_t lengths = 0;
    std::size_t codings = 0;
    for (const auto line : split(head, '\n')) {
        hosts += line.starts_with("Host: ") ? 1 : 0;
        lengths += line.starts_with("Content-Length: ") ? 1 : 0;
        codings += line.starts_with("Transfer-Encoding:") ? 1 : 0;
    }
    require(
        hosts == 1 && lengths <= 1 && codings == 0, "nobody adds to how a body is framed", head);
    require(request.body.empty() || lengths == 1, "a body has its length", head);
    require_shown(plan.origin, 1000, "an origin can be shown");
    require(plan.origin.find_first_of("@#") == std::string::npos, "an origin has no secret");
}

void check_error(const net::Error& error) {
    require(error.failure == net::Failure::bad_url, "what cannot be sent is a bad URL");
    require(!error.sent, "what cannot be sent is not sent");
    require(is_printable(error.detail), "a reason can be shown", error.detail);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(text_of(data, size));
    net::Request request;
    request.method = input.line();
    request.url = input.line();
    request.headers.push_back(net::Header{"X-Value", std::string(input.line())});
    net::ProxySettings settings;
    settings.https_proxy = input.line();
    settings.no_proxy = input.line();
    request.body = input.rest();
    const auto origin = net::url_origin(request.url);
    require(is_printable(origin), "an origin can be shown", origin);
    require(origin.find_first_of("@#") == std::string::npos, "an origin has no secret", origin);
    require(
        net::url_path(request.url).find('?') == std::string::npos,
        "a path has no query",
        request.url);
    const auto made = net::make_plan(request);
    const auto made_proxy = net::make_proxy(settings);
    if (const auto* error = std::get_if<net::Error>(&made)) {
        check_error(*error);
    }
    if (const auto* error = std::get_if<net::Error>(&made_proxy)) {
        check_error(*error);
    }
    const auto* plan = std::get_if<net::Plan>(&made);
    if (plan == nullptr) {
        return 0;
    }
    check_plan(*plan, request);
    const auto* proxy = std::get_if<std::optional<net::Proxy>>(&made_proxy);
    if (proxy != nullptr && *proxy) {
        require_shown((*proxy)->origin, 1000, "a proxy's origin can be shown");
        net::goes_direct(**proxy, plan->host, plan->port);
        const auto connect = net::connect_request(*plan, **proxy);
        require(connect.ends_with("\r\n\r\n"), "a tunnel is asked for with a head", connect);
        check_head(std::string_view(connect).substr(0, connect.size() - 2));
        require(connect.find("\r\n\r\n") == connect.size() - 4, "a tunnel is asked for once");
    }
    return 0;
}

}  // namespace vastwatch::fuzz
