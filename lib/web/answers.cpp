#include "web/answers.hpp"

#include "base/text.hpp"
#include "wire/json_text.hpp"

#include <boost/json/object.hpp>

#include <utility>

namespace vastwatch::web {

http::Response json_answer(const boost::json::value& value) {
    return json_text_answer(wire::to_text(value));
}

http::Response json_text_answer(std::string json) {
    http::Response out;
    out.content_type = "application/json";
    out.body = std::move(json);
    out.body += '\n';
    return out;
}

http::Response error_answer(int status, std::string_view message) {
    boost::json::object body;
    body["ok"] = false;
    body["message"] = printable(message);
    auto out = json_answer(body);
    out.status = status;
    return out;
}

http::Response method_not_allowed(std::string_view allow) {
    auto out = error_answer(405, "this path knows " + std::string{allow} + " only");
    out.headers.emplace_back("Allow", allow);
    return out;
}

http::Response text_answer(int status, std::string text) {
    http::Response out;
    out.status = status;
    out.content_type = "text/plain; charset=utf-8";
    out.body = std::move(text);
    return out;
}

}  // namespace vastwatch::web
