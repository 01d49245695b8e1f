#include "net/response_reader.hpp"

#include "base/assert.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <limits>
#include <optional>
#include <utility>

namespace vastwatch::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t longest_header = 64 * 1024;
constexpr int most_interim_answers = 8;

}  // namespace

struct ResponseReader::Parts {
    Parts(bool is_bodiless, std::size_t limit) : bodiless(is_bodiless), body_limit(limit) {
        restart();
    }

    void restart() {
        parser.emplace();
        parser->header_limit(longest_header);
        parser->body_limit(body_limit);
        parser->eager(true);
        parser->skip(bodiless);
    }

    Progress fail(Failure why, std::string text) {
        failure = why;
        reason = std::move(text);
        return Progress::failed;
    }

    Progress fail(const boost::system::error_code& error) {
        if (error == http::error::body_limit) {
            return fail(Failure::too_large, "its answer is larger than allowed");
        }
        if (error == http::error::partial_message || error == http::error::end_of_stream) {
            return fail(Failure::reset, "it broke off before its answer was complete");
        }
        return fail(Failure::bad_response, "it did not answer in HTTP: " + error.message());
    }

    bool is_interim() const { return parser->get().result_int() / 100 == 1; }

    bool bodiless;
    std::size_t body_limit;
    std::optional<http::response_parser<http::string_body>> parser;
    std::string pending;  // arrived, and not yet understood
    bool started = false;
    int interim_answers = 0;
    Failure failure = Failure::reset;
    std::string reason;
};

ResponseReader::ResponseReader(bool bodiless, std::size_t body_limit)
    : parts_(std::make_unique<Parts>(bodiless, body_limit)) {}

ResponseReader::~ResponseReader() = default;

ResponseReader::Progress ResponseReader::feed(std::string_view bytes) {
    parts_->started = parts_->started || !bytes.empty();
    parts_->pending += bytes;
    while (!parts_->pending.empty()) {
        boost::system::error_code error;
        const auto used = parts_->parser->put(asio::buffer(parts_->pending), error);
        parts_->pending.erase(0, used);
        if (error == http::error::need_more) {
            // The parser has no limit for the head of a chunk and for what follows the last one.
            return parts_->pending.size() <= longest_header
                       ? Progress::more
                       : parts_->fail(Failure::bad_response, "it sends a chunk without an end");
        }
        if (error) {
            return parts_->fail(error);
        }
        if (!parts_->parser->is_done()) {
            if (used == 0) {
                return Progress::more;
            }
            continue;
        }
        if (!parts_->is_interim()) {
            return Progress::done;
        }
        if (parts_->parser->get().result_int() == 101 ||
            ++parts_->interim_answers > most_interim_answers) {
            return parts_->fail(Failure::bad_response, "it wants to speak another protocol");
        }
        parts_->restart();
    }
    return Progress::more;
}

ResponseReader::Progress ResponseReader::end() {
    boost::system::error_code error;
    if (!parts_->started || !parts_->parser->got_some()) {
        error = http::error::end_of_stream;
    } else {
        parts_->parser->put_eof(error);
    }
    if (error) {
        return parts_->fail(error);
    }
    return parts_->parser->is_done() ? Progress::done : parts_->fail(http::error::partial_message);
}

bool ResponseReader::started() const {
    return parts_->started;
}

bool ResponseReader::keep_alive() const {
    return parts_->parser->keep_alive() && parts_->pending.empty();
}

bool ResponseReader::has_surplus() const {
    return !parts_->pending.empty();
}

Failure ResponseReader::failure() const {
    return parts_->failure;
}

const std::string& ResponseReader::reason() const {
    return parts_->reason;
}

Response ResponseReader::take() {
    VW_ASSERT(parts_->parser->is_done());
    auto message = parts_->parser->release();
    Response response;
    response.status = static_cast<int>(message.result_int());
    for (const auto& field : message) {
        response.headers.push_back(
            Header{std::string{field.name_string()}, std::string{field.value()}});
    }
    response.body = std::move(message.body());
    return response;
}

}  // namespace vastwatch::net
