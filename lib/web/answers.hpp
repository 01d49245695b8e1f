// Answers in their few forms, so that every route says things alike.
#pragma once

#include "http/server.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace vastwatch::web {

/// 200 with that JSON and a newline.
http::Response json_answer(const boost::json::value& value);

/// The same with JSON that is text already.
http::Response json_text_answer(std::string json);

/// {"ok":false,"message":…}; the message is made printable.
http::Response error_answer(int status, std::string_view message);

/// 405; `allow` is the Allow header: "GET, HEAD".
http::Response method_not_allowed(std::string_view allow);

http::Response text_answer(int status, std::string text);

}  // namespace vastwatch::web
