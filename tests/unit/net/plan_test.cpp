#include "net/plan.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace vastwatch::net;

Request get(std::string url) {
    Request request;
    request.url = std::move(url);
    return request;
}

Plan plan_of(const Request& request) {
    auto made = make_plan(request);
    REQUIRE(std::holds_alternative<Plan>(made));
    return std::get<Plan>(std::move(made));
}

bool is_refused(const Request& request) {
    const auto made = make_plan(request);
    const auto* error = std::get_if<Error>(&made);
    return error != nullptr && error->failure == Failure::bad_url && !error->sent;
}

bool has(const Plan& plan, std::string_view text) {
    return plan.bytes.find(text) != std::string::npos;
}

Proxy proxy_of(std::string url, std::string exceptions = {}) {
    ProxySettings settings;
    settings.https_proxy = std::move(url);
    settings.no_proxy = std::move(exceptions);
    const auto made = make_proxy(settings);
    REQUIRE(std::holds_alternative<std::optional<Proxy>>(made));
    const auto& proxy = std::get<std::optional<Proxy>>(made);
    REQUIRE(proxy.has_value());
    return *proxy;
}

}  // namespace

TEST_CASE("plan: path and query go out, the fragment does not") {
    const auto plan = plan_of(get("https://console.vast.ai/api/v0/x/?a=1&b=%20#top"));
    CHECK(plan.bytes.starts_with("GET /api/v0/x/?a=1&b=%20 HTTP/1.1\r\n"));
}

TEST_CASE("plan: a URL without a path asks for /") {
    CHECK(plan_of(get("http://h")).bytes.starts_with("GET / HTTP/1.1\r\n"));
    CHECK(plan_of(get("http://h?q=1")).bytes.starts_with("GET /?q=1 HTTP/1.1\r\n"));
}

TEST_CASE("plan: the usual port is left out of Host, another one is in it") {
    CHECK(has(plan_of(get("https://Console.Vast.ai/")), "\r\nHost: console.vast.ai\r\n"));
    CHECK(has(plan_of(get("http://h:8080/")), "\r\nHost: h:8080\r\n"));
}

TEST_CASE("plan: an IPv6 address has brackets in Host and none where it is connected to") {
    const auto plan = plan_of(get("http://[::1]:81/"));
    CHECK(has(plan, "\r\nHost: [::1]:81\r\n"));
    CHECK(plan.host == "::1");
    CHECK(plan.port == 81);
}

TEST_CASE("plan: a body has its length, an empty POST has length 0, GET has none") {
    auto request = get("http://h/");
    CHECK_FALSE(has(plan_of(request), "Content-Length"));
    request.method = "POST";
    CHECK(has(plan_of(request), "\r\nContent-Length: 0\r\n"));
    request.method = "DELETE";
    request.body = "{}";
    const auto plan = plan_of(request);
    CHECK(has(plan, "\r\nContent-Length: 2\r\n"));
    CHECK(plan.bytes.ends_with("\r\n\r\n{}"));
}

TEST_CASE("plan: no compression is asked for, and the client says who it is") {
    const auto plan = plan_of(get("http://h/"));
    CHECK(has(plan, "\r\nAccept-Encoding: identity\r\n"));
    CHECK(has(plan, "\r\nUser-Agent: vastwatch/"));
}

TEST_CASE("plan: a line break in a header value is refused") {
    auto request = get("http://h/");
    request.headers = {{"X-Key", "a\r\nHost: evil"}};
    CHECK(is_refused(request));
    request.headers = {{"X-Key", "a\nb"}};
    CHECK(is_refused(request));
}

TEST_CASE("plan: a header name or method that is no word is refused") {
    auto request = get("http://h/");
    request.headers = {{"X: y\r\nZ", "a"}};
    CHECK(is_refused(request));
    request.headers.clear();
    request.method = "GET / HTTP/1.1\r\nX:";
    CHECK(is_refused(request));
}

TEST_CASE("plan: headers that frame the message cannot be set from outside") {
    for (const auto* name : {"Host", "content-length", "Transfer-Encoding", "Connection"}) {
        auto request = get("http://h/");
        request.headers = {{name, "x"}};
        CHECK_MESSAGE(is_refused(request), std::string{name});
    }
}

TEST_CASE("plan: what is not an http URL is refused") {
    for (const auto* url :
         {"",
          "h/path",
          "ftp://h/",
          "file:///etc/passwd",
          "http://",
          "http:///path",
          "http://h/a b",
          "http://h/a\r\nX: y",
          "http://h:0/",
          "http://h:99999/",
          "http://a%2fb/"}) {
        CHECK_MESSAGE(is_refused(get(url)), std::string{url});
    }
}

