// A request as the server hands it to the site: a method, a target, and a body from the second line
// on. It is asked over TCP and over the control socket.
#include "fuzz.hpp"
#include "http/target.hpp"
#include "sample_site.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <string>
#include <utility>

namespace vastwatch::fuzz {
namespace {

void check_decoded(std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        require(byte >= 0x20U && byte != 0x7FU, "no control character is decoded", text);
    }
}

void check_target(const http::Target& target) {
    require(target.path.starts_with('/'), "a path begins at the root", target.path);
    check_decoded(target.path);
    auto again = "/" + http::percent_encode(target.path.substr(1));
    char before = '?';
    for (const auto& [name, value] : target.query) {
        check_decoded(name);
        check_decoded(value);
        again += before + http::percent_encode(name) + "=" + http::percent_encode(value);
        before = '&';
    }
    const auto parsed = http::parse_target(again);
    require(parsed.has_value(), "what is encoded can be read", again);
    require(parsed->path == target.path, "a path survives encoding", again);
    require(parsed->query == target.query, "a query survives encoding", again);
}

http::Response ask(web::Site& site, http::Request request) {
    boost::asio::io_context loop{1};
    http::Response out;
    bool answered = false;
    boost::asio::co_spawn(
        loop,
        site.handle(std::move(request)),
        [&](std::exception_ptr error, http::Response response) {
            answered = error == nullptr;
            out = std::move(response);
        });
    loop.run();
    require(answered, "the site answers and does not throw");
    return out;
}

void check(const http::Response& response) {
    check_answer(response.status, response.content_type, response.body);
    for (const auto& [name, value] : response.headers) {
        require(value.find_first_of("\r\n") == std::string::npos, "a header is one line", value);
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static SampleBackend backend;
    static web::Site site(backend);
    Input input(text_of(data, size));
    const auto line = input.line();
    const auto space = line.find(' ');
    if (space == std::string_view::npos) {
        return 0;
    }
    const auto target = http::parse_target(line.substr(space + 1));
    if (!target) {
        return 0;
    }
    check_target(*target);
    http::Request request;
    request.method = line.substr(0, space);
    request.path = target->path;
    request.query = target->query;
    request.body = input.rest();
    request.actor = "tcp";
    const auto outside = ask(site, request);
    check(outside);
    require(!backend.take_used_control(), "over TCP nothing of the control socket is done");
    request.control = true;
    request.actor = "uid:1000";
    const auto inside = ask(site, request);
    check(inside);
    backend.take_used_control();
    require(
        outside.status != 200 || inside.status == 200,
        "the control socket answers whatever TCP answers");
    return 0;
}

}  // namespace vastwatch::fuzz
