// An HTTP answer as bytes, read at once and in pieces: the same must come of it. What it means to
// the API's client and to a webhook's notifier is looked at too.
#include "fuzz.hpp"
#include "net/response_reader.hpp"
#include "response_check.hpp"

#include <algorithm>
#include <optional>

namespace vastwatch::fuzz {
namespace {

using net::ResponseReader;
using Progress = net::ResponseReader::Progress;

constexpr std::size_t body_limit = 2048;

struct Reading {
    Progress progress = Progress::more;
    net::Failure failure = net::Failure::reset;
    net::Response response;
};

/// Feeds `bytes` in pieces of at most `step`, and then the end.
Reading read(std::string_view bytes, bool bodiless, std::size_t step) {
    ResponseReader reader(bodiless, body_limit);
    Reading out;
    while (!bytes.empty() && out.progress == Progress::more) {
        const auto piece = bytes.substr(0, step);
        bytes.remove_prefix(piece.size());
        out.progress = reader.feed(piece);
    }
    if (out.progress == Progress::more) {
        out.progress = reader.end();
    }
    require(out.progress != Progress::more, "the end decides");
    if (out.progress == Progress::failed) {
        out.failure = reader.failure();
        require_shown(reader.reason(), 200, "a failure's reason is one printable line");
        require(!reader.reason().empty(), "a failure has a reason");
    } else {
        require(reader.started(), "an answer has a first byte");
        out.response = reader.take();
    }
    return out;
}

void check(const net::Response& response, bool bodiless) {
    require(response.status >= 0 && response.status <= 999, "a status has three digits");
    require(response.status / 100 != 1, "an interim answer is none");
    require(response.body.size() <= body_limit, "a body keeps to its limit");
    require(!bodiless || response.body.empty(), "an answer to HEAD has no body");
    for (const auto& header : response.headers) {
        require(
            header.name.find_first_of("\r\n:") == std::string::npos, "a header's name is a token");
        require(
            header.value.find_first_of("\r\n") == std::string::npos, "a header's value is a line");
    }
    check_meaning(response);
    check_verdict(response, {});
}

bool same(const net::Response& a, const net::Response& b) {
    return a.status == b.status && a.body == b.body &&
           std::ranges::equal(a.headers, b.headers, [](const auto& x, const auto& y) {
               return x.name == y.name && x.value == y.value;
           });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = text_of(data, size);
    for (const bool bodiless : {false, true}) {
        const auto whole = read(bytes, bodiless, std::max<std::size_t>(size, 1));
        const auto pieces = read(bytes, bodiless, 1 + hash_of(bytes) % 16);
        require(whole.progress == pieces.progress, "pieces do not decide about an answer");
        if (whole.progress == Progress::done) {
            require(same(whole.response, pieces.response), "pieces do not change an answer");
            check(whole.response, bodiless);
        }
    }
    return 0;
}

}  // namespace vastwatch::fuzz