TEST_CASE("plan: a host longer than any name can be is refused, and not shown as a whole") {
    Request request;
    request.url = "https://" + std::string(2000, 'a') + "/";
    CHECK(is_refused(request));
    CHECK(url_origin(request.url).size() < 400);
}

TEST_CASE("plan: a refusal shows neither the query nor the user's password") {
    const auto made = make_plan(get("ftp://me:hidden@h/p?key=hidden"));
    REQUIRE(std::holds_alternative<Error>(made));
    CHECK(std::get<Error>(made).detail.find("hidden") == std::string::npos);
}

TEST_CASE("plan: user and password of the URL become basic authorization") {
    CHECK(
        has(plan_of(get("http://Aladdin:open%20sesame@h/")),
            "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
}

TEST_CASE("plan: requests share connections only when host, port, scheme, socket and CA agree") {
    const auto plain = plan_of(get("http://h/a"));
    CHECK(plain.peer == plan_of(get("http://H:80/b?c")).peer);
    CHECK(plain.peer != plan_of(get("https://h:80/a")).peer);
    CHECK(plain.peer != plan_of(get("http://h:81/a")).peer);
    auto request = get("http://h/a");
    request.ca_file = "/ca.pem";
    CHECK(plain.peer != plan_of(request).peer);
    request.ca_file.clear();
    request.unix_socket = "/run/x.sock";
    CHECK(plain.peer != plan_of(request).peer);
}

TEST_CASE("plan: a socket path that does not fit an address is refused") {
    auto request = get("http://h/");
    request.unix_socket = std::string(108, 'x');
    CHECK(is_refused(request));
}

TEST_CASE("proxy: none is set, none is used") {
    const auto made = make_proxy(ProxySettings{});
    REQUIRE(std::holds_alternative<std::optional<Proxy>>(made));
    CHECK_FALSE(std::get<std::optional<Proxy>>(made).has_value());
}

TEST_CASE("proxy: its user and password are decoded and sent to it alone") {
    const auto proxy = proxy_of("http://user:p%40ss@proxy:3128");
    CHECK(proxy.host == "proxy");
    CHECK(proxy.port == 3128);
    CHECK(connect_request(plan_of(get("https://h/secret?x")), proxy)
              .ends_with("\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n"));
    CHECK(connect_request(plan_of(get("https://h/secret?x")), proxy)
              .starts_with("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n"));
}

TEST_CASE("proxy: one that is not http is refused, without showing its password") {
    const auto made = make_proxy(ProxySettings{"socks5://me:hidden@p:1", ""});
    REQUIRE(std::holds_alternative<Error>(made));
    CHECK(std::get<Error>(made).detail.find("hidden") == std::string::npos);
}

TEST_CASE("NO_PROXY: an entry covers the host and its sub-domains, and no look-alike") {
    const auto proxy = proxy_of("http://p", "vast.ai, .Internal.example");
    CHECK(goes_direct(proxy, "vast.ai", 443));
    CHECK(goes_direct(proxy, "console.vast.ai", 443));
    CHECK_FALSE(goes_direct(proxy, "notvast.ai", 443));
    CHECK_FALSE(goes_direct(proxy, "vast.ai.evil.example", 443));
    CHECK(goes_direct(proxy, "a.internal.example", 443));
}

TEST_CASE("NO_PROXY: an entry with a port covers that port alone") {
    const auto proxy = proxy_of("http://p", "h:8443");
    CHECK(goes_direct(proxy, "h", 8443));
    CHECK_FALSE(goes_direct(proxy, "h", 443));
}

TEST_CASE("NO_PROXY: a star covers everything, an empty list nothing") {
    CHECK(goes_direct(proxy_of("http://p", "*"), "h", 443));
    CHECK_FALSE(goes_direct(proxy_of("http://p", " , "), "h", 443));
}

TEST_CASE("url_path and url_origin: no query, fragment or user comes through") {
    const auto* url = "https://me:hidden@Host:8443/a/b?key=hidden#hidden";
    CHECK(url_path(url) == "/a/b");
    CHECK(url_origin(url) == "https://Host:8443");
    CHECK(url_origin("https://h?q") == "https://h:443");
    CHECK(url_origin("http://[::1]/") == "http://[::1]:80");
    CHECK(url_path("https://h?q") == "/");
    CHECK(url_origin("hidden") == "(no URL)");
    CHECK(url_origin("hidden?\x1b://h") == "(no URL)");
}

TEST_CASE("response: headers are found in any case, the media type without its parameters") {
    Response response;
    response.headers = {{"Content-TYPE", "Application/JSON; charset=utf-8"}};
    CHECK(response.header("content-type") == "Application/JSON; charset=utf-8");
    CHECK(response.content_type() == "application/json");
    CHECK_FALSE(response.header("content").has_value());
}
